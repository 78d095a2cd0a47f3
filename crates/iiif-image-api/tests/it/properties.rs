//! What holds for every request and every image.

use iiif_image_api::extension::ExtendedRegion;
use iiif_image_api::{
    ApiVersion, CanonicalRequest, Crop, DerivativeRequest, Dimensions, Format, Identifier,
    Orientation, Region, RenderPlan, ResolveOptions, Size, SizeForm, SizeLimits, SourceGeometry,
    TileGrid, TileLevel, Upscaling,
};
use proptest::prelude::*;

use crate::{dimensions, options};

fn side() -> impl Strategy<Value = u32> {
    prop_oneof![
        6 => 1..=64_u32,
        6 => 1..=20_000_u32,
        1 => 1..=u32::MAX,
        1 => Just(u32::MAX),
    ]
}

fn any_dimensions() -> impl Strategy<Value = Dimensions> {
    (side(), side()).prop_map(|(width, height)| dimensions(width, height))
}

fn decimal() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9]{1,3}", "0?\\.0{0,9}[1-9]", "[0-9]{1,2}\\.[0-9]{1,14}"]
}

fn region() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("full".to_owned()),
        Just("square".to_owned()),
        (0..20_000_u32, 0..20_000_u32, side(), side())
            .prop_map(|(x, y, w, h)| format!("{x},{y},{w},{h}")),
        (0..9_u32, 0..9_u32, side(), side()).prop_map(|(x, y, w, h)| format!("{x},{y},{w},{h}")),
        (
            decimal(),
            decimal(),
            "[1-9][0-9]?(\\.[0-9]{1,11})?",
            positive()
        )
            .prop_map(|(x, y, w, h)| format!("pct:{x},{y},{w},{h}")),
        (side(), side()).prop_map(|(w, h)| format!("-1,-1,{w},{h}")),
    ]
}

fn positive() -> impl Strategy<Value = String> {
    prop_oneof!["0\\.0{0,8}[1-9]", "[1-9][0-9]{0,2}"]
}

fn size() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        Just("max".to_owned()),
        side().prop_map(|width| format!("{width},")),
        side().prop_map(|height| format!(",{height}")),
        positive().prop_map(|percent| format!("pct:{percent}")),
        (side(), side()).prop_map(|(w, h)| format!("{w},{h}")),
        (side(), side()).prop_map(|(w, h)| format!("!{w},{h}")),
    ];
    prop_oneof![
        1 => Just("full".to_owned()),
        9 => ("\\^?", plain).prop_map(|(mark, form)| mark + &form),
    ]
}

fn rotation() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("0".to_owned()),
        Just("-1".to_owned()),
        ("!?", 0..=360_u32).prop_map(|(mirror, degrees)| format!("{mirror}{degrees}")),
        ("!?", 0..360_u32, "[0-9]{1,12}")
            .prop_map(|(mirror, whole, part)| format!("{mirror}{whole}.{part}")),
    ]
}

fn request() -> impl Strategy<Value = String> {
    let quality = prop_oneof![
        prop::sample::select(vec![
            "default", "color", "gray", "bitonal", "native", "dither", "crisp"
        ])
        .prop_map(str::to_owned),
        "crisp:[0-4]?[0-9]\\.[0-9],[0-9]\\.[0-9]{1,3},0\\.[0-9]{1,5}",
    ];
    let format = prop::sample::select(vec![
        "jpg", "tif", "png", "gif", "jp2", "pdf", "webp", "jpeg",
    ]);
    (region(), size(), rotation(), quality, format).prop_map(
        |(region, size, rotation, quality, format)| {
            format!("{region}/{size}/{rotation}/{quality}.{format}")
        },
    )
}

fn resolve_options() -> impl Strategy<Value = ResolveOptions> {
    let limit = || prop::option::of(side());
    let area = prop::option::of(prop_oneof![1..=2_000_u64, 1..=u64::MAX]);
    (any::<bool>(), any::<bool>(), limit(), limit(), area).prop_map(
        |(v2, upscaling, max_width, max_height, max_area)| {
            let mut limits = SizeLimits::default();
            limits.max_width = max_width;
            limits.max_height = max_height;
            limits.max_area = max_area;
            let upscaling = if upscaling {
                Upscaling::Allowed
            } else {
                Upscaling::Forbidden
            };
            options(if v2 { ApiVersion::V2 } else { ApiVersion::V3 })
                .with_limits(limits)
                .with_upscaling(upscaling)
        },
    )
}

fn extracted(plan: &RenderPlan) -> Dimensions {
    match plan.crop() {
        Crop::Rect(rect) => rect.dimensions(),
        Crop::Smart(window) => window,
        _ => unreachable!("there are two kinds of crop"),
    }
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same(text in request()) {
        let request: DerivativeRequest = text.parse().expect("of the grammar");
        prop_assert_eq!(request.to_string().parse(), Ok(request));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}", path in "[-!^,.:/0-9a-z%]{0,40}") {
        for text in [text, path] {
            if let Ok(request) = text.parse::<DerivativeRequest>() {
                prop_assert_eq!(request.to_string().parse(), Ok(request));
            }
            if let Ok(identifier) = Identifier::from_path_segment(&text) {
                let segment = identifier.to_path_segment();
                prop_assert!(segment.is_ascii());
                prop_assert_eq!(Identifier::from_path_segment(&segment), Ok(identifier));
            }
        }
    }

    #[test]
    fn plans_stay_inside_the_image_and_the_limits(
        text in request(),
        image in any_dimensions(),
        options in resolve_options(),
    ) {
        let request: DerivativeRequest = text.parse().expect("of the grammar");
        let Ok(plan) = RenderPlan::resolve(&request, SourceGeometry::upright(image), &options) else {
            return Ok(());
        };
        if let Crop::Rect(rect) = plan.crop() {
            let (right, bottom) = (
                u64::from(rect.x()) + u64::from(rect.width()),
                u64::from(rect.y()) + u64::from(rect.height()),
            );
            prop_assert!(right <= image.width().into() && bottom <= image.height().into());
        }
        let scaled = plan.scaled();
        let limits = options.limits;
        prop_assert!(limits.max_width.is_none_or(|max| scaled.width() <= max));
        prop_assert!(limits.max_height.or(limits.max_width).is_none_or(|max| scaled.height() <= max));
        prop_assert!(limits.max_area.is_none_or(|max| scaled.area() <= max));
        let plain = options.version == ApiVersion::V3 && request.size.upscaling == Upscaling::Forbidden;
        if plain || options.upscaling == Upscaling::Forbidden {
            prop_assert!(!scaled.exceeds(extracted(&plan)));
        }
    }

    #[test]
    fn max_and_boxes_are_never_too_large_for_the_limits(
        image in any_dimensions(),
        bounds in any_dimensions(),
        options in resolve_options(),
    ) {
        let (width, height) = (bounds.width(), bounds.height());
        for size in ["max".to_owned(), format!("!{width},{height}")] {
            let size: Size = size.parse().expect("a size");
            prop_assert!(size.resolve(image, &options).is_ok(), "{}", size);
        }
    }

    #[test]
    fn a_box_is_filled_but_for_less_than_a_pixel(
        image in (1..20_000_u32, 1..20_000_u32),
        bounds in (1..20_000_u32, 1..20_000_u32),
        version in prop::sample::select(vec![ApiVersion::V2, ApiVersion::V3]),
    ) {
        let size = Size {
            form: SizeForm::Confined(dimensions(bounds.0, bounds.1)),
            upscaling: Upscaling::Forbidden,
        };
        let scaled = size.resolve(dimensions(image.0, image.1), &options(version)).expect("a size");
        let (width, height) = (f64::from(image.0), f64::from(image.1));
        let mut scale = (f64::from(bounds.0) / width).min(f64::from(bounds.1) / height);
        if version == ApiVersion::V3 {
            scale = scale.min(1.0);
        }
        for (side, exact) in [(scaled.width(), width * scale), (scaled.height(), height * scale)] {
            let side = f64::from(side);
            let tolerance = 1e-6;
            prop_assert!(side <= exact.max(1.0) + tolerance && side > exact - 1.0 - tolerance);
        }
    }

    #[test]
    fn canonical_requests_are_their_own_and_give_the_same_plan(
        text in request(),
        image in any_dimensions(),
        options in resolve_options(),
        exif in 1..=8_u32,
    ) {
        let request: DerivativeRequest = text.parse().expect("of the grammar");
        let mut source = SourceGeometry::upright(image);
        source.orientation = Orientation::from_exif(exif).expect("1 to 8");
        let Ok(plan) = RenderPlan::resolve(&request, source, &options) else {
            return Ok(());
        };
        let canonical = CanonicalRequest::of(&plan, &options);
        let again: DerivativeRequest = canonical.to_string().parse().expect("canonical form");
        prop_assert_eq!(&again, canonical.request());
        let same = RenderPlan::resolve(&again, source, &options);
        prop_assert_eq!(same, Ok(plan), "{}", canonical);
        let keyword = matches!(canonical.request().region, ExtendedRegion::Spec(Region::Percent(_) | Region::Square));
        prop_assert!(!keyword);
    }

    #[test]
    fn tiles_cover_every_pixel_once(
        image in (1..70_u32, 1..70_u32),
        tile in (1..40_u32, 1..40_u32),
    ) {
        let (width, height) = image;
        let grid = TileGrid::new(dimensions(width, height), dimensions(tile.0, tile.1));
        for level in grid.levels() {
            let mut covered = vec![0_u32; (width * height) as usize];
            for tile in level.tiles() {
                for y in tile.region.y()..tile.region.y() + tile.region.height() {
                    for x in tile.region.x()..tile.region.x() + tile.region.width() {
                        covered[(y * width + x) as usize] += 1;
                    }
                }
            }
            prop_assert!(covered.iter().all(|count| *count == 1));
        }
    }

    #[test]
    fn tiles_of_a_level_add_up_to_its_size(
        image in (1..20_000_u32, 1..20_000_u32),
        tile in (16..2_000_u32, 16..2_000_u32),
    ) {
        let full = dimensions(image.0, image.1);
        let grid = TileGrid::new(full, dimensions(tile.0, tile.1));
        let options = options(ApiVersion::V3);
        for (level, size) in grid.levels().zip(grid.sizes()) {
            let across = (0..level.columns()).filter_map(|column| level.tile(column, 0));
            prop_assert_eq!(across.map(|tile| tile.size.width()).sum::<u32>(), size.width());
            let down = (0..level.rows()).filter_map(|row| level.tile(0, row));
            prop_assert_eq!(down.map(|tile| tile.size.height()).sum::<u32>(), size.height());
            let last = level.tile(level.columns() - 1, level.rows() - 1).expect("inside");
            prop_assert!(last.size.width() <= tile.0 && last.size.height() <= tile.1);
            let request = last.request(ApiVersion::V3, Format::Jpg).into();
            let plan = RenderPlan::resolve(&request, SourceGeometry::upright(full), &options);
            prop_assert_eq!(plan.map(|plan| plan.scaled()), Ok(last.size));
        }
        let counts: Vec<u64> = grid.levels().map(TileLevel::count).collect();
        prop_assert!(counts.iter().rev().skip(1).all(|count| *count > 1));
        prop_assert_eq!(counts.last(), Some(&1));
    }
}
