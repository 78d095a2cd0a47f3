//! What is read, what is printed, and what is refused.

use iiif_image_api::extension::{Crisp, ExtendedQuality, ExtendedRegion, ExtendedRotation};
use iiif_image_api::{
    DerivativeRequest, ErrorKind, Format, ImageRequest, ParseError, Quality, Region, Rotation,
    Size, SizeForm, Upscaling,
};

#[test]
fn what_is_parsed_prints_as_it_was_without_needless_zeros() {
    let cases = [
        ("full/full/0/default.jpg", "full/full/0/default.jpg"),
        ("full/max/0/default.jpg", "full/max/0/default.jpg"),
        ("square/^max/!0/gray.png", "square/^max/!0/gray.png"),
        ("0,0,1,1/300,/90/color.tif", "0,0,1,1/300,/90/color.tif"),
        (
            "05,007,010,1/^0300,/090/color.gif",
            "5,7,10,1/^300,/90/color.gif",
        ),
        (
            "pct:.5,0.50,1.,100.0/,20/22.50/bitonal.webp",
            "pct:0.5,0.5,1,100/,20/22.5/bitonal.webp",
        ),
        (
            "pct:33.333333333333336,0,1,1/pct:12.3456789012/0/default.jp2",
            "pct:33.3333333333,0,1,1/pct:12.3456789012/0/default.jp2",
        ),
        (
            "full/^pct:120/!360/default.pdf",
            "full/^pct:120/!0/default.pdf",
        ),
        (
            "full/^!360,360/359.9/default.jpg",
            "full/^!360,360/359.9/default.jpg",
        ),
        (
            "full/4294967295,4294967295/0/native.jpeg",
            "full/4294967295,4294967295/0/default.jpg",
        ),
        ("full/max/0/grey.tiff", "full/max/0/gray.tif"),
        ("full/max/0/colour.jpeg2000", "full/max/0/color.jp2"),
        (
            "-1,-1,320,240/full/-1/dither.png",
            "-1,-1,320,240/full/-1/dither.png",
        ),
        (
            "-1,5,320,240/full/0/crisp.png",
            "-1,-1,320,240/full/0/crisp.png",
        ),
        ("full/max/0/crisp:2.0,0.5,0.025.jpg", "full/max/0/crisp.jpg"),
        (
            "full/max/0/crisp:3,1.50,0.jpg",
            "full/max/0/crisp:3,1.5,0.jpg",
        ),
    ];
    for (text, printed) in cases {
        let request: DerivativeRequest = text.parse().expect(text);
        assert_eq!(request.to_string(), printed, "{text}");
        assert_eq!(printed.parse(), Ok(request), "{printed}");
    }
}

#[test]
fn words_become_their_types() {
    let request: ImageRequest = "square/^!90,60/!345/gray.webp".parse().expect("a request");
    assert_eq!(request.region, Region::Square);
    assert_eq!(request.size.upscaling, Upscaling::Allowed);
    assert_eq!(
        request.size.form,
        SizeForm::Confined(crate::dimensions(90, 60))
    );
    assert!(request.rotation.mirror);
    assert!((request.rotation.degrees.to_f64() - 345.0).abs() < 1e-9);
    assert_eq!(request.quality, Quality::Gray);
    assert_eq!(request.format, Format::Webp);
}

#[test]
fn extensions_are_no_words_of_the_specification() {
    assert!("-1,-1,3,2".parse::<Region>().is_err());
    assert!("-1".parse::<Rotation>().is_err());
    assert!("dither".parse::<Quality>().is_err());
    assert_eq!(
        "-1,-1,3,2".parse(),
        Ok(ExtendedRegion::SmartCrop(crate::dimensions(3, 2)))
    );
    assert_eq!("-1".parse(), Ok(ExtendedRotation::NoAutoRotate));
    assert_eq!(
        "crisp".parse(),
        Ok(ExtendedQuality::Crisp(Crisp::default()))
    );
}

#[test]
fn defaults_of_crisp_are_those_of_go_iiif() {
    let crisp = Crisp::default();
    let printed =
        [crisp.radius(), crisp.amount(), crisp.median()].map(|decimal| decimal.to_string());
    assert_eq!(printed, ["2", "0.5", "0.025"]);
}

#[test]
fn bad_regions_are_refused() {
    for text in [
        "",
        "Full",
        " full",
        "full ",
        "squared",
        "1,2,3",
        "1,2,3,4,5",
        "1,2,0,4",
        "1,2,3,0",
        "-1,2,3,4",
        "+1,2,3,4",
        "1.5,2,3,4",
        "a,b,c,d",
        "4294967296,0,1,1",
        "1,2,,4",
        "1 ,2,3,4",
        "pct:",
        "pct:1,2,3",
        "pct:1,2,0,4",
        "pct:1,2,3,0.0",
        "pct:-1,2,3,4",
        "pct:1e1,2,3,4",
        "pct:.,2,3,4",
        "pct:1,2,3,NaN",
        "pct:99999999999,0,1,1",
        "PCT:1,2,3,4",
        "pct:1,2,3,٣",
    ] {
        assert!(text.parse::<Region>().is_err(), "{text}");
    }
}

#[test]
fn bad_sizes_are_refused() {
    for text in [
        "",
        "Max",
        "maximum",
        "^",
        "^full",
        "^^max",
        "!max",
        "!^1,1",
        ",",
        "!,",
        "0,",
        ",0",
        "0,1",
        "1,0",
        "!1,",
        "!,1",
        "!0,1",
        "1,2,3",
        "1.5,",
        "+1,",
        "-1,",
        "1",
        "!1",
        "pct:",
        "pct:0",
        "pct:0.00",
        "pct:-5",
        "pct:5%",
        "4294967296,",
        "pct:1e2",
        "w,h",
        "1;2",
    ] {
        assert!(text.parse::<Size>().is_err(), "{text}");
    }
}

#[test]
fn bad_rotations_qualities_and_formats_are_refused() {
    for text in [
        "", "!", "-90", "+90", "360.1", "361", "!!0", "0!", "ninety", "1e1", "90 ", "0x10",
    ] {
        assert!(text.parse::<Rotation>().is_err(), "{text}");
    }
    for text in [
        "",
        "Default",
        "colors",
        "crisp:1,2",
        "crisp:1,2,3,4",
        "crisp:-1,2,3",
        "crisp:50.1,1,0",
        "crisp:2,1,10.1",
        "crisp:1,1,100.1",
    ] {
        assert!(text.parse::<ExtendedQuality>().is_err(), "{text}");
    }
    for text in ["", "JPG", ".jpg", "jpg ", "bmp", "avif"] {
        assert!(text.parse::<Format>().is_err(), "{text}");
    }
}

#[test]
fn paths_of_other_shapes_are_refused() {
    for text in [
        "",
        "/",
        "full/max/0",
        "full/max/0/default",
        "/full/max/0/default.jpg",
        "full/max/0/default.jpg/",
        "full/max/0/0/default.jpg",
        "full//0/default.jpg",
    ] {
        assert!(text.parse::<DerivativeRequest>().is_err(), "{text}");
        assert!(text.parse::<ImageRequest>().is_err(), "{text}");
    }
}

#[test]
fn errors_name_the_text_and_what_is_accepted() {
    let error = |text: &str| -> ParseError { text.parse::<DerivativeRequest>().expect_err(text) };
    let cases = [
        (
            "1,2,0,4/max/0/default.jpg",
            "region `1,2,0,4` has zero width; expected `full`, `square`, `x,y,w,h`, `pct:x,y,w,h`, or `-1,-1,w,h` for a smart crop; w and h are at least 1",
        ),
        (
            "full/pct:x/0/default.jpg",
            "size `pct:x` is not a decimal; expected `max`, in 2.1 also `full`, `w,`, `,h`, `pct:n`, `w,h` or `!w,h`, with `^` in front to allow upscaling; w and h are at least 1",
        ),
        (
            "full/max/400/default.jpg",
            "rotation `400` is more than 360 degrees; expected degrees from 0 to 360, `!` in front to mirror first, or `-1` to ignore the EXIF orientation",
        ),
        (
            "full/max/0/sepia.jpg",
            "quality `sepia` is no known quality; expected `default`, `color`, `gray`, `bitonal`, `dither`, `crisp` or `crisp:radius,amount,median`",
        ),
        (
            "full/max/0/default.bmp",
            "format `bmp` is no known format; expected `jpg`, `png`, `tif`, `gif` or `webp`",
        ),
        (
            "full/max/0/default",
            "request `full/max/0/default` has no format; expected `{region}/{size}/{rotation}/{quality}.{format}`",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(error(text).to_string(), message);
        assert_eq!(error(text).kind(), ErrorKind::InvalidRequest);
    }
}

#[test]
fn media_types_are_those_of_the_specification() {
    let table = [
        ("jpg", "image/jpeg"),
        ("tif", "image/tiff"),
        ("png", "image/png"),
        ("gif", "image/gif"),
        ("jp2", "image/jp2"),
        ("pdf", "application/pdf"),
        ("webp", "image/webp"),
    ];
    let formats = Format::ALL.map(|format| (format.as_str(), format.media_type()));
    assert_eq!(formats, table);
}
