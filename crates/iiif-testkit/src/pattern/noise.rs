//! Value noise: random numbers on a lattice, blended smoothly between, in integers.

/// Full weight of one side when two lattice values are blended.
const ONE: i32 = 256;

/// Returns 32 well-mixed bits for a lattice point (multiply and xorshift, as in `MurmurHash3`).
pub(super) fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut bits = x.wrapping_mul(0x9E37_79B1)
        ^ y.wrapping_mul(0x85EB_CA77)
        ^ seed.wrapping_mul(0xC2B2_AE3D).wrapping_add(0x27D4_EB2F);
    bits ^= bits >> 15;
    bits = bits.wrapping_mul(0x2C1B_3C6D);
    bits ^= bits >> 12;
    bits = bits.wrapping_mul(0x297A_2D39);
    bits ^ (bits >> 15)
}

/// Several octaves of value noise over a picture, a row at a time.
#[derive(Debug)]
pub(super) struct Noise {
    octaves: Vec<Octave>,
    row: Vec<i32>,
}

impl Noise {
    /// Noise for a picture `width` pixels wide whose longer side is `longer` pixels.
    ///
    /// The first octave has `cells` lattice cells along the longer side; each of the following
    /// has twice as many and half the strength. Octaves finer than two pixels are left out.
    pub(super) fn new(width: u32, longer: u32, cells: u32, octaves: u32, seed: u32) -> Self {
        let octaves = (0..octaves)
            .map(|index| (index, cells << index))
            .filter(|&(index, cells)| index == 0 || cells <= longer / 2)
            .map(|(index, cells)| Octave::new(width, longer, cells, index, seed + index))
            .collect();
        let row = vec![0; width as usize];
        Self { octaves, row }
    }

    /// Returns row `y`: values within -256 to 256 and mostly within -128 to 128.
    pub(super) fn row(&mut self, y: u32) -> &[i32] {
        self.row.fill(0);
        for octave in &mut self.octaves {
            octave.add_row(y, &mut self.row);
        }
        &self.row
    }
}

/// A position between two lattice lines: the line before it, and the weight of the line after it.
#[derive(Clone, Copy, Debug)]
struct Position {
    cell: u32,
    blend: i32,
}

impl Position {
    fn new(pixel: u32, longer: u32, cells: u32) -> Self {
        let scaled = u64::from(pixel) * u64::from(cells) * 256 / u64::from(longer.max(1));
        let fraction = (scaled & 255) as i32;
        // Smoothstep, 3f² - 2f³.
        let blend = (fraction * fraction * (3 * ONE - 2 * fraction)) >> 16;
        Self {
            cell: (scaled >> 8) as u32,
            blend,
        }
    }
}

#[derive(Debug)]
struct Octave {
    columns: Vec<Position>,
    /// The lattice values of the current row, already blended vertically.
    lattice: Vec<i32>,
    longer: u32,
    cells: u32,
    halvings: u32,
    seed: u32,
}

impl Octave {
    fn new(width: u32, longer: u32, cells: u32, halvings: u32, seed: u32) -> Self {
        let columns: Vec<_> = (0..width)
            .map(|x| Position::new(x, longer, cells))
            .collect();
        let lattice = vec![0; columns.last().map_or(0, |last| last.cell as usize + 2)];
        Self {
            columns,
            lattice,
            longer,
            cells,
            halvings,
            seed,
        }
    }

    fn add_row(&mut self, y: u32, row: &mut [i32]) {
        let line = Position::new(y, self.longer, self.cells);
        for (x, value) in (0..).zip(&mut self.lattice) {
            let above = (hash(x, line.cell, self.seed) & 255) as i32 - 128;
            let below = (hash(x, line.cell + 1, self.seed) & 255) as i32 - 128;
            *value = (above * (ONE - line.blend) + below * line.blend) >> self.halvings;
        }
        for (value, column) in row.iter_mut().zip(&self.columns) {
            let cell = column.cell as usize;
            let (left, right) = (self.lattice[cell], self.lattice[cell + 1]);
            *value += (left * (ONE - column.blend) + right * column.blend) >> 16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_do_not_depend_on_the_order_of_asking() {
        let mut noise = Noise::new(50, 80, 3, 4, 1);
        let first = noise.row(7).to_vec();
        noise.row(31);
        assert_eq!(noise.row(7), first);
        assert_ne!(noise.row(8), first);
    }

    #[test]
    fn noise_is_smooth_and_bounded() {
        let mut noise = Noise::new(1000, 1000, 4, 1, 9);
        for y in [0, 500, 999] {
            let row = noise.row(y);
            assert!(
                row.iter().all(|value| (-128..=128).contains(value)),
                "row {y}"
            );
            let step = row.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
            assert!(step <= Some(3), "largest step in row {y}: {step:?}");
        }
    }
}
