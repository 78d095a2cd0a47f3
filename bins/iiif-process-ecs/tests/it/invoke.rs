use iiif_testkit::aws::{Answer, AwsServer};
use serde_json::{Value, json};

use crate::run::{Run, run};

/// Runs the documented command against a function that answers with this header and body.
async fn invoke(header: (&'static str, &str), body: Value) -> (Run, AwsServer) {
    let headers = vec![(header.0, header.1.to_owned())];
    let server = AwsServer::start(move |_| Answer {
        status: 200,
        headers: headers.clone(),
        body: body.clone(),
    })
    .await
    .unwrap();
    let dsn = server.dsn();
    let args = [
        &["-mode", "invoke", "-lambda-dsn", &dsn][..],
        &[
            "-lambda-func",
            "ProcessIIIF",
            "-lambda-type",
            "RequestResponse",
        ],
        &["file:///avocado.png", "file:///toast.jpg"],
    ];
    (run(&args.concat(), &[]).await, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_command_invokes_the_function() {
    // "START\nEND\n"
    let log = ("x-amz-log-result", "U1RBUlQKRU5ECg==");
    let (made, server) = invoke(log, json!({"TaskId": "arn"})).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let printed: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(printed, json!({"TaskId": "arn"}));
    assert!(made.stderr.contains("ProcessIIIF: END"), "{}", made.stderr);
    assert_eq!(server.asked().len(), 1);
    let records = server.asked()[0].body["Records"].clone();
    assert_eq!(records.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_failed_fails_the_program() {
    let message = "Task timed out after 3.00 seconds";
    let failed = ("x-amz-function-error", "Unhandled");
    let (made, _) = invoke(failed, json!({"errorMessage": message})).await;
    assert_eq!(made.code, Some(1));
    assert!(made.stderr.contains(message), "{}", made.stderr);
}
