//! Credentials from everywhere they can come from, with the servers on the loopback interface.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets something unexpected has failed"
)]

mod process;
mod server;

use std::error::Error as _;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_dsn::{
    AwsDsn, CredentialSource, CredentialsProvider, ResolveCredentialsError, ResolveErrorKind,
    RetryConfig, SdkOptions,
};

use crate::server::{ASSUMED, REFUSED, Server};

const ROLE: &str = "iam:eu-west-1:arn:aws:iam::1:role/maps";

/// Options with quick retries, and `KEYS` in place of the default chain.
fn options() -> SdkOptions {
    let keys = Credentials::new("KEYS", "hunter1", None, None, "test");
    quick().with_default_chain(SharedCredentialsProvider::new(keys))
}

fn quick() -> SdkOptions {
    let pause = Duration::from_millis(1);
    SdkOptions::default().with_retry(
        RetryConfig::standard()
            .with_max_attempts(3)
            .with_initial_backoff(pause)
            .with_max_backoff(pause),
    )
}

fn provider(credentials: &str, options: &SdkOptions) -> CredentialsProvider {
    let source: CredentialSource = credentials.parse().unwrap();
    source.provider("us-east-1", options).unwrap()
}

/// Returns an error with all its causes, as a program would print it.
fn chain(error: &ResolveCredentialsError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn requests_are_sent_eight_times_unless_somebody_wants_otherwise() {
    assert_eq!(SdkOptions::default().retry.max_attempts(), 8);
}

#[tokio::test]
async fn a_configuration_has_the_region_the_endpoint_and_the_credentials() {
    let dsn: AwsDsn =
        "region=eu-west-1 credentials=static:AKID:hunter2:hunter3 endpoint=http://localhost:4566"
            .parse()
            .unwrap();
    let config = dsn.resolved_sdk_config(&quick()).await.unwrap();
    assert_eq!(config.region().unwrap().as_ref(), "eu-west-1");
    assert_eq!(config.endpoint_url(), Some("http://localhost:4566"));
    assert_eq!(config.retry_config().unwrap().max_attempts(), 3);
    assert!(config.http_client().is_some() && config.behavior_version().is_some());
    let provider = config.credentials_provider().unwrap();
    let keys = provider.provide_credentials().await.unwrap();
    assert_eq!(keys.access_key_id(), "AKID");
    assert_eq!(keys.secret_access_key(), "hunter2");
    assert_eq!(keys.session_token(), Some("hunter3"));
    assert!(
        !format!("{config:?} {keys:?}").contains("hunter"),
        "{config:?}"
    );
}

#[tokio::test]
async fn anonymous_requests_have_no_provider() {
    assert!(
        CredentialSource::Anonymous
            .provider("us-east-1", &quick())
            .is_none()
    );
    let dsn: AwsDsn = "region=eu-west-1 credentials=anon:".parse().unwrap();
    let config = dsn.resolved_sdk_config(&quick()).await.unwrap();
    assert!(config.credentials_provider().is_none());
    assert_eq!(config.endpoint_url(), None);
}

#[tokio::test]
async fn a_role_is_assumed_once_and_in_its_region() {
    let sts = Server::start(200, ASSUMED);
    let dsn: AwsDsn = format!("region=us-east-1 credentials={ROLE}")
        .parse()
        .unwrap();
    let options = options().with_sts_endpoint(&sts.url);
    let config = dsn.resolved_sdk_config(&options).await.unwrap();
    let provider = config.credentials_provider().unwrap();
    for _ in 0..2 {
        let credentials = provider.provide_credentials().await.unwrap();
        assert_eq!(credentials.access_key_id(), "ASSUMED");
    }
    let [request] = &sts.requests()[..] else {
        panic!("{:?}", sts.requests())
    };
    assert!(request.contains("/eu-west-1/sts/aws4_request"), "{request}");
    assert!(request.contains("Credential=KEYS/"), "{request}");
    assert!(
        request.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fmaps"),
        "{request}"
    );
    let (_, session) = request.split_once("RoleSessionName=iiif-").unwrap();
    let seconds: u64 = session.split('&').next().unwrap().parse().unwrap();
    assert!(
        (1_600_000_000..10_000_000_000).contains(&seconds),
        "{seconds}"
    );
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason_and_to_everyone_who_waits() {
    let sts = Server::start(403, REFUSED);
    let options = options().with_sts_endpoint(&sts.url);
    let provider = provider(ROLE, &options);
    let (one, other) = tokio::join!(provider.resolve(), provider.resolve());
    for error in [one.unwrap_err(), other.unwrap_err()] {
        assert_eq!(error.kind(), ResolveErrorKind::Denied);
        let text = chain(&error);
        assert!(
            text.starts_with(&format!("no credentials from `{ROLE}`: ")),
            "{text}"
        );
        assert!(
            text.ends_with(": AccessDenied: ENV is not authorized to perform: sts:AssumeRole"),
            "{text}"
        );
        assert_eq!(text.matches("AccessDenied").count(), 1, "{text}");
        assert!(
            !format!("{text} {error:?} {provider:?}").contains("hunter"),
            "{error:?}"
        );
    }
    assert_eq!(sts.requests().len(), 1);
}

#[tokio::test]
async fn what_a_server_answers_is_not_shown() {
    // Cut off in the expiry, so that the keys are read but not accepted.
    let (answer, _) = ASSUMED.split_once("-01-01").unwrap();
    let sts = Server::start(200, answer);
    let options = options().with_sts_endpoint(&sts.url);
    let error = provider(ROLE, &options).resolve().await.unwrap_err();
    let text = format!("{} {error:?}", chain(&error));
    assert!(!text.contains("hunter"), "{text}");
}

#[tokio::test]
async fn a_service_that_is_out_of_reach_may_answer_later() {
    let plain = Server::start(200, ASSUMED);
    for url in [Server::gone(), plain.url.replace("http", "https")] {
        let options = options().with_sts_endpoint(&url);
        let error = provider(ROLE, &options).resolve().await.unwrap_err();
        assert_eq!(
            error.kind(),
            ResolveErrorKind::Unavailable,
            "`{url}`: {error:?}"
        );
        assert!(error.kind().is_retryable());
    }
    assert!(plain.requests().is_empty());
}

#[tokio::test]
async fn a_lack_of_credentials_below_a_role_is_no_failure_of_the_token_service() {
    let sts = Server::start(200, ASSUMED);
    let below = provider("/no/such/file:maps", &quick());
    let options = quick()
        .with_default_chain(SharedCredentialsProvider::new(below))
        .with_sts_endpoint(&sts.url);
    let error = provider(ROLE, &options).resolve().await.unwrap_err();
    assert_eq!(error.kind(), ResolveErrorKind::InvalidConfig, "{error:?}");
    assert!(
        chain(&error).contains("cannot read `/no/such/file`"),
        "{}",
        chain(&error)
    );
    assert!(sts.requests().is_empty());
}
