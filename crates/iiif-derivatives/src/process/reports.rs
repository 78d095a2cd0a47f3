//! The report of one image and its contact sheet, as objects.

use bytes::Bytes;

use super::Image;
use crate::contact_sheet::{ContactSheet, placeholder};
use crate::{ContactSheets, Failure, ReportOptions};

impl Image<'_> {
    /// Writes the report last, so that whoever sees it finds the derivatives.
    pub(super) async fn write_reports(&mut self, options: &ReportOptions) {
        if options.contact_sheet == ContactSheets::Written {
            self.write_contact_sheet().await;
        }
        let key = crate::report_key(options, self.uri);
        let bucket = options.bucket.as_ref().unwrap_or(&self.run.job.derivatives);
        let json = match serde_json::to_vec(&self.report) {
            Ok(json) => json,
            Err(error) => {
                self.fail("report", Failure::new(&error, None));
                return;
            }
        };
        let put = bucket.put(&key, json.into(), "application/json").await;
        if let Err(error) = put {
            self.fail("report", Failure::new(&error, None));
        }
    }

    async fn write_contact_sheet(&mut self) {
        let key = crate::contact_sheet_key(self.uri);
        let folder = self.uri.report_folder();
        let blurhash = self.report.analysis.blurhash.as_deref();
        let sheet = ContactSheet {
            report: &self.report,
            written: &self.written,
            folder: &folder,
            placeholder: blurhash.and_then(placeholder),
        };
        let page = Bytes::from(sheet.to_html());
        let bucket = &self.run.job.derivatives;
        if let Err(error) = bucket.put(&key, page, "text/html").await {
            self.fail("index.html", Failure::new(&error, None));
        }
    }
}
