//! What is found by the environment of a process: a process of its own for each case.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::{TempDir, tempdir};

use crate::server::{ASSUMED, CONTAINER, SIGNED_ON, Server};
use crate::{ROLE, chain, provider, quick};

/// The variable that tells the process which credentials to look for.
const WANTED: &str = "AWS_DSN_TEST_CREDENTIALS";

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "ENV"),
    ("AWS_SECRET_ACCESS_KEY", "hunter2"),
];

/// Prints the key id, or else why there is none. Not a test: [`look_for`] starts it.
#[test]
#[ignore = "is run by other tests, with variables"]
fn child() {
    let Ok(wanted) = std::env::var(WANTED) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match runtime.block_on(provider(&wanted, &quick()).resolve()) {
        Ok(credentials) => println!("found {}", credentials.access_key_id()),
        Err(error) => println!("{:?} {}\n{error:?}", error.kind(), chain(&error)),
    }
}

/// Returns what [`child`] prints with `variables` and no others.
fn look_for(wanted: &str, variables: &[(&str, &str)], home: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "process::child",
            "--exact",
            "--ignored",
            "--nocapture",
            "--quiet",
        ])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(WANTED, wanted)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("hunter"), "{text}");
    text
}

/// A home with the profiles `default` and `maps` among its credentials, and `role` in its config.
fn home() -> TempDir {
    let home = tempdir().unwrap();
    let folder = home.path().join(".aws");
    fs::create_dir(&folder).unwrap();
    fs::write(
        folder.join("credentials"),
        "[default]\naws_access_key_id=DEFAULT\naws_secret_access_key=hunter2\n\
         [maps]\naws_access_key_id=MAPS\naws_secret_access_key=hunter2\n[empty]\nregion=eu-west-1\n",
    )
    .unwrap();
    home
}

#[test]
fn each_form_looks_where_it_says() {
    let home = home();
    let own = home.path().join("keys");
    fs::write(
        &own,
        "[iiif]\naws_access_key_id=OWN\naws_secret_access_key=hunter2\n",
    )
    .unwrap();
    let config = home.path().join("config");
    fs::write(
        &config,
        "[profile iiif]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"PROCESS\",\
         \"SecretAccessKey\":\"hunter2\"}'\n",
    )
    .unwrap();
    let (own, config) = (own.to_str().unwrap(), config.to_str().unwrap());
    let named = [("AWS_PROFILE", "maps")];
    let elsewhere = [("AWS_SHARED_CREDENTIALS_FILE", own)];
    #[rustfmt::skip]
    let cases = [
        ("iam:".to_owned(),              &KEYS[..],       "found ENV"),
        ("iam:".to_owned(),              &[][..],         "found DEFAULT"),
        ("iam:".to_owned(),              &named[..],      "found MAPS"),
        ("env:".to_owned(),              &KEYS[..],       "found ENV"),
        (String::new(),                  &KEYS[..],       "found ENV"),
        ("env:".to_owned(),              &[][..],         "InvalidConfig no credentials from `env:`: the environment has none; expected the variables `AWS_ACCESS_KEY_ID`"),
        ("maps".to_owned(),              &KEYS[..],       "found MAPS"),
        ("iiif".to_owned(),              &elsewhere[..],  "found OWN"),
        ("iiif".to_owned(),              &KEYS[..],       "InvalidConfig no credentials from `iiif`: profile `iiif` was not defined"),
        ("empty".to_owned(),             &KEYS[..],       "InvalidConfig no credentials from `empty`: profile `empty` is missing, or has no keys"),
        (format!("{own}:iiif"),          &KEYS[..],       "found OWN"),
        (format!("shared:{own}:iiif"),   &[][..],         "found OWN"),
        ("~/keys:iiif".to_owned(),       &[][..],         "found OWN"),
        (format!("{config}:iiif"),       &[][..],         "found PROCESS"),
        ("~/keys:maps".to_owned(),       &KEYS[..],       "InvalidConfig no credentials from `~/keys:maps`: profile `maps` was not defined"),
        ("~/gone:maps".to_owned(),       &KEYS[..],       "InvalidConfig no credentials from `~/gone:maps`: cannot read"),
        ("ID:hunter2".to_owned(),        &KEYS[..],       "InvalidConfig no credentials from `******`: no such profile or file, which are not shown"),
        ("static:ID:hunter2:".to_owned(),&KEYS[..],       "found ID"),
    ];
    for (wanted, variables, expected) in cases {
        let text = look_for(&wanted, variables, home.path());
        assert!(text.contains(expected), "`{wanted}`: {text}");
        assert!(!text.contains("hunter"), "`{wanted}`: {text}");
    }
}

#[test]
fn a_default_chain_without_any_says_what_was_tried() {
    let text = look_for("iam:", &[], tempdir().unwrap().path());
    for part in [
        "InvalidConfig",
        "Environment",
        "Profile",
        "EcsContainer",
        "Ec2InstanceMetadata",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_container_asks_its_agent() {
    let agent = Server::start(200, CONTAINER);
    let home = tempdir().unwrap();
    let token = home.path().join("token");
    fs::write(&token, "the token").unwrap();
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url.as_str()),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            token.to_str().unwrap(),
        ),
    ];
    let text = look_for("iam:", &variables, home.path());
    assert!(text.contains("found CONTAINER"), "{text}");
    let request = agent.requests()[0].to_ascii_lowercase();
    assert!(request.contains("authorization: the token"), "{request}");
}

#[test]
fn the_environment_names_the_token_service() {
    let sts = Server::start(200, ASSUMED);
    let home = home();
    let endpoint = ("AWS_ENDPOINT_URL_STS", sts.url.as_str());
    for (variables, key_id) in [
        (&[endpoint][..], "DEFAULT"),
        (&[KEYS[0], KEYS[1], endpoint], "ENV"),
    ] {
        let text = look_for(ROLE, variables, home.path());
        assert!(text.contains("found ASSUMED"), "{text}");
        let request = sts.requests().pop().unwrap();
        assert!(
            request.contains(&format!("Credential={key_id}/")),
            "{request}"
        );
        assert!(request.contains("/eu-west-1/sts/aws4_request"), "{request}");
    }
}

#[test]
fn a_profile_assumes_a_role_with_the_keys_of_another() {
    let sts = Server::start(200, ASSUMED);
    let home = home();
    let config = format!(
        "[profile role]\nrole_arn = arn:aws:iam::1:role/maps\nsource_profile = maps\n\
         endpoint_url = {}\n",
        sts.url
    );
    fs::write(home.path().join(".aws/config"), config).unwrap();
    let text = look_for("role", &[], home.path());
    assert!(text.contains("found ASSUMED"), "{text}");
    let request = sts.requests().pop().unwrap();
    assert!(request.contains("Credential=MAPS/"), "{request}");
    assert!(request.contains("/us-east-1/sts/aws4_request"), "{request}");
}

#[test]
fn a_profile_signs_on() {
    let sso = Server::start(200, SIGNED_ON);
    let home = home();
    fs::write(
        home.path().join(".aws/config"),
        "[profile sso]\nsso_start_url = https://example.com/start\nsso_region = us-east-1\n\
         sso_account_id = 1\nsso_role_name = maps\n",
    )
    .unwrap();
    let cache = home.path().join(".aws/sso/cache");
    fs::create_dir_all(&cache).unwrap();
    // Tokens are kept under the SHA-1 of their start URL.
    fs::write(
        cache.join("b343494cf15ba6b81449840ea93161cf3b27e5e3.json"),
        r#"{"accessToken":"hunter4","expiresAt":"2999-01-01T00:00:00Z"}"#,
    )
    .unwrap();
    let text = look_for("sso", &[("AWS_ENDPOINT_URL_SSO", &sso.url)], home.path());
    assert!(text.contains("found SSO"), "{text}");
    assert!(
        sso.requests()[0].contains("role_name=maps"),
        "{:?}",
        sso.requests()
    );
}
