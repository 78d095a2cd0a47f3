//! Runs the making of IIIF derivatives on AWS: ECS tasks, Lambda functions, and the events that start
//! them.
//!
//! ```
//! use iiif_launch::{CreatedObject, ObjectFilter, deliveries};
//!
//! let event = serde_json::json!({"Records": [{
//!     "eventSource": "aws:s3",
//!     "eventName": "ObjectCreated:Put",
//!     "s3": {"bucket": {"name": "scans"}, "object": {"key": "a+map.tif"}},
//! }]});
//! let created = deliveries(&event)?.remove(0).objects.remove(0)?;
//! assert_eq!(created.key, "a map.tif");
//! assert!(ObjectFilter::default().check(&created).is_ok());
//! # Ok::<(), iiif_launch::EventError>(())
//! ```

#![forbid(unsafe_code)]

mod answer;
#[cfg(feature = "aws")]
mod backoff;
#[cfg(feature = "aws")]
mod batch;
#[cfg(feature = "aws")]
mod client;
mod command;
#[cfg(feature = "aws")]
mod ecs;
#[cfg(feature = "aws")]
mod error;
mod event;
mod event_images;
mod filter;
#[cfg(feature = "aws")]
mod handler;
#[cfg(feature = "aws")]
mod invoke;
#[cfg(feature = "aws")]
mod logs;
#[cfg(feature = "lambda")]
mod serve;
mod shares;
mod task;

pub use crate::answer::HandlerError;
#[cfg(feature = "aws")]
pub use crate::backoff::Backoff;
#[cfg(feature = "aws")]
pub use crate::batch::{FollowOptions, FollowUntil, TaskEvent};
pub use crate::command::{ContainerCommand, ContainerInput};
#[cfg(feature = "aws")]
pub use crate::ecs::{ContainerOutcome, TaskLauncher, TaskOutcome};
#[cfg(feature = "aws")]
pub use crate::error::LaunchError;
pub use crate::event::{CreatedObject, Delivery, EventError, deliveries};
pub use crate::event_images::{EventImage, EventImages, Failures, KeyPath};
pub use crate::filter::{BucketFolder, GlobError, ObjectFilter, ParseBucketFolderError, Skipped};
#[cfg(feature = "aws")]
pub use crate::handler::LaunchHandler;
#[cfg(feature = "aws")]
pub use crate::invoke::{FunctionInvoker, Invocation, Invoked, s3_events};
#[cfg(feature = "aws")]
pub use crate::logs::{LogPlace, LogReader, report};
#[cfg(feature = "lambda")]
pub use crate::serve::{NotAFunctionError, check_function, serve, serve_streams};
pub use crate::shares::{UriTooLongError, manifest_name, shares, shares_of_manifests};
pub use crate::task::{
    CapacityProvider, ContainerOverride, LaunchType, MAX_OVERRIDES_CHARS, Network,
    NetworkConfiguration, Overrides, Placement, PublicIp, Tag, TaskRequest, TaskTemplate,
};
#[cfg(feature = "lambda")]
pub use lambda_runtime::{MetadataPrelude, StreamResponse};
