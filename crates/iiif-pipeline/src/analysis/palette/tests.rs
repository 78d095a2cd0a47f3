use std::collections::HashSet;

use image::{Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

const EXTRACTORS: [Extractor; 3] = [Extractor::Vibrant, Extractor::MarekM4, Extractor::Quant];

fn hexes(extractor: Extractor, count: u32, image: &RgbaImage) -> Vec<String> {
    let count = NonZeroU32::new(count).unwrap();
    let options = PaletteOptions::default()
        .with_extractors(vec![ExtractorOptions::new(extractor, count)])
        .with_palettes(Vec::new());
    let colors = extract(&DynamicImage::ImageRgba8(image.clone()), &options);
    colors.into_iter().map(|color| color.hex).collect()
}

/// 100 px wide; one band for each color, as many rows high as it says.
fn bands(bands: &[([u8; 4], usize)]) -> RgbaImage {
    let rows = bands
        .iter()
        .flat_map(|&(color, rows)| std::iter::repeat_n(color, rows));
    let rows: Vec<_> = rows.collect();
    RgbaImage::from_fn(100, rows.len() as u32, |_, y| Rgba(rows[y as usize]))
}

fn opaque([r, g, b]: Rgb8) -> [u8; 4] {
    [r, g, b, 255]
}

#[test]
fn flat_colors_come_out_exactly_and_the_largest_first() {
    let (red, blue, green) = ([200, 30, 20], [10, 60, 190], [40, 170, 90]);
    let image = bands(&[(opaque(red), 20), (opaque(blue), 50), (opaque(green), 30)]);
    for extractor in EXTRACTORS {
        let actual = hexes(extractor, 5, &image);
        assert_eq!(actual, ["#0a3cbe", "#28aa5a", "#c81e14"], "{extractor}");
    }
}

#[test]
fn transparent_pixels_do_not_count() {
    let image = bands(&[([200, 30, 20, 0], 80), ([10, 60, 190, 255], 20)]);
    let nothing = bands(&[([200, 30, 20, 0], 80)]);
    for extractor in EXTRACTORS {
        assert_eq!(hexes(extractor, 5, &image), ["#0a3cbe"], "{extractor}");
        assert!(hexes(extractor, 5, &nothing).is_empty(), "{extractor}");
    }
}

#[test]
fn a_pixel_weighs_as_much_as_it_is_opaque() {
    // (200 * 5 + 140 * 1) / 6 = 190: 51 is a fifth of 255. Both share a corner, not a bin.
    let image = bands(&[([200, 0, 0, 255], 50), ([140, 0, 0, 51], 50)]);
    assert_eq!(hexes(Extractor::MarekM4, 5, &image), ["#be0000"]);
    for extractor in [Extractor::Vibrant, Extractor::Quant] {
        assert_eq!(
            hexes(extractor, 5, &image),
            ["#c80000", "#8c0000"],
            "{extractor}"
        );
        assert_eq!(hexes(extractor, 1, &image), ["#be0000"], "{extractor}");
    }
}

#[test]
fn vibrant_cuts_the_longest_side_at_the_median() {
    let reds = [40, 80, 160, 240].map(|red| (opaque([red, 20, 20]), 25));
    #[rustfmt::skip]
    let cases: [(u32, &[&str]); 4] = [
        (1, &["#821414"]),                                  // all four
        (2, &["#3c1414", "#c81414"]),                       // 40 and 80, 160 and 240
        (3, &["#3c1414", "#a01414", "#f01414"]),            // the upper pair is farther apart
        (4, &["#281414", "#501414", "#a01414", "#f01414"]),
    ];
    for (count, expected) in cases {
        assert_eq!(
            hexes(Extractor::Vibrant, count, &bands(&reds)),
            expected,
            "{count} colors"
        );
    }
}

#[test]
fn vibrant_cuts_the_side_that_is_longest() {
    // Red spans 2 levels of 32, green 3, blue 11: the cut goes between the blues.
    let corners = [[40, 40, 40], [48, 40, 48], [40, 56, 112], [48, 56, 120]];
    let image = bands(&corners.map(|color| (opaque(color), 25)));
    assert_eq!(hexes(Extractor::Vibrant, 2, &image), ["#2c282c", "#2c3874"]);
}

#[test]
fn vibrant_drops_near_black_and_near_white_unless_there_is_nothing_else() {
    let (black, white) = (opaque([13, 12, 12]), opaque([243, 242, 242]));
    // One step less extreme: a lightness of 26 / 510 and 484 / 510.
    let (dark, light) = (opaque([13, 12, 13]), opaque([242, 242, 242]));
    #[rustfmt::skip]
    let cases: [(Vec<_>, &[&str]); 3] = [
        (vec![(black, 40), (white, 40), (opaque([176, 48, 32]), 20)], &["#b03020"]),
        (vec![(black, 60), (white, 40)],                              &["#0d0c0c", "#f3f2f2"]),
        (vec![(opaque([13, 13, 13]), 60), (light, 40)],               &["#0d0d0d", "#f2f2f2"]),
    ];
    for (parts, expected) in cases {
        assert_eq!(
            hexes(Extractor::Vibrant, 5, &bands(&parts)),
            expected,
            "{parts:?}"
        );
    }
    // Greatest plus least channel is 25 here, still near black, so the red alone is left.
    let image = bands(&[(dark, 50), (opaque([176, 48, 32]), 50)]);
    assert_eq!(hexes(Extractor::Vibrant, 5, &image), ["#b03020"]);
}

#[test]
fn vibrant_finds_a_small_spot_of_a_strong_color() {
    let mut image = RgbaImage::from_fn(128, 100, |x, _| {
        let gray = 60 + x as u8;
        Rgba([gray, gray, gray, 255])
    });
    for y in 0..5 {
        for x in 0..5 {
            image.put_pixel(x, y, Rgba([240, 16, 16, 255]));
        }
    }
    // Seven colors for 17 grays and a red that covers 0.2 %.
    let colors = hexes(Extractor::Vibrant, 7, &image);
    assert!(colors.contains(&"#f01010".to_owned()), "{colors:?}");
}

#[test]
fn marekm4_drops_what_covers_one_percent_or_less() {
    let (gray, red) = (opaque([50, 50, 50]), opaque([220, 40, 40]));
    #[rustfmt::skip]
    let cases: [(usize, &[&str]); 2] = [
        (1, &["#323232"]),            // exactly 1 %
        (2, &["#323232", "#dc2828"]),
    ];
    for (rows, expected) in cases {
        let image = bands(&[(gray, 100 - rows), (red, rows)]);
        assert_eq!(
            hexes(Extractor::MarekM4, 5, &image),
            expected,
            "{rows} rows of 100"
        );
    }
}

#[test]
fn marekm4_splits_each_channel_at_128_and_keeps_the_first() {
    let corners = (0..8_u8).map(|corner| {
        let channel = |bit: u8| if corner >> bit & 1 == 1 { 128 } else { 127 };
        (
            opaque([channel(2), channel(1), channel(0)]),
            10 + usize::from(corner),
        )
    });
    let image = bands(&corners.collect::<Vec<_>>());
    let all = [
        "#808080", "#80807f", "#807f80", "#807f7f", "#7f8080", "#7f807f", "#7f7f80", "#7f7f7f",
    ];
    assert_eq!(hexes(Extractor::MarekM4, 20, &image), all);
    assert_eq!(hexes(Extractor::MarekM4, 3, &image), all[..3]);
}

#[test]
fn marekm4_samples_a_grid_of_224() {
    // At 448 px every other column is looked at, at 447 px every one.
    let stripes = |width| {
        RgbaImage::from_fn(width, 4, |x, _| {
            Rgba(if x % 2 == 0 {
                [200, 0, 0, 255]
            } else {
                [0, 0, 200, 255]
            })
        })
    };
    assert_eq!(hexes(Extractor::MarekM4, 5, &stripes(448)), ["#c80000"]);
    assert_eq!(
        hexes(Extractor::MarekM4, 5, &stripes(447)),
        ["#c80000", "#0000c8"]
    );
}

#[test]
fn quant_merges_what_is_alike() {
    // Six flat colors in three groups; means by hand, in the order of their area.
    let image = bands(&[
        (opaque([200, 20, 20]), 15),
        (opaque([220, 20, 20]), 15), // 210
        (opaque([20, 180, 20]), 20),
        (opaque([20, 200, 20]), 20), // 190
        (opaque([20, 20, 100]), 10),
        (opaque([20, 20, 120]), 10), // 110
    ]);
    assert_eq!(
        hexes(Extractor::Quant, 3, &image),
        ["#14be14", "#d21414", "#14146e"]
    );
}

#[test]
fn quant_gives_as_many_colors_as_asked() {
    let image = RgbaImage::from_fn(160, 120, |x, y| {
        Rgba([
            (x * 255 / 159) as u8,
            (y * 255 / 119) as u8,
            ((x + y) % 256) as u8,
            255,
        ])
    });
    for count in [1, 2, 5, 16, 32] {
        let colors = hexes(Extractor::Quant, count, &image);
        assert_eq!(colors.len(), count as usize, "{count} colors");
        let different: HashSet<_> = colors.iter().collect();
        assert_eq!(different.len(), colors.len(), "{count} colors");
    }
}

#[test]
fn extractors_and_palettes_keep_the_order_of_the_options() {
    let count = NonZeroU32::new(2).unwrap();
    let options = PaletteOptions::default()
        .with_extractors(vec![
            ExtractorOptions::new(Extractor::Vibrant, count),
            ExtractorOptions::new(Extractor::MarekM4, count),
        ])
        .with_palettes(vec![
            NamedPalette::Css4,
            NamedPalette::Crayola,
            NamedPalette::Css3,
        ]);
    let image = bands(&[(opaque([101, 52, 151]), 10)]);
    let colors = extract(&DynamicImage::ImageRgba8(image), &options);
    let references: Vec<_> = colors
        .iter()
        .map(|color| color.reference.as_str())
        .collect();
    assert_eq!(references, ["vibrant", "marekm4"]);
    let closest = colors[0].closest.iter();
    let closest: Vec<_> = closest
        .map(|color| {
            (
                color.reference.as_str(),
                color.name.as_str(),
                color.hex.as_str(),
            )
        })
        .collect();
    #[rustfmt::skip]
    let expected = [
        ("css4",    "rebeccapurple", "#663399"), // 1, 1 and 2 away
        ("crayola", "Cyber Grape",   "#58427c"),
        ("css3",    "darkslateblue", "#483d8b"),
    ];
    assert_eq!(closest, expected);
}

#[test]
fn of_colors_equally_far_the_later_one_is_the_nearest() {
    let colors = [
        ("left", [10, 0, 0]),
        ("right", [14, 0, 0]),
        ("above", [12, 2, 0]),
        ("far", [12, 9, 0]),
    ];
    assert_eq!(
        Grid::Euclidian.nearest([12, 0, 0], &colors),
        Some(colors[2])
    );
    assert_eq!(
        Grid::Euclidian.nearest([11, 0, 0], &colors),
        Some(colors[0])
    );
    assert_eq!(Grid::Euclidian.nearest([12, 0, 0], &[]), None);
}

#[test]
fn palettes_have_the_sizes_and_colors_of_their_sources() {
    #[rustfmt::skip]
    let cases = [
        (NamedPalette::Crayola, 149, [("Raw Umber", "#714b23"), ("Asparagus", "#87a96b")].as_slice()),
        (NamedPalette::Css3,    138, &[("aqua", "#00ffff"), ("mediumpurple", "#9370d8"), ("palevioletred", "#d87093"), ("darkslategray", "#2f4f4f"), ("grey", "#808080")]),
        (NamedPalette::Css4,    139, &[("cyan", "#00ffff"), ("mediumpurple", "#9370db"), ("palevioletred", "#db7093"), ("darkslategrey", "#2f4f4f"), ("rebeccapurple", "#663399")]),
    ];
    for (palette, size, some) in cases {
        let colors = palette.colors();
        assert_eq!(colors.len(), size, "{palette}");
        let names: HashSet<_> = colors.iter().map(|(name, _)| name).collect();
        let values: HashSet<_> = colors.iter().map(|(_, value)| value).collect();
        assert_eq!((names.len(), values.len()), (size, size), "{palette}");
        for &(name, expected) in some {
            let found = colors.iter().find(|(other, _)| *other == name);
            assert_eq!(
                found.map(|(_, value)| hex(*value)).as_deref(),
                Some(expected),
                "{name} of {palette}"
            );
        }
    }
}

#[test]
fn names_are_read_as_they_are_written() {
    for extractor in EXTRACTORS {
        assert_eq!(
            extractor.to_string().parse::<Extractor>().unwrap(),
            extractor
        );
    }
    for palette in [
        NamedPalette::Crayola,
        NamedPalette::Css3,
        NamedPalette::Css4,
    ] {
        assert_eq!(
            palette.to_string().parse::<NamedPalette>().unwrap(),
            palette
        );
    }
    assert_eq!(
        Grid::Euclidian.to_string().parse::<Grid>().unwrap(),
        Grid::Euclidian
    );
    #[rustfmt::skip]
    let errors = [
        ("vibrnt".parse::<Extractor>().unwrap_err(),  "palette extractor is `vibrnt`; expected `vibrant`, `marekm4` or `quant`"),
        ("css5".parse::<NamedPalette>().unwrap_err(), "palette is `css5`; expected `crayola`, `css3` or `css4`"),
        ("".parse::<Grid>().unwrap_err(),             "palette grid is ``; expected `euclidian`"),
    ];
    for (error, expected) in errors {
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let image = RgbaImage::from_fn(300, 200, |x, y| {
        Rgba([
            (x * y) as u8,
            (x ^ y) as u8,
            (x * 7 + y * 3) as u8,
            (255 - y) as u8,
        ])
    });
    let all = || EXTRACTORS.map(|extractor| hexes(extractor, 6, &image));
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    };
    assert_eq!(pool(1).install(all), pool(4).install(all));
}

proptest! {
    #[test]
    fn an_image_gives_colors_if_it_is_visible_and_never_more_than_asked(
        pixels in prop::collection::vec(any::<[u8; 4]>(), 1..80),
        count in 1_u32..12,
    ) {
        let width = pixels.len() as u32;
        let image = RgbaImage::from_raw(width, 1, pixels.concat()).unwrap();
        for extractor in EXTRACTORS {
            let colors = hexes(extractor, count, &image);
            prop_assert!(colors.len() <= count as usize, "{extractor}: {colors:?}");
            let is_visible = pixels.iter().any(|pixel| pixel[3] > 0);
            prop_assert_eq!(!colors.is_empty(), is_visible, "{}", extractor);
        }
    }
}
