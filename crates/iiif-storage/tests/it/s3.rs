use std::error::Error as _;
use std::fs;

use iiif_storage::{
    Bucket, Environment, Error, ErrorKind, MissingFolder, Overwrite, StorageOpener,
};
use tempfile::{TempDir, tempdir};

use crate::fetching::{Held, fetch};
use crate::server::{Answer, Server, quick_retries};

const META: &str = "ETag: \"e\"\r\nLast-Modified: Wed, 30 Jan 2019 15:30:01 GMT\r\n";
const META_PART: &str = "ETag: \"e\"\r\nLast-Modified: Wed, 30 Jan 2019 15:30:01 GMT\r\n\
     Content-Range: bytes 4-9/10\r\n";
const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials>\
    <AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey>\
    <SessionToken>hunter3</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
    </AssumeRoleResult></AssumeRoleResponse>";
const REFUSED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>ENV must not</Message>\
    </Error></ErrorResponse>";
const XML: &str = "Content-Type: text/xml\r\n";
const KEYS: &str = "credentials=static:AKID:hunter2:hunter3";

fn ok() -> Answer {
    Answer::Reply(200, META, "0123456789")
}

/// Opens the bucket `b` on `server`, with `more` parameters and variables.
fn open_with(server: &Server, more: &str, variables: &[(&str, &str)]) -> Result<Bucket, Error> {
    StorageOpener::new(variables.iter().copied().collect())
        .with_retry(quick_retries())
        .open(
            &format!("s3blob://b?endpoint={}&region=eu-west-1&{more}", server.url),
            MissingFolder::Refuse,
        )
}

fn open(server: &Server) -> Bucket {
    open_with(server, KEYS, &[]).unwrap()
}

#[tokio::test]
async fn gets_and_puts_are_repeated_until_the_server_answers() {
    let failures = || {
        [
            Answer::Reply(503, "", "SlowDown"),
            Answer::Reply(429, "", ""),
            Answer::Reply(500, "", ""),
            Answer::Cut,
            ok(),
        ]
    };
    let server = Server::start(failures()).await;
    assert_eq!(open(&server).get("x.jpg").await.unwrap(), "0123456789");
    assert_eq!(server.lines(), ["GET /b/x.jpg"; 5]);

    let server = Server::start(failures()).await;
    open(&server)
        .put("x.jpg", "the body".into(), "image/jpeg")
        .await
        .unwrap();
    assert_eq!(server.lines(), ["PUT /b/x.jpg"; 5]);
    for request in server.requests() {
        assert_eq!(request.body, b"the body");
        assert_eq!(request.header("content-type"), Some("image/jpeg"));
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_resumed_where_it_broke() {
    let rest = Answer::Reply(206, META_PART, "456789");
    let server = Server::start([Answer::CutBody(META), rest]).await;
    assert_eq!(open(&server).get("x.jpg").await.unwrap(), "0123456789");
    assert_eq!(server.requests()[1].header("range"), Some("bytes=4-9"));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_resumed_in_a_temporary_file_too() {
    let rest = Answer::Reply(206, META_PART, "456789");
    let server = Server::start([Answer::CutBody(META), rest]).await;
    let fetched = fetch(&open(&server), "x.tif", 9).await;
    assert_eq!(fetched, Ok(Held::File(b"0123456789".to_vec())));
    assert_eq!(server.requests()[1].header("range"), Some("bytes=4-9"));
}

#[tokio::test]
async fn a_body_that_stays_cut_off_is_no_file() {
    for max_bytes in [9, 10] {
        let server = Server::start([Answer::CutBody(META), Answer::Cut]).await;
        let fetched = fetch(&open(&server), "x.tif", max_bytes).await;
        assert_eq!(fetched, Err(ErrorKind::Unavailable));
    }
}

/// Nothing is cut off here as far as HTTP is concerned.
#[tokio::test]
async fn a_part_that_is_shorter_than_its_range_is_no_part() {
    let short = Answer::Reply(206, META_PART, "456");
    let server = Server::start([ok(), short]).await;
    let bucket = open(&server);
    let object = bucket.open("x.tif").await.unwrap();
    for read in [
        object.read_range(4..10).await,
        bucket.get_range("x.tif", 4..10).await,
    ] {
        let error = read.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(chain(&error).ends_with("received 3 bytes; expected the 6 that were announced"));
    }
}

#[tokio::test]
async fn errors_tell_what_can_be_done_and_only_failures_are_repeated() {
    #[rustfmt::skip]
    let cases = [
        (Answer::Reply(404, "", "<Error><Code>NoSuchKey</Code></Error>"),   ErrorKind::NotFound,        1),
        (Answer::Reply(404, "", "<Error><Code>NoSuchBucket</Code></Error>"),ErrorKind::InvalidConfig,   1),
        (Answer::Reply(403, "", "<Error><Code>AccessDenied</Code></Error>"),ErrorKind::Denied,          1),
        (Answer::Reply(401, "", ""),                                        ErrorKind::Denied,          1),
        (Answer::Reply(400, "", "AuthorizationHeaderMalformed"),            ErrorKind::InvalidConfig,   1),
        (Answer::Reply(301, "", "PermanentRedirect"),                       ErrorKind::InvalidConfig,   1),
        (Answer::Reply(503, "", "SlowDown"),                                ErrorKind::Unavailable,     5),
        (Answer::Reply(429, "", ""),                                        ErrorKind::Unavailable,     5),
        (Answer::Cut,                                                       ErrorKind::Unavailable,     5),
    ];
    for (answer, kind, requests) in cases {
        let server = Server::start([answer.clone()]).await;
        let error = open(&server).get("x.jpg").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer:?}: {error:?}");
        assert_eq!(server.requests().len(), requests, "{answer:?}");

        let server = Server::start([answer.clone()]).await;
        let put = open(&server).put("x.jpg", "x".into(), "image/jpeg").await;
        assert_eq!(put.unwrap_err().kind(), kind, "{answer:?}");
        assert_eq!(server.requests().len(), requests, "{answer:?}");
    }
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_named() {
    let none = "<Error><Code>NoSuchBucket</Code></Error>";
    let server = Server::start([Answer::Reply(404, "", none)]).await;
    let bucket = open(&server);
    for error in [
        bucket.put("x.jpg", "x".into(), "image/jpeg").await.err(),
        bucket.get("x.jpg").await.err(),
        bucket.head("x.jpg").await.err(),
    ] {
        let text = error.expect("an error").to_string();
        assert!(text.starts_with("bucket s3"), "{text}");
        assert!(text.contains(" does not exist; expected"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let server = Server::gone();
    let bucket = open(&server);
    let error = bucket.get("x.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.kind().is_retryable());
}

#[tokio::test]
async fn a_key_is_sent_as_it_is_and_encoded_once() {
    #[rustfmt::skip]
    let cases = [
        ("a b/100%#+[~].jpg",           "/b/a%20b/100%25%23%2B%5B~%5D.jpg"),
        ("50%20off^!,*.jpg",            "/b/50%2520off%5E%21%2C%2A.jpg"),
        ("Zürich/東.jpg",               "/b/Z%C3%BCrich/%E6%9D%B1.jpg"),
        ("full/!20,10/0/color.png",     "/b/full/%2120%2C10/0/color.png"),
    ];
    let server = Server::start([ok()]).await;
    let bucket = open(&server);
    for (key, _) in cases {
        bucket.put(key, "x".into(), "image/jpeg").await.unwrap();
    }
    assert_eq!(server.lines(), cases.map(|(_, path)| format!("PUT {path}")));
}

#[tokio::test]
async fn a_prefix_stands_before_each_key_and_ranges_are_asked_for() {
    let server = Server::start([Answer::Reply(206, META_PART, "456789")]).await;
    let bucket = open_with(&server, &format!("{KEYS}&prefix=my%20maps/"), &[]).unwrap();
    assert_eq!(bucket.get_range("x.tif", 4..10).await.unwrap(), "456789");
    assert_eq!(server.lines(), ["GET /b/my%20maps/x.tif"]);
    assert_eq!(server.requests()[0].header("range"), Some("bytes=4-9"));
}

#[tokio::test]
async fn parts_of_an_open_object_are_asked_for_under_its_version_and_near_ones_together() {
    let changed = Answer::Reply(412, "", "<Error><Code>PreconditionFailed</Code></Error>");
    let part = Answer::Reply(206, META_PART, "456789");
    let server = Server::start([ok(), part, changed]).await;
    let object = open(&server).open("x.tif").await.unwrap();
    assert_eq!(object.info().version().to_string(), "e");
    let parts = object.read_ranges(&[8..10, 4..6]).await.unwrap();
    assert_eq!(parts, ["89", "45"]);
    let error = object.read_range(4..10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    let lines = ["HEAD /b/x.tif", "GET /b/x.tif", "GET /b/x.tif"];
    assert_eq!(server.lines(), lines);
    for request in &server.requests()[1..] {
        assert_eq!(request.header("if-match"), Some("\"e\""));
        assert_eq!(request.header("range"), Some("bytes=4-9"));
    }
}

#[tokio::test]
async fn an_unchanged_object_is_not_sent_again() {
    let server = Server::start([ok(), Answer::Reply(304, META, "")]).await;
    let bucket = open(&server);
    let get = |known| bucket.get_if_changed("x", known, u64::MAX);
    let (info, body) = get(None).await.unwrap().unwrap();
    assert_eq!(body, "0123456789");
    assert_eq!(get(Some(&info)).await.unwrap(), None);
    assert_eq!(server.lines(), ["GET /b/x"; 2]);
    let asked = server.requests();
    let conditions = asked.iter().map(|request| request.header("if-none-match"));
    assert_eq!(conditions.collect::<Vec<_>>(), [None, Some("\"e\"")]);
}

#[tokio::test]
async fn a_new_object_is_put_under_the_condition_that_there_is_none() {
    for status in [409, 412] {
        let server = Server::start([ok(), Answer::Reply(status, "", "")]).await;
        let bucket = open(&server);
        let put_new = || bucket.put_new("x.jpg", "body".into(), "image/jpeg");
        put_new().await.unwrap();
        let error = put_new().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{status}: {error:?}");
        let writer = bucket.writer("x.jpg", "image/jpeg", Overwrite::Forbidden);
        let mut writer = writer.await.unwrap();
        writer.write("body".into()).await.unwrap();
        let error = writer.finish().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{status}: {error:?}");
        assert_eq!(server.lines(), ["PUT /b/x.jpg"; 3]);
        for request in server.requests() {
            assert_eq!(request.header("if-none-match"), Some("*"));
            assert_eq!(request.header("content-type"), Some("image/jpeg"));
            assert_eq!(request.body, b"body");
        }
    }
}

#[tokio::test]
async fn requests_are_signed_with_the_credentials_that_were_asked_for() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("credentials");
    fs::create_dir(folder.path().join(".aws")).unwrap();
    let text = "[default]\naws_access_key_id=DEFAULT\naws_secret_access_key=s\n\
         [maps]\naws_access_key_id=MAPS\naws_secret_access_key=s\naws_session_token=t\n";
    fs::write(&file, text).unwrap();
    fs::write(folder.path().join(".aws/credentials"), text).unwrap();
    let (file, home) = (file.display(), folder.path().to_str().unwrap());
    let keys = [
        ("AWS_ACCESS_KEY_ID", "ENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("HOME", home),
    ];
    let at_home = [("HOME", home)];
    let named = [("HOME", home), ("AWS_PROFILE", "maps")];
    #[rustfmt::skip]
    let cases = [
        ("credentials=static:STATIC:s:".to_owned(),     &[][..],        Some("STATIC")),
        ("credentials=env:".to_owned(),                 &keys[..],      Some("ENV")),
        ("credentials=".to_owned(),                     &keys[..],      Some("ENV")),
        ("credentials=iam:".to_owned(),                 &keys[..],      Some("ENV")),
        (String::new(),                                 &keys[..],      Some("ENV")),
        ("credentials=iam:".to_owned(),                 &at_home[..],   Some("DEFAULT")),
        (String::new(),                                 &named[..],     Some("MAPS")),
        ("credentials=maps".to_owned(),                 &at_home[..],   Some("MAPS")),
        ("profile=maps".to_owned(),                     &keys[..],      Some("MAPS")),
        ("credentials=~/credentials:maps".to_owned(),   &at_home[..],   Some("MAPS")),
        (format!("credentials={file}:maps"),            &[][..],        Some("MAPS")),
        (format!("credentials=shared:{file}:default"),  &[][..],        Some("DEFAULT")),
        ("credentials=anon:".to_owned(),                &keys[..],      None),
        ("anonymous=true".to_owned(),                   &keys[..],      None),
    ];
    for (more, variables, expected) in cases {
        let server = Server::start([ok()]).await;
        let bucket = open_with(&server, &more, variables).unwrap();
        bucket.get("x").await.unwrap();
        let request = &server.requests()[0];
        let key_id = request.header("authorization").map(|header| {
            assert!(header.contains("/eu-west-1/s3/aws4_request"), "{header}");
            let (_, credential) = header.split_once("Credential=").unwrap();
            credential.split('/').next().unwrap()
        });
        assert_eq!(key_id, expected, "`{more}`");
        let token = request.header("x-amz-security-token");
        assert_eq!(token.is_some(), expected == Some("MAPS"), "`{more}`");
    }
}

#[tokio::test]
async fn a_container_is_asked_for_the_keys_of_its_role() {
    let folder = tempdir().unwrap();
    let token_file = folder.path().join("token");
    fs::write(&token_file, "the token").unwrap();
    let keys = Answer::Reply(
        200,
        "Content-Type: application/json\r\n",
        r#"{"AccessKeyId":"ROLE","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z"}"#,
    );
    let (role, server) = (Server::start([keys]).await, Server::start([ok()]).await);
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", role.url.as_str()),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            token_file.to_str().unwrap(),
        ),
    ];
    let bucket = open_with(&server, "credentials=iam:", &variables).unwrap();
    bucket.get("x").await.unwrap();
    let requests = (role.requests(), server.requests());
    assert_eq!(requests.0[0].header("authorization"), Some("the token"));
    let authorization = requests.1[0].header("authorization").unwrap();
    assert!(
        authorization.contains("Credential=ROLE/"),
        "{authorization}"
    );
}

/// A home whose profile `role` asks `sts` for a role with the keys of the profile `maps`.
fn home_with_role(sts: &Server) -> TempDir {
    let home = tempdir().unwrap();
    let folder = home.path().join(".aws");
    fs::create_dir(&folder).unwrap();
    let keys = "[default]\naws_access_key_id=DEFAULT\naws_secret_access_key=s\n\
         [maps]\naws_access_key_id=MAPS\naws_secret_access_key=s\n";
    let role = format!(
        "role_arn = arn:aws:iam::1:role/x\nsource_profile = maps\nendpoint_url = {}\n",
        sts.url
    );
    fs::write(folder.join("credentials"), keys).unwrap();
    fs::write(folder.join("config"), format!("[profile role]\n{role}")).unwrap();
    fs::write(home.path().join("own"), format!("{keys}[role]\n{role}")).unwrap();
    home
}

#[tokio::test]
async fn a_role_is_assumed_once_with_the_credentials_below_it() {
    let arn = "arn:aws:iam::1:role/x";
    #[rustfmt::skip]
    let cases = [
        (format!("credentials=iam:eu-central-1:{arn}"), "ENV",      "eu-central-1"),
        (format!("role={arn}"),                         "ENV",      "eu-west-1"),
        (format!("role={arn}&profile=maps"),            "MAPS",     "eu-west-1"),
        (format!("role={arn}&profile=role"),            "ASSUMED",  "eu-west-1"),
        ("profile=role".to_owned(),                     "MAPS",     "eu-west-1"),
        ("credentials=role".to_owned(),                 "MAPS",     "eu-west-1"),
        ("credentials=~/own:role".to_owned(),           "MAPS",     "eu-west-1"),
    ];
    for (more, below, region) in cases {
        let sts = Server::start([Answer::Reply(200, XML, ASSUMED)]).await;
        let server = Server::start([ok()]).await;
        let home = home_with_role(&sts);
        let variables = [
            ("HOME", home.path().to_str().unwrap()),
            ("AWS_ACCESS_KEY_ID", "ENV"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_ENDPOINT_URL_STS", &sts.url),
        ];
        let bucket = open_with(&server, &more, &variables).unwrap();
        assert!(sts.requests().is_empty(), "`{more}`");
        for key in ["x", "y"] {
            bucket.get(key).await.unwrap();
        }
        for request in server.requests() {
            let authorization = request.header("authorization").unwrap();
            assert!(authorization.contains("Credential=ASSUMED/"), "`{more}`");
            assert_eq!(request.header("x-amz-security-token"), Some("hunter3"));
        }
        let asked = sts.requests();
        let expected = 1 + usize::from(below == "ASSUMED");
        assert_eq!(asked.len(), expected, "`{more}`");
        let authorization = asked.last().unwrap().header("authorization").unwrap();
        let scope = format!("/{region}/sts/aws4_request");
        assert!(authorization.contains(&scope), "`{more}`: {authorization}");
        let credential = format!("Credential={below}/");
        assert!(
            authorization.contains(&credential),
            "`{more}`: {authorization}"
        );
    }
}

#[tokio::test]
async fn a_role_that_cannot_be_had_is_told_when_it_is_needed() {
    let server = Server::start([ok()]).await;
    let refusing = Server::start([Answer::Reply(403, XML, REFUSED)]).await;
    let gone = Server::gone();
    let folder = tempdir().unwrap();
    let file = folder.path().join("credentials");
    fs::write(&file, "[role]\nrole_arn = arn:aws:iam::1:role/x\n").unwrap();
    let (path, role) = (file.display(), "role=arn:aws:iam::1:role/x".to_owned());
    #[rustfmt::skip]
    let cases = [
        (role.clone(),                          &refusing,  ErrorKind::Denied,          "ENV must not"),
        (role,                                  &gone,      ErrorKind::Unavailable,     "Connection refused"),
        (format!("credentials={path}:role"),    &refusing,  ErrorKind::InvalidConfig,   "source_profile"),
    ];
    for (more, sts, kind, part) in cases {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "ENV"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_ENDPOINT_URL_STS", &sts.url),
        ];
        let bucket = open_with(&server, &more, &variables).unwrap();
        let error = bucket.get("x").await.unwrap_err();
        assert_eq!(error.kind(), kind, "`{more}`: {error:?}");
        let text = chain(&error);
        assert_eq!(text.matches(part).count(), 1, "`{more}`: {text}");
        assert!(!format!("{text} {error:?}").contains("hunter"), "{text}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn credentials_that_cannot_be_had_are_told_when_the_bucket_is_opened() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("credentials");
    fs::write(&file, "[empty]\nregion = eu-west-1\n").unwrap();
    let path = file.display();
    let disabled = [("AWS_EC2_METADATA_DISABLED", "true")];
    #[rustfmt::skip]
    let cases = [
        ("credentials=env:".to_owned(),                             &[][..],        ErrorKind::InvalidConfig, "AWS_ACCESS_KEY_ID"),
        ("credentials=maps".to_owned(),                             &[][..],        ErrorKind::InvalidConfig, "`HOME`"),
        (format!("credentials={path}:maps"),                        &[][..],        ErrorKind::InvalidConfig, "no profile `maps`"),
        (format!("credentials={path}:empty"),                       &[][..],        ErrorKind::InvalidConfig, "aws_secret_access_key"),
        ("credentials=/no/such/file:maps".to_owned(),               &[][..],        ErrorKind::InvalidConfig, "/no/such/file"),
        ("credentials=AKID:hunter2".to_owned(),                     &[][..],        ErrorKind::InvalidConfig, "they may be keys"),
        ("credentials=static:AKID:hunter2:a:b".to_owned(),          &[][..],        ErrorKind::InvalidConfig, "static:ID:SECRET:TOKEN"),
        ("credentials=iam:".to_owned(),                             &disabled[..],  ErrorKind::InvalidConfig, "AWS_EC2_METADATA_DISABLED"),
    ];
    let server = Server::start([ok()]).await;
    for (more, variables, kind, part) in cases {
        let error = open_with(&server, &more, variables).unwrap_err();
        assert_eq!(error.kind(), kind, "`{more}`: {error:?}");
        let text = chain(&error);
        assert!(text.contains(part), "`{more}`: {text}");
        assert!(!format!("{text} {error:?}").contains("hunter"), "{text}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn no_secret_is_shown_by_buckets_openers_and_errors() {
    let server = Server::start([Answer::Reply(403, "", "SignatureDoesNotMatch")]).await;
    let secret_key = [("AWS_SECRET_ACCESS_KEY", "hunter4")];
    let bucket = open_with(&server, KEYS, &secret_key).unwrap();
    let get = bucket.get("x").await.unwrap_err();
    let server = Server::start([Answer::Cut]).await;
    let lost = open_with(&server, KEYS, &secret_key)
        .unwrap()
        .get("x")
        .await
        .unwrap_err();
    let opener = StorageOpener::new(Environment::from_iter(secret_key))
        .with_bucket(format!("s3blob://b?{KEYS}"), bucket.clone());
    let text = format!(
        "{bucket} {bucket:?} {opener:?} {get:?} {} {lost:?} {}",
        chain(&get),
        chain(&lost)
    );
    assert!(!text.contains("hunter"), "{text}");
    assert!(
        bucket
            .to_string()
            .contains("credentials=static:AKID:******:******"),
        "{bucket}"
    );
}

#[tokio::test]
async fn the_same_object_is_known_by_endpoint_and_bucket() {
    let (one, other) = (Server::start([ok()]).await, Server::start([ok()]).await);
    let bucket = open(&one);
    let part = open_with(&one, "anonymous=1&prefix=p", &[]).unwrap();
    assert!(crate::replaces(&bucket, "p/a", &part, "a"));
    assert!(!crate::replaces(&bucket, "a", &part, "a"));
    assert!(!crate::replaces(&bucket, "a", &open(&other), "a"));
}

/// Returns an error with all its causes, as a program would print it.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_bucket_that_is_known_to_be_there_is_not_looked_for_again() {
    let none = || Answer::Reply(404, "", "<Error><Code>NoSuchKey</Code></Error>");
    let server = Server::start([none(), none(), none(), ok()]).await;
    let bucket = open(&server);
    for _ in 0..2 {
        let error = bucket.head("x.jpg").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    assert_eq!(
        server.lines(),
        ["HEAD /b/x.jpg", "GET /b/x.jpg", "HEAD /b/x.jpg"]
    );
}
