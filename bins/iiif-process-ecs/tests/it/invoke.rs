use iiif_testkit::aws::{Answer, AwsServer};
use serde_json::{Value, json};

use crate::run::run;

const IMAGES: [&str; 2] = ["file:///avocado.png", "file:///toast.jpg"];

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_command_invokes_the_function() {
    let server = AwsServer::start(|_| Answer {
        status: 200,
        // "START\nEND\n"
        headers: vec![("x-amz-log-result", "U1RBUlQKRU5ECg==".to_owned())],
        body: json!({"TaskId": "arn"}),
    })
    .await
    .unwrap();
    let dsn = server.dsn();
    let flags = [
        "-mode",
        "invoke",
        "-lambda-dsn",
        &dsn,
        "-lambda-func",
        "ProcessIIIF",
    ];
    let args = [&flags[..], &["-lambda-type", "RequestResponse"], &IMAGES].concat();
    let made = run(&args, &[]).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert_eq!(
        serde_json::from_str::<Value>(&made.stdout).unwrap(),
        json!({"TaskId": "arn"})
    );
    assert!(made.stderr.contains("ProcessIIIF: END"), "{}", made.stderr);
    assert_eq!(server.asked().len(), 1);
    assert_eq!(
        server.asked()[0].body["Records"].as_array().unwrap().len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_failed_fails_the_program() {
    let server = AwsServer::start(|_| Answer {
        status: 200,
        headers: vec![("x-amz-function-error", "Unhandled".to_owned())],
        body: json!({"errorMessage": "Task timed out after 3.00 seconds"}),
    })
    .await
    .unwrap();
    let dsn = server.dsn();
    let flags = [
        "-mode",
        "invoke",
        "-lambda-dsn",
        &dsn,
        "-lambda-func",
        "ProcessIIIF",
    ];
    let args = [&flags[..], &["-lambda-type", "RequestResponse"], &IMAGES].concat();
    let made = run(&args, &[]).await;
    assert_eq!(made.code, Some(1));
    assert!(
        made.stderr.contains("Task timed out after 3.00 seconds"),
        "{}",
        made.stderr
    );
}
