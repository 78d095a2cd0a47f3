use iiif_testkit::aws::{Answer, Asked, AwsServer};
use iiif_testkit::s3::S3Server;
use serde_json::{Value, json};

use crate::run::{Run, TASK, run, run_on_a_full_disk};

/// Flags for a task for each image, all followed to their end.
const WAIT_FOR_EACH: [&str; 3] = ["-wait", "-uris-per-task", "1"];

fn arn(number: usize) -> String {
    format!("arn:aws:ecs:us-east-1:1:task/scans/{number}")
}

/// Runs tasks that stop with these exit codes, and has their logs. The task of `2.jpg` has the number 2;
/// what asks for several asks in any order.
fn cluster(codes: &'static [Option<i32>]) -> impl FnMut(&Asked) -> Answer + Send + 'static {
    move |asked| match &asked.action[..] {
        "RunTask" => {
            let container = &asked.body["overrides"]["containerOverrides"][0];
            let uri = container["command"].as_array().unwrap().last().unwrap();
            let name = uri.as_str().unwrap().strip_prefix("file:///");
            let number = name.and_then(|name| name.split('.').next()?.parse().ok());
            Answer::ok(json!({"tasks": [{"taskArn": arn(number.unwrap_or(1))}]}))
        }
        "DescribeTasks" => {
            let task = |arn: &Value| {
                let number: usize = arn
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap();
                json!({
                    "taskArn": arn,
                    "lastStatus": "STOPPED",
                    "stopCode": "EssentialContainerExited",
                    "stoppedReason": "Essential container in task exited",
                    "containers": [
                        {"name": "go-iiif-process-ecs", "exitCode": codes[number - 1]},
                        // An agent that the platform adds, and stops.
                        {"name": "aws-guardduty-agent-1"},
                    ],
                })
            };
            let arns = asked.body["tasks"].as_array().unwrap();
            Answer::ok(json!({"tasks": arns.iter().map(task).collect::<Vec<_>>()}))
        }
        "DescribeTaskDefinition" => {
            Answer::ok(json!({"taskDefinition": {"containerDefinitions": [{
                "name": "go-iiif-process-ecs",
                "logConfiguration": {"logDriver": "awslogs", "options": {
                    "awslogs-group": "/ecs/iiif",
                    "awslogs-region": "us-east-1",
                    "awslogs-stream-prefix": "run",
                }},
            }]}}))
        }
        "GetLogEvents" => {
            let stream = asked.body["logStreamName"].as_str().unwrap();
            let number = stream.strip_prefix("run/go-iiif-process-ecs/").unwrap();
            if codes[number.parse::<usize>().unwrap() - 1].is_none() {
                return Answer::error(400, "ResourceNotFoundException", "no such stream");
            }
            let report = json!({format!("{number}.jpg"): {"uris": {}}}).to_string();
            Answer::ok(json!({
                "events": [
                    {"timestamp": 1, "message": "INFO image finished"},
                    {"timestamp": 2, "message": report},
                ],
                "nextForwardToken": "f/1",
            }))
        }
        other => panic!("{other}"),
    }
}

/// Runs tasks of the documented definition on `server`.
async fn run_tasks(server: &AwsServer, flags: &[&str], uris: &[&str]) -> Run {
    let dsn = server.dsn();
    let args = [&["-ecs-dsn", &dsn], flags, &TASK, uris].concat();
    run(&args, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_command_runs_a_task_and_prints_its_arn() {
    let server = AwsServer::start(cluster(&[Some(0)])).await.unwrap();
    let made = run_tasks(&server, &["-mode", "task"], &["file:///IMG_0084.JPG"]).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let started = format!("{} started, images: 1", arn(1));
    assert!(made.stderr.contains(&started), "{}", made.stderr);
    assert_eq!(made.stdout, "");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    let command = &asked[0].body["overrides"]["containerOverrides"][0]["command"];
    assert_eq!(
        command.as_array().unwrap().last(),
        Some(&json!("file:///IMG_0084.JPG"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_prints_what_the_containers_reported() {
    let server = AwsServer::start(cluster(&[Some(0), Some(0)]))
        .await
        .unwrap();
    let made = run_tasks(&server, &WAIT_FOR_EACH, &["1.jpg", "2.jpg"]).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let report: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(
        report,
        json!({"1.jpg": {"uris": {}}, "2.jpg": {"uris": {}}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_is_the_worst_of_the_containers() {
    for (codes, expected) in [
        (&[Some(0), Some(1)][..], 1),
        (&[Some(1), Some(137)], 137),
        (&[Some(0), None], 1),
    ] {
        let server = AwsServer::start(cluster(codes)).await.unwrap();
        let made = run_tasks(&server, &WAIT_FOR_EACH, &["1.jpg", "2.jpg"]).await;
        assert_eq!(made.code, Some(expected), "{}", made.stderr);
        assert!(
            made.stderr.contains("Essential container in task exited"),
            "{}",
            made.stderr
        );
        let has_log = made.stderr.contains("INFO image finished");
        assert_eq!(has_log, !codes.contains(&None), "{}", made.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_run_is_printed_as_a_manifest() {
    let mut calls = 0;
    let mut others = cluster(&[Some(0)]);
    let server = AwsServer::start(move |asked| {
        if asked.action == "RunTask" {
            calls += 1;
            if calls > 1 {
                return Answer::error(400, "ClusterNotFoundException", "Cluster not found.");
            }
        }
        others(asked)
    })
    .await
    .unwrap();
    let one_by_one = ["-uris-per-task", "1", "-max-tasks", "1"];
    let made = run_tasks(&server, &one_by_one, &["1.jpg", "b/2 3.jpg"]).await;
    assert_eq!(made.code, Some(1), "{}", made.stderr);
    assert!(made.stderr.contains("Cluster not found"), "{}", made.stderr);
    assert_eq!(made.stdout, "file:///2%203.jpg\n");
}

/// Answers as `others` do, but that the only container does not log to CloudWatch.
fn without_logs(
    mut others: impl FnMut(&Asked) -> Answer + Send + 'static,
) -> impl FnMut(&Asked) -> Answer + Send + 'static {
    move |asked| match &asked.action[..] {
        "DescribeTaskDefinition" => Answer::ok(json!({"taskDefinition": {"containerDefinitions": [
            {"name": "go-iiif-process-ecs", "logConfiguration": {"logDriver": "json-file"}},
        ]}})),
        "GetLogEvents" => panic!("there is no log"),
        _ => others(asked),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_are_in_no_log_are_read_as_objects() {
    let derivatives = tempfile::tempdir().unwrap();
    let folder = derivatives.path().join("1.jpg");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("p.json"), r#"{"origin":"1.jpg"}"#).unwrap();
    let place = format!("file://{}", derivatives.path().display());
    let server = AwsServer::start(without_logs(cluster(&[Some(1), Some(137)])))
        .await
        .unwrap();
    let reports = ["-report", "-report-name", "p.json", "-derivatives", &place];
    let flags = [&WAIT_FOR_EACH[..], &reports].concat();
    let made = run_tasks(&server, &flags, &["1.jpg", "2.jpg"]).await;
    assert_eq!(made.code, Some(137), "{}", made.stderr);
    let (report, left) = made.stdout.split_once('\n').unwrap();
    assert_eq!(left, "file:///2.jpg\n");
    let report: Value = serde_json::from_str(report).unwrap();
    // What was stopped by force has not reported; an object may be there from before.
    assert_eq!(report, json!({"1.jpg": {"origin": "1.jpg"}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_waiting_only_logs_of_failures_are_read() {
    let server = AwsServer::start(cluster(&[Some(0), Some(1), Some(0)]))
        .await
        .unwrap();
    let one_by_one = ["-uris-per-task", "1", "-max-tasks", "1"];
    let made = run_tasks(&server, &one_by_one, &["1.jpg", "2.jpg", "3.jpg"]).await;
    assert_eq!(made.code, Some(1), "{}", made.stderr);
    assert_eq!(made.stdout, "");
    let streams: Vec<Value> = (server.asked().into_iter())
        .filter(|asked| asked.action == "GetLogEvents")
        .map(|asked| asked.body["logStreamName"].clone())
        .collect();
    let last = streams.last().expect("the log of the failure");
    assert_eq!(last, "run/go-iiif-process-ecs/2");
    assert!(streams.iter().all(|stream| stream == last), "{streams:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_ran_goes_into_the_manifest_of_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("left.txt");
    let server = AwsServer::start(cluster(&[Some(0), None])).await.unwrap();
    let into = ["-left-manifest", left.to_str().unwrap()];
    let flags = [&WAIT_FOR_EACH[..], &into].concat();
    let made = run_tasks(&server, &flags, &["1.jpg", "2.jpg"]).await;
    assert_eq!(made.code, Some(1), "{}", made.stderr);
    assert!(serde_json::from_str::<Value>(&made.stdout).is_ok());
    assert_eq!(std::fs::read_to_string(left).unwrap(), "file:///2.jpg\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_interrupted_task_did_not_report_is_left_too() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "1.jpg\n2.jpg\n").unwrap();
    let server = AwsServer::start(cluster(&[Some(0), Some(143)]))
        .await
        .unwrap();
    // The list that is read may be the one that is written.
    let list = list.to_str().unwrap();
    let flags = ["-wait", "-manifest", list, "-left-manifest", list];
    let made = run_tasks(&server, &flags, &[]).await;
    assert_eq!(made.code, Some(143), "{}", made.stderr);
    let report: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(report, json!({"2.jpg": {"uris": {}}}));
    assert_eq!(std::fs::read_to_string(list).unwrap(), "file:///1.jpg\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_of_one_image_have_a_report_each() {
    let uris = ["file:///1.jpg?target=a", "file:///1.jpg?target=b"];
    let none = json!({"uris": {}});
    for (uris_per_task, code, reported, printed, left) in [
        // Each task reports the same origin.
        (
            "1",
            0,
            json!({"1.jpg": none}),
            json!({uris[0]: none, uris[1]: none}),
            vec![],
        ),
        // The only one was interrupted before the second.
        (
            "2",
            143,
            json!({uris[0]: none}),
            json!({uris[0]: none}),
            vec![uris[1]],
        ),
    ] {
        let codes: &[Option<i32>] = if code == 0 {
            &[Some(0), Some(0)]
        } else {
            &[Some(143)]
        };
        let (mut others, mut tasks) = (cluster(codes), 0);
        let server = AwsServer::start(move |asked| match &asked.action[..] {
            "RunTask" => {
                tasks += 1;
                Answer::ok(json!({"tasks": [{"taskArn": arn(tasks)}]}))
            }
            "GetLogEvents" => Answer::ok(json!({
                "events": [{"timestamp": 1, "message": reported.to_string()}],
                "nextForwardToken": "f/1",
            })),
            _ => others(asked),
        })
        .await
        .unwrap();
        let flags = ["-wait", "-uris-per-task", uris_per_task];
        let made = run_tasks(&server, &flags, &uris).await;
        assert_eq!(made.code, Some(code), "{}", made.stderr);
        let (report, rest) = made.stdout.split_once('\n').unwrap();
        assert_eq!(serde_json::from_str::<Value>(report).unwrap(), printed);
        assert_eq!(rest.lines().collect::<Vec<_>>(), left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_cannot_be_printed_do_not_take_the_manifest_along() {
    let server = AwsServer::start(cluster(&[Some(0), None])).await.unwrap();
    let dsn = server.dsn();
    let uris = ["1.jpg", "2.jpg"];
    let args = [&["-ecs-dsn", &dsn], &WAIT_FOR_EACH[..], &TASK, &uris].concat();
    let made = run_on_a_full_disk(&args).await;
    assert_eq!(made.code, Some(1), "{}", made.stderr);
    for part in ["cannot print the reports", "\nfile:///2.jpg\n"] {
        assert!(made.stderr.contains(part), "{part}: {}", made.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_cannot_be_written_is_told_before_anything_runs() {
    let server = AwsServer::start(cluster(&[])).await.unwrap();
    let nowhere = ["-left-manifest", "/nowhere/left.txt"];
    let made = run_tasks(&server, &nowhere, &["1.jpg"]).await;
    assert_eq!(made.code, Some(2), "{}", made.stderr);
    assert!(made.stderr.contains("/nowhere/left.txt"), "{}", made.stderr);
    assert!(server.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_the_manifest_bucket_are_not_sent_to_the_container() {
    let uris: Vec<String> = (0..500).map(|number| format!("{number:050}.jpg")).collect();
    let bucket = "s3://lists/jobs?region=us-east-1&credentials=static%3AID%3Atestkit-secret%3A";
    let flags = [
        "-dry-run",
        "-uris-per-task",
        "1000",
        "-manifest-bucket",
        bucket,
    ];
    let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
    let made = run(&[&TASK[..], &flags, &uris].concat(), &[]).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert!(made.stdout.contains("s3://lists/jobs/"), "{}", made.stdout);
    assert!(
        made.stdout.contains(".txt?region=us-east-1\""),
        "{}",
        made.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_are_too_long_for_a_command_travel_as_objects() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = S3Server::start().await.unwrap();
    s3.create_bucket("lists").unwrap();
    let bucket = s3.bucket_uri("lists");
    let server = AwsServer::start(cluster(&[Some(0)])).await.unwrap();
    let uris: Vec<String> = (0..500)
        .map(|number| format!("file:///scans-of-2024/{number:04}.jpg"))
        .collect();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, uris.join("\n")).unwrap();
    let list = list.to_str().unwrap();
    let flags = ["-strip-paths=false", "-uris-per-task", "1000"];
    let lists = ["-manifest", list, "-manifest-bucket", &bucket];
    let made = run_tasks(&server, &[&flags[..], &lists].concat(), &[]).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    let command = asked[0].body["overrides"]["containerOverrides"][0]["command"].clone();
    let command: Vec<String> = serde_json::from_value(command).unwrap();
    assert_eq!(command[command.len() - 2], "-manifest");
    let (place, _) = command.last().unwrap().split_once('?').unwrap();
    let name = place.rsplit('/').next().unwrap();
    let written = std::fs::read_to_string(s3.folder("lists").join(name)).unwrap();
    assert_eq!(written.lines().collect::<Vec<_>>(), uris);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_or_put_before_the_flags_are_right() {
    let s3 = S3Server::start().await.unwrap();
    s3.create_bucket("lists").unwrap();
    let bucket = s3.bucket_uri("lists");
    let uris: Vec<String> = (0..500).map(|number| format!("{number:050}.jpg")).collect();
    let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
    let server = AwsServer::start(cluster(&[])).await.unwrap();
    let lists = ["-uris-per-task", "1000", "-manifest-bucket", &bucket];
    let nowhere = ["-left-manifest", "/nowhere/left.txt"];
    let made = run_tasks(&server, &[&lists[..], &nowhere].concat(), &uris).await;
    assert_eq!(made.code, Some(2), "{}", made.stderr);
    let put = std::fs::read_dir(s3.folder("lists")).unwrap();
    let put = put.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".txt")
    });
    assert_eq!(put.count(), 0);
    // That the object is missing would have been told.
    let missing = iiif_storage::object_uri(&bucket, "list.txt");
    let flags = ["-manifest", &missing, "-wait-timeout", "5m"];
    let made = run_tasks(&server, &flags, &[]).await;
    assert_eq!(made.code, Some(2), "{}", made.stderr);
    assert!(!made.stderr.contains("list.txt"), "{}", made.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_its_time_is_told() {
    let mut calls = 0;
    let mut others = cluster(&[Some(0), Some(0)]);
    let server = AwsServer::start(move |asked| {
        calls += 1;
        if calls == 1 {
            return Answer::error(400, "ThrottlingException", "Rate exceeded");
        }
        let mut answer = others(asked);
        if asked.action == "DescribeTasks" {
            answer.body["tasks"][0]["stoppedReason"] = json!("");
        }
        answer
    })
    .await
    .unwrap();
    let one_by_one = ["-uris-per-task", "1", "-max-tasks", "1"];
    let made = run_tasks(&server, &one_by_one, &["1.jpg", "2.jpg"]).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    for part in [
        "asking again: attempt=2",
        "INFO waiting for one of 1 tasks to end",
        "stopped: no reason given",
    ] {
        assert!(made.stderr.contains(part), "{part}: {}", made.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_words() {
    let server = AwsServer::start(|_| Answer::error(400, "UnrecognizedClientException", "No."))
        .await
        .unwrap();
    let made = run_tasks(&server, &[], &["1.jpg"]).await;
    let expected = "ERROR `ecs:RunTask` failed: UnrecognizedClientException: No.\n";
    assert!(made.stderr.contains(expected), "{}", made.stderr);
}
