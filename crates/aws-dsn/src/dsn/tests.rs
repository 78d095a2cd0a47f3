use std::error::Error as _;

use proptest::prelude::*;

use super::*;
use crate::{Profile, StaticKeys};

#[test]
fn pairs_are_read_in_any_order_with_any_spaces_between() {
    let expected = AwsDsn::new("us-east-1", CredentialSource::Role);
    for text in [
        "region=us-east-1 credentials=iam:",
        "credentials=iam: region=us-east-1",
        "  credentials=iam:   region=us-east-1 ",
        "credentials=\"iam:\" region=\"us-east-1\"",
    ] {
        assert_eq!(text.parse(), Ok(expected.clone()), "`{text}`");
    }
}

#[test]
fn empty_credentials_are_those_of_the_environment() {
    let dsn: AwsDsn = "credentials= region=us-east-1".parse().unwrap();
    assert_eq!(dsn.credentials, CredentialSource::Environment);
}

#[test]
fn a_quoted_value_holds_spaces_and_a_value_holds_equals_signs() {
    let dsn: AwsDsn =
        "region=us-east-1 credentials=\"/my keys/aws:iiif\" endpoint=http://localhost:4566/?a=b"
            .parse()
            .unwrap();
    let profile = Profile {
        name: "iiif".to_owned(),
        file: Some("/my keys/aws".into()),
    };
    assert_eq!(dsn.credentials, CredentialSource::Profile(profile));
    assert_eq!(dsn.endpoint.as_deref(), Some("http://localhost:4566/?a=b"));
    assert_eq!(
        dsn.to_string(),
        "credentials=\"/my keys/aws:iiif\" endpoint=http://localhost:4566/?a=b region=us-east-1"
    );
}

#[test]
fn errors_name_the_key_and_what_is_accepted() {
    #[rustfmt::skip]
    let cases = [
        ("",                                            "DSN has no `credentials`; expected `credentials=iam:`"),
        ("credentials=iam:",                            "DSN has no `region`; expected `region=us-east-1`"),
        ("credentials=iam: region=",                    "DSN has no `region`; expected `region=us-east-1`"),
        ("credentials=iam: region",                     "part 2 of the DSN has no `=`; expected `key=value` pairs with spaces between them"),
        ("credentials=iam: region=a region=b",          "DSN key `region` is set twice; expected it once"),
        ("credentials=iam: region=a endpont=b",         "unknown DSN key `endpont`; expected `credentials`, `region` or `endpoint`"),
        ("credentials=iam: region=\"a",                 "the value of `region` is not closed by a double quote that ends it; expected `region=\"value\"`"),
        ("credentials=iam: region=\"a\"b",              "the value of `region` is not closed by a double quote that ends it; expected `region=\"value\"`"),
        ("credentials=static:id region=a",              "cannot read DSN key `credentials`"),
    ];
    for (text, expected) in cases {
        assert_eq!(
            text.parse::<AwsDsn>().unwrap_err().to_string(),
            expected,
            "`{text}`"
        );
    }
}

#[test]
fn an_error_in_the_credentials_is_chained_and_holds_no_secret() {
    let error = "credentials=static:AKID:hunter2:t:x region=a"
        .parse::<AwsDsn>()
        .unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("`static:`"), "{cause}");
    assert!(!format!("{error} {cause} {error:?}").contains("hunter2"));
}

#[test]
fn neither_display_nor_debug_shows_a_secret() {
    let keys = StaticKeys {
        key_id: "AKID".to_owned(),
        secret: "hunter2".into(),
        token: Some("hunter3".into()),
    };
    let dsn = AwsDsn::new("us-east-1", CredentialSource::Static(keys));
    assert_eq!(
        dsn.to_string(),
        "credentials=static:AKID:******:****** region=us-east-1"
    );
    assert!(!format!("{dsn:?}{dsn:#?}").contains("hunter"));
}

proptest! {
    #[test]
    fn what_is_displayed_parses_back(
        region in "[a-z0-9-]{1,12}",
        credentials in "iam:|env:|anon:|[a-z]{1,8}|/[a-z ]{0,8}[a-z]:[a-z]{1,8}",
        endpoint in proptest::option::of("https?://[a-z0-9.:=/]{1,20}"),
    ) {
        let mut dsn = AwsDsn::new(region, credentials.parse().unwrap());
        dsn.endpoint = endpoint;
        prop_assert_eq!(dsn.to_string().parse(), Ok(dsn));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = text.parse::<AwsDsn>();
        let _ = text.parse::<CredentialSource>();
    }
}
