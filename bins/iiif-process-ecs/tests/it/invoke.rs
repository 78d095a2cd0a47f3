use iiif_testkit::aws::{Answer, AwsServer};
use serde_json::{Value, json};

use crate::run::{Run, run, run_on_a_full_disk};

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
async fn a_dry_run_prints_all_of_the_request() {
    for (kind, log_type) in [("RequestResponse", json!("Tail")), ("Event", Value::Null)] {
        let args = ["-mode", "invoke", "-dry-run", "-lambda-func", "f"];
        let args = [&args[..], &["-lambda-type", kind, "a.jpg"]].concat();
        let request = run(&args, &[]).await.request();
        assert_eq!(request["FunctionName"], "f");
        assert_eq!(request["InvocationType"], kind);
        assert_eq!(request["LogType"], log_type);
        assert_eq!(request["Payload"]["Records"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_json_fails_the_program() {
    let nothing_else = ("x-amz-executed-version", "$LATEST");
    for body in ["<html>", ""] {
        let (made, _) = invoke(nothing_else, json!(body)).await;
        assert_eq!(made.code, Some(1), "{}", made.stderr);
        assert!(made.stderr.contains("no JSON"), "{}", made.stderr);
        assert_eq!(made.stdout, "file:///avocado.png\nfile:///toast.jpg\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_cannot_be_printed_do_not_take_the_manifest_along() {
    let server = AwsServer::start(|_| Answer::ok(json!({"Errors": ["no capacity"]})))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("left.txt");
    for (place, left_on_stderr) in [(left.to_str().unwrap(), false), ("-", true)] {
        let dsn = server.dsn();
        let args = [
            &["-mode", "invoke", "-lambda-dsn", &dsn, "-lambda-func", "f"][..],
            &["-lambda-type", "RequestResponse", "-left-manifest", place],
            &["a.jpg"],
        ];
        let made = run_on_a_full_disk(&args.concat()).await;
        assert_eq!(made.code, Some(1), "{}", made.stderr);
        assert!(
            made.stderr.contains("cannot print the answers"),
            "{}",
            made.stderr
        );
        let is_on_stderr = made.stderr.lines().any(|line| line == "file:///a.jpg");
        assert_eq!(is_on_stderr, left_on_stderr, "{}", made.stderr);
    }
    assert_eq!(std::fs::read_to_string(left).unwrap(), "file:///a.jpg\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_started_a_task_for_is_not_given_back() {
    let task = |uri: &str, state: &str, code: Option<i32>| json!({"TaskId": "arn", "URIs": [uri], "State": state, "ExitCode": code});
    let one_secret = "idsecret:///c.png?id=1&label=o&secret=s&secret_o=o";
    let other_secret = "idsecret:///c.png?id=1&label=o&secret=t&secret_o=o";
    let redacted = "idsecret:///c.png?id=1&secret=******&secret_o=******&label=o";
    let tasks = json!([
        task("file:///a.jpg", "STARTED", None),
        task("file:///b.jpg", "STOPPED", Some(1)),
        task("file:///stopped.jpg", "STOPPED", Some(143)),
        task(redacted, "STARTED", None),
    ]);
    let answer = json!({"TaskId": "arn", "Tasks": tasks, "Errors": ["no capacity"]});
    let server = AwsServer::start(move |_| Answer::ok(answer.clone()))
        .await
        .unwrap();
    let dsn = server.dsn();
    let args = ["-mode", "invoke", "-lambda-dsn", &dsn, "-lambda-func", "f"];
    let args = [&args[..], &["-lambda-type", "RequestResponse"]].concat();
    let uris = [
        "2024/a.jpg",
        "b.jpg",
        "stopped.jpg",
        "missing.jpg",
        one_secret,
    ];
    let left_of = async |flags: &[&str], uris: &[&str]| {
        let made = run(&[&args, flags, uris].concat(), &[]).await;
        assert_eq!(made.code, Some(1), "{}", made.stderr);
        let lines = made.stdout.lines().skip(1).map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    let left = ["file:///stopped.jpg", "file:///missing.jpg"];
    assert_eq!(left_of(&[], &uris).await, left);
    // The function strips folders by itself.
    assert_eq!(left_of(&["-strip-paths=false"], &uris).await, left);
    // Which of both was started nobody can tell.
    assert_eq!(left_of(&[], &[one_secret, other_secret]).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_failed_fails_the_program() {
    let message = "Task timed out after 3.00 seconds";
    let failed = ("x-amz-function-error", "Unhandled");
    let (made, _) = invoke(failed, json!({"errorMessage": message})).await;
    assert_eq!(made.code, Some(1));
    assert!(made.stderr.contains(message), "{}", made.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_answered_is_told() {
    for (kind, status, told) in [
        ("Event", 202, "was queued an event, images: 1"),
        ("DryRun", 204, "may be invoked, and was not, images: 1"),
    ] {
        let server = AwsServer::start(move |_| Answer {
            status,
            headers: Vec::new(),
            body: json!(null),
        })
        .await
        .unwrap();
        let dsn = server.dsn();
        let args = ["-mode", "invoke", "-lambda-dsn", &dsn, "-lambda-func", "f"];
        let args = [&args[..], &["-lambda-type", kind, "a.jpg"]].concat();
        let made = run(&args, &[]).await;
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        assert!(made.stderr.contains(told), "{}", made.stderr);
    }
}
