//! Identifiers and base URIs.

use iiif_image_api::{BaseUri, Identifier};

#[test]
fn the_examples_of_the_specification_are_encoded_and_decoded() {
    // 3.0 §9.
    let cases = [
        ("id1", "id1"),
        ("bb157hs6068", "bb157hs6068"),
        ("ark:/12025/654xz321", "ark:%2F12025%2F654xz321"),
        ("urn:foo:a123,456", "urn:foo:a123,456"),
        (
            "urn:sici:1046-8188(199501)13:1%3C69:FTTHBI%3E2.0.TX;2-4",
            "urn:sici:1046-8188(199501)13:1%253C69:FTTHBI%253E2.0.TX;2-4",
        ),
        (
            "http://example.com/?54#a",
            "http:%2F%2Fexample.com%2F%3F54%23a",
        ),
        // Others.
        ("a[b]@c", "a%5Bb%5D%40c"),
        ("Zürich 東京", "Z%C3%BCrich%20%E6%9D%B1%E4%BA%AC"),
        ("a\\b^c|d", "a%5Cb%5Ec%7Cd"),
        ("%", "%25"),
        ("..a", "..a"),
    ];
    for (decoded, segment) in cases {
        let identifier = Identifier::new(decoded).expect(decoded);
        assert_eq!(identifier.to_path_segment(), segment);
        assert_eq!(Identifier::from_path_segment(segment), Ok(identifier));
    }
}

#[test]
fn segments_are_decoded_exactly_once() {
    let decoded = |segment| {
        Identifier::from_path_segment(segment)
            .expect(segment)
            .to_string()
    };
    assert_eq!(decoded("a%252Fb"), "a%2Fb");
    assert_eq!(decoded("67352ccc%2Dd1b0"), "67352ccc-d1b0");
    assert_eq!(decoded("%c3%BC"), "ü");
    assert_eq!(decoded("a+b"), "a+b");
    assert_eq!(decoded("[frob]"), "[frob]");
}

#[test]
fn segments_that_name_nothing_are_refused() {
    for segment in [
        "",
        ".",
        "..",
        "%2E%2e",
        "a/b",
        "a?b",
        "a#b",
        "%",
        "a%2",
        "%zz",
        "%+1",
        "%FF",
        "%C3",
        "%00",
        "a%0Ab",
        "a\u{7f}",
        "%ED%A0%80",
        "%C2%85",
    ] {
        assert!(
            Identifier::from_path_segment(segment).is_err(),
            "{segment:?}"
        );
    }
    let error = Identifier::from_path_segment("a%0Ab").expect_err("a control character");
    assert_eq!(
        error.to_string(),
        "identifier `a\\nb` has control characters; expected printable ones"
    );
    let error = Identifier::from_path_segment("50%").expect_err("half an escape");
    assert_eq!(
        error.to_string(),
        "identifier `50%` has a `%` without two hexadecimal digits; expected `%25` for the sign"
    );
}

#[test]
fn base_uris_are_taken_apart() {
    let cases = [
        (
            "https://example.org/iiif/3",
            ("https", "example.org", "iiif/3"),
            "https://example.org/iiif/3",
        ),
        (
            "HTTP://localhost:8080/",
            ("http", "localhost:8080", ""),
            "http://localhost:8080",
        ),
        (
            "http://[::1]:8080",
            ("http", "[::1]:8080", ""),
            "http://[::1]:8080",
        ),
        (
            "https://h/a%20b//",
            ("https", "h", "a%20b"),
            "https://h/a%20b",
        ),
    ];
    for (text, parts, printed) in cases {
        let base: BaseUri = text.parse().expect(text);
        assert_eq!((base.scheme(), base.authority(), base.prefix()), parts);
        assert_eq!(base.to_string(), printed);
    }
}

#[test]
fn other_texts_are_no_base_uris() {
    for text in [
        "",
        "example.org",
        "ftp://example.org",
        "http://",
        "http:///iiif",
        "http://h/?q",
        "http://h/#f",
        "http://user@h/",
        "http://h/a b",
        "http://h/é",
        "http://h/a//b",
        "http://h/../b",
        "http://h\\b",
        "http://h/\n",
    ] {
        assert!(text.parse::<BaseUri>().is_err(), "{text:?}");
    }
    let error = "ftp://example.org"
        .parse::<BaseUri>()
        .expect_err("another scheme");
    assert_eq!(
        error.to_string(),
        "base URI `ftp://example.org` has another scheme; expected `http://` or `https://`, a host and a path"
    );
}
