//! Broken files: cut short, or with some bytes changed. The same damage at every run.

/// The beginning in which a file is cut at every byte.
const DENSE_BYTES: usize = 1024;

/// Distance of the later cuts: a prime, so that no structure of a format is met regularly.
const STRIDE_BYTES: usize = 997;

/// Returns the first `length` bytes of a file, or all of it if it is shorter.
#[must_use]
pub fn truncate(file: &[u8], length: usize) -> Vec<u8> {
    file[..length.min(file.len())].to_vec()
}

/// Returns where to cut a file of `length` bytes: 0 to 1023, then every 997th byte.
///
/// The full length is not among them.
pub fn truncation_points(length: usize) -> impl Iterator<Item = usize> {
    let sparse = (DENSE_BYTES..length).step_by(STRIDE_BYTES);
    (0..length.min(DENSE_BYTES)).chain(sparse)
}

/// Returns the file with `count` bytes changed, at places and to values that `seed` decides.
///
/// A place may be hit twice, so fewer may differ; an empty file stays as it is.
#[must_use]
pub fn byte_flips(file: &[u8], seed: u64, count: usize) -> Vec<u8> {
    let mut damaged = file.to_vec();
    let mut state = seed;
    for _ in 0..count {
        let bits = split_mix(&mut state);
        let place = ((u128::from(bits) * damaged.len() as u128) >> 64) as usize;
        if let Some(byte) = damaged.get_mut(place) {
            *byte ^= (bits % 255) as u8 + 1;
        }
    }
    damaged
}

/// The `SplitMix64` generator (Steele, Lea and Flood, OOPSLA 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_dense_first_and_sparse_later() {
        assert_eq!(truncation_points(3).collect::<Vec<_>>(), [0, 1, 2]);
        let points: Vec<_> = truncation_points(4000).collect();
        assert_eq!(points[1020..], [1020, 1021, 1022, 1023, 1024, 2021, 3018]);
        assert_eq!(truncate(b"abc", 2), b"ab");
        assert_eq!(truncate(b"abc", 9), b"abc");
    }

    #[test]
    fn flips_change_one_byte_each_and_repeat() {
        let file = vec![7; 100_000];
        let damaged = byte_flips(&file, 1, 20);
        let places: Vec<_> = (0..file.len())
            .filter(|&at| damaged[at] != file[at])
            .collect();
        assert_eq!(places.len(), 20, "{places:?}");
        assert!(places[0] < 30_000 && places[19] > 70_000, "{places:?}");
        assert_eq!(damaged, byte_flips(&file, 1, 20));
        assert_ne!(damaged, byte_flips(&file, 2, 20));
        assert!(byte_flips(&[], 1, 5).is_empty());
    }

    #[test]
    fn the_generator_gives_its_published_numbers() {
        let mut state = 1_234_567;
        let numbers = [(); 3].map(|()| split_mix(&mut state));
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(numbers, published);
    }
}
