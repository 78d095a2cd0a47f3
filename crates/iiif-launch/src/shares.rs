//! How many URIs are shared out among tasks.

use std::num::NonZeroUsize;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::task::MAX_OVERRIDES_CHARS;
use crate::{ContainerInput, TaskTemplate};

/// A URI that no task can be told of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "URI {position} does not fit into the overrides of a task, which may have {MAX_OVERRIDES_CHARS} \
     characters; expected a shorter one, or a list in a bucket"
)]
pub struct UriTooLongError {
    /// Which URI it is; the first is 1. Itself it may hold a secret.
    pub position: usize,
}

/// Shares URIs out among tasks, in order: at most `max_uris` to each, and no more than fit into the
/// overrides of a request as arguments.
///
/// # Errors
///
/// [`UriTooLongError`] if one alone does not fit.
pub fn shares(
    uris: &[String],
    template: &TaskTemplate,
    max_uris: NonZeroUsize,
) -> Result<Vec<Range<usize>>, UriTooLongError> {
    let chars = |uris: &[String]| template.overrides(ContainerInput::Uris(uris)).chars();
    let free = MAX_OVERRIDES_CHARS.saturating_sub(chars(&[]));
    // Each argument adds its own characters, escaped, and a comma.
    let added = |uri: &String| {
        serde_json::to_string(uri).map_or(usize::MAX, |json| json.chars().count() + 1)
    };
    let mut shares: Vec<Range<usize>> = Vec::new();
    let mut left = 0;
    for (index, uri) in uris.iter().enumerate() {
        let needed = added(uri);
        if needed > free {
            return Err(UriTooLongError {
                position: index + 1,
            });
        }
        match shares.last_mut() {
            Some(share) if share.len() < max_uris.get() && needed <= left => {
                share.end += 1;
                left -= needed;
            }
            _ => {
                shares.push(index..index + 1);
                left = free - needed;
            }
        }
    }
    Ok(shares)
}

/// Shares URIs out among tasks that read them from a manifest: `max_uris` to each.
pub fn shares_of_manifests(
    count: usize,
    max_uris: NonZeroUsize,
) -> impl Iterator<Item = Range<usize>> {
    (0..count)
        .step_by(max_uris.get())
        .map(move |start| start..count.min(start + max_uris.get()))
}

/// Returns the name of a manifest: the SHA-256 of its text, so that the same list is put once.
#[must_use]
pub fn manifest_name(text: &str) -> String {
    format!("{}.txt", hex::encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template() -> TaskTemplate {
        TaskTemplate {
            container: "go-iiif-process-ecs".to_owned(),
            ..TaskTemplate::default()
        }
    }

    proptest! {
        #[test]
        fn no_uri_is_lost_or_doubled_and_every_request_fits(
            uris in prop::collection::vec("file:///[a-zé\"\\\\ ]{0,600}", 0..200),
            max_uris in 1_usize..50,
        ) {
            let template = template();
            let shares = shares(&uris, &template, NonZeroUsize::new(max_uris).unwrap()).unwrap();
            let mut next = 0;
            for share in &shares {
                prop_assert_eq!(share.start, next);
                prop_assert!(!share.is_empty() && share.len() <= max_uris);
                next = share.end;
                let input = ContainerInput::Uris(&uris[share.clone()]);
                prop_assert!(template.overrides(input).chars() <= MAX_OVERRIDES_CHARS);
                // One more would have been too many, of URIs or of characters.
                if let Some(following) = uris.get(share.start..=share.end) {
                    let chars = template.overrides(ContainerInput::Uris(following)).chars();
                    prop_assert!(share.len() == max_uris || chars > MAX_OVERRIDES_CHARS - 1);
                }
            }
            prop_assert_eq!(next, uris.len());
        }
    }

    #[test]
    fn a_uri_that_does_not_fit_is_told_by_its_position() {
        let uris = ["file:///a.jpg".to_owned(), "x".repeat(MAX_OVERRIDES_CHARS)];
        let one = NonZeroUsize::new(10).unwrap();
        let error = shares(&uris, &template(), one).unwrap_err();
        assert_eq!(error.position, 2);
    }

    #[test]
    fn manifests_take_all() {
        let two = NonZeroUsize::new(2).unwrap();
        let shares: Vec<_> = shares_of_manifests(5, two).collect();
        assert_eq!(shares, [0..2, 2..4, 4..5]);
    }
}
