//! The reference grid on which an image and its tiles lie: ISO/IEC 15444-1 §B.2, §B.3 and §B.5.

use std::ops::Range;

/// One direction of the reference grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Where the image starts, in points of the grid.
    pub(super) start: u32,
    /// Where it ends.
    pub(super) end: u32,
    /// Where the first tile starts, at or before the image.
    pub(super) tile_start: u32,
    /// The length of a tile, in points of the grid.
    pub(super) tile: u32,
    /// How many points of the grid are a pixel.
    pub(super) step: u32,
    /// The pixels after which samples of all components, the coarser ones as well, begin together.
    pub(super) unit: u64,
}

impl Axis {
    /// Returns whether the first tile, and so every other, has a part of the image: (B-3), (B-4).
    pub(super) fn is_valid(&self) -> bool {
        let first_end = u64::from(self.tile_start) + u64::from(self.tile);
        self.start < self.end
            && self.tile_start <= self.start
            && first_end > self.start.into()
            && self.step > 0
            && self.length(0) > 0
    }

    /// Returns the number of tiles: (B-5).
    pub(super) fn tiles(&self) -> u32 {
        (self.end - self.tile_start).div_ceil(self.tile)
    }

    /// Returns the part of the grid that some of the tiles cover, as if it were all.
    pub(super) fn of_tiles(&self, tiles: &Range<u32>) -> Self {
        let tile_start = self.tile_edge(tiles.start);
        Self {
            start: tile_start.max(self.start),
            end: self.tile_edge(tiles.end).min(self.end),
            tile_start,
            ..*self
        }
    }

    /// Returns the pixels from the start of the image to its end, halved so many times: (B-14).
    pub(super) fn length(&self, halvings: u32) -> u32 {
        self.pixel(self.end, halvings) - self.pixel(self.start, halvings)
    }

    /// Returns the pixels of a part of this axis, counted from the start of the image.
    pub(super) fn pixels_of(&self, part: &Self, halvings: u32) -> Range<u32> {
        let origin = self.pixel(self.start, halvings);
        self.pixel(part.start, halvings) - origin..self.pixel(part.end, halvings) - origin
    }

    /// Returns how often the image can be halved so that a pixel and a sample of each component are left,
    /// and pixels lie where they would if it started at the origin of the grid.
    pub(super) fn most_halvings(&self) -> u32 {
        let first = self.pixel(self.start, 0);
        let most = first.trailing_zeros().min(self.length(0).ilog2());
        let mut halvings = (0..=most).rev();
        halvings.find(|it| self.has_samples(*it)).unwrap_or(0)
    }

    /// Returns the length of a tile in pixels, if tiles are counted from where the image starts.
    pub(super) fn tile_pixels(&self) -> Option<u32> {
        let is_whole = self.tile.is_multiple_of(self.step);
        (self.tile_start == self.start && is_whole).then(|| self.tile / self.step)
    }

    /// Returns the tiles in groups of which each can be halved so many times, and ends where samples of
    /// all components do: mostly single ones, with what is too short for it joined to the one before.
    pub(super) fn groups(&self, halvings: u32) -> Vec<Range<u32>> {
        let mut groups: Vec<Range<u32>> = Vec::new();
        let mut first = 0;
        for end in 1..=self.tiles() {
            let part = self.of_tiles(&(first..end));
            let is_end = part.end == self.end
                || u64::from(part.pixel(part.end, halvings)).is_multiple_of(self.unit);
            if is_end && part.length(0) >> halvings > 0 && part.has_samples(halvings) {
                groups.push(first..end);
                first = end;
            }
        }
        match groups.last_mut() {
            Some(last) => last.end = self.tiles(),
            None => groups.push(0..self.tiles()),
        }
        groups
    }

    /// Returns whether something is left of each component, halved so many times.
    fn has_samples(&self, halvings: u32) -> bool {
        let start = u64::from(self.pixel(self.start, halvings));
        u64::from(self.pixel(self.end, halvings)) > start.next_multiple_of(self.unit)
    }

    /// Returns where a tile starts on the grid; the greatest number behind its end.
    fn tile_edge(&self, index: u32) -> u32 {
        let edge = u64::from(self.tile_start) + u64::from(index) * u64::from(self.tile);
        u32::try_from(edge).unwrap_or(u32::MAX)
    }

    fn pixel(&self, point: u32, halvings: u32) -> u32 {
        // Not more than the point.
        u64::from(point).div_ceil(u64::from(self.step) << halvings) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Axis = Axis {
        start: 0,
        end: 4097,
        tile_start: 0,
        tile: 512,
        step: 1,
        unit: 1,
    };

    #[test]
    fn what_is_too_short_to_be_halved_is_joined_to_its_neighbor() {
        assert_eq!(PLAIN.tiles(), 9);
        assert_eq!(PLAIN.groups(0).len(), 9);
        let halved = PLAIN.groups(3);
        assert_eq!(halved.len(), 8);
        assert_eq!(halved[7], 7..9);
        assert_eq!(PLAIN.groups(10)[0], 0..2);
        let part = PLAIN.of_tiles(&halved[7]);
        assert_eq!(PLAIN.pixels_of(&part, 3), 448..513);
    }

    #[test]
    fn groups_cover_every_pixel_and_every_coarser_sample_once() {
        for (start, tile_start, tile, step, unit) in [
            (0, 0, 100, 1, 1),
            (96, 32, 70, 1, 1),
            (0, 0, 64, 2, 1),
            (0, 0, 16, 1, 2),
            (0, 0, 37, 1, 2),
            (96, 95, 3, 1, 2),
            (97, 97, 1, 1, 4),
        ] {
            let axis = Axis {
                start,
                end: 1003,
                tile_start,
                tile,
                step,
                unit,
            };
            assert!(axis.is_valid());
            for halvings in 0..=axis.most_halvings() {
                let origin = u64::from(axis.pixel(axis.start, halvings));
                let mut next = 0;
                for group in axis.groups(halvings) {
                    let part = axis.of_tiles(&group);
                    let pixels = axis.pixels_of(&part, halvings);
                    assert_eq!(pixels.start, next, "{axis:?}");
                    let sample = |pixel: u32| (origin + u64::from(pixel)).div_ceil(unit);
                    assert!(
                        sample(pixels.start) < sample(pixels.end),
                        "{axis:?} {group:?}"
                    );
                    let is_even = (origin + u64::from(next)).is_multiple_of(unit);
                    assert!(group.start == 0 || is_even, "{axis:?} {group:?}");
                    next = pixels.end;
                }
                assert_eq!(next, axis.length(halvings), "{axis:?}");
            }
        }
    }
}
