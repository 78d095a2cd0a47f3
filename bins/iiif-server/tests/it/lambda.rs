//! The program as a Lambda function.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use iiif_testkit::lambda::LambdaRuntime;
use serde_json::{Value, json};

use crate::serving::folder_of_photos;

/// A function that is ended when it is dropped.
struct Function {
    runtime: LambdaRuntime,
    child: Child,
}

impl Function {
    async fn start(folder: &Path, args: &[&str]) -> Self {
        let runtime = LambdaRuntime::start().await.unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_iiif-server"))
            .env_clear()
            .envs(runtime.variables())
            .args(args)
            .current_dir(folder)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { runtime, child }
    }

    async fn answer(&self, event: &Value) -> Value {
        let answer = self.runtime.invoke(&event.to_string()).await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An event of a function URL.
fn event(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "x.lambda-url.us-east-1.on.aws", "x-forwarded-proto": "https", "x-forwarded-port": "443"},
        "requestContext": {
            "domainName": "x.lambda-url.us-east-1.on.aws",
            "stage": "$default",
            "http": {"method": method, "path": path},
        },
        "isBase64Encoded": false,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_answers_events_and_leaves_nothing_to_the_background() {
    let photos = folder_of_photos();
    let folder = photos.path().join("in a folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(photos.path().join("a photo.jpg"), folder.join("b.jpg")).unwrap();
    let args = ["-server-uri", "functionurl://?binary_type=image/jpeg"];
    let cache = ["-config-derivatives-cache-uri", "cache"];
    let function = Function::start(photos.path(), &[args, cache].concat()).await;

    let image = "/iiif/3/in%20a%20folder%2Fb.jpg";
    let info = function
        .answer(&event("GET", &format!("{image}/info.json")))
        .await;
    assert_eq!(info["statusCode"], 200, "{info}");
    assert_eq!(info["isBase64Encoded"], false);
    let id: Value = serde_json::from_str(info["body"].as_str().unwrap()).unwrap();
    let expected = format!("https://x.lambda-url.us-east-1.on.aws{image}");
    assert_eq!(id["id"], expected);

    let tile = format!("{image}/0,0,64,64/max/0/default.jpg");
    let made = function.answer(&event("GET", &tile)).await;
    assert_eq!(made["isBase64Encoded"], true);
    assert!(
        made["body"].as_str().unwrap().starts_with("/9j/"),
        "no JPEG"
    );
    assert_eq!(made["headers"]["content-type"], "image/jpeg");
    // It is in its bucket when the event is answered, and not some time later.
    let kept = photos.path().join("cache/.iiif");
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 1);

    let head = function.answer(&event("HEAD", &tile)).await;
    assert_eq!(
        (&head["statusCode"], &head["body"]),
        (&json!(200), &json!(""))
    );
    let missing = function
        .answer(&event("GET", "/iiif/3/nothing.jpg/info.json"))
        .await;
    assert_eq!(missing["statusCode"], 404);

    let error = function
        .runtime
        .invoke(r#"{"Records": []}"#)
        .await
        .unwrap_err();
    assert!(error.contains("expected one of a function URL"), "{error}");
    let rest = json!({
        "httpMethod": "GET",
        "path": format!("{image}/info.json"),
        "headers": {"Host": "a.org", "X-Forwarded-Proto": "https"},
        "requestContext": {"stage": "prod", "path": format!("/prod{image}/info.json")},
    });
    let rest = function.answer(&rest).await;
    let id: Value = serde_json::from_str(rest["body"].as_str().unwrap()).unwrap();
    assert_eq!(id["id"], format!("https://a.org/prod{image}"));
    assert!(rest["multiValueHeaders"]["etag"].is_array());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_no_sender_sends_end_no_function() {
    let photos = folder_of_photos();
    let args = ["-server-uri", "lambda://"];
    let function = Function::start(photos.path(), &args).await;
    for event in [
        "",
        "no JSON",
        "{",
        "null",
        "7",
        "[]",
        r#"{"path": "\ud800"}"#,
        r#"{"path": "/"}"#,
    ] {
        let error = function.runtime.invoke(event).await.unwrap_err();
        assert!(!error.contains("panic"), "{event}: {error}");
    }
    let image = "/iiif/3/a%20photo.jpg";
    for (method, path, expected) in [
        ("GET", "/iiif/3/..%2Fa%20photo.jpg/info.json", 400),
        (
            "GET",
            "/iiif/3/%252e%252e%252Fetc%252Fpasswd/info.json",
            400,
        ),
        ("GET", "/iiif/3/%FF%FE/info.json", 400),
        ("GET", "/iiif/3/%zz/info.json", 400),
        ("GET", "//evil.example/iiif/3/a/info.json", 404),
        ("GET", "http://evil.example/", 400),
        ("DELETE", &format!("{image}/info.json"), 405),
        ("BREW", &format!("{image}/info.json"), 405),
        ("", "/", 400),
    ] {
        let answer = function.answer(&event(method, path)).await;
        assert_eq!(answer["statusCode"], expected, "{method} {path}: {answer}");
    }
    let mut forged = event("POST", "/health");
    forged["isBase64Encoded"] = true.into();
    forged["body"] = "no base64".into();
    assert_eq!(function.answer(&forged).await["statusCode"], 400);
    let mut large = event("POST", "/health");
    large["body"] = "a".repeat(6 << 20).into();
    large["cookies"] = json!(["a=b", 7, "c\r\nd"]);
    assert_eq!(function.answer(&large).await["statusCode"], 405);
    let mut named = event("GET", &format!("{image}/info.json"));
    named["headers"]["host"] = "a\"b".into();
    assert_eq!(function.answer(&named).await["statusCode"], 400);
    // It is still there.
    let info = function
        .answer(&event("GET", &format!("{image}/info.json")))
        .await;
    assert_eq!(info["statusCode"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_follows_its_config_from_event_to_event() {
    let photos = folder_of_photos();
    let config = photos.path().join("config.json");
    let write = |features: &str| {
        let json = format!(
            r#"{{"images": {{"source": {{"uri": "file://."}}}}, "derivatives": {{"cache": {{"uri": "null://"}}}}, "features": {features}}}"#
        );
        std::fs::write(&config, json).unwrap();
    };
    write("{}");
    let args = ["-server-uri", "lambda://", "-config", "config.json"];
    let refresh = ["-config-refresh", "1"];
    let function = Function::start(photos.path(), &[&args[..], &refresh].concat()).await;
    let webp = event("GET", "/iiif/3/a%20photo.jpg/full/10,/0/default.webp");
    assert_eq!(function.answer(&webp).await["statusCode"], 200);
    write(r#"{"disable": {"format": ["webp"]}}"#);
    let changed = async {
        while function.answer(&webp).await["statusCode"] != 400 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::server::PATIENCE, changed)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_streamed_to_function_urls_that_want_it() {
    let photos = folder_of_photos();
    let args = ["-server-uri", "functionurl://?invoke_mode=RESPONSE_STREAM"];
    let function = Function::start(photos.path(), &args).await;
    let info = event("GET", "/iiif/3/a%20photo.jpg/info.json");
    let streamed = function.runtime.invoke(&info.to_string()).await.unwrap();
    // The status and the headers, eight zeros, and the answer as it is.
    let (head, body) = streamed.split_once("\0\0\0\0\0\0\0\0").unwrap();
    let head: Value = serde_json::from_str(head).unwrap();
    assert_eq!(head["statusCode"], 200);
    assert!(
        head["headers"]["content-type"]
            .as_str()
            .unwrap()
            .contains("json")
    );
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["width"], 640);
}

#[test]
fn a_function_that_runs_elsewhere_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iiif-server"));
    let output = command.args(["-server-uri", "lambda://"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("runs inside a Lambda function only"),
        "{said}"
    );
}
