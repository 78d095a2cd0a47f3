use iiif_config::{ErrorKind, InstructionSet, Instructions, Label, Origin, ProcessingUri};
use proptest::prelude::*;

use crate::chain;

fn parse(text: &str) -> ProcessingUri {
    match text.parse() {
        Ok(uri) => uri,
        Err(error) => panic!("{text}: {error}"),
    }
}

fn label(text: &str) -> Label {
    text.parse().unwrap()
}

fn instructions(path: &str) -> Instructions {
    Instructions::from(path.parse::<iiif_image_api::DerivativeRequest>().unwrap())
}

#[test]
fn file_uris_name_an_origin_and_a_folder() {
    let cases = [
        ("file:///zuber.jpg?target=zuber", "zuber.jpg", "zuber"),
        ("file:///zuber.jpg", "zuber.jpg", "zuber.jpg"),
        ("FILE:////a/b.jpg", "a/b.jpg", "a/b.jpg"),
        ("file:/a/b.jpg", "a/b.jpg", "a/b.jpg"),
        ("file:///a+b%20c%2Bd.jpg", "a+b c+d.jpg", "a+b c+d.jpg"),
        ("file:///100%2525.jpg", "100%25.jpg", "100%25.jpg"),
        ("file:///x.jpg?target=a+b%2Bc%26d/e/", "x.jpg", "a b+c&d/e"),
        ("file:///x.jpg?target=/a/b", "x.jpg", "a/b"),
        ("file:///x.jpg?target=", "x.jpg", "x.jpg"),
        ("file:///%C3%A9.jpg?target=caf%c3%a9", "é.jpg", "café"),
        ("file:///a%23b%3Fc.jpg", "a#b?c.jpg", "a#b?c.jpg"),
        ("file:///é x.jpg", "é x.jpg", "é x.jpg"),
    ];
    for (text, origin, target) in cases {
        let uri = parse(text);
        assert_eq!(uri.scheme(), "file", "{text}");
        assert_eq!(uri.origin().as_str(), origin, "{text}");
        assert_eq!(uri.target().as_deref(), Some(target), "{text}");
        assert_eq!(uri.report_folder(), target, "{text}");
    }
}

#[test]
fn a_text_without_scheme_is_the_name_of_a_file() {
    let cases = [
        ("zuber.jpg", "zuber.jpg", "zuber.jpg"),
        ("/data/zuber.jpg", "data/zuber.jpg", "data/zuber.jpg"),
        (
            "./a b/100%#1+2&3.jpg",
            "a b/100%#1+2&3.jpg",
            "a b/100%#1+2&3.jpg",
        ),
        ("what?.jpg", "what?.jpg", "what?.jpg"),
        ("what?id=3", "what?id=3", "what?id=3"),
        ("a%20b.jpg?target=c%20d+e", "a%20b.jpg", "c d e"),
        ("a?target=b?target=c", "a?target=b", "c"),
        (
            "ark:/12148/btv1b.jpg",
            "ark:/12148/btv1b.jpg",
            "ark:/12148/btv1b.jpg",
        ),
        ("a:b.jpg", "a:b.jpg", "a:b.jpg"),
        ("C:photo.jpg", "C:photo.jpg", "C:photo.jpg"),
    ];
    for (text, origin, target) in cases {
        let uri = parse(text);
        assert_eq!(uri.origin().as_str(), origin, "{text}");
        assert_eq!(uri.target().as_deref(), Some(target), "{text}");
    }
}

#[test]
fn a_file_uri_keys_derivatives_by_their_instructions() {
    let uri = parse("file:///zuber.jpg?target=zuber");
    for path in [
        "full/!2048,1536/0/color.png",
        "-1,-1,320,320/full/0/dither.jpg",
        "full/full/-1/color.jpg",
    ] {
        assert_eq!(
            uri.derivative_key(&label("b"), &instructions(path)),
            format!("zuber/{path}")
        );
    }
}

#[test]
fn a_rewrite_uri_keys_the_derivative_by_its_target() {
    let uri = parse("rewrite:///zuber.jpg?target=/small/zuber.jpg");
    let key = uri.derivative_key(&label("b"), &instructions("full/9,/0/color.jpg"));
    assert_eq!(key, "small/zuber.jpg");
    assert_eq!(uri.target().as_deref(), Some("small/zuber.jpg"));
    assert_eq!(uri.report_folder(), "small/zuber");
    assert_eq!(
        uri.to_string(),
        "rewrite:///zuber.jpg?target=small%2Fzuber.jpg"
    );
}

#[test]
fn an_idsecret_uri_keys_derivatives_by_id_secret_and_label() {
    let uri = parse("idsecret:///spanking-cat.jpg?id=9998&secret=abc&secret_o=def");
    let jpg = instructions("full/9,/0/color.jpg");
    let png = instructions("full/9,/0/color.png");
    assert_eq!(
        uri.derivative_key(&label("k"), &jpg),
        "999/8/9998_abc_k.jpg"
    );
    assert_eq!(
        uri.derivative_key(&label("o"), &png),
        "999/8/9998_def_o.png"
    );
    assert_eq!(uri.report_folder(), "999/8");
    assert_eq!(uri.target(), None);
    let uri = parse("idsecret:///a.jpg?id=7&secret=s&secret_o=t&prefix=/x/y/&label=o&format=jpeg");
    assert_eq!(uri.derivative_key(&label("k"), &png), "x/y/7_s_k.png");
    assert_eq!(uri.report_folder(), "x/y");
    assert_eq!(uri.target().as_deref(), Some("x/y/7_t_o.jpg"));
    assert_eq!(
        uri.to_string(),
        "idsecret:///a.jpg?id=7&secret=s&secret_o=t&label=o&format=jpg&prefix=x%2Fy"
    );
}

#[test]
fn ids_are_spread_over_folders_of_three_characters() {
    for (id, tree) in [
        ("1", "1"),
        ("999", "999"),
        ("1234", "123/4"),
        ("34436377369", "344/363/773/69"),
        ("éèêë", "éèê/ë"),
    ] {
        let uri = parse(&format!("idsecret:///a.jpg?id={id}"));
        assert_eq!(uri.report_folder(), tree);
    }
}

#[test]
fn missing_secrets_are_generated_once() {
    let uri = parse("idsecret:///a.jpg?id=1234&secret=&ensure-int=1");
    let jpg = instructions("full/9,/0/color.jpg");
    let key = uri.derivative_key(&label("b"), &jpg);
    let secret = key
        .strip_prefix("123/4/1234_")
        .and_then(|key| key.strip_suffix("_b.jpg"))
        .unwrap();
    assert_eq!(secret.len(), 32);
    assert!(
        secret.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{secret}"
    );
    assert_eq!(uri.derivative_key(&label("b"), &jpg), key);
    assert!(!uri.derivative_key(&label("o"), &jpg).contains(secret));
    assert_eq!(parse(&uri.to_string()), uri);
    assert_ne!(
        parse("idsecret:///a.jpg?id=1234"),
        parse("idsecret:///a.jpg?id=1234")
    );
}

#[test]
fn secrets_are_shown_by_display_alone() {
    let uri = parse("idsecret:///a.jpg?id=7&secret=HUSH1&secret_o=HUSH2&label=b");
    assert_eq!(
        uri.to_redacted_string(),
        "idsecret:///a.jpg?id=7&secret=******&secret_o=******&label=b"
    );
    assert!(!format!("{uri:?}").contains("HUSH"), "{uri:?}");
    assert!(uri.to_string().contains("HUSH1"));
    for bad in [
        "HUSH/",
        "..%2FHUSH",
        "HUSH%00",
        "HUSH%zz",
        "HUSH%ff",
        "HUSH%5C",
    ] {
        let text = format!("idsecret:///a.jpg?id=7&secret={bad}");
        let error = text.parse::<ProcessingUri>().unwrap_err();
        assert!(!chain(&error).contains("HUSH"), "{error}");
        assert!(!format!("{error:?}").contains("HUSH"), "{error:?}");
    }
    let file = parse("file:///a.jpg?target=b");
    assert_eq!(file.to_redacted_string(), file.to_string());
}

/// URIs whose keys could leave the bucket, or name nothing.
const WRONG_KEYS: [(&str, &str); 14] = [
    ("", "origin `` is empty"),
    ("file:///", "origin `/` is empty"),
    ("file://?target=a", "origin `` is empty"),
    ("../a.jpg", "origin `../a.jpg` has a `..` segment"),
    (
        "file:///a/%2E%2e/b.jpg",
        "origin `/a/../b.jpg` has a `..` segment",
    ),
    ("a/./b.jpg", "origin `a/./b.jpg` has a `.` segment"),
    ("a//b.jpg", "origin `a//b.jpg` has an empty segment"),
    ("a/", "origin `a/` has an empty segment"),
    ("a\\b.jpg", "origin `a\\\\b.jpg` has a backslash"),
    (
        "file:///a%00.jpg",
        "origin `/a\\0.jpg` has a control character",
    ),
    ("a.jpg?target=../b", "target `../b` has a `..` segment"),
    ("file:///a.jpg?target=//", "target `` is empty"),
    (
        "rewrite:///a.jpg?target=b/",
        "target `b/` has an empty segment",
    ),
    (
        "idsecret:///a.jpg?id=1&prefix=../x",
        "prefix `../x` has a `..` segment",
    ),
];

#[test]
fn keys_that_could_leave_the_bucket_are_refused() {
    for (text, expected) in WRONG_KEYS {
        let error = text.parse::<ProcessingUri>().unwrap_err();
        let expected = format!(
            "{expected}; expected a key such as `2024/zuber.jpg`, without `.`, `..` and empty segments, backslashes and control characters"
        );
        assert_eq!(chain(&error), expected, "{text}");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
}

/// URIs with one mistake, and what is said about it.
const MISTAKES: [(&str, &str); 17] = [
    (
        "file://a/b.jpg",
        "`file://a/b.jpg` has two slashes, which makes its first part a host; expected `file:///a/b.jpg`",
    ),
    (
        "https://example.org/a.jpg?token=x",
        "scheme `https` is not known; expected `file`, `rewrite` or `idsecret`, or the name of a file without a scheme",
    ),
    (
        "file:///a#1.jpg",
        "the URI has a `#`; expected `%23` for one in a name",
    ),
    (
        "file:///100%.jpg",
        "the path has a `%` without two hexadecimal digits; expected `%25` for a percent sign",
    ),
    (
        "file:///%FF.jpg",
        "the path is not UTF-8 after decoding; expected percent-encoded UTF-8",
    ),
    (
        "a.jpg?target=b&id=3",
        "parameter `id` is not known; expected `target`",
    ),
    (
        "file:///a.jpg?target=b&target=c",
        "parameter `target` is given twice; expected it once",
    ),
    (
        "rewrite:///a.jpg",
        "`rewrite` needs the parameter `target`; expected a URI such as `rewrite:///zuber.jpg?target=small/zuber.jpg`",
    ),
    (
        "rewrite:///a.jpg?target=/a.jpg",
        "target `a.jpg` is the origin itself; expected another key",
    ),
    (
        "idsecret:///a.jpg?secret=x",
        "`idsecret` needs the parameter `id`; expected a URI such as `idsecret:///zuber.jpg?id=9998`",
    ),
    (
        "idsecret:///a.jpg?id=1/2",
        "id `1/2` has a slash; expected an id such as `9998`",
    ),
    (
        "idsecret:///a.jpg?id=a..b",
        "id `a..b` has `..`; expected an id such as `9998`",
    ),
    (
        "idsecret:///a.jpg?id=abc.",
        "id `abc.` has a `.` segment; expected an id such as `9998`",
    ),
    (
        "idsecret:///a.jpg?id=-1&ensure-int=yes",
        "id `-1` is not a whole number below 2^64; expected an id such as `9998`",
    ),
    (
        "idsecret:///a.jpg?id=1&secret=a/b",
        "secret has a slash; expected letters and digits",
    ),
    (
        "idsecret:///a.jpg?id=1&label=a/b",
        "the label cannot be used: label `a/b` has a slash; expected a name such as `b`, without `/`, `\\` and control characters",
    ),
    (
        "idsecret:///a.jpg?id=1&format=bmp",
        "the format cannot be used: format `bmp` is no known format; expected `jpg`, `png`, `tif`, `gif` or `webp`",
    ),
];

#[test]
fn errors_say_what_is_wrong_and_what_is_accepted() {
    for (text, expected) in MISTAKES {
        let error = text.parse::<ProcessingUri>().unwrap_err();
        assert_eq!(chain(&error), expected, "{text}");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
}

/// Keys made of what is hard to write in a URI.
fn key() -> impl Strategy<Value = String> {
    let segment = prop_oneof!["[a-z %+&#?=:;@!,'\"<>{}|^`~é漢🙂*()-]{1,8}", "[0-9]{1,9}"];
    prop::collection::vec(segment, 1..4).prop_map(|segments| segments.join("/"))
}

proptest! {
    #[test]
    fn every_file_uri_parses_from_what_it_prints(origin in key(), target in key()) {
        let target: String = form_encode(&target);
        let uri = parse(&format!("file:///{}?target={target}", form_encode(&origin)));
        prop_assert_eq!(uri.origin().as_str(), origin);
        prop_assert_eq!(parse(&uri.to_string()), uri);
    }

    #[test]
    fn every_name_is_taken_as_it_stands(origin in key()) {
        prop_assume!(!origin.contains("://") && !origin.contains("?target="));
        let uri = parse(&origin);
        prop_assert_eq!(uri.origin(), &Origin::new(&origin).unwrap());
        prop_assert_eq!(parse(&uri.to_string()), uri);
    }

    #[test]
    fn every_rewrite_uri_parses_from_what_it_prints(origin in key(), target in key()) {
        prop_assume!(origin != target);
        let (origin, target) = (form_encode(&origin), form_encode(&target));
        let uri = parse(&format!("rewrite:///{origin}?target={target}"));
        prop_assert_eq!(parse(&uri.to_string()), uri);
    }

    #[test]
    fn every_idsecret_uri_parses_from_what_it_prints(
        origin in key(),
        id in "[a-z0-9 %+&#?é]{1,9}",
        secret in "[a-zA-Z0-9 %+&#?=é]{1,9}",
        prefix in prop::option::of(key()),
    ) {
        let (origin, id, secret) = (form_encode(&origin), form_encode(&id), form_encode(&secret));
        let prefix = prefix.map(|prefix| format!("&prefix={}", form_encode(&prefix)));
        let uri = parse(&format!(
            "idsecret:///{origin}?id={id}&secret={secret}&label=b&format=png{}",
            prefix.unwrap_or_default()
        ));
        prop_assert_eq!(parse(&uri.to_string()), uri);
    }

    #[test]
    fn no_key_leaves_its_bucket(text in ".{0,40}") {
        let Ok(uri) = text.parse::<ProcessingUri>() else {
            return Ok(());
        };
        for (label, instructions) in InstructionSet::default().iter() {
            let key = uri.derivative_key(label, instructions);
            prop_assert!(!key.starts_with('/'), "{key}");
            prop_assert!(key.split('/').all(|part| !matches!(part, "" | "." | "..")), "{key}");
        }
    }

    #[test]
    fn no_parameter_leaves_its_bucket(
        start in prop::sample::select(&[
            "file:///a.jpg?target=",
            "rewrite:///a.jpg?target=",
            "idsecret:///a.jpg?id=",
            "idsecret:///a.jpg?id=1&secret=",
            "idsecret:///a.jpg?id=1&secret_o=",
            "idsecret:///a.jpg?id=1&prefix=",
        ][..]),
        value in r"(\.|/|%2e|%2F|a|\\|%00|\+){0,8}",
    ) {
        let Ok(uri) = format!("{start}{value}").parse::<ProcessingUri>() else {
            return Ok(());
        };
        for (label, instructions) in InstructionSet::default().iter() {
            let key = uri.derivative_key(label, instructions);
            prop_assert!(!key.starts_with('/') && !key.contains(['\0', '\\']), "{key}");
            prop_assert!(key.split('/').all(|part| !matches!(part, "" | "." | "..")), "{key}");
        }
    }
}

/// Escapes every byte but letters, digits and slashes: nothing that the code under test chooses.
fn form_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
