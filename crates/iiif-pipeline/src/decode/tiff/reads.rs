//! Which parts of a file are read to have many ranges of it, where each read takes its time: those of
//! an object of a bucket.

use std::ops::Range;

/// What is read at once, unless it is a single range. Reads take place at the same time, so what is
/// large is not left to a single one.
pub(super) const MAX_READ_BYTES: u64 = 1 << 20;

/// What may lie between ranges that are read together: it takes less time than another read.
pub(super) const MAX_GAP_BYTES: u64 = 64 << 10;

/// What may lie between all of them: it is held too.
pub(super) const MAX_GAPS_BYTES: u64 = 1 << 20;

/// Some reads, and which of them has which range.
#[derive(Debug)]
pub(super) struct Reads {
    pub(super) parts: Vec<Range<u64>>,
    /// For each range the index of its part.
    pub(super) part_of: Vec<usize>,
}

impl Reads {
    /// Returns the reads that have all of `ranges`, in whatever order these lie. Together they are no
    /// longer than the ranges and [`MAX_GAPS_BYTES`].
    pub(super) fn of(ranges: &[Range<u64>]) -> Self {
        let mut in_file: Vec<usize> = (0..ranges.len()).collect();
        in_file.sort_by_key(|index| ranges[*index].start);
        let mut parts: Vec<Range<u64>> = Vec::new();
        let mut part_of = vec![0; ranges.len()];
        let mut gaps_left = MAX_GAPS_BYTES;
        for index in in_file {
            let range = &ranges[index];
            let joined = parts.last_mut().and_then(|part| {
                let gap = range.start.saturating_sub(part.end);
                let end = part.end.max(range.end);
                let is_near = gap <= MAX_GAP_BYTES.min(gaps_left);
                (is_near && end - part.start <= MAX_READ_BYTES).then_some((part, end, gap))
            });
            if let Some((part, end, gap)) = joined {
                part.end = end;
                gaps_left -= gap;
            } else {
                parts.push(range.clone());
            }
            part_of[index] = parts.len() - 1;
        }
        Self { parts, part_of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1 << 10;

    fn parts(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        let reads = Reads::of(ranges);
        for (range, part) in ranges.iter().zip(&reads.part_of) {
            let part = &reads.parts[*part];
            assert!(part.start <= range.start && range.end <= part.end);
        }
        let held: u64 = reads.parts.iter().map(|part| part.end - part.start).sum();
        let wanted: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        assert!(held <= wanted + MAX_GAPS_BYTES, "{held} of {wanted}");
        reads.parts
    }

    #[test]
    fn what_lies_together_is_read_together_in_any_order() {
        let gap = MAX_GAP_BYTES;
        let ranges = [
            20 * KIB..30 * KIB,
            0..20 * KIB,
            // The same once more, and what overlaps.
            0..20 * KIB,
            25 * KIB..32 * KIB,
            // At the longest distance, and one byte beyond.
            32 * KIB + gap..40 * KIB + gap,
            40 * KIB + 2 * gap + 1..50 * KIB + 2 * gap,
        ];
        let expected = [
            0..40 * KIB + gap,
            40 * KIB + 2 * gap + 1..50 * KIB + 2 * gap,
        ];
        assert_eq!(parts(&ranges), expected);
        assert_eq!(parts(&[]), []);
        assert_eq!(parts(&[7..7, 7..7]).len(), 1);
    }

    #[test]
    fn no_read_is_long_unless_its_range_is() {
        let long = 2 * MAX_READ_BYTES;
        let mut ranges: Vec<_> = (0..30)
            .map(|tile| tile * 100 * KIB..(tile + 1) * 100 * KIB)
            .collect();
        ranges.push(3000 * KIB..3000 * KIB + long);
        let parts = parts(&ranges);
        assert_eq!(parts.len(), 4);
        assert!(
            parts[..3]
                .iter()
                .all(|part| part.end - part.start == 1000 * KIB)
        );
        assert_eq!(parts[3], ranges[30]);
    }

    #[test]
    fn gaps_are_not_held_without_end() {
        let far: Vec<_> = (0..1000)
            .map(|tile| tile * 40 * KIB..tile * 40 * KIB + 10)
            .collect();
        let parts = parts(&far);
        assert!(parts.len() > 900, "{}", parts.len());
    }
}
