use std::time::Duration;

use iiif_launch::{Backoff, FunctionInvoker, Invocation, s3_events};
use serde_json::json;

use crate::server::{Answer, Server};

#[tokio::test]
async fn a_function_is_invoked_with_an_s3_event_and_its_log_is_decoded() {
    let server = Server::start(|_| Answer {
        status: 200,
        headers: vec![("x-amz-log-result", "U1RBUlQKRU5ECg==".to_owned())],
        body: json!({"TaskId": "arn"}),
    })
    .await;
    let invoker = FunctionInvoker::new(&server.config().await);
    let uris = [
        "file:///avocado.png".to_owned(),
        "file:///toast.jpg".to_owned(),
    ];
    let invocation = Invocation::RequestResponse;
    let events = s3_events(&uris, invocation.max_payload_bytes());
    assert_eq!(events.len(), 1);
    let invoked = invoker
        .invoke("ProcessIIIF", invocation, &events[0])
        .await
        .expect("an answer");
    assert_eq!(invoked.log.as_deref(), Some("START\nEND\n"));
    assert_eq!(invoked.payload, Some(json!({"TaskId": "arn"})));
    assert_eq!(invoked.function_error, None);
    let asked = server.asked().remove(0);
    assert!(
        asked.action.ends_with("/functions/ProcessIIIF/invocations"),
        "{}",
        asked.action
    );
    assert_eq!(asked.headers["x-amz-invocation-type"], "RequestResponse");
    assert_eq!(asked.headers["x-amz-log-type"], "Tail");
    assert_eq!(asked.body, events[0]);
    assert_eq!(asked.body["Records"][0]["eventSource"], "aws:s3");
}

#[tokio::test]
async fn a_function_that_failed_says_so() {
    let server = Server::start(|_| Answer {
        status: 200,
        headers: vec![("x-amz-function-error", "Unhandled".to_owned())],
        body: json!({"errorMessage": "Task timed out after 3.00 seconds"}),
    })
    .await;
    let invoker = FunctionInvoker::new(&server.config().await);
    let invoked = invoker
        .invoke(
            "ProcessIIIF",
            Invocation::RequestResponse,
            &json!({"Records": []}),
        )
        .await
        .expect("an answer");
    assert_eq!(invoked.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(invoked.log, None);
}

#[tokio::test]
async fn a_queued_event_asks_for_no_log() {
    let server = Server::start(|_| Answer {
        status: 202,
        headers: Vec::new(),
        body: json!(null),
    })
    .await;
    let invoker = FunctionInvoker::new(&server.config().await);
    let invoked = invoker
        .invoke("f", Invocation::Event, &json!({"Records": []}))
        .await;
    assert_eq!(invoked.expect("an answer").status, 202);
    let asked = server.asked().remove(0);
    assert_eq!(asked.headers["x-amz-invocation-type"], "Event");
    assert!(!asked.headers.contains_key("x-amz-log-type"));
}

#[tokio::test]
async fn only_what_lambda_did_not_take_is_asked_for_again() {
    let mut calls = 0;
    let throttled = Server::start(move |_| {
        calls += 1;
        match calls {
            1 => Answer {
                headers: vec![("x-amzn-errortype", "TooManyRequestsException".to_owned())],
                ..Answer::error(429, "TooManyRequestsException", "Rate exceeded")
            },
            _ => Answer::ok(json!({"TaskId": "arn"})),
        }
    })
    .await;
    let quick = Backoff::default().with_first(Duration::from_millis(1));
    let invoker = FunctionInvoker::new(&throttled.config().await).with_backoff(quick);
    let event = json!({"Records": []});
    let invoked = invoker
        .invoke("f", Invocation::RequestResponse, &event)
        .await;
    assert!(invoked.is_ok());
    assert_eq!(throttled.asked().len(), 2);

    // It may have run before this was said.
    let down = Server::start(|_| Answer {
        headers: vec![("x-amzn-errortype", "ServiceException".to_owned())],
        ..Answer::error(500, "ServiceException", "internal")
    })
    .await;
    let invoker = FunctionInvoker::new(&down.config().await).with_backoff(quick);
    let invoked = invoker
        .invoke("f", Invocation::RequestResponse, &event)
        .await;
    assert!(invoked.is_err());
    assert_eq!(down.asked().len(), 1);
}
