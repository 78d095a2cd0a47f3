//! A server in the place of AWS, and a config that leads there.

use aws_dsn::{AwsDsn, CredentialSource, SdkConfig, SdkOptions};
use iiif_testkit::aws::AwsServer;
pub(crate) use iiif_testkit::aws::{Answer, Asked};
use serde_json::json;

pub(crate) struct Server(AwsServer);

impl Server {
    pub(crate) async fn start(answers: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        Self(AwsServer::start(answers).await.expect("a socket"))
    }

    /// Starts one whose task goes on running.
    pub(crate) async fn with_a_running_task() -> Self {
        let arn = "arn:aws:ecs:us-east-1:1:task/scans/1";
        Self::start(move |asked| match &asked.action[..] {
            "RunTask" => Answer::ok(json!({"tasks": [{"taskArn": arn}]})),
            _ => Answer::ok(json!({"tasks": [{"taskArn": arn, "lastStatus": "RUNNING"}]})),
        })
        .await
    }

    pub(crate) async fn config(&self) -> SdkConfig {
        let dsn: AwsDsn = self.0.dsn().parse().expect("a DSN");
        dsn.sdk_config(&SdkOptions::default()).await
    }

    /// Returns a config that sends no credentials.
    pub(crate) async fn anonymous_config(&self) -> SdkConfig {
        let mut dsn: AwsDsn = self.0.dsn().parse().expect("a DSN");
        dsn.credentials = CredentialSource::Anonymous;
        dsn.sdk_config(&SdkOptions::default()).await
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.0.asked()
    }
}
