//! From the failures of backends to errors that name key and bucket.

use super::reason::reason;
use super::{BoxError, Error, Operation};
#[cfg(feature = "http")]
use crate::backends::Refusal;

/// What an operation was about, to make errors of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) operation: Operation,
    pub(crate) key: &'a str,
    pub(crate) bucket: &'a str,
}

impl Context<'_> {
    pub(crate) fn not_found(self) -> Error {
        Error::NotFound {
            key: self.key.to_owned(),
            bucket: self.bucket.to_owned(),
        }
    }

    pub(crate) fn changed(self) -> Error {
        Error::Changed {
            key: self.key.to_owned(),
            bucket: self.bucket.to_owned(),
        }
    }

    pub(crate) fn exists(self) -> Error {
        Error::Exists {
            key: self.key.to_owned(),
            bucket: self.bucket.to_owned(),
        }
    }

    pub(crate) fn too_large(self, actual: u64, limit: u64) -> Error {
        Error::TooLarge {
            key: self.key.to_owned(),
            bucket: self.bucket.to_owned(),
            actual,
            limit,
        }
    }

    pub(crate) fn outside(self) -> Error {
        Error::OutsideFolder {
            key: self.key.to_owned(),
            bucket: self.bucket.to_owned(),
        }
    }

    pub(crate) fn failed(self, source: impl Into<BoxError>) -> Error {
        Error::Failed {
            operation: self.operation,
            key: self.key.to_owned(),
            bucket: self.bucket.to_owned(),
            source: source.into(),
        }
    }

    pub(crate) fn unavailable(self, source: impl Into<BoxError>) -> Error {
        Error::Unavailable {
            operation: self.operation,
            key: self.key.to_owned(),
            bucket: self.bucket.to_owned(),
            source: source.into(),
        }
    }

    /// Maps a failure of the local disk.
    pub(crate) fn disk(self, source: std::io::Error) -> Error {
        use std::io::ErrorKind as Io;
        match source.kind() {
            // A file where a folder is expected, or the other way round, means that reads find
            // nothing; writes must say what is in their way. Nothing can have a name that is too long.
            Io::NotFound => self.not_found(),
            Io::NotADirectory | Io::IsADirectory | Io::InvalidFilename
                if self.operation != Operation::Write =>
            {
                self.not_found()
            }
            // Links that lead to each other are no file, and no way to one.
            _ if is_loop(&source) && self.operation != Operation::Write => self.not_found(),
            Io::PermissionDenied | Io::ReadOnlyFilesystem => Error::Denied {
                operation: self.operation,
                key: self.key.to_owned(),
                bucket: self.bucket.to_owned(),
                source: source.into(),
            },
            _ if is_out_of_files(&source) => self.unavailable(source),
            _ => self.failed(source),
        }
    }

    /// Maps a lack of credentials, which shows when they are first needed.
    #[cfg(feature = "aws")]
    fn credentials(self, source: aws_dsn::ResolveCredentialsError) -> Error {
        use aws_dsn::ResolveErrorKind as Kind;
        let (operation, key, bucket) = (self.operation, self.key.into(), self.bucket.into());
        match source.kind() {
            Kind::Denied => Error::Denied {
                operation,
                key,
                bucket,
                source: source.into(),
            },
            Kind::Unavailable => Error::Unavailable {
                operation,
                key,
                bucket,
                source: source.into(),
            },
            _ => Error::Open {
                uri: bucket,
                source: source.into(),
            },
        }
    }

    /// Maps what a web server leads to and is not asked for.
    #[cfg(feature = "http")]
    fn web(self, refusal: Refusal) -> Error {
        let bucket = self.bucket.to_owned();
        match refusal {
            Refusal::Parameters => Error::InvalidKey {
                key: self.key.to_owned(),
                problem: "has parameters behind `.` or `..`",
            },
            Refusal::NotDone { method, status } => Error::Unsupported {
                uri: bucket,
                missing: format!(
                    "a web server that answers `GET` and `HEAD`; it answered `{method}` with {status}"
                ),
            },
            Refusal::PrivateAddress { .. } => Error::Open {
                uri: bucket,
                source: refusal.into(),
            },
            Refusal::RedirectedOut { .. } | Refusal::RedirectedOften { .. } => Error::Denied {
                operation: self.operation,
                key: self.key.to_owned(),
                bucket,
                source: refusal.into(),
            },
        }
    }

    /// Maps a failure of an object store.
    #[cfg_attr(
        not(feature = "aws"),
        expect(clippy::needless_pass_by_value, reason = "S3 takes it apart")
    )]
    pub(crate) fn store(self, source: object_store::Error) -> Error {
        use object_store::Error as Store;
        #[cfg(feature = "aws")]
        let source = match source {
            Store::Generic { store, source } => match source.downcast() {
                Ok(credentials) => return self.credentials(*credentials),
                Err(source) => Store::Generic { store, source },
            },
            source => source,
        };
        #[cfg(feature = "http")]
        if let Some(refusal) = Refusal::among(&source) {
            return self.web(refusal.clone());
        }
        let (operation, key, bucket) = (self.operation, self.key.into(), self.bucket.into());
        match &source {
            Store::NotFound { source, .. } if is_about_bucket(&**source) => {
                Error::MissingBucket { bucket }
            }
            Store::NotFound { .. } => self.not_found(),
            Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => Error::Denied {
                operation,
                key,
                bucket,
                source: reason(&source),
            },
            Store::NotImplemented { .. } | Store::NotSupported { .. } => Error::Unsupported {
                missing: if bucket.starts_with("http") {
                    "a web server that answers requests for parts of a file (`Range`)".to_owned()
                } else {
                    format!("a backend that can {operation} in this way")
                },
                uri: bucket,
            },
            Store::Generic { .. } if refusal(&source) => Error::Refused {
                operation,
                key,
                bucket,
                source: reason(&source),
            },
            Store::Generic { .. } => Error::Unavailable {
                operation,
                key,
                bucket,
                source: reason(&source),
            },
            _ => self.failed(reason(&source)),
        }
    }
}

/// Whether symbolic links lead around in a circle. The standard library has no stable name for it.
pub(crate) fn is_loop(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    let code = Some(libc::ELOOP);
    #[cfg(not(unix))]
    let code = None;
    code.is_some() && error.raw_os_error() == code
}

/// Whether too many files are open, of this process or of all, which may pass. The standard library has no stable
/// name for it.
fn is_out_of_files(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    let codes = [libc::EMFILE, libc::ENFILE];
    #[cfg(not(unix))]
    let codes: [i32; 0] = [];
    let code = error.raw_os_error();
    code.is_some_and(|code| codes.contains(&code))
}

/// Whether a server says that the bucket is what it does not find (S3 and Azure REST references, "Error
/// codes"). Its answer to `HEAD` has no body that would tell.
fn is_about_bucket(error: &(dyn std::error::Error + 'static)) -> bool {
    const CODES: [&str; 2] = [
        "<Code>NoSuchBucket</Code>",
        "<Code>ContainerNotFound</Code>",
    ];
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    let mut texts = causes.map(ToString::to_string);
    texts.any(|text| CODES.iter().any(|code| text.contains(code)))
}

/// Whether a server answered that it will not do this, rather than that it cannot do it now.
///
/// The backend's own error type, which knows the status, is not public; its text is all there is.
fn refusal(error: &object_store::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if text.starts_with("Received redirect without LOCATION") {
            return true;
        }
        if let Some(rest) = text.strip_prefix("Server returned non-2xx status code: ") {
            let status = rest.get(..3).unwrap_or_default();
            return status.starts_with(['3', '4']) && !["408", "429"].contains(&status);
        }
        cause = error.source();
    }
    false
}
