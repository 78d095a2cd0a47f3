//! What stands between and after the entropy-coded data of a JPEG file.

use super::marker::{EOI, PREFIX, RST0, RST7, STUFFING, TEM};

/// Returns the markers of `bytes` from `start`, where the data of the first scan begins, to the end of
/// the image, and where each with its segment ends. Restarts are left out.
///
/// Ends early where the file is cut off.
pub(crate) fn markers(bytes: &[u8], start: usize) -> impl Iterator<Item = (u8, usize)> {
    let entropy = bytes.get(start..).unwrap_or_default();
    let mut prefixes = memchr::memchr_iter(PREFIX, entropy).map(move |offset| start + offset);
    let mut read_to = Some(start);
    std::iter::from_fn(move || {
        let read = read_to?;
        loop {
            let prefix = prefixes.next()?;
            let code = *bytes.get(prefix + 1)?;
            let is_data = code == STUFFING || (RST0..=RST7).contains(&code);
            // Fill bytes may precede a marker.
            if prefix < read || is_data || code == PREFIX {
                continue;
            }
            if matches!(code, EOI | TEM) {
                read_to = (code == TEM).then_some(prefix + 2);
                return Some((code, prefix + 2));
            }
            // A length counts its own two bytes.
            let length = u16::from_be_bytes(*bytes.get(prefix + 2..)?.first_chunk()?);
            let end = prefix + 2 + usize::from(length);
            read_to = (length >= 2 && end <= bytes.len()).then_some(end);
            return read_to.map(|end| (code, end));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg_file::marker::{COM, SOS};

    fn found(bytes: &[u8]) -> Vec<(u8, usize)> {
        markers(bytes, 0).collect()
    }

    #[test]
    fn markers_are_told_from_data() {
        let data = [1, PREFIX, STUFFING, 2, PREFIX, 0xd3, 3];
        let temporary = [PREFIX, TEM];
        let comment = [PREFIX, PREFIX, COM, 0, 4, PREFIX, EOI];
        let end = [PREFIX, EOI];
        let file = [
            &data[..],
            &comment,
            &data,
            &temporary,
            &data,
            &end,
            &data,
            &end,
        ]
        .concat();
        let expected = [(COM, 14), (TEM, 23), (EOI, 32)];
        assert_eq!(found(&file), expected);
    }

    #[test]
    fn cut_off_files_have_no_end() {
        let whole = [1, PREFIX, SOS, 0, 4, 5, 6, 7, PREFIX, EOI];
        assert_eq!(found(&whole), [(SOS, 7), (EOI, 10)]);
        for length in 0..whole.len() {
            let expected: &[_] = if length < 7 { &[] } else { &[(SOS, 7)] };
            assert_eq!(found(&whole[..length]), expected, "{length} bytes");
        }
        assert!(markers(&whole, whole.len() + 1).next().is_none());
    }

    #[test]
    fn a_segment_shorter_than_its_length_field_ends_the_search() {
        assert!(found(&[PREFIX, SOS, 0, 1, PREFIX, EOI]).is_empty());
    }
}
