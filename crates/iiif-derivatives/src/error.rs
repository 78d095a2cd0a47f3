//! Why a run was refused before any work.

/// Why a run was refused before any work. What fails during the work stands in the reports.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No processing URI was given.
    #[error("there are no images to process; expected the names of files, or URIs")]
    NothingToDo,
    /// Two of the run's objects would have the same key, or one would be a folder of the other.
    #[error(
        "{first} and {second} would both write `{key}`; expected images with targets of their own, labels that differ, and one label only for `rewrite`"
    )]
    Collision {
        /// The key.
        key: String,
        /// What writes it: "label `b` of `file:///a.jpg?target=x`".
        first: String,
        /// What else writes it, or needs it as a folder.
        second: String,
    },
    /// A derivative would replace a source image.
    #[error(
        "{what} would replace the source image `{key}`; keep derivatives in a bucket or under a prefix of their own"
    )]
    ReplacesSource {
        /// What would be written.
        what: String,
        /// The key of the source image.
        key: String,
    },
    /// Derivatives or reports cannot be written to their bucket at all.
    #[error("nothing can be written to `{bucket}`, which is read-only")]
    ReadOnly {
        /// The bucket.
        bucket: String,
    },
}

/// What a caller can do about an error. Stable across releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The URIs, the instructions or the config are to be changed.
    InvalidConfig,
    /// Nothing was asked for.
    NothingToDo,
}

impl Error {
    /// Returns what the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NothingToDo => ErrorKind::NothingToDo,
            Self::Collision { .. } | Self::ReplacesSource { .. } | Self::ReadOnly { .. } => {
                ErrorKind::InvalidConfig
            }
        }
    }
}
