//! The job: a processing URI and instructions become derivatives, a report and a contact sheet.
//!
//! [`Job::run`] takes a list of processing URIs. For each it fetches the source image, decodes it
//! once, renders every derivative that the instructions name, puts them into their bucket as they
//! are ready, and last writes the [`ProcessReport`]. Several images are under way at the same time,
//! within one budget of memory.
//!
//! One bad label or one bad image never stops the others; what failed stands in the report.

#![forbid(unsafe_code)]

mod budget;
mod check;
mod contact_sheet;
mod error;
mod job;
mod link;
mod process;
mod report;
mod report_stream;
mod settings;

pub use crate::budget::{MemoryBudget, OverBudgetError, Reservation};
pub use crate::error::{Error, ErrorKind};
pub use crate::job::{
    Cancellation, ContactSheets, Finished, Job, JobOptions, Outcome, ReportOptions,
};
pub use crate::report::{Failure, ProcessReport};
pub use crate::report_stream::ReportStream;
pub use crate::settings::Settings;
pub use iiif_pipeline::JPEG_BACK_END;

use iiif_config::ProcessingUri;

/// Where the report of an image lies: beside its derivatives, or in the root of a bucket of its own.
pub(crate) fn report_key(options: &ReportOptions, uri: &ProcessingUri) -> String {
    let name = options.name.expand(uri.origin().as_str());
    if options.bucket.is_some() {
        name
    } else {
        uri.key_beside_report(&name)
    }
}

/// Where the contact sheet of an image lies.
pub(crate) fn contact_sheet_key(uri: &ProcessingUri) -> String {
    uri.key_beside_report("index.html")
}
