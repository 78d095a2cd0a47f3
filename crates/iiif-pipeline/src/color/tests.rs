use image::{GrayImage, ImageBuffer, LumaA, Rgb, RgbImage, Rgba};

use super::*;

/// Colors and what they are in sRGB (8 bits with two decimals, and 16 bits), computed from the
/// primaries of Display P3 (SMPTE EG 432-1) and sRGB (IEC 61966-2-1), both with D65 white and the
/// curve of sRGB. Values outside are clipped.
const DISPLAY_P3: [([u8; 3], [f64; 3], [u16; 3]); 6] = [
    ([200, 100, 50], [214.90, 92.61, 30.95], [55229, 23801, 7955]),
    (
        [128, 128, 128],
        [128.0, 128.0, 128.0],
        [32896, 32896, 32896],
    ),
    ([30, 180, 90], [0.0, 183.26, 77.98], [0, 47099, 20041]),
    ([60, 40, 200], [63.56, 38.92, 208.15], [16335, 10001, 53495]),
    (
        [250, 240, 230],
        [252.18, 239.57, 228.77],
        [64810, 61569, 58794],
    ),
    (
        [100, 150, 200],
        [83.47, 151.66, 204.60],
        [21451, 38977, 52583],
    ),
];

/// The same for Adobe RGB (1998), whose curve is the power 563/256.
const ADOBE_RGB: [([u8; 3], [f64; 3], [u16; 3]); 4] = [
    (
        [200, 100, 50],
        [227.07, 100.07, 42.35],
        [58358, 25718, 10885],
    ),
    (
        [128, 128, 128],
        [129.03, 129.03, 129.03],
        [33161, 33161, 33161],
    ),
    ([60, 40, 200], [63.99, 35.25, 205.0], [16445, 9059, 52686]),
    (
        [250, 240, 230],
        [253.89, 240.46, 230.30],
        [65250, 61799, 59187],
    ),
];

/// A profile keeps its numbers in steps of 1/65536, and conversions of 16 bits are made in floats
/// of less than that.
const TOLERANCE_16: u16 = 48;

fn encoded(profile: &ColorProfile) -> Vec<u8> {
    profile.encode().unwrap()
}

#[test]
fn wide_gamut_colors_become_srgb_in_8_and_16_bits() {
    let profiles = [
        (ColorProfile::new_display_p3(), &DISPLAY_P3[..]),
        (ColorProfile::new_adobe_rgb(), &ADOBE_RGB[..]),
    ];
    for (profile, cases) in profiles {
        let profile = encoded(&profile);
        for (stored, in_8, in_16) in cases {
            let image = RgbImage::from_pixel(5, 3, Rgb(*stored)).into();
            let Rgb(found) = *to_srgb(image, Some(&profile)).to_rgb8().get_pixel(4, 2);
            for (found, expected) in found.iter().zip(in_8) {
                let difference = (f64::from(*found) - expected).abs();
                assert!(difference <= 1.0, "{stored:?}: {found} is not {expected}");
            }
            let deep = stored.map(|level| u16::from(level) * 257);
            let image = ImageBuffer::from_pixel(5, 3, Rgb(deep)).into();
            let Rgb(found) = *to_srgb(image, Some(&profile)).to_rgb16().get_pixel(4, 2);
            for (found, expected) in found.iter().zip(in_16) {
                let difference = found.abs_diff(*expected);
                assert!(
                    difference <= TOLERANCE_16,
                    "{stored:?}: {found} is not {expected}"
                );
            }
        }
    }
}

#[test]
fn alpha_is_not_a_color() {
    let profile = encoded(&ColorProfile::new_display_p3());
    let image = ImageBuffer::from_fn(300, 40, |x, _| Rgba([200_u8, 100, 50, x as u8])).into();
    let converted = to_srgb(image, Some(&profile)).into_rgba8();
    for (x, _, Rgba([red, green, blue, alpha])) in converted.enumerate_pixels() {
        assert_eq!((*red, *green, *blue), (215, 93, 31));
        assert_eq!(*alpha, x as u8);
    }
}

#[test]
fn gray_takes_the_curve_of_its_profile_and_stays_gray() {
    let profile = encoded(&ColorProfile::new_gray_with_gamma(1.0));
    // 255 * (1.055 * (level / 255)^(1 / 2.4) - 0.055)
    for (level, expected) in [
        (0, 0.0),
        (10, 56.26),
        (55, 127.94),
        (128, 188.0),
        (255, 255.0),
    ] {
        let image = GrayImage::from_pixel(2, 2, image::Luma([level])).into();
        let converted = to_srgb(image, Some(&profile));
        assert_eq!(converted.color(), image::ColorType::L8);
        let found = f64::from(converted.to_luma8().get_pixel(1, 1).0[0]);
        assert!(
            (found - expected).abs() <= 1.0,
            "{level}: {found} is not {expected}"
        );
    }
    let image = ImageBuffer::from_pixel(2, 2, LumaA([128_u16 * 257, 9])).into();
    let LumaA([gray, alpha]) = *to_srgb(image, Some(&profile))
        .to_luma_alpha16()
        .get_pixel(0, 0);
    // 65535 * (1.055 * (128 / 255)^(1 / 2.4) - 0.055) = 48308.6
    assert!(gray.abs_diff(48309) <= TOLERANCE_16, "{gray}");
    assert_eq!(alpha, 9);
}

#[test]
fn colors_of_srgb_and_profiles_of_other_channels_change_nothing() {
    let ramp = RgbImage::from_fn(256, 16, |x, y| {
        Rgb([x as u8, 255 - x as u8, (y * 16) as u8])
    });
    let image = DynamicImage::from(ramp);
    for profile in [
        encoded(&ColorProfile::new_srgb()),
        encoded(&ColorProfile::new_gray_with_gamma(1.8)),
        b"no profile".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(to_srgb(image.clone(), Some(&profile)), image);
    }
    let gray = DynamicImage::from(image.to_luma8());
    let profile = encoded(&ColorProfile::new_display_p3());
    assert_eq!(to_srgb(gray.clone(), Some(&profile)), gray);
}

#[test]
fn threads_do_not_change_the_result() {
    let profile = encoded(&ColorProfile::new_display_p3());
    let image = DynamicImage::from(RgbImage::from_fn(311, 257, |x, y| {
        Rgb([x as u8, y as u8, (x * y) as u8])
    }));
    let convert = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap()
            .install(|| to_srgb(image.clone(), Some(&profile)))
    };
    assert_eq!(convert(1), convert(5));
}

#[test]
fn perfect_inks_subtract_their_light() {
    let cases: [([u8; 4], [u8; 3]); 7] = [
        ([0, 0, 0, 0], [255, 255, 255]),
        ([255, 0, 0, 0], [0, 255, 255]),
        ([0, 255, 0, 0], [255, 0, 255]),
        ([0, 0, 255, 0], [255, 255, 0]),
        ([0, 0, 0, 255], [0, 0, 0]),
        // 255 * (1 - 51/255) * (1 - 51/255) = 163.2; 255 * 204/255 = 204.
        ([51, 0, 0, 51], [163, 204, 204]),
        // 255 * (127/255) * (155/255) = 77.196; 55 * 155 / 255 = 33.43.
        ([128, 200, 255, 100], [77, 33, 0]),
    ];
    for (inks, rgb) in cases {
        assert_eq!(inks_to_rgb(&inks, None), rgb, "{inks:?}");
        // In 16 bits as well: 257 times as much, to half a step of 8 bits.
        let deep = inks_to_rgb(&inks.map(|ink| u16::from(ink) * 257), None);
        for (deep, level) in deep.iter().zip(rgb) {
            assert!(deep.abs_diff(u16::from(level) * 257) <= 129, "{inks:?}");
        }
    }
}

/// A profile of inks with a table (`mft1`, ICC.1:2022 §10.11) of two levels per ink: paper and any
/// mixture without black are CIE L* = 100, black is 0, and magenta adds a* = 64.
fn inks_profile() -> Vec<u8> {
    const TABLE_AT: u32 = 144;
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for index in 0..9_u32 {
        let one = if index % 4 == 0 { 0x1_0000 } else { 0_u32 };
        table.extend(one.to_be_bytes());
    }
    let straight: Vec<u8> = (0..=u8::MAX).collect();
    (0..4).for_each(|_| table.extend(&straight));
    for corner in 0..16_u8 {
        // The last ink varies fastest.
        let (magenta, black) = (corner & 4 != 0, corner & 1 != 0);
        let lightness = if black { 0 } else { 255 };
        let a = if magenta && !black { 128 + 64 } else { 128 };
        table.extend([lightness, a, 128]);
    }
    (0..3).for_each(|_| table.extend(&straight));
    let mut profile = vec![0; TABLE_AT as usize];
    let size = TABLE_AT + table.len() as u32;
    profile[..4].copy_from_slice(&size.to_be_bytes());
    profile[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    profile[12..24].copy_from_slice(b"prtrCMYKLab ");
    profile[36..40].copy_from_slice(b"acsp");
    // D50: ICC.1:2022 §7.2.16.
    for (at, value) in [(68, 0xf6d6_u32), (72, 0x1_0000), (76, 0xd32d)] {
        profile[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    profile[128..132].copy_from_slice(&1_u32.to_be_bytes());
    profile[132..136].copy_from_slice(b"A2B0");
    profile[136..140].copy_from_slice(&TABLE_AT.to_be_bytes());
    profile[140..144].copy_from_slice(&(table.len() as u32).to_be_bytes());
    profile.extend(table);
    profile
}

#[test]
fn inks_take_the_colors_of_their_profile() {
    let profile = inks_profile();
    let is_near = |inks: [u8; 4], expected: [u8; 3]| {
        let rgb = inks_to_rgb(&inks, Some(&profile));
        let is_near = rgb.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 3);
        assert!(is_near, "{inks:?} is {rgb:?}, not {expected:?}");
    };
    is_near([0, 0, 0, 0], [255, 255, 255]);
    // Perfect ink would be cyan.
    is_near([255, 0, 0, 0], [255, 255, 255]);
    is_near([0, 0, 0, 255], [0, 0, 0]);
    is_near([255, 255, 255, 255], [0, 0, 0]);
    // L* = 50 is the gray 119 of sRGB: CIE 1976 and IEC 61966-2-1.
    is_near([0, 0, 0, 128], [119, 119, 119]);
}

#[test]
fn profile_of_other_channels_leaves_inks_to_the_formula() {
    let profile = encoded(&ColorProfile::new_display_p3());
    assert_eq!(
        inks_to_rgb(&[255, 0, 0, 0_u8], Some(&profile)),
        [0, 255, 255]
    );
}
