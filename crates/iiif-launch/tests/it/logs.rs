use iiif_launch::{LogReader, report};
use serde_json::json;

use crate::server::{Answer, Server};

#[tokio::test]
async fn all_pages_are_read_once() {
    let server = Server::start(|asked| {
        let event = |text: &str| json!({"timestamp": 1, "message": text});
        match asked.body["nextToken"].as_str() {
            None => Answer::ok(json!({"events": [event("INFO begun")], "nextForwardToken": "f/1"})),
            Some("f/1") => Answer::ok(json!({
                "events": [event(r#"{"a.jpg":{"uris":{}}}"#)],
                "nextForwardToken": "f/2",
            })),
            Some(_) => Answer::ok(json!({"events": [], "nextForwardToken": "f/2"})),
        }
    })
    .await;
    let reader = LogReader::new(&server.config().await, None);
    let lines = reader.lines("/ecs/iiif", "run/c/abc").await.expect("lines");
    assert_eq!(lines, ["INFO begun", r#"{"a.jpg":{"uris":{}}}"#]);
    assert!(report(&lines).expect("a report").contains_key("a.jpg"));
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].body["logStreamName"], "run/c/abc");
    assert_eq!(asked[0].body["startFromHead"], true);
}

#[tokio::test]
async fn logs_are_asked_for_in_their_region() {
    let server = Server::start(|_| Answer::ok(json!({"events": []}))).await;
    let config = server.config().await;
    for (region, expected) in [
        (None, "/us-east-1/logs/"),
        (Some("eu-west-1"), "/eu-west-1/logs/"),
    ] {
        let reader = LogReader::new(&config, region.map(str::to_owned));
        reader
            .lines("/ecs/iiif", "run/c/abc")
            .await
            .expect("no lines");
        let asked = server.asked().pop().unwrap();
        let signature = asked.headers["authorization"].to_str().unwrap();
        assert!(signature.contains(expected), "{signature}");
    }
}

#[tokio::test]
async fn a_container_that_wrote_nothing_has_no_stream() {
    let server = Server::start(|_| {
        Answer::error(
            400,
            "ResourceNotFoundException",
            "The specified log stream does not exist.",
        )
    })
    .await;
    let reader = LogReader::new(&server.config().await, None);
    let lines = reader.lines("/ecs/iiif", "run/c/abc").await.expect("none");
    assert!(lines.is_empty());
}
