//! Under which keys reports stand together.

use std::collections::HashMap;

use crate::ProcessingUri;

/// Returns the key under which the report of each URI stands among those of a run: its origin.
///
/// An origin that is processed more than once, to different targets, stands under its processing URI
/// instead, with `#2` and so on behind URIs that differ in their secrets alone. Who reads reports of a
/// run has to ask with the URIs of that run, in their order.
#[must_use]
pub fn report_keys(uris: &[ProcessingUri]) -> Vec<String> {
    let mut times = HashMap::new();
    for uri in uris {
        *times.entry(uri.origin().as_str()).or_insert(0_usize) += 1;
    }
    let mut used = HashMap::new();
    let key = |uri: &ProcessingUri| {
        if times.get(uri.origin().as_str()) == Some(&1) {
            return uri.origin().as_str().to_owned();
        }
        let key = uri.to_redacted_string();
        let count = used
            .entry(key.clone())
            .and_modify(|count| *count += 1)
            .or_insert(1_usize);
        if *count == 1 {
            key
        } else {
            format!("{key}#{count}")
        }
    };
    uris.iter().map(key).collect()
}
