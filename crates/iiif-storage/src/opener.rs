//! Opening buckets.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::memory::InMemory;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::backends;
use crate::bucket::{Access, Bucket, Store};
use crate::uri::BucketUri;
use crate::{Environment, Error, Result, RetrySettings};

/// What is encoded in keys of URIs: all but the unreserved characters (RFC 3986 §2.3) and slashes.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// What happens to a local folder that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MissingFolder {
    /// It is created, with the folders above: right for what is written to.
    Create,
    /// It is an error, unless the URI says `create_dir=true`: right for what is read from.
    Refuse,
}

/// Opens buckets by their URIs. The table of URIs is in the [crate's documentation](crate).
///
/// Opening a remote bucket sends no request: wrong credentials show at the first use.
#[derive(Clone, Default)]
pub struct StorageOpener {
    environment: Environment,
    retry: RetrySettings,
    base_folder: Option<PathBuf>,
    buckets: Vec<(String, Bucket)>,
}

impl StorageOpener {
    /// Returns an opener whose backends find credentials and defaults in `environment`.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            ..Self::default()
        }
    }

    /// Sets how often requests to remote backends are made again.
    #[must_use]
    pub fn with_retry(mut self, retry: RetrySettings) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the folder that relative paths start from. Default: the process's current folder.
    #[must_use]
    pub fn with_base_folder(mut self, base_folder: impl Into<PathBuf>) -> Self {
        self.base_folder = Some(base_folder.into());
        self
    }

    /// Makes exactly `uri` open `bucket`, for backends of an embedder's own and to share buckets in
    /// memory.
    #[must_use]
    pub fn with_bucket(mut self, uri: impl Into<String>, bucket: Bucket) -> Self {
        self.buckets.push((uri.into(), bucket));
        self
    }

    /// Opens the bucket at `uri`.
    ///
    /// Blocks for a moment where files are looked at: a local folder, a credentials file. The first
    /// remote bucket sets the default provider of `rustls` for this process to `ring`, unless it has
    /// one: programs that want another install theirs before.
    ///
    /// # Errors
    ///
    /// See [`Error`]; the kind is `InvalidConfig` for what is wrong with the URI, and `Unsupported`
    /// for what this build cannot do.
    pub fn open(&self, uri: &str, missing: MissingFolder) -> Result<Bucket> {
        if let Some((_, bucket)) = self.buckets.iter().rev().find(|(known, _)| known == uri) {
            return Ok(bucket.clone());
        }
        let uri = BucketUri::parse(uri.trim())?;
        let bucket = match uri.scheme.as_str() {
            "" | "file" | "cwd" => self.open_folder(&uri, missing),
            "mem" | "memory" => {
                uri.check_params(&["limit", "ttl"])?;
                let store = Store::new(Arc::new(InMemory::new()), None, Access::ReadWrite);
                Ok(Bucket::from_backend(store, &uri.to_string()))
            }
            "null" => uri.check_params(&[]).map(|()| Bucket::null()),
            _ => self.open_remote(&uri),
        }?;
        let folder = match uri.scheme.as_str() {
            "s3" | "s3blob" | "gs" | "az" | "azblob" => uri.folder()?,
            _ => String::new(),
        };
        let prefix = uri.param("prefix").unwrap_or_default();
        [&folder[..], prefix]
            .into_iter()
            .filter(|folder| !folder.is_empty())
            .try_fold(bucket, Bucket::with_prefix)
            .map_err(|_invalid_key| {
                uri.invalid(
                    "has a folder or a `prefix` that leads elsewhere; expected names with `/` between them"
                        .to_owned(),
                )
            })
    }

    /// Opens the bucket of an object's URI and returns it with the object's key: `file:///lists/a.txt` is
    /// `a.txt` in `file:///lists`, `s3://bucket/lists/a.txt?region=r` is `lists/a.txt` in
    /// `s3://bucket?region=r`.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); a folder that does not exist is one.
    pub fn open_object(&self, uri: &str) -> Result<(Bucket, String)> {
        let (location, parameters) = match uri.find('?') {
            Some(question) => uri.split_at(question),
            None => (uri, ""),
        };
        let (bucket, key) = split_object(location);
        let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
        let bucket = self.open(&format!("{bucket}{parameters}"), MissingFolder::Refuse)?;
        Ok((bucket, key))
    }

    fn open_remote(&self, uri: &BucketUri) -> Result<Bucket> {
        #[cfg(feature = "remote")]
        backends::choose_tls();
        let store = match uri.scheme.as_str() {
            "s3" | "s3blob" => backends::open_s3(uri, self),
            "gs" => backends::open_gcs(uri, self),
            "az" | "azblob" => backends::open_azure(uri, self),
            "http" | "https" => backends::open_http(uri, self),
            _ => Err(uri.invalid(
                "has an unknown scheme; expected `file`, `mem`, `memory`, `null`, `s3`, `s3blob`, \
                 `gs`, `az`, `azblob`, `http`, `https` or a path"
                    .to_owned(),
            )),
        }?;
        Ok(Bucket::from_backend(store, &uri.to_string()))
    }

    /// Parameters of gocloud's `fileblob` that mean nothing here are accepted: there are no
    /// sidecar files, and temporary files are always beside their destinations.
    fn open_folder(&self, uri: &BucketUri, missing: MissingFolder) -> Result<Bucket> {
        uri.check_params(&[
            "base_url",
            "create_dir",
            "dir_file_mode",
            "metadata",
            "no_tmp_dir",
            "secret_key_path",
        ])?;
        let path = match uri.scheme.as_str() {
            "" => uri.place.clone(),
            _ => uri.decoded_place()?,
        };
        let folder = match path.as_str() {
            "" if uri.scheme == "cwd" => self.absolute(Path::new(".")),
            "" => return Err(uri.invalid("is empty; expected a folder or a bucket".to_owned())),
            path => self.absolute(Path::new(path)),
        }
        .map_err(|source| open_error(uri, source))?;
        if missing == MissingFolder::Create || uri.switch("create_dir", false)? {
            std::fs::create_dir_all(&folder).map_err(|source| open_error(uri, source))?;
        }
        match crate::folder::LocalFolder::new(&folder) {
            Ok(folder) => Ok(Bucket::from_folder(folder)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(Error::MissingFolder { folder })
            }
            Err(error) => Err(open_error(uri, error)),
        }
    }

    /// Makes a path absolute without looking at the disk.
    pub(crate) fn absolute(&self, path: &Path) -> std::io::Result<PathBuf> {
        match &self.base_folder {
            Some(base) => std::path::absolute(base.join(path)),
            None => std::path::absolute(path),
        }
    }

    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp", feature = "http"))]
    pub(crate) fn retry(&self) -> &RetrySettings {
        &self.retry
    }
}

/// Leaves out the URIs of buckets, which may hold secrets.
impl fmt::Debug for StorageOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageOpener")
            .field("environment", &self.environment)
            .field("retry", &self.retry)
            .field("base_folder", &self.base_folder)
            .finish_non_exhaustive()
    }
}

fn open_error(uri: &BucketUri, source: std::io::Error) -> Error {
    Error::Open {
        uri: uri.to_string(),
        source: source.into(),
    }
}
/// Returns the URI of an object in the bucket at `bucket`: what
/// [`open_object`](StorageOpener::open_object) reads.
#[must_use]
pub fn object_uri(bucket: &str, key: &str) -> String {
    let (location, parameters) = match bucket.find('?') {
        Some(question) => bucket.split_at(question),
        None => (bucket, ""),
    };
    let key = utf8_percent_encode(key, KEY);
    format!("{}/{key}{parameters}", location.trim_end_matches('/'))
}

/// Buckets are folders where keys are paths; elsewhere they are hosts.
fn split_object(location: &str) -> (&str, &str) {
    let (scheme, rest) = location.split_once("://").unwrap_or(("", location));
    let slash = match scheme {
        "" | "file" | "cwd" => rest.rfind('/'),
        _ => rest.find('/'),
    };
    match slash {
        Some(slash) => {
            let split = location.len() - rest.len() + slash;
            (&location[..split], &location[split + 1..])
        }
        None => (location, ""),
    }
}
