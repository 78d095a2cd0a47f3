//! What goes wrong, and the status that tells it.
//!
//! The specific sections win over the general table of 3.0 §7.3: a size above the limits and an
//! unsupported quality or format are 400 there (3.0 §4.2 to §4.5).

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use iiif_config::FeatureError;
use iiif_image_api::{Identifier, IdentifierError, ParseError, ResolveError};

/// Why a request is not answered: a status, and a sentence for people. Says nothing of buckets,
/// paths and credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    text: String,
    /// Whether it is gone once the source is looked at again.
    pub(crate) is_stale: bool,
}

/// What a client that was turned away should wait, in seconds.
const RETRY_AFTER_SECONDS: &str = "1";

impl Problem {
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
            is_stale: false,
        }
    }

    /// The source was replaced since it was looked at.
    pub(crate) fn stale() -> Self {
        let text = "the image is being replaced; ask again";
        Self {
            is_stale: true,
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }

    /// Returns the sentence.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    pub(crate) fn no_such_path() -> Self {
        let text = "nothing is here; expected `/iiif/3/{identifier}/info.json` or \
                    `/iiif/3/{identifier}/{region}/{size}/{rotation}/{quality}.{format}`, with the \
                    slashes of the identifier as `%2F`";
        Self::new(StatusCode::NOT_FOUND, text)
    }

    pub(crate) fn no_such_image() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "there is no image of this identifier",
        )
    }

    pub(crate) fn busy() -> Self {
        let text = "too much is asked at the moment; ask again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }

    pub(crate) fn silent_storage() -> Self {
        let text = "the storage of the images does not answer; ask again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }

    /// What no waiting makes possible.
    pub(crate) fn too_large() -> Self {
        let text = "this takes more memory than the service has; ask for a smaller size";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    }

    /// A defect of this program.
    pub(crate) fn internal() -> Self {
        let text = "the service failed; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    #[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
    pub(crate) fn identifier(error: IdentifierError) -> Self {
        Self::bad_request(error.to_string())
    }

    /// What storage says is for the log: it names buckets.
    pub(crate) fn storage(error: &iiif_storage::Error) -> Self {
        use iiif_storage::ErrorKind as Kind;

        match error.kind() {
            Kind::NotFound => return Self::no_such_image(),
            Kind::InvalidRequest => return Self::bad_request("the identifier names no image"),
            Kind::Conflict => return Self::stale(),
            _ => tracing::warn!("{}", with_causes(error)),
        }
        match error.kind() {
            // What may not be read is not told from what is not there.
            Kind::Denied => Self::no_such_image(),
            Kind::TooLarge => Self::too_large(),
            Kind::Unavailable => Self::silent_storage(),
            Kind::Unsupported => {
                let text = "the storage of the images cannot do this; the log says what it lacks";
                Self::new(StatusCode::NOT_IMPLEMENTED, text)
            }
            _ => Self::internal(),
        }
    }

    /// Derivatives of an image could not all be deleted.
    pub(crate) fn not_purged(error: &iiif_storage::Error) -> Self {
        if error.kind() == iiif_storage::ErrorKind::Unavailable {
            return Self::storage(error);
        }
        tracing::warn!("{}", with_causes(error));
        let text = "not all that was kept of the image could be deleted; the log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// The same where images are listed.
    pub(crate) fn listing(error: &iiif_storage::Error) -> Self {
        if error.kind() == iiif_storage::ErrorKind::Unsupported {
            let text = "the images are on a web server, which has no list of them; expected the \
                        identifier of one";
            return Self::new(StatusCode::NOT_IMPLEMENTED, text);
        }
        Self::storage(error)
    }

    /// Errors of the pipeline name formats and figures only.
    pub(crate) fn pipeline(identifier: &Identifier, error: &iiif_pipeline::Error) -> Self {
        if let iiif_pipeline::Error::Read { source } = error
            && let Some(error) = source.get_ref().and_then(|error| error.downcast_ref())
        {
            return Self::storage(error);
        }
        tracing::warn!("{}: {}", identifier.as_str(), with_causes(error));
        Self::image(error)
    }

    /// The same for an image that is no object of storage.
    pub(crate) fn image(error: &iiif_pipeline::Error) -> Self {
        use iiif_pipeline::{Error, ErrorKind as Kind};

        if matches!(error, Error::UnknownFormat { .. }) {
            let text = "what has this identifier is no image";
            return Self::new(StatusCode::NOT_FOUND, text);
        }
        match error.kind() {
            // No size that is asked for helps.
            Kind::TooLarge if matches!(error, Error::OverLimit { .. }) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
            }
            Kind::TooLarge => Self::too_large(),
            Kind::Unsupported => Self::new(StatusCode::NOT_IMPLEMENTED, error.to_string()),
            Kind::InvalidConfig => Self::bad_request(error.to_string()),
            Kind::Corrupt => {
                let text = "the image is damaged and cannot be decoded";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
            }
            _ => Self::internal(),
        }
    }
}

/// Returns an error's message with those of its causes, for the log.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let messages: Vec<String> = causes.map(ToString::to_string).collect();
    messages.join(": ")
}

impl From<ParseError> for Problem {
    fn from(error: ParseError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<FeatureError> for Problem {
    fn from(error: FeatureError) -> Self {
        let FeatureError::SwitchedOff {
            parameter, text, ..
        } = error
        else {
            return Self::bad_request(error.to_string());
        };
        // 3.0 §4.2: a size that needs upscaling where there is none is 501.
        if text.starts_with('^') {
            let text = format!("{parameter} `{text}` needs upscaling, which is switched off");
            return Self::new(StatusCode::NOT_IMPLEMENTED, text);
        }
        Self::bad_request(format!("{parameter} `{text}` is switched off"))
    }
}

impl From<ResolveError> for Problem {
    fn from(error: ResolveError) -> Self {
        use iiif_image_api::ErrorKind as Kind;

        let status = match error.kind() {
            Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, format!("{}\n", self.text)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let wait = axum::http::HeaderValue::from_static(RETRY_AFTER_SECONDS);
            response.headers_mut().insert(RETRY_AFTER, wait);
        }
        response
    }
}
