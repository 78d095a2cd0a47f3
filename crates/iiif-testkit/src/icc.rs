//! ICC profiles that are not sRGB, so that a conversion can be seen and a loss noticed.

use moxcms::{ColorDateTime, ColorProfile};

/// The date in the profiles: equal bytes at every call need a fixed one.
const CREATED: ColorDateTime = ColorDateTime {
    year: 2024,
    month: 1,
    day_of_the_month: 1,
    hours: 0,
    minutes: 0,
    seconds: 0,
};

/// Returns the Display P3 profile: wider in red and green than sRGB, with its transfer curve.
///
/// # Panics
///
/// Never: the profile is a fixed one that can be written.
#[must_use]
pub fn display_p3() -> Vec<u8> {
    written(ColorProfile::new_display_p3())
}

/// Returns the Adobe RGB (1998) profile: wider in green than sRGB, with a gamma of 2.2.
///
/// # Panics
///
/// Never: the profile is a fixed one that can be written.
#[must_use]
pub fn adobe_rgb() -> Vec<u8> {
    written(ColorProfile::new_adobe_rgb())
}

fn written(mut profile: ColorProfile) -> Vec<u8> {
    profile.creation_date_time = CREATED;
    profile
        .encode()
        .expect("a profile of matrix and curves can be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_valid_small_and_always_the_same() {
        for profile in [display_p3, adobe_rgb] {
            let bytes = profile();
            // ICC.1:2022 section 7.2: the size first, the signature at 36.
            assert_eq!(bytes[..4], (bytes.len() as u32).to_be_bytes());
            assert_eq!(&bytes[36..40], b"acsp");
            assert!(bytes.len() < 8192, "{} bytes", bytes.len());
            assert_eq!(bytes, profile());
            ColorProfile::new_from_slice(&bytes).expect("a readable profile");
        }
        assert_ne!(display_p3(), adobe_rgb());
    }

    #[test]
    fn profiles_have_primaries_of_their_own() {
        // The x of the red primary, adapted to D50, in s15Fixed16 after tag type and padding:
        // sRGB has 0.4361, Display P3 0.5151, Adobe RGB 0.6097 (all to four places).
        for (profile, expected) in [(display_p3(), 0.5151), (adobe_rgb(), 0.6097)] {
            let tag = (0..).map(|index| &profile[132 + 12 * index..144 + 12 * index]);
            let tag = tag
                .take(20)
                .find(|tag| tag.starts_with(b"rXYZ"))
                .expect("a red primary");
            let at = u32::from_be_bytes([tag[4], tag[5], tag[6], tag[7]]) as usize + 8;
            let fixed = [
                profile[at],
                profile[at + 1],
                profile[at + 2],
                profile[at + 3],
            ];
            let x = f64::from(i32::from_be_bytes(fixed)) / 65536.0;
            assert!(
                (x - expected).abs() < 0.001,
                "red x is {x}, expected {expected}"
            );
        }
    }
}
