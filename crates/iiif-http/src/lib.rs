//! The IIIF Image API 2.1 and 3.0 over HTTP, as an axum [`Router`](axum::Router) over any bucket.
//!
//! ```no_run
//! use iiif_config::Config;
//! use iiif_http::{Buckets, ImageService, ServiceOptions};
//! use iiif_storage::{Environment, MissingFolder, StorageOpener};
//!
//! # fn router() -> Result<axum::Router, Box<dyn std::error::Error>> {
//! let storage = StorageOpener::new(Environment::from_process());
//! let images = storage.open("s3://scans", MissingFolder::Refuse)?;
//! let service = ImageService::new(Buckets::new(images), &Config::default(), ServiceOptions::default())?;
//! Ok(axum::Router::new().nest("/images", service.router()))
//! # }
//! ```
//!
//! A request goes through `target` (what its path names), `sources` (which version of which image),
//! `etag` (whether the client has it), `derivatives` (whether it was made before, in memory or in the
//! bucket of `store`) and `admission` (whether there is room to make it); `images` puts the answer
//! together, for one configuration, and `service` replaces that when it changes. `memory` has the lanes and
//! caches, which stay; `shares` divides the memory among these, and `held` counts what is in it. `problem` is the table of what goes wrong and the
//! status that tells it. Beside them, `example` has pages to look at, and `check` tells of images how they
//! would be served.
//!
//! An [`ImageRepository`] over the same service is for those who store images: uploads, listings,
//! thumbnails, zips. `repository` says how it goes about that.

#![forbid(unsafe_code)]

mod accept;
mod admin;
mod admission;
mod answer;
mod check;
mod derivatives;
mod disposition;
mod error;
mod etag;
mod example;
mod held;
mod images;
mod info;
mod memory;
mod metrics;
mod options;
mod problem;
mod public_uri;
mod repository;
mod service;
mod shares;
mod sources;
mod store;
mod target;
mod waiters;

pub use crate::check::{CheckedImage, ImageChecker, NotServed, Remedy, TileServing, TileWay};
pub use crate::error::ServiceError;
pub use crate::example::{ExamplePages, Viewer};
pub use crate::options::ServiceOptions;
pub(crate) use crate::problem::Problem;
pub use crate::repository::{
    BearerToken, ImageRepository, RepositoryOptions, ServedMetadata, TokenError,
};
pub use crate::service::{Buckets, ImageService};
