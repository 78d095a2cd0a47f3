//! Against averages in `f64`.

use iiif_image_api::Dimensions;
use iiif_testkit::pattern;
use image::DynamicImage;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Averages as documented, pixel by pixel.
fn naive(
    samples: &[f64],
    (width, height): (usize, usize),
    channels: usize,
    factor: usize,
) -> Vec<f64> {
    let has_alpha = channels.is_multiple_of(2);
    let mut averages = Vec::new();
    for top in (0..height).step_by(factor) {
        for left in (0..width).step_by(factor) {
            let block: Vec<&[f64]> = (top..height.min(top + factor))
                .flat_map(|y| (left..width.min(left + factor)).map(move |x| y * width + x))
                .map(|pixel| &samples[pixel * channels..(pixel + 1) * channels])
                .collect();
            let weight = |pixel: &[f64], channel| {
                if has_alpha && channel + 1 < channels {
                    pixel[channels - 1]
                } else {
                    1.0
                }
            };
            for channel in 0..channels {
                let weights: f64 = block.iter().map(|pixel| weight(pixel, channel)).sum();
                let sum: f64 = block
                    .iter()
                    .map(|pixel| pixel[channel] * weight(pixel, channel))
                    .sum();
                averages.push(if weights > 0.0 {
                    (sum / weights + 0.5).floor()
                } else {
                    0.0
                });
            }
        }
    }
    averages
}

/// Pushes `samples` in bands of `band` rows.
fn in_bands<T: Averaged>(
    samples: &[T],
    width: u32,
    channels: usize,
    (factor, band): (u32, usize),
) -> Vec<T> {
    let mut shrink = BoxShrink::new(width, channels, factor);
    let mut shrunk = Vec::new();
    for rows in samples.chunks(width as usize * channels * band) {
        shrink.push(rows, &mut shrunk);
    }
    shrink.finish(&mut shrunk);
    shrunk
}

fn check<T: Averaged>(samples: &[T], (width, height): (u32, u32), channels: usize, factor: u32) {
    let floats: Vec<f64> = samples
        .iter()
        .map(|sample| f64::from(sample.to_u32()))
        .collect();
    let expected = naive(
        &floats,
        (width as usize, height as usize),
        channels,
        factor as usize,
    );
    for band in [1, 2, 5] {
        let shrunk = in_bands(samples, width, channels, (factor, band));
        let shrunk: Vec<f64> = shrunk
            .iter()
            .map(|sample| f64::from(sample.to_u32()))
            .collect();
        assert_eq!(
            shrunk, expected,
            "{width}x{height}, {channels} channels, by {factor}, bands of {band}"
        );
    }
    let image =
        T::into_image(samples.to_vec(), (width, height), channels).expect("samples of all pixels");
    let whole = shrink_image(&image, everything(&image), factor).expect("an integral layout");
    assert_eq!(
        (whole.width(), whole.height()),
        (width.div_ceil(factor), height.div_ceil(factor))
    );
    let in_bands = T::into_image(
        in_bands(samples, width, channels, (factor, 3)),
        (whole.width(), whole.height()),
        channels,
    );
    assert_eq!(Some(&whole), in_bands.as_ref());
}

fn everything(image: &DynamicImage) -> PixelRect {
    PixelRect::full(Dimensions::new(image.width(), image.height()).expect("not empty"))
}

#[test]
fn parts_are_reduced_without_what_is_around_them() {
    let photo = DynamicImage::ImageRgb8(pattern::photo(100, 80));
    let full = everything(&photo).dimensions();
    for (x, y, width, height) in [(0, 0, 7, 5), (31, 20, 64, 60), (99, 79, 1, 1)] {
        let part = PixelRect::clipped((x, y), (width, height), full).expect("inside");
        let cropped = photo.crop_imm(part.x(), part.y(), part.width(), part.height());
        for factor in [1, 2, 5] {
            let expected = shrink_image(&cropped, everything(&cropped), factor).expect("RGB");
            assert_eq!(shrink_image(&photo, part, factor).expect("RGB"), expected);
        }
    }
}

#[test]
fn blocks_become_their_rounded_averages() {
    let image = DynamicImage::ImageLuma8(
        image::GrayImage::from_raw(
            5,
            3,
            vec![1, 2, 10, 11, 100, 3, 4, 12, 14, 101, 7, 8, 255, 255, 9],
        )
        .expect("15 samples"),
    );
    let halved = shrink_image(&image, everything(&image), 2).expect("gray");
    // 10 / 4 = 2.5, 47 / 4 = 11.75, 201 / 2 = 100.5; cut off below: 15 / 2 = 7.5, 255, 9.
    assert_eq!(halved.as_bytes(), [3, 12, 101, 8, 255, 9]);
    let all = shrink_image(&image, everything(&image), 200).expect("gray");
    // 792 / 15 = 52.8.
    assert_eq!(all.as_bytes(), [53]);
}

#[test]
fn colors_count_as_much_as_they_are_opaque() {
    let pixels = vec![200, 10, 0, 255, 40, 20, 0, 85, 90, 90, 90, 0, 90, 90, 90, 0];
    let image = <u8 as raster::Sample>::into_image(pixels, (4, 1), 4).expect("4 pixels");
    let halved = shrink_image(&image, everything(&image), 2).expect("8 bits");
    // Weights 3 to 1: (3 * 200 + 40) / 4, (3 * 10 + 20) / 4 = 12.5; alpha 340 / 2.
    assert_eq!(halved.as_bytes(), [160, 13, 0, 170, 0, 0, 0, 0]);
}

#[test]
fn largest_samples_do_not_overflow_at_the_largest_factor() {
    let side = MAX_FACTOR;
    for channels in 1..=4 {
        let samples = (side * side) as usize * channels;
        let mut shrunk = Vec::new();
        let mut shrink = BoxShrink::new(side, channels, MAX_FACTOR);
        shrink.push(&vec![u16::MAX; samples], &mut shrunk);
        assert_eq!(shrunk, vec![u16::MAX; channels]);

        // One pixel that is not opaque, in the last row, takes the other way.
        let mut pixels = vec![u8::MAX; samples];
        pixels[samples - 1] = u8::MAX - 1;
        check(&pixels, (side, side), channels, MAX_FACTOR);
    }
}

#[test]
fn rows_wider_than_a_block_of_the_kernel_are_whole() {
    let photo = DynamicImage::ImageRgb8(pattern::photo(777, 35));
    for factor in [2, 3, 4] {
        check(photo.as_bytes(), (777, 35), 3, factor);
        check(photo.to_luma8().as_raw(), (777, 35), 1, factor);
        check(photo.to_rgba8().as_raw(), (777, 35), 4, factor);
        check(photo.to_rgb16().as_raw(), (777, 35), 3, factor);
    }
}

#[test]
fn a_factor_of_one_changes_nothing() {
    let pixels = [9_u8, 8, 7, 0, 1, 2, 3, 4];
    assert_eq!(in_bands(&pixels, 2, 4, (1, 1)), pixels);
}

/// Samples that often are 0 or the largest, which alpha treats apart.
fn samples<T>(extremes: [T; 2], count: usize) -> impl Strategy<Value = Vec<T>>
where
    T: Arbitrary + Clone + std::fmt::Debug + 'static,
{
    let [least, most] = extremes;
    vec(prop_oneof![any::<T>(), Just(least), Just(most)], count)
}

fn picture() -> impl Strategy<Value = ((u32, u32), usize, u32)> {
    ((1..=9_u32, 1..=9_u32), 1..=4_usize, 1..=11_u32)
}

proptest! {
    #[test]
    fn pictures_of_8_bits_are_averaged(
        (size, channels, factor, samples) in picture().prop_flat_map(|(size, channels, factor)| {
            let count = (size.0 * size.1) as usize * channels;
            (Just(size), Just(channels), Just(factor), samples([0, u8::MAX], count))
        })
    ) {
        prop_assume!(factor > 1);
        check(&samples, size, channels, factor);
    }

    #[test]
    fn pictures_of_16_bits_are_averaged(
        (size, channels, factor, samples) in picture().prop_flat_map(|(size, channels, factor)| {
            let count = (size.0 * size.1) as usize * channels;
            (Just(size), Just(channels), Just(factor), samples([0, u16::MAX], count))
        })
    ) {
        prop_assume!(factor > 1);
        check(&samples, size, channels, factor);
    }

    #[test]
    fn quotients_are_those_of_a_division(pixels in 1..=65536_usize, sample in 0..=65535_u64, sum in any::<u64>()) {
        let largest = sample * pixels as u64;
        for sum in [largest, sum % (largest + 1)] {
            let expected = (sum + pixels as u64 / 2) / pixels as u64;
            prop_assert_eq!(Divisor::new(pixels).quotient(sum), expected);
        }
    }
}
