//! Buckets of images and derivatives over any [`object_store`] backend.
//!
//! A [`StorageOpener`] turns bucket URIs into [`Bucket`]s, which read and write whole objects by
//! key. An [`OpenObject`] reads parts of one version of an object, an [`ObjectWriter`] writes one part
//! by part. Nothing here knows what the bytes mean.
//!
//! ```
//! use iiif_storage::{Environment, MissingFolder, StorageOpener};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> iiif_storage::Result<()> {
//! let storage = StorageOpener::new(Environment::empty());
//! let bucket = storage.open("mem://?prefix=maps", MissingFolder::Refuse)?;
//! bucket.put("zuber.jpg", "bytes".into(), "image/jpeg").await?;
//! assert_eq!(bucket.get("zuber.jpg").await?, "bytes");
//! # Ok(())
//! # }
//! ```
//!
//! | URI | What it is |
//! |---|---|
//! | `file:///folder`, `file://./folder`, a bare path | a local folder |
//! | `mem://`, `memory://` | an empty bucket in memory, for as long as it is used |
//! | `null://` | reads find nothing, writes vanish |
//! | `s3://bucket`, `s3blob://bucket` | Amazon S3 and servers that speak its protocol |
//! | `gs://bucket` | Google Cloud Storage |
//! | `az://container`, `azblob://container` | Azure Blob Storage |
//! | `http://host/folder`, `https://host/folder` | a web server, read-only |
//!
//! All take `prefix=folder`. A key is the name of the object, character by character: nothing is
//! escaped, neither on the disk nor in the cloud. A key never leads out of its bucket.

#![forbid(unsafe_code)]

mod backends;
mod bucket;
mod environment;
mod error;
mod fetched;
mod folder;
mod key;
mod object_info;
mod object_version;
mod opener;
mod retry;
mod uri;

pub use crate::bucket::{BlockingReader, Bucket, ObjectWriter, OpenObject, Overwrite};
pub use crate::environment::Environment;
pub use crate::error::{Error, ErrorKind, Operation, Result};
pub use crate::fetched::Fetched;
pub use crate::object_info::ObjectInfo;
pub use crate::object_version::ObjectVersion;
pub use crate::opener::{MissingFolder, StorageOpener, object_uri};
pub use crate::retry::RetrySettings;
