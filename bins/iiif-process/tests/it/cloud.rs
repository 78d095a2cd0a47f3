//! From an object in a bucket to its derivatives: as the container of a task, and as a function.

use std::process::{Child, Stdio};

use iiif_launch::{ContainerInput, EventImages, KeyPath, ObjectFilter, TaskTemplate};
use iiif_testkit::lambda::LambdaRuntime;
use iiif_testkit::s3::{S3Server, SECRET_ACCESS_KEY};
use serde_json::{Value, json};

use crate::studio::{Run, Studio, documented_instructions, photo_jpeg};

const KEYS: [&str; 3] = [
    "full/full/-1/color.jpg",
    "full/!2048,1536/0/color.png",
    "-1,-1,320,320/full/0/dither.jpg",
];

/// Buckets with a photo, and a studio whose config leads there.
async fn cloud() -> (S3Server, Studio) {
    let server = S3Server::start().await.unwrap();
    for bucket in ["scans", "made"] {
        server.create_bucket(bucket).unwrap();
    }
    let folder = server.folder("scans").join("2024");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a map.jpg"), photo_jpeg(640, 480)).unwrap();
    let studio = Studio::new();
    studio.write_config(&json!({
        "images": { "source": { "uri": server.bucket_uri("scans") } },
        "derivatives": { "cache": { "uri": server.bucket_uri("made") } },
    }));
    studio.write_instructions(&documented_instructions());
    (server, studio)
}

/// What S3 says of the photo, with more that nobody asked for.
fn event() -> Value {
    let record = |key: &str| {
        json!({
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": { "bucket": { "name": "scans" }, "object": { "key": key } },
        })
    };
    json!({ "Records": [record("2024/a+map.jpg"), record("2024/notes.txt")] })
}

/// Starts the program as a function of `runtime`, with more variables.
fn function(studio: &Studio, runtime: &LambdaRuntime, variables: &[(&str, &str)]) -> Child {
    studio
        .command()
        .envs(runtime.variables())
        .env("IIIF_PROCESS_MODE", "lambda")
        .env("IIIF_PROCESS_CONFIG", studio.path("config/config.json"))
        .env(
            "IIIF_PROCESS_INSTRUCTIONS",
            studio.path("config/instructions.json"),
        )
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[track_caller]
fn assert_made(server: &S3Server) {
    let made = server.folder("made").join("2024/a map.jpg");
    for key in KEYS.iter().chain(&["process.json"]) {
        assert!(made.join(key).exists(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_of_a_task_makes_the_derivatives_of_an_event() {
    let (server, studio) = cloud().await;
    let asked = EventImages::read(&event(), &ObjectFilter::default(), KeyPath::Full).unwrap();
    let uris: Vec<String> = asked
        .images
        .iter()
        .map(|image| image.uri.to_string())
        .collect();
    let mut template = TaskTemplate::default();
    template.command.report_name = Some("process.json".to_owned());
    // The container has its files there; this machine has them elsewhere.
    template.command.config = studio.path("config/config.json").display().to_string();
    template.command.instructions = studio
        .path("config/instructions.json")
        .display()
        .to_string();
    let request = template.request(ContainerInput::Uris(&uris));
    let [container] = &request.overrides.container_overrides;
    assert_eq!(container.command[0], "/bin/iiif-process");
    let mut command = studio.command();
    command.args(&container.command[1..]);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap();
    let run = Run::of(&output.unwrap());
    run.assert_code(0);
    assert_eq!(
        run.report("2024/a map.jpg")["dimensions"]["o"],
        json!([640, 480])
    );
    assert_made(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_reads_its_list_from_an_object() {
    let (server, studio) = cloud().await;
    server.create_bucket("lists").unwrap();
    let list = server.folder("lists").join("1.txt");
    std::fs::write(list, "file:///2024/a%20map.jpg\n").unwrap();
    let place = iiif_storage::object_uri(&server.bucket_uri("lists"), "1.txt");
    let run = tokio::task::spawn_blocking(move || studio.run(&["-report", "-manifest", &place]));
    run.await.unwrap().assert_code(0);
    assert_made(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_makes_the_derivatives_of_an_event() {
    let (server, studio) = cloud().await;
    let runtime = LambdaRuntime::start().await.unwrap();
    let variables = [
        ("IIIF_PROCESS_REPORT", "true"),
        ("IIIF_PROCESS_INCLUDE", "{scans,made}/**,maps/**"),
    ];
    let mut child = function(&studio, &runtime, &variables);
    let answer = runtime.invoke(&event().to_string()).await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        answer["2024/a map.jpg"]["dimensions"]["o"],
        json!([640, 480])
    );
    assert_made(&server);

    let message =
        |id: &str, body: &str| json!({"eventSource": "aws:sqs", "messageId": id, "body": body});
    let gone = event().to_string().replace("a+map", "gone");
    let queued = json!({"Records": [message("1", &event().to_string()), message("2", &gone)]});
    let answer = runtime.invoke(&queued.to_string()).await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        answer,
        json!({"batchItemFailures": [{"itemIdentifier": "2"}]})
    );

    let error = runtime.invoke(&gone).await.unwrap_err();
    assert!(error.contains("2024/gone.jpg"), "{error}");
    let own = event().to_string().replace(r#""scans""#, r#""made""#);
    assert_eq!(runtime.invoke(&own).await.unwrap(), "null");

    // IIIF_PROCESS_INCLUDE names that bucket; its keys are other images all the same.
    let other = event().to_string().replace(r#""scans""#, r#""maps""#);
    assert_eq!(runtime.invoke(&other).await.unwrap(), "null");

    std::fs::remove_dir_all(server.folder("made").join("2024")).unwrap();
    let unreadable = event().to_string().replace("2024/notes.txt", "%ff.jpg");
    let error = runtime.invoke(&unreadable).await.unwrap_err();
    assert!(error.contains("%ff.jpg"), "{error}");
    assert_made(&server);

    let uris = ["a", "b"].map(|target| format!("file:///2024/a%20map.jpg?target={target}"));
    let records = uris
        .each_ref()
        .map(|uri| json!({"s3": {"object": {"key": uri.replace('%', "%25")}}}));
    let targets = json!({ "Records": records }).to_string();
    let answer: Value = serde_json::from_str(&runtime.invoke(&targets).await.unwrap()).unwrap();
    let keys = answer.as_object().unwrap().keys();
    assert_eq!(keys.collect::<Vec<_>>(), uris.iter().collect::<Vec<_>>());

    let error = runtime.invoke("{}").await.unwrap_err();
    assert!(error.contains("Object Created"), "{error}");
    child.kill().unwrap();
    let run = Run::of(&child.wait_with_output().unwrap());
    assert!(!run.stderr.contains(SECRET_ACCESS_KEY));
    let warning = "passed over `maps/2024/a map.jpg`: images are read from another bucket";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    // Each failure is told once, and in words; this one is of two events.
    let gone = run.stderr.matches("no object `2024/gone.jpg`").count();
    assert_eq!(gone, 2, "{}", run.stderr);
    assert_eq!(
        run.stderr.matches("Object Created").count(),
        1,
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("Diagnostic"), "{}", run.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_runs_elsewhere_is_refused() {
    let (_server, studio) = cloud().await;
    let run = tokio::task::spawn_blocking(move || studio.run(&["-mode", "lambda"]));
    let run = run.await.unwrap();
    run.assert_code(2);
    let expected = "error: `-mode lambda` runs inside a Lambda function only";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_of_derivatives_that_would_exclude_nothing_is_refused() {
    let (_server, studio) = cloud().await;
    let runtime = LambdaRuntime::start().await.unwrap();
    let list = [("IIIF_PROCESS_DERIVATIVES", "scans/d1,scans/d2")];
    let child = function(&studio, &runtime, &list);
    let output = tokio::task::spawn_blocking(|| child.wait_with_output());
    let run = Run::of(&output.await.unwrap().unwrap());
    run.assert_code(2);
    assert!(run.stderr.contains("-derivatives"), "{}", run.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_of_an_event_is_a_name_and_nothing_more() {
    let (server, studio) = cloud().await;
    let runtime = LambdaRuntime::start().await.unwrap();
    let from_event = [("IIIF_PROCESS_SOURCE_FROM_EVENT", "true")];
    let mut child = function(&studio, &runtime, &from_event);
    let elsewhere = r#""scans?endpoint=http://127.0.0.1:1&region=us-east-1""#;
    let event = event().to_string().replace(r#""scans""#, elsewhere);
    let error = runtime.invoke(&event).await.unwrap_err();
    assert!(error.contains("names no bucket"), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!server.folder("made").join("2024").exists());
}
