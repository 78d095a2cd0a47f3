//! Derivatives on their way into their bucket.

use iiif_image_api::RenderPlan;
use iiif_pipeline::Derivative;

use crate::{Failure, Job};

/// A derivative that one image asks for.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) label: String,
    pub(super) key: String,
    pub(super) plan: RenderPlan,
}

/// What became of a derivative.
pub(super) struct Put {
    pub(super) label: String,
    pub(super) key: String,
    /// The bytes that are no longer held.
    pub(super) len_bytes: u64,
    /// The dimensions of what was written.
    pub(super) written: Result<[u32; 2], Failure>,
}

/// Puts a derivative that could be made.
pub(super) async fn put(
    job: &Job,
    Planned { label, key, .. }: Planned,
    derivative: Result<Derivative, Failure>,
) -> Put {
    let len_bytes = len_bytes(&derivative);
    let written = match derivative {
        Err(failure) => Err(failure),
        Ok(made) => {
            let media_type = made.format.media_type();
            let put = job.derivatives.put(&key, made.bytes, media_type).await;
            put.map(|()| [made.dimensions.width(), made.dimensions.height()])
                .map_err(|error| Failure::new(&error, None))
        }
    };
    Put {
        label,
        key,
        len_bytes,
        written,
    }
}

/// Returns the bytes of a derivative; none if it could not be made.
pub(super) fn len_bytes(derivative: &Result<Derivative, Failure>) -> u64 {
    derivative
        .as_ref()
        .map_or(0, |derivative| derivative.bytes.len() as u64)
}
