//! Requests for tasks, refusals, and where logs are.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use iiif_launch::{
    Backoff, CapacityProvider, ContainerInput, LaunchError, Network, Placement, PublicIp, Tag,
    TaskLauncher, TaskRequest, TaskTemplate,
};
use serde_json::{Value, json};

use crate::server::{Answer, Server};

pub(crate) fn template() -> TaskTemplate {
    let mut template = TaskTemplate::default();
    template.cluster = "scans".to_owned();
    template.task_definition = "go-iiif-process-ecs:1".to_owned();
    template.container = "go-iiif-process-ecs".to_owned();
    template.network = Network {
        subnets: vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
        security_groups: vec!["sg-1".to_owned()],
        assign_public_ip: Some(PublicIp::Enabled),
    };
    template
}

pub(crate) fn started(number: usize) -> Answer {
    let arn = format!("arn:aws:ecs:us-east-1:1:task/scans/{number}");
    Answer::ok(json!({"tasks": [{"taskArn": arn}], "failures": []}))
}

pub(crate) fn never() -> impl Future<Output = ()> {
    std::future::pending()
}

pub(crate) fn quick() -> Backoff {
    Backoff::default().with_first(Duration::from_millis(1))
}

pub(crate) fn uris(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("file:///scans/2024/{number:05}.jpg"))
        .collect()
}

pub(crate) fn request(template: &TaskTemplate) -> TaskRequest {
    template.request(ContainerInput::Uris(&["file:///a.jpg".to_owned()]))
}

/// Without what the SDK adds.
fn without_token(mut body: Value) -> Value {
    let token = body["clientToken"].take();
    assert!(token.as_str().is_some_and(|token| !token.is_empty()));
    body.as_object_mut().unwrap().remove("clientToken");
    body
}

#[tokio::test]
async fn what_is_sent_is_what_a_dry_run_prints() {
    let mut spot = template();
    spot.placement = Placement::CapacityProviders(vec![CapacityProvider {
        name: "FARGATE_SPOT".to_owned(),
        weight: 3,
        base: 0,
    }]);
    spot.platform_version = Some("1.4.0".to_owned());
    spot.cpu = Some("1024".to_owned());
    spot.memory = Some("2048".to_owned());
    spot.tags = vec![Tag {
        key: "project".to_owned(),
        value: "scans".to_owned(),
    }];
    spot.command.report_name = Some("process.json".to_owned());
    for template in [template(), spot] {
        let server = Server::start(|_| started(1)).await;
        let launcher = TaskLauncher::new(&server.config().await);
        let request = request(&template);
        let arn = launcher.run(&request).await.expect("a task");
        assert_eq!(arn, "arn:aws:ecs:us-east-1:1:task/scans/1");
        let asked = server.asked().remove(0);
        assert_eq!(asked.action, "RunTask");
        let expected = serde_json::to_value(&request).unwrap();
        assert_eq!(without_token(asked.body), expected);
    }
}

#[test]
fn the_request_is_that_of_the_ancestor() {
    let expected = json!({
        "cluster": "scans",
        "taskDefinition": "go-iiif-process-ecs:1",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {
            "subnets": ["subnet-1", "subnet-2"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "ENABLED",
        }},
        "overrides": {"containerOverrides": [{
            "name": "go-iiif-process-ecs",
            "command": [
                "/bin/iiif-process",
                "-config", "/etc/go-iiif/config.json",
                "-instructions", "/etc/go-iiif/instructions.json",
                "--", "file:///a.jpg",
            ],
        }]},
    });
    assert_eq!(
        serde_json::to_value(request(&template())).unwrap(),
        expected
    );
}

#[tokio::test]
async fn capacity_that_is_missing_is_asked_for_again() {
    let mut calls = 0;
    let server = Server::start(move |_| {
        calls += 1;
        match calls {
            1 => Answer::ok(json!({"tasks": [], "failures": [
                {"arn": "arn:aws:ecs:us-east-1:1:container-instance/1", "reason": "RESOURCE:MEMORY"},
            ]})),
            2 => Answer::ok(json!({"tasks": [], "failures": [
                {"reason": "Capacity is unavailable at this time. Please try again later"},
            ]})),
            _ => started(1),
        }
    })
    .await;
    let launcher = TaskLauncher::new(&server.config().await).with_backoff(quick());
    assert!(launcher.run(&request(&template())).await.is_ok());
    let tokens: BTreeSet<String> = server
        .asked()
        .iter()
        .map(|asked| asked.body["clientToken"].to_string())
        .collect();
    assert_eq!(tokens.len(), 3, "each is another task");
}

#[tokio::test]
async fn failures_are_told_by_arn_and_reason() {
    let server = Server::start(|_| {
        Answer::ok(json!({"tasks": [], "failures": [
            {"arn": "arn:x", "reason": "MISSING", "detail": "no such thing"},
        ]}))
    })
    .await;
    let launcher = TaskLauncher::new(&server.config().await).with_backoff(quick());
    let error = launcher.run(&request(&template())).await.unwrap_err();
    assert!(matches!(error, LaunchError::Refused { .. }));
    assert!(
        error.to_string().contains("arn:x: MISSING (no such thing)"),
        "{error}"
    );
    assert_eq!(server.asked().len(), 1, "nothing to wait for");

    let empty = Server::start(|_| Answer::ok(json!({"tasks": [], "failures": []}))).await;
    let launcher = TaskLauncher::new(&empty.config().await);
    let error = launcher.run(&request(&template())).await.unwrap_err();
    assert!(
        error.to_string().contains("neither tasks nor failures"),
        "{error}"
    );
}

#[tokio::test]
async fn a_call_that_is_refused_names_the_action_and_the_reason() {
    let server =
        Server::start(|_| Answer::error(400, "ClusterNotFoundException", "Cluster not found."))
            .await;
    let launcher = TaskLauncher::new(&server.config().await).with_backoff(quick());
    let error = launcher
        .run(&request(&template()))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`ecs:RunTask`") && error.contains("Cluster not found"),
        "{error}"
    );
    assert!(!error.contains(iiif_testkit::aws::SECRET), "{error}");
}

#[tokio::test]
async fn without_credentials_nothing_is_signed() {
    let server = Server::start(|_| started(1)).await;
    for (config, is_signed) in [
        (server.anonymous_config().await, false),
        (server.config().await, true),
    ] {
        let arn = TaskLauncher::new(&config).run(&request(&template())).await;
        arn.expect("the server answers all");
        let asked = server.asked().pop().unwrap();
        assert_eq!(asked.headers.contains_key("authorization"), is_signed);
    }
}

#[tokio::test]
async fn attempts_end() {
    let server =
        Server::start(|_| Answer::ok(json!({"failures": [{"reason": "RESOURCE:CPU"}]}))).await;
    let backoff = quick().with_attempts(NonZeroU32::new(3).unwrap());
    let launcher = TaskLauncher::new(&server.config().await).with_backoff(backoff);
    assert!(launcher.run(&request(&template())).await.is_err());
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn logs_are_where_the_task_definition_says() {
    let server = Server::start(|_| {
        Answer::ok(json!({"taskDefinition": {"containerDefinitions": [{
            "name": "go-iiif-process-ecs",
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": "/ecs/iiif",
                "awslogs-region": "eu-west-1",
                "awslogs-stream-prefix": "run",
            }},
        }]}}))
    })
    .await;
    let launcher = TaskLauncher::new(&server.config().await);
    let place = launcher
        .log_place("go-iiif-process-ecs:1", "go-iiif-process-ecs")
        .await
        .expect("an answer")
        .expect("CloudWatch");
    assert_eq!(place.group, "/ecs/iiif");
    assert_eq!(place.region.as_deref(), Some("eu-west-1"));
    let stream = place.stream("arn:aws:ecs:us-east-1:1:task/scans/abc");
    assert_eq!(stream, "run/go-iiif-process-ecs/abc");
    let other = launcher.log_place("go-iiif-process-ecs:1", "sidecar").await;
    assert_eq!(other.expect("an answer"), None);
}
