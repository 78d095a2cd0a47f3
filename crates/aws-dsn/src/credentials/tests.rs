use super::*;

fn profile(name: &str, file: Option<&str>) -> CredentialSource {
    CredentialSource::Profile(Profile {
        name: name.to_owned(),
        file: file.map(PathBuf::from),
    })
}

fn keys(key_id: &str, secret: &str, token: Option<&str>) -> CredentialSource {
    CredentialSource::Static(StaticKeys {
        key_id: key_id.to_owned(),
        secret: secret.into(),
        token: token.map(Secret::from),
    })
}

#[test]
fn every_form_is_read() {
    let role = CredentialSource::AssumeRole(AssumedRole {
        region: "eu-west-1".to_owned(),
        arn: "arn:aws:iam::123456789012:role/iiif".to_owned(),
    });
    #[rustfmt::skip]
    let cases = [
        ("",                            CredentialSource::Environment),
        ("env:",                        CredentialSource::Environment),
        ("iam:",                        CredentialSource::Role),
        ("anon:",                       CredentialSource::Anonymous),
        ("default",                     profile("default", None)),
        ("static",                      profile("static", None)), // no colon, so a name
        ("/etc/aws/keys:iiif",          profile("iiif", Some("/etc/aws/keys"))),
        ("shared:/etc/aws/keys:iiif",   profile("iiif", Some("/etc/aws/keys"))),
        (r"C:\aws\keys:iiif",           profile("iiif", Some(r"C:\aws\keys"))),
        ("static:AKID:s/e+c=:t/o+k==",  keys("AKID", "s/e+c=", Some("t/o+k=="))),
        ("static:AKID:secret:",         keys("AKID", "secret", None)),
        ("static:AKID:secret",          keys("AKID", "secret", None)),
        ("iam:eu-west-1:arn:aws:iam::123456789012:role/iiif", role),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse(), Ok(expected), "`{text}`");
    }
}

#[test]
fn what_is_no_form_is_refused_without_being_repeated() {
    let cases = [
        "iam:eu-west-1",
        "iam:eu-west-1:role/iiif",
        "iam::arn:aws:iam::1:role/x",
        "env:more",
        "anon:more",
        "sts:hunter2",
        "static:",
        "static:AKID:",
        "static::hunter2:",
        "static:AKID:hunter2:token:more",
        "satic:AKID:hunter2:token",
        "shared:hunter2",
        "/path:",
        ":profile",
    ];
    for text in cases {
        let error = text.parse::<CredentialSource>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "`{text}`: {error}");
        assert!(
            error.to_string().contains("static:ID:SECRET:TOKEN"),
            "{error}"
        );
    }
}

#[test]
fn neither_display_nor_debug_shows_a_secret() {
    let source: CredentialSource = "static:AKID:hunter2:hunter3".parse().unwrap();
    assert_eq!(source.to_string(), "static:AKID:******:******");
    let debug = format!("{source:?} {source:#?}");
    assert!(
        debug.contains("AKID") && !debug.contains("hunter"),
        "{debug}"
    );
    let CredentialSource::Static(keys) = source else {
        panic!("`static:` is read as static keys")
    };
    assert_eq!(keys.secret.expose(), "hunter2");
    assert_eq!(keys.token.unwrap().expose(), "hunter3");
}

#[test]
fn a_profile_that_may_be_keys_is_not_shown() {
    for text in [
        "AKID:hunter2",
        "hunter2:AKID",
        "shared:static:hunter2",
        "AKID/hunter2",
        "hunter2hunter2hunter2hunter2hunter2hunter2",
    ] {
        let source: CredentialSource = text.parse().unwrap();
        assert_eq!(source.to_string(), "******", "{text}");
        assert_eq!(format!("{source:?}"), "Profile(Profile(******))", "{text}");
    }
    for text in [
        "default",
        "AdministratorAccess-123456789012",
        "/etc/aws/keys:iiif",
        "./keys:iiif",
        "~/keys:iiif",
        r"C:\aws\keys:iiif",
    ] {
        let source: CredentialSource = text.parse().unwrap();
        assert_eq!(source.to_string(), text);
        assert_eq!(format!("{source:?}"), format!("Profile(Profile({text}))"));
    }
}
