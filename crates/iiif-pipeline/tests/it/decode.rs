//! Every format decodes to the picture that was put in.

use iiif_image_api::{Dimensions, Orientation};
use iiif_pipeline::{DecodeLimits, Error, ErrorKind, PixelLayout, SourceFormat, SourceImage};
use iiif_testkit::encode::{
    JpegOptions, PngColor, PngOptions, TiffOptions, WebpOptions, bmp, gif, jpeg, png, tiff, webp,
};
use iiif_testkit::icc;
use iiif_testkit::pattern::{photo, quadrants, with_alpha};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage};

/// Odd, so that blocks, tiles and packed bits do not end where the picture does.
const WIDTH: u32 = 67;
const HEIGHT: u32 = 45;

pub(crate) fn probe(file: Vec<u8>) -> SourceImage {
    SourceImage::probe(file, &DecodeLimits::default()).expect("a header that can be read")
}

pub(crate) fn decode(file: Vec<u8>) -> DynamicImage {
    probe(file).decode().expect("pixels that can be decoded")
}

/// A gray picture that uses all levels of so many bits, and no others.
pub(crate) fn levels(bits: u32) -> DynamicImage {
    let count = 1_u32 << bits;
    GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
        Luma([((x + 3 * y) % count * (255 / (count - 1))) as u8])
    })
    .into()
}

/// A picture of 16 bits whose low bytes matter.
pub(crate) fn deep() -> DynamicImage {
    ImageBuffer::<Rgb<u16>, _>::from_fn(WIDTH, HEIGHT, |x, y| {
        Rgb([(x * 977) as u16, (y * 1451) as u16, (x * y * 21) as u16])
    })
    .into()
}

#[test]
fn png_of_every_color_and_depth_is_exact() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    let transparent = DynamicImage::from(with_alpha(&photo(WIDTH, HEIGHT)));
    let four = DynamicImage::from(quadrants(WIDTH, HEIGHT));
    let cases = [
        (levels(1), PngColor::Gray, 1),
        (levels(2), PngColor::Gray, 2),
        (levels(4), PngColor::Gray, 4),
        (levels(8), PngColor::Gray, 8),
        (deep().to_luma16().into(), PngColor::Gray, 16),
        (transparent.to_luma_alpha8().into(), PngColor::GrayAlpha, 8),
        (deep().to_luma_alpha16().into(), PngColor::GrayAlpha, 16),
        (picture, PngColor::Rgb, 8),
        (deep(), PngColor::Rgb, 16),
        (transparent, PngColor::Rgba, 8),
        (deep().to_rgba16().into(), PngColor::Rgba, 16),
        (four, PngColor::Palette, 2),
    ];
    for (picture, color, bit_depth) in cases {
        for interlaced in [false, true] {
            let options = PngOptions {
                bit_depth,
                color,
                interlaced,
                ..PngOptions::default()
            };
            let decoded = decode(png(&picture, &options));
            assert_eq!(decoded, picture, "{options:?}");
        }
    }
}

#[test]
fn transparent_color_of_a_palette_becomes_alpha() {
    let options = PngOptions {
        bit_depth: 2,
        color: PngColor::PaletteAlpha,
        ..PngOptions::default()
    };
    let source = probe(png(&quadrants(8, 8).into(), &options));
    assert_eq!(source.pixel_layout().channels, 4);
    let decoded = source.decode().unwrap().into_rgba8();
    // Yellow, the last of the four colors, is the transparent one.
    assert_eq!(decoded.get_pixel(0, 0).0, [255, 0, 0, 255]);
    assert_eq!(decoded.get_pixel(7, 7).0[3], 0);
}

#[test]
fn gif_is_its_first_frame_and_opaque_where_it_can_be() {
    let picture = DynamicImage::from(quadrants(WIDTH, HEIGHT));
    assert_eq!(decode(gif(&picture)), picture);
    let mut transparent = picture.to_rgba8();
    transparent.get_pixel_mut(3, 2).0[3] = 0;
    let decoded = decode(gif(&transparent.into()));
    assert_eq!(decoded.color(), image::ColorType::Rgba8);
    assert_eq!(decoded.to_rgba8().get_pixel(3, 2).0[3], 0);
    assert_eq!(decoded.to_rgba8().get_pixel(4, 2).0, [255, 0, 0, 255]);
}

#[test]
fn webp_and_bmp_are_exact() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    let transparent = DynamicImage::from(with_alpha(&photo(WIDTH, HEIGHT)));
    assert_eq!(decode(bmp(&picture)), picture);
    for picture in [picture, transparent] {
        assert_eq!(decode(webp(&picture, &WebpOptions::default())), picture);
    }
}

#[test]
fn all_orientations_are_read_from_every_format_that_has_them() {
    let picture = DynamicImage::from(quadrants(12, 8));
    for orientation in Orientation::ALL {
        let value = Some(orientation.to_exif());
        let files = [
            jpeg(
                &picture,
                &JpegOptions {
                    exif_orientation: value,
                    ..JpegOptions::default()
                },
            ),
            png(
                &picture,
                &PngOptions {
                    exif_orientation: value,
                    ..PngOptions::default()
                },
            ),
            tiff(
                &picture,
                &TiffOptions {
                    orientation: value,
                    ..TiffOptions::default()
                },
            ),
            webp(
                &picture,
                &WebpOptions {
                    exif_orientation: value,
                    ..WebpOptions::default()
                },
            ),
        ];
        for file in files {
            let source = probe(file);
            let geometry = source.geometry();
            assert_eq!(geometry.orientation, orientation, "{source:?}");
            assert_eq!(geometry.stored, Dimensions::new(12, 8).unwrap());
            let upright = if orientation.to_exif() < 5 {
                (12, 8)
            } else {
                (8, 12)
            };
            let dimensions = source.dimensions();
            assert_eq!((dimensions.width(), dimensions.height()), upright);
            // The raster stays as it is stored.
            assert_eq!(source.decode().unwrap().width(), 12);
        }
    }
    let file = jpeg(
        &picture,
        &JpegOptions {
            exif_orientation: Some(9),
            ..JpegOptions::default()
        },
    );
    assert_eq!(probe(file).geometry().orientation, Orientation::TopLeft);
}

#[test]
fn profile_of_every_format_is_applied() {
    // Display P3 (200, 100, 50) in sRGB, by the matrices of SMPTE EG 432-1 and IEC 61966-2-1:
    // (214.90, 92.61, 30.95).
    let picture = DynamicImage::from(RgbImage::from_pixel(16, 16, Rgb([200, 100, 50])));
    let profile = Some(icc::display_p3());
    let files = [
        jpeg(
            &picture,
            &JpegOptions {
                quality: 100,
                icc: profile.clone(),
                ..JpegOptions::default()
            },
        ),
        png(
            &picture,
            &PngOptions {
                icc: profile.clone(),
                ..PngOptions::default()
            },
        ),
        tiff(
            &picture,
            &TiffOptions {
                icc: profile.clone(),
                ..TiffOptions::default()
            },
        ),
        webp(
            &picture,
            &WebpOptions {
                icc: profile.clone(),
                ..WebpOptions::default()
            },
        ),
    ];
    for file in files {
        let source = probe(file);
        assert_eq!(source.icc_profile(), profile.as_deref(), "{source:?}");
        let decoded = source.decode().unwrap().into_rgb8();
        let Rgb(found) = *decoded.get_pixel(8, 8);
        // JPEG may be one step off by itself.
        let expected: [u8; 3] = [215, 93, 31];
        let is_close = found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 2);
        assert!(is_close, "{source:?}: {found:?}");
    }
}

#[test]
fn damaged_profile_leaves_the_picture_as_it_is() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    let mut damaged = icc::display_p3();
    damaged.truncate(200);
    for profile in [b"no profile".to_vec(), damaged] {
        let options = PngOptions {
            icc: Some(profile),
            ..PngOptions::default()
        };
        assert_eq!(decode(png(&picture, &options)), picture);
    }
}

#[test]
fn formats_and_layouts_are_known_from_the_header() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    let area = u64::from(WIDTH * HEIGHT);
    let cases = [
        (
            jpeg(&picture, &JpegOptions::default()),
            SourceFormat::Jpeg,
            3,
            8,
        ),
        (
            png(
                &deep(),
                &PngOptions {
                    bit_depth: 16,
                    ..PngOptions::default()
                },
            ),
            SourceFormat::Png,
            3,
            16,
        ),
        (gif(&picture), SourceFormat::Gif, 4, 8),
        (
            tiff(&picture, &TiffOptions::default()),
            SourceFormat::Tiff,
            3,
            8,
        ),
        (
            webp(&picture, &WebpOptions::default()),
            SourceFormat::WebP,
            3,
            8,
        ),
        (bmp(&picture), SourceFormat::Bmp, 3, 8),
    ];
    for (file, format, channels, bits) in cases {
        let source = probe(file.clone());
        assert_eq!(source.format(), format);
        assert_eq!(source.pixel_layout(), PixelLayout { channels, bits });
        assert_eq!(source.compressed().unwrap(), file);
        let raster = area * u64::from(channels) * u64::from(bits / 8);
        assert!(source.decoded_bytes() >= raster, "{source:?}");
        assert!(source.icc_profile().is_none());
    }
}

#[test]
fn limits_hold_to_the_pixel_and_the_byte() {
    let file = png(&photo(20, 10).into(), &PngOptions::default());
    let limits = DecodeLimits::default()
        .with_max_pixels(200)
        .with_max_bytes(600);
    SourceImage::probe(file.clone(), &limits).unwrap();
    for (limits, name) in [
        (limits.with_max_pixels(199), "max_pixels"),
        (limits.with_max_bytes(599), "max_bytes"),
    ] {
        let error = SourceImage::probe(file.clone(), &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(matches!(error, Error::OverLimit { limit, .. } if limit == name));
    }
}
