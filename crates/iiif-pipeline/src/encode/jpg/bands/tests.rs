use iiif_testkit::pattern;
use image::DynamicImage;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::super::back_end;
use super::*;

const SAMPLINGS: [ChromaSampling; 3] = [
    ChromaSampling::Full,
    ChromaSampling::Horizontal,
    ChromaSampling::Quarter,
];

fn rows(image: &DynamicImage) -> Rows<'_> {
    Rows {
        samples: image.as_bytes(),
        width: image.width() as u16,
        height: image.height() as u16,
        channels: usize::from(image.color().channel_count()),
    }
}

fn banded(image: &DynamicImage, options: &EncodeOptions) -> Vec<u8> {
    encode(rows(image), options, back_end::encode).expect("encoded")
}

/// Decodes with the decoder that is always there, which is strict about restarts.
fn decoded(file: &[u8]) -> Vec<u8> {
    let options = DecoderOptions::default().set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode().expect("decoded")
}

/// Returns the markers from the first scan on, of files whose tables lie before it.
fn markers_of_scan(file: &[u8]) -> Vec<u8> {
    let start = file.windows(2).position(|pair| pair == [0xff, SOS]);
    let markers = file[start.expect("a scan")..].windows(2);
    let markers = markers.filter(|pair| pair[0] == 0xff && pair[1] != 0);
    markers.map(|pair| pair[1]).collect()
}

fn has_restart_interval(file: &[u8]) -> bool {
    file.windows(4).any(|bytes| bytes == [0xff, DRI, 0, 4])
}

#[test]
fn bands_decode_to_the_pixels_of_a_file_encoded_at_once() {
    for (width, height) in [(37, 192), (37, 193), (33, 400), (16, 575), (5, 1000)] {
        let picture = DynamicImage::from(pattern::photo(width, height));
        for image in [picture.to_luma8().into(), picture] {
            for sampling in SAMPLINGS {
                let options = EncodeOptions::default().with_jpeg_sampling(sampling);
                let at_once = back_end::encode(rows(&image), &options).expect("encoded");
                let file = banded(&image, &options);
                let case = format!("{width}x{height} {:?} {sampling:?}", image.color());
                assert!(decoded(&file) == decoded(&at_once), "{case}");
                let is_cut = height > u32::from(BAND_ROWS);
                assert_eq!(has_restart_interval(&file), is_cut, "{case}");
                assert_eq!(file == at_once, !is_cut, "{case}");
            }
        }
    }
}

#[test]
fn restart_markers_take_turns() {
    let height = 10 * u32::from(BAND_ROWS) + 1;
    let image = DynamicImage::from(pattern::gradient(9, height));
    let expected = [
        SOS, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd0, 0xd1, EOI,
    ];
    let file = banded(&image, &EncodeOptions::default());
    assert_eq!(markers_of_scan(&file), expected);
}

#[test]
fn progressive_files_are_not_cut() {
    let image = DynamicImage::from(pattern::photo(20, 2 * u32::from(BAND_ROWS)));
    let options = EncodeOptions::default().with_jpeg_scans(crate::JpegScans::Progressive);
    let file = super::super::encode(&image, &options).expect("encoded");
    assert!(!has_restart_interval(&file));
}

#[test]
fn bands_are_the_same_at_any_number_of_threads() {
    let image = DynamicImage::from(pattern::photo(64, 1500));
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let encode = || banded(&image, &EncodeOptions::default());
        pool.expect("a pool").install(encode)
    };
    let file = with(1);
    assert!(file == with(2) && file == with(8));
}

#[test]
fn restart_intervals_are_whole_rows_of_mcus_and_fit_into_16_bits() {
    // MCUs in a row times rows of MCUs in a band: 24 of 8 pixels or 12 of 16, fewer where 16 bits
    // cannot count them.
    let cases = [
        (5120, 3, ChromaSampling::Quarter, 192, 320 * 12),
        (5120, 3, ChromaSampling::Horizontal, 192, 320 * 24),
        (5121, 3, ChromaSampling::Full, 192, 641 * 24),
        (5121, 1, ChromaSampling::Quarter, 192, 641 * 24),
        (65_535, 3, ChromaSampling::Quarter, 192, 4096 * 12),
        (65_535, 3, ChromaSampling::Horizontal, 112, 4096 * 14),
        (65_535, 3, ChromaSampling::Full, 48, 8192 * 6),
        (65_535, 1, ChromaSampling::Full, 48, 8192 * 6),
        (1, 1, ChromaSampling::Full, 192, 24),
    ];
    for (width, channels, sampling, height, interval) in cases {
        let rows = Rows {
            samples: &[],
            width,
            height: 1000,
            channels,
        };
        let expected = Bands {
            rows: height,
            interval,
        };
        let actual = Bands::of(rows, sampling);
        assert_eq!(actual, expected, "{width} {channels} {sampling:?}");
    }
}
