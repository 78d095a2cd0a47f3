use std::process::Stdio;

use iiif_testkit::aws::{Answer, AwsServer};
use iiif_testkit::lambda::LambdaRuntime;
use serde_json::{Value, json};

use crate::run::{TASK, command, run};

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_function_launches_a_task_for_an_event() {
    let server = AwsServer::start(|_| Answer::ok(json!({"tasks": [{"taskArn": "arn:task/1"}]})))
        .await
        .unwrap();
    let runtime = LambdaRuntime::start().await.unwrap();
    let mut child = command()
        .envs(runtime.variables())
        .env("IIIF_PROCESS_ECS_DSN", server.dsn())
        .env("IIIF_PROCESS_MODE", "lambda")
        .env("IIIF_PROCESS_SECURITY_GROUP", "sg-1")
        .env("IIIF_PROCESS_SUBNET", "subnet-1,subnet-2,subnet-3")
        .env("IIIF_PROCESS_CLUSTER", "go-iiif-process-ecs")
        .env("IIIF_PROCESS_CONTAINER", "go-iiif-process-ecs")
        .env("IIIF_PROCESS_TASK", "go-iiif-process-ecs:1")
        .env("IIIF_PROCESS_STRIP_PATHS", "false")
        .env("IIIF_PROCESS_EXCLUDE", "scans/drafts/**,scans/private/**")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let record = |key: &str| {
        json!({
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "scans"}, "object": {"key": key}},
        })
    };
    let event = json!({"Records": [record("2024/a+map.jpg"), record("private/b.jpg")]});
    let answer = runtime.invoke(&event.to_string()).await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["TaskId"], "arn:task/1");
    assert_eq!(answer["URIs"], json!(["file:///2024/a%20map.jpg"]));
    let network = &server.asked()[0].body["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(network["subnets"].as_array().unwrap().len(), 3);
    let nothing = json!({"Records": [record("notes.txt")]});
    assert_eq!(runtime.invoke(&nothing.to_string()).await.unwrap(), "null");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_function_that_runs_elsewhere_is_refused() {
    let dsn = "region=us-east-1 credentials=anon:";
    let flags = ["-mode", "lambda", "-ecs-dsn", dsn];
    let refused = run(&[&TASK[..], &flags].concat(), &[]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let expected = "error: `-mode lambda` runs inside a Lambda function only";
    assert!(refused.stderr.contains(expected), "{}", refused.stderr);
}
