//! Differences to neighbors, which compress better than samples (PNG 3rd edition §9). The same are chosen as
//! by `png`, which keeps its filters to itself.

use std::mem;

const SUB: u8 = 1;
const UP: u8 = 2;
const AVERAGE: u8 = 3;
const PAETH: u8 = 4;

/// A row and the one above it.
pub(super) struct Filters {
    pixel_bytes: usize,
    /// After a pixel of zeros, which is left of every row.
    row: Vec<u8>,
    above: Vec<u8>,
    /// After the type of the filter.
    best: Vec<u8>,
    tried: Vec<u8>,
}

impl Filters {
    pub(super) fn new(pixel_bytes: usize, row_bytes: usize) -> Self {
        Self {
            pixel_bytes,
            row: vec![0; pixel_bytes + row_bytes],
            above: vec![0; pixel_bytes + row_bytes],
            best: vec![0; 1 + row_bytes],
            tried: vec![0; 1 + row_bytes],
        }
    }

    /// Goes to the next row and returns its bytes, to be written.
    pub(super) fn next_row(&mut self) -> &mut [u8] {
        mem::swap(&mut self.row, &mut self.above);
        &mut self.row[self.pixel_bytes..]
    }

    /// Returns the row as it is, after the type of no filter, which is 0 as is what is left of the row.
    pub(super) fn unfiltered(&self) -> &[u8] {
        &self.row[self.pixel_bytes - 1..]
    }

    /// Returns the differences whose sum is least (PNG 3rd edition §12.7), after the type of their filter.
    pub(super) fn filtered(&mut self) -> &[u8] {
        let mut least = u64::MAX;
        self.attempt(UP, &mut least, |_, above, _| above);
        self.attempt(SUB, &mut least, |left, _, _| left);
        self.attempt(AVERAGE, &mut least, |left, above, _| left.midpoint(above));
        self.attempt(PAETH, &mut least, paeth);
        &self.best
    }

    /// Takes the differences to what `predict` makes of the bytes to the left, above, and above to the left, if
    /// their sum is not more than the least.
    fn attempt(&mut self, filter: u8, least: &mut u64, predict: impl Fn(u8, u8, u8) -> u8) {
        if *least == 0 {
            return;
        }
        self.tried[0] = filter;
        let differences = &mut self.tried[1..];
        let bytes = self.row[self.pixel_bytes..].iter().zip(&self.row);
        let above = self.above[self.pixel_bytes..].iter().zip(&self.above);
        for ((difference, (byte, left)), (above, above_left)) in
            differences.iter_mut().zip(bytes).zip(above)
        {
            *difference = byte.wrapping_sub(predict(*left, *above, *above_left));
        }
        let sum = sum(differences);
        if sum <= *least {
            *least = sum;
            mem::swap(&mut self.best, &mut self.tried);
        }
    }
}

/// Returns the neighbor that is nearest to `left + above - above_left` (PNG 3rd edition §9.4). In 8 bits, as in
/// FPNGE: `above_left` is never nearest where it is not between the others. `abs_diff` makes it slower.
fn paeth(left: u8, above: u8, above_left: u8) -> u8 {
    let to_left = above.max(above_left) - above.min(above_left);
    let to_above = left.max(above_left) - left.min(above_left);
    let to_above_left = if (left < above_left) == (above_left < above) {
        to_left.max(to_above) - to_left.min(to_above)
    } else {
        u8::MAX
    };
    if to_left <= to_above && to_left <= to_above_left {
        left
    } else if to_above <= to_above_left {
        above
    } else {
        above_left
    }
}

/// Returns the sum of differences, be they above or below zero.
fn sum(differences: &[u8]) -> u64 {
    let absolute = |difference: &u8| u64::from(difference.cast_signed().unsigned_abs());
    // The compiler needs a known length to add many at once.
    let (parts, rest) = differences.as_chunks::<32>();
    let of_part = |part: &[u8; 32]| part.iter().map(absolute).sum::<u64>();
    parts.iter().map(of_part).sum::<u64>() + rest.iter().map(absolute).sum::<u64>()
}
