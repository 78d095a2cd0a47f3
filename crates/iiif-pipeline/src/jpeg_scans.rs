//! What stands between and after the entropy-coded data of a JPEG file.

/// The end-of-image marker: ITU-T T.81 table B.1.
pub(crate) const END_OF_IMAGE: u8 = 0xd9;

const PREFIX: u8 = 0xff;

/// Makes a byte of the data of a prefix: ITU-T T.81 §B.1.1.5.
const STUFFING: u8 = 0;

/// Has no segment, like the end of the image: ITU-T T.81 table B.1.
const TEMPORARY: u8 = 0x01;

/// Stand inside the data: ITU-T T.81 table B.1.
const RESTARTS: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;

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
            let is_data = code == STUFFING || RESTARTS.contains(&code);
            // Fill bytes may precede a marker.
            if prefix < read || is_data || code == PREFIX {
                continue;
            }
            if matches!(code, END_OF_IMAGE | TEMPORARY) {
                read_to = (code == TEMPORARY).then_some(prefix + 2);
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

    fn found(bytes: &[u8]) -> Vec<(u8, usize)> {
        markers(bytes, 0).collect()
    }

    #[test]
    fn markers_are_told_from_data() {
        let data = [1, PREFIX, STUFFING, 2, PREFIX, 0xd3, 3];
        let temporary = [PREFIX, TEMPORARY];
        let comment = [PREFIX, PREFIX, 0xfe, 0, 4, PREFIX, END_OF_IMAGE];
        let end = [PREFIX, END_OF_IMAGE];
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
        let expected = [(0xfe, 14), (TEMPORARY, 23), (END_OF_IMAGE, 32)];
        assert_eq!(found(&file), expected);
    }

    #[test]
    fn cut_off_files_have_no_end() {
        let whole = [1, PREFIX, 0xda, 0, 4, 5, 6, 7, PREFIX, END_OF_IMAGE];
        assert_eq!(found(&whole), [(0xda, 7), (END_OF_IMAGE, 10)]);
        for length in 0..whole.len() {
            let expected: &[_] = if length < 7 { &[] } else { &[(0xda, 7)] };
            assert_eq!(found(&whole[..length]), expected, "{length} bytes");
        }
        assert!(markers(&whole, whole.len() + 1).next().is_none());
    }

    #[test]
    fn a_segment_shorter_than_its_length_field_ends_the_search() {
        assert!(found(&[PREFIX, 0xda, 0, 1, PREFIX, END_OF_IMAGE]).is_empty());
    }
}
