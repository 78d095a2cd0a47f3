//! Files that are written, read by other decoders or byte by byte.

use iiif_image_api::Format;
use iiif_pipeline::{
    ChromaSampling, DecodeLimits, EncodeOptions, Error, ErrorKind, JpegScans, PngCompression,
    SourceImage, TifCompression, WebpCompression, encode,
};
use iiif_testkit::{compare, pattern};
use image::{
    DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, Luma, LumaA, Rgb, RgbImage, Rgba,
    RgbaImage,
};
use tiff::decoder::{Decoder, DecodingResult};

fn encoded(image: &DynamicImage, format: Format) -> Vec<u8> {
    encode(image, format, &EncodeOptions::default()).expect("encoded")
}

/// The same picture in all eight layouts.
fn layouts() -> Vec<DynamicImage> {
    let picture = DynamicImage::ImageRgba8(pattern::with_alpha(&pattern::photo(37, 23)));
    vec![
        picture.to_luma8().into(),
        picture.to_luma_alpha8().into(),
        picture.to_rgb8().into(),
        picture.to_rgba8().into(),
        picture.to_luma16().into(),
        DynamicImage::ImageLumaA16(picture.to_luma_alpha16()),
        picture.to_rgb16().into(),
        picture.to_rgba16().into(),
    ]
}

/// The marker, precision, sides and components (identifier, sampling, table) of the frame header
/// (ITU-T T.81 §B.2.2).
fn frame(jpeg: &[u8]) -> (u8, Vec<u8>) {
    let mut position = 2;
    loop {
        let marker = jpeg[position + 1];
        let length = usize::from(u16::from_be_bytes([jpeg[position + 2], jpeg[position + 3]]));
        if matches!(marker, 0xC0..=0xC2) {
            return (marker, jpeg[position + 4..position + 2 + length].to_vec());
        }
        position += 2 + length;
    }
}

#[test]
fn pngs_keep_every_sample_of_every_layout() {
    for image in layouts() {
        for compression in [
            PngCompression::Fast,
            PngCompression::Balanced,
            PngCompression::Best,
        ] {
            let options = EncodeOptions::default().with_png_compression(compression);
            let png = encode(&image, Format::Png, &options).expect("encoded");
            let decoded = image::load_from_memory(&png).expect("decoded");
            assert_eq!(decoded, image, "{compression:?}");
        }
    }
}

#[test]
fn pngs_are_hardly_longer_than_their_samples() {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let noise = RgbImage::from_fn(300, 200, |_, _| Rgb([next(), next(), next()]));
    let png = encoded(&noise.clone().into(), Format::Png);
    assert!(png.len() < 300 * 200 * 3 * 101 / 100, "{}", png.len());
    let decoded = image::load_from_memory(&png).expect("decoded");
    assert_eq!(decoded.into_rgb8(), noise);
}

#[test]
fn long_pngs_are_in_several_chunks() {
    let photo = pattern::photo(400, 300);
    let png = encoded(&photo.clone().into(), Format::Png);
    let chunks = png.windows(4).filter(|kind| kind == b"IDAT").count();
    assert!(chunks > 1, "{chunks}");
    let decoded = image::load_from_memory(&png).expect("decoded");
    assert_eq!(decoded.into_rgb8(), photo);
}

#[test]
fn black_and_white_pngs_take_one_bit_per_pixel() {
    let dots = GrayImage::from_fn(13, 5, |x, y| Luma([if (x * y) % 3 == 0 { 255 } else { 0 }]));
    let png = encoded(&dots.clone().into(), Format::Png);
    // Bit depth and color type in IHDR (PNG 3rd edition §11.2.1).
    assert_eq!(png[24..26], [1, 0]);
    assert_eq!(
        image::load_from_memory(&png).expect("decoded").to_luma8(),
        dots
    );

    let page = GrayImage::from_fn(800, 600, |x, y| {
        Luma([if x / 40 == y / 40 { 0 } else { 255 }])
    });
    assert!(encoded(&page.into(), Format::Png).len() < 800 * 600 / 8 / 10);

    let gray = GrayImage::from_pixel(13, 5, Luma([254]));
    assert_eq!(encoded(&gray.into(), Format::Png)[24..26], [8, 0]);
}

#[test]
fn jpegs_of_gray_have_one_component() {
    let gray = GrayImage::from_pixel(20, 10, Luma([99]));
    let (_, frame) = frame(&encoded(&gray.into(), Format::Jpg));
    assert_eq!(frame[..6], [8, 0, 10, 0, 20, 1]);
}

#[test]
fn jpegs_have_the_sampling_and_the_scans_that_are_asked_for() {
    let image = DynamicImage::ImageRgb8(pattern::photo(40, 30));
    for (sampling, factors) in [
        (ChromaSampling::Full, 0x11),
        (ChromaSampling::Horizontal, 0x21),
        (ChromaSampling::Quarter, 0x22),
    ] {
        for (scans, marker) in [(JpegScans::Baseline, 0xC0), (JpegScans::Progressive, 0xC2)] {
            let options = EncodeOptions::default()
                .with_jpeg_sampling(sampling)
                .with_jpeg_scans(scans);
            let jpeg = encode(&image, Format::Jpg, &options).expect("encoded");
            let (actual, frame) = frame(&jpeg);
            assert_eq!(actual, marker);
            assert_eq!(frame[..6], [8, 0, 30, 0, 40, 3]);
            assert_eq!([frame[7], frame[10], frame[13]], [factors, 0x11, 0x11]);
        }
    }
}

#[test]
fn jpegs_look_like_the_image_and_better_at_higher_quality() {
    let photo = pattern::photo(160, 120);
    let psnr = |quality: u8| {
        let options = EncodeOptions::default().with_jpeg_quality(quality);
        let jpeg = encode(&photo.clone().into(), Format::Jpg, &options).expect("encoded");
        let source = SourceImage::probe(jpeg, &DecodeLimits::default());
        let decoded = source.and_then(|source| source.decode()).expect("decoded");
        compare::psnr(&decoded.into_rgb8(), &photo)
    };
    let (low, default, high) = (psnr(30), psnr(80), psnr(98));
    assert!(low < default && default < high, "{low} {default} {high}");
    assert!(default > 28.0, "{default}");
}

#[test]
fn jpegs_lay_alpha_over_white() {
    let cases = [
        (Rgba([0, 0, 0, 0]), 255),
        (Rgba([0, 0, 0, 255]), 0),
        // (0 * 128 + 255 * 127) / 255
        (Rgba([0, 0, 0, 128]), 127),
        // (100 * 51 + 255 * 204) / 255
        (Rgba([100, 100, 100, 51]), 224),
    ];
    for (pixel, level) in cases {
        let image = RgbaImage::from_pixel(16, 16, pixel);
        let options = EncodeOptions::default().with_jpeg_quality(100);
        let jpeg = encode(&image.into(), Format::Jpg, &options).expect("encoded");
        let source = SourceImage::probe(jpeg, &DecodeLimits::default());
        let decoded = source.and_then(|source| source.decode()).expect("decoded");
        let actual = decoded.to_rgb8().get_pixel(8, 8).0[0];
        assert!(actual.abs_diff(level) <= 1, "{pixel:?}: {actual}");
    }
}

#[test]
fn sides_beyond_the_format_are_refused_with_the_limit() {
    for (format, width, limit) in [
        (Format::Jpg, 65_536, "65535"),
        (Format::Gif, 65_536, "65535"),
        (Format::Webp, 16_385, "16384"),
    ] {
        let image = DynamicImage::new_luma8(width, 1);
        let error = encode(&image, format, &EncodeOptions::default()).expect_err("too wide");
        assert!(matches!(error, Error::Encode { .. }));
        let cause = std::error::Error::source(&error)
            .expect("a cause")
            .to_string();
        let expected =
            format!("the image is {width}x1 pixels; the format allows up to {limit} per side");
        assert_eq!(cause, expected);
    }
}

#[test]
fn an_image_without_pixels_is_refused_by_every_format() {
    for format in [
        Format::Jpg,
        Format::Png,
        Format::Gif,
        Format::Tif,
        Format::Webp,
    ] {
        let image = DynamicImage::new_rgb8(0, 5);
        let error = encode(&image, format, &EncodeOptions::default()).expect_err("no pixels");
        assert!(matches!(error, Error::Encode { .. }), "{error}");
    }
}

#[test]
fn formats_without_an_encoder_are_unsupported() {
    for format in [Format::Jp2, Format::Pdf] {
        let image = DynamicImage::new_luma8(1, 1);
        let error = encode(&image, format, &EncodeOptions::default()).expect_err("no encoder");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(&format!("`{format}`")));
    }
}

#[test]
fn gifs_of_up_to_256_colors_are_exact() {
    let ramp = GrayImage::from_fn(256, 2, |x, _| Luma([x as u8]));
    let exact = RgbImage::from_fn(16, 16, |x, y| Rgb([x as u8 * 17, y as u8 * 17, 99]));
    for image in [DynamicImage::from(ramp), exact.into()] {
        let gif = encoded(&image, Format::Gif);
        let decoded = image::load_from_memory(&gif).expect("decoded");
        assert_eq!(decoded.to_rgb8(), image.to_rgb8());
    }
}

#[test]
fn gifs_keep_transparency_as_one_color() {
    let image = RgbaImage::from_fn(20, 20, |x, y| {
        Rgba([x as u8 * 12, y as u8 * 12, 0, if x < 5 { 127 } else { 128 }])
    });
    let gif = encoded(&image.clone().into(), Format::Gif);
    let decoded = image::load_from_memory(&gif).expect("decoded").to_rgba8();
    for (x, y, pixel) in decoded.enumerate_pixels() {
        if x < 5 {
            assert_eq!(pixel.0[3], 0, "{x},{y}");
        } else {
            assert_eq!(pixel.0[3], 255, "{x},{y}");
        }
    }
}

#[test]
fn gifs_of_photos_are_near_and_the_same_at_any_number_of_threads() {
    let photo = pattern::photo(200, 150);
    let gif_with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool")
            .install(|| encoded(&photo.clone().into(), Format::Gif))
    };
    let gif = gif_with(1);
    assert_eq!(gif, gif_with(4));
    let decoded = image::load_from_memory(&gif).expect("decoded").to_rgb8();
    compare::assert_similar(&decoded, &photo, 25.0);
}

#[test]
fn gifs_of_any_shape_and_coverage_are_written() {
    for (width, height) in [(1, 1), (2, 1), (17, 17), (1, 300), (300, 1), (350, 300)] {
        for opaque_every in [1, 3, 50, u32::MAX] {
            // Neighbors differ in all channels, so there are as many colors as opaque pixels.
            let image = RgbaImage::from_fn(width, height, |x, y| {
                let mixed = (y * width + x).wrapping_mul(0x9E37_79B1);
                let [r, g, b, _] = mixed.to_be_bytes();
                let alpha = if (y * width + x) % opaque_every == 0 {
                    255
                } else {
                    0
                };
                Rgba([r, g, b, alpha])
            });
            let gif = encoded(&image.clone().into(), Format::Gif);
            let decoded = image::load_from_memory(&gif).expect("decoded").to_rgba8();
            assert_eq!(decoded.dimensions(), (width, height));
            let alphas = |image: &RgbaImage| image.pixels().map(|p| p.0[3]).collect::<Vec<_>>();
            assert!(
                alphas(&decoded) == alphas(&image),
                "{width}x{height} {opaque_every}"
            );
        }
    }
}

#[test]
fn tiffs_keep_every_sample_of_every_layout() {
    for image in layouts() {
        for compression in [
            TifCompression::None,
            TifCompression::Lzw,
            TifCompression::Deflate,
        ] {
            let options = EncodeOptions::default().with_tif_compression(compression);
            let tif = encode(&image, Format::Tif, &options).expect("encoded");
            let mut decoder = Decoder::new(std::io::Cursor::new(tif)).expect("a TIFF");
            assert_eq!(decoder.dimensions().expect("sides"), (37, 23));
            let samples = match decoder.read_image().expect("decoded") {
                DecodingResult::U8(samples) => samples,
                DecodingResult::U16(samples) => samples
                    .iter()
                    .flat_map(|sample| sample.to_ne_bytes())
                    .collect(),
                _ => Vec::new(),
            };
            assert!(
                samples == image.as_bytes(),
                "{:?} {compression:?}",
                image.color()
            );
        }
    }
}

#[test]
fn lossless_webps_keep_every_sample_of_8_bits() {
    for image in layouts().into_iter().take(4) {
        let webp = encoded(&image, Format::Webp);
        let decoded = image::load_from_memory(&webp).expect("decoded");
        assert_eq!(decoded.to_rgba8(), image.to_rgba8(), "{:?}", image.color());
    }
}

#[test]
fn sixteen_bits_become_eight_where_the_format_has_no_more() {
    let deep: ImageBuffer<LumaA<u16>, Vec<u16>> =
        ImageBuffer::from_pixel(3, 3, LumaA([0x8080, 0xFFFF]));
    let webp = encoded(&DynamicImage::ImageLumaA16(deep), Format::Webp);
    let decoded = image::load_from_memory(&webp).expect("decoded");
    let expected = GrayAlphaImage::from_pixel(3, 3, LumaA([0x80, 0xFF]));
    assert_eq!(decoded.to_rgba8(), DynamicImage::from(expected).to_rgba8());
}

#[cfg(feature = "webp-lossy")]
#[test]
fn lossy_webps_are_smaller_and_near() {
    let photo = pattern::photo(160, 120);
    let options =
        EncodeOptions::default().with_webp_compression(WebpCompression::Lossy { quality: 80 });
    let lossy = encode(&photo.clone().into(), Format::Webp, &options).expect("encoded");
    let lossless = encoded(&photo.clone().into(), Format::Webp);
    assert!(lossy.len() < lossless.len() / 2);
    let decoded = image::load_from_memory(&lossy).expect("decoded").to_rgb8();
    compare::assert_similar(&decoded, &photo, 28.0);
}

#[cfg(not(feature = "webp-lossy"))]
#[test]
fn lossy_webp_is_refused_where_it_is_not_built_in() {
    let options =
        EncodeOptions::default().with_webp_compression(WebpCompression::Lossy { quality: 80 });
    let error =
        encode(&DynamicImage::new_luma8(1, 1), Format::Webp, &options).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}
