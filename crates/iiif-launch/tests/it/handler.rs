use std::time::Duration;

use iiif_launch::{FollowOptions, FollowUntil, LaunchHandler, TaskLauncher};
use serde_json::{Value, json};

use crate::ecs::{started, template};
use crate::server::{Answer, Server};

const PLENTY: Duration = Duration::from_mins(1);

fn record(key: &str) -> Value {
    json!({
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "scans"}, "object": {"key": key}},
    })
}

fn message(id: &str, key: &str) -> Value {
    let body = json!({"Records": [record(key)]}).to_string();
    json!({"eventSource": "aws:sqs", "messageId": id, "body": body})
}

async fn handler(server: &Server) -> LaunchHandler {
    LaunchHandler::new(TaskLauncher::new(&server.config().await), template())
}

#[tokio::test]
async fn an_event_launches_one_task_and_the_answer_names_it() {
    let server = Server::start(|_| started(7)).await;
    let event = json!({"Records": [record("a+b.jpg"), record("notes.txt"), record("a+b.jpg")]});
    let answer = handler(&server)
        .await
        .handle(&event, PLENTY)
        .await
        .expect("an answer");
    assert_eq!(answer["TaskId"], "arn:aws:ecs:us-east-1:1:task/scans/7");
    assert_eq!(answer["URIs"], json!(["file:///a%20b.jpg"]));
    assert_eq!(server.asked().len(), 1);
    let command = &server.asked()[0].body["overrides"]["containerOverrides"][0]["command"];
    let last = command.as_array().and_then(|command| command.last());
    assert_eq!(last, Some(&json!("file:///a%20b.jpg")));
}

#[tokio::test]
async fn an_event_without_images_calls_nothing() {
    let server = Server::start(|_| started(1)).await;
    let event = json!({"Records": [record("notes.txt")]});
    let answer = handler(&server).await.handle(&event, PLENTY).await;
    assert_eq!(answer.expect("an answer"), Value::Null);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_queue_gets_back_only_the_messages_that_failed() {
    let server = Server::start(|_| started(1)).await;
    let event = json!({"Records": [
        message("1", "a.jpg"),
        {"eventSource": "aws:sqs", "messageId": "2", "body": "no JSON"},
    ]});
    let handler = handler(&server).await;
    let answer = handler.handle(&event, PLENTY).await.expect("an answer");
    assert_eq!(
        answer,
        json!({"batchItemFailures": [{"itemIdentifier": "2"}]})
    );

    let down = Server::start(|_| Answer::error(400, "ClusterNotFoundException", "gone")).await;
    let handler = LaunchHandler::new(TaskLauncher::new(&down.config().await), template());
    let event = json!({"Records": [message("1", "a.jpg"), message("2", "a.jpg")]});
    let answer = handler.handle(&event, PLENTY).await.expect("an answer");
    let both = json!({"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]});
    assert_eq!(answer, both);
}

#[tokio::test]
async fn a_function_that_launched_nothing_fails_and_is_called_again() {
    let down = Server::start(|_| Answer::error(400, "ClusterNotFoundException", "gone")).await;
    let event = json!({"Records": [record("a.jpg")]});
    let answer = handler(&down).await.handle(&event, PLENTY).await;
    let error = answer.expect_err("nothing was launched");
    assert_eq!(error.error_type(), "ProcessingFailed");
    assert!(error.to_string().contains("ecs:RunTask"), "{error}");
    let unknown = handler(&down).await.handle(&json!({}), PLENTY).await;
    let error = unknown.expect_err("no event");
    assert_eq!(error.error_type(), "UnreadableEvent");
}

#[tokio::test]
async fn one_image_that_no_command_can_name_leaves_the_others_alone() {
    let server = Server::start(|_| started(1)).await;
    let long = format!("file:///{}.jpg", "x".repeat(9000));
    let asked = |key: &str| json!({"s3": {"object": {"key": key}}});
    let event = json!({"Records": [asked("file:///a.jpg"), asked(&long)]});
    let answer = handler(&server).await.handle(&event, PLENTY).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer["Tasks"][0]["URIs"], json!(["file:///a.jpg"]));
    assert_eq!(answer["Errors"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_told_and_the_other_images_are_launched() {
    let server = Server::start(|_| started(1)).await;
    let event = json!({"Records": [record("%ff.jpg"), record("a.jpg")]});
    let answer = handler(&server).await.handle(&event, PLENTY).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer["URIs"], json!(["file:///a.jpg"]));
    assert!(answer["Errors"][0].as_str().unwrap().contains("%ff.jpg"));
}

#[tokio::test]
async fn waiting_ends_when_the_time_does() {
    let server = Server::with_a_running_task().await;
    let mut handler = handler(&server).await;
    handler.follow = FollowOptions::default()
        .with_until(FollowUntil::AllStopped)
        .with_interval(Duration::from_millis(10));
    let time = Duration::from_millis(100);
    let event = json!({"Records": [record("a.jpg")]});
    let answer = handler.handle(&event, time).await.expect("an answer");
    assert_eq!(answer["Tasks"][0]["State"], "RUNNING");
    assert_eq!(answer["TaskId"], "arn:aws:ecs:us-east-1:1:task/scans/1");
    assert_eq!(answer["Errors"], json!([]));
}
