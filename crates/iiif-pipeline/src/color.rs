//! Colors: from the profile of a source image to sRGB, and from inks to RGB.
//!
//! A profile never fails an image: one that is damaged, or describes other channels than the image
//! has, is ignored.

mod sample;

use image::DynamicImage;
use moxcms::{ColorProfile, DataColorSpace, Layout};
use rayon::prelude::*;

#[cfg(not(any(feature = "jpeg2000", feature = "tiff")))]
use self::sample::Sample;
#[cfg(any(feature = "jpeg2000", feature = "tiff"))]
pub(crate) use self::sample::Sample;
use self::sample::Transform;

/// Pixels converted at a time. A constant, so that the result does not depend on the number of
/// threads; small enough for the copy to stay in the cache.
const BLOCK_PX: usize = 8192;

/// How far a profile may be from sRGB and still count as sRGB, in steps of 8 bits. The profiles
/// named sRGB differ by one step from each other, which is less than the error of a conversion.
const SRGB_TOLERANCE: u8 = 1;

/// Levels per channel of the colors on which a profile is compared with sRGB.
const PROBE_LEVELS: u8 = 6;

/// Converts the colors of `image` from `icc_profile` to sRGB; alpha stays.
pub(crate) fn to_srgb(mut image: DynamicImage, icc_profile: Option<&[u8]>) -> DynamicImage {
    let Some(profile) = icc_profile.and_then(parse) else {
        return image;
    };
    match &mut image {
        DynamicImage::ImageLuma8(pixels) => convert_gray::<u8>(pixels, 1, &profile),
        DynamicImage::ImageLumaA8(pixels) => convert_gray::<u8>(pixels, 2, &profile),
        DynamicImage::ImageLuma16(pixels) => convert_gray::<u16>(pixels, 1, &profile),
        DynamicImage::ImageLumaA16(pixels) => convert_gray::<u16>(pixels, 2, &profile),
        DynamicImage::ImageRgb8(pixels) => convert_rgb::<u8>(pixels, Layout::Rgb, &profile),
        DynamicImage::ImageRgba8(pixels) => convert_rgb::<u8>(pixels, Layout::Rgba, &profile),
        DynamicImage::ImageRgb16(pixels) => convert_rgb::<u16>(pixels, Layout::Rgb, &profile),
        DynamicImage::ImageRgba16(pixels) => convert_rgb::<u16>(pixels, Layout::Rgba, &profile),
        _ => {}
    }
    image
}

/// Returns whether [`to_srgb`] may change pixels of `channels` (1 to 4).
#[cfg(feature = "tiff")]
pub(crate) fn changes(icc_profile: Option<&[u8]>, channels: u8) -> bool {
    icc_profile
        .and_then(parse)
        .is_some_and(|profile| match profile.color_space {
            DataColorSpace::Gray => channels < 3,
            DataColorSpace::Rgb => channels >= 3 && !is_srgb(&profile),
            _ => false,
        })
}

/// Converts inks to RGB: four samples per pixel, cyan, magenta, yellow and black, where zero is no
/// ink, to three.
///
/// With a profile of inks by that; without, as if the inks were perfect: a channel is
/// (1 - ink) (1 - black), rounded half up.
#[cfg(any(feature = "jpeg", feature = "jpeg2000", feature = "tiff"))]
pub(crate) fn inks_to_rgb<S: Sample>(inks: &[S], icc_profile: Option<&[u8]>) -> Vec<S> {
    let transform = icc_profile
        .and_then(parse)
        .filter(|profile| profile.color_space == DataColorSpace::Cmyk)
        // The layout of four channels of inks goes by the name of RGBA there.
        .and_then(|profile| S::transform(&profile, Layout::Rgba, &ColorProfile::new_srgb()));
    let mut rgb = vec![S::default(); inks.len() / 4 * 3];
    rgb.par_chunks_mut(BLOCK_PX * 3)
        .zip(inks.par_chunks(BLOCK_PX * 4))
        .for_each(|(rgb, inks)| {
            let converted = transform
                .as_ref()
                .is_some_and(|transform| transform.transform(inks, rgb).is_ok());
            if !converted {
                mix_inks(inks, rgb);
            }
        });
    rgb
}

#[cfg(any(feature = "jpeg", feature = "jpeg2000", feature = "tiff"))]
fn mix_inks<S: Sample>(inks: &[S], rgb: &mut [S]) {
    for (inks, rgb) in inks
        .as_chunks::<4>()
        .0
        .iter()
        .zip(rgb.as_chunks_mut::<3>().0)
    {
        let paper = u64::from(S::MAX - inks[3].into());
        for (channel, ink) in rgb.iter_mut().zip(inks) {
            let light = u64::from(S::MAX - (*ink).into());
            let max = u64::from(S::MAX);
            *channel = S::from_level(((light * paper * 2 + max) / (max * 2)) as u32);
        }
    }
}

fn parse(icc_profile: &[u8]) -> Option<ColorProfile> {
    ColorProfile::new_from_slice(icc_profile).ok()
}

/// Gray needs no color conversion, only another curve: one table serves every pixel.
fn convert_gray<S: Sample>(samples: &mut [S], channels: usize, profile: &ColorProfile) {
    if profile.color_space != DataColorSpace::Gray {
        return;
    }
    let ramp: Vec<S> = (0..=S::MAX).map(S::from_level).collect();
    let mut rgb = vec![S::default(); ramp.len() * 3];
    let converted = S::transform(profile, Layout::Gray, &ColorProfile::new_srgb())
        .is_some_and(|transform| transform.transform(&ramp, &mut rgb).is_ok());
    if !converted {
        return;
    }
    let curve: Vec<S> = rgb.as_chunks::<3>().0.iter().map(|rgb| rgb[1]).collect();
    samples
        .par_chunks_mut(BLOCK_PX * channels)
        .for_each(|block| {
            for gray in block.iter_mut().step_by(channels) {
                // The table has an entry for every level.
                *gray = curve[(*gray).into() as usize];
            }
        });
}

fn convert_rgb<S: Sample>(samples: &mut [S], layout: Layout, profile: &ColorProfile) {
    if profile.color_space != DataColorSpace::Rgb || is_srgb(profile) {
        return;
    }
    let Some(transform) = S::transform_within(profile, layout, &ColorProfile::new_srgb()) else {
        return;
    };
    convert_blocks(samples, layout.channels(), &transform);
}

fn convert_blocks<S: Sample>(samples: &mut [S], channels: usize, transform: &Transform<S>) {
    samples
        .par_chunks_mut(BLOCK_PX * channels)
        .for_each_init(Vec::new, |source, block| {
            source.clear();
            source.extend_from_slice(block);
            if transform.transform(source, block).is_err() {
                block.copy_from_slice(source);
            }
        });
}

/// Returns whether a conversion from `profile` would change no color by more than
/// [`SRGB_TOLERANCE`].
fn is_srgb(profile: &ColorProfile) -> bool {
    let level = |index: u8| index * (u8::MAX / (PROBE_LEVELS - 1));
    let mut probe: Vec<u8> = (0..=u8::MAX).flat_map(|gray| [gray; 3]).collect();
    for red in 0..PROBE_LEVELS {
        for green in 0..PROBE_LEVELS {
            for blue in 0..PROBE_LEVELS {
                probe.extend([level(red), level(green), level(blue)]);
            }
        }
    }
    let mut converted = vec![0; probe.len()];
    u8::transform(profile, Layout::Rgb, &ColorProfile::new_srgb())
        .is_some_and(|transform| transform.transform(&probe, &mut converted).is_ok())
        && probe
            .iter()
            .zip(&converted)
            .all(|(before, after)| before.abs_diff(*after) <= SRGB_TOLERANCE)
}

#[cfg(test)]
mod tests;
