//! Documents that would contradict themselves.

use crate::{Dimensions, Format};

/// What a document must not say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InfoError {
    /// `maxHeight` is only allowed beside `maxWidth` (2.1 §5.3, 3.0 §5.2).
    #[error("`max_height` {max_height} stands alone; expected `max_width` beside it")]
    MaxHeightAlone {
        /// The limit, in pixels.
        max_height: u32,
    },
    /// `sizeUpscaling` needs a limit, for `^max` has no meaning without (3.0 §5.7).
    #[error("`sizeUpscaling` is offered without limits; expected `max_width` or `max_area`")]
    UpscalingWithoutLimits,
    /// Formats can only be preferred among those that the service has (3.0 §5.5).
    #[error(
        "format `{format}` is preferred but not offered; expected one of the service's formats"
    )]
    PreferredFormatNotOffered {
        /// The format.
        format: Format,
    },
    /// Tiles of one size stand once (2.1 §5.2, 3.0 §5.4).
    #[error("tiles of `{tile}` pixels are listed twice; expected one list of scale factors")]
    DuplicateTiles {
        /// The dimensions.
        tile: Dimensions,
    },
}
