//! Configuration, instructions and processing URIs of the IIIF derivative programs.
//!
//! Everything that users write in files and on command lines becomes a typed value here, once; no
//! file is opened and no environment is read. Both styles of `config.json` are understood, the one
//! of go-iiif v8 and the one of v1 to v6.
//!
//! ```
//! use iiif_config::{Config, InstructionSet, ProcessingUri};
//!
//! let config = Config::parse(r#"{"images": {"source": {"uri": "file:///images"}}}"#, "config.json")?;
//! let json = r#"{"b": {"size": "!2048,1536", "format": "png"}}"#;
//! let instructions = InstructionSet::parse(json, "instructions.json", &config.value)?;
//! let uri: ProcessingUri = "file:///zuber.jpg?target=zuber".parse()?;
//! let keys: Vec<String> = instructions
//!     .value
//!     .iter()
//!     .map(|(label, instructions)| uri.derivative_key(label, instructions))
//!     .collect();
//! assert_eq!(uri.origin().as_str(), "zuber.jpg");
//! assert_eq!(keys, ["zuber/full/!2048,1536/0/color.png"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod config;
mod error;
mod features;
mod instructions;
mod json;
mod label;
mod named_file;
mod names;
mod place;
mod reader;
mod redact;
mod report_keys;
mod report_name;
mod uri;
mod warning;

pub use crate::config::{
    BlurHashConfig, ChromaSubsampling, ComplianceLevel, Config, EncodingConfig, Extractor, Grid,
    LimitsConfig, PaletteConfig, PaletteName, PngCompression, ServiceName, TifCompression,
};
pub use crate::error::{Error, ErrorKind, SyntaxError};
pub use crate::features::{Feature, FeatureError, FeatureSet};
pub use crate::instructions::{InstructionSet, Instructions};
pub use crate::label::{Label, LabelError};
pub use crate::named_file::NamedFile;
pub use crate::place::Place;
pub use crate::redact::redact_uri;
pub use crate::report_keys::report_keys;
pub use crate::report_name::{ParseReportNameError, ReportName};
pub use crate::uri::{
    FileUri, IMAGE_EXTENSIONS, IdSecretUri, Origin, ParseUriError, ProcessingUri, RewriteUri,
    Target, encode_path, has_image_extension, manifest_lines, without_parameters,
};
pub use crate::warning::{Parsed, Warning};
