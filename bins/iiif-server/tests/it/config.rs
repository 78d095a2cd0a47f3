//! A config that changes while the server runs.

use crate::server::Server;
use crate::serving::folder_of_photos;

#[test]
fn a_config_that_changes_is_in_effect_without_a_restart_and_a_broken_one_is_not() {
    let folder = folder_of_photos();
    let config = folder.path().join("config.json");
    let write = |features: &str| {
        let json = format!(
            r#"{{"images": {{"source": {{"uri": "file://."}}}}, "derivatives": {{"cache": {{"uri": "null://"}}}}, "features": {features}}}"#
        );
        std::fs::write(&config, json).unwrap();
    };
    write("{}");
    let server = Server::start(
        folder.path(),
        &[
            "-config",
            "config.json",
            "-config-refresh",
            "1",
            "-admin-uri",
            "http://127.0.0.1:0",
        ],
    );
    let webp = "/iiif/3/a%20photo.jpg/full/10,/0/default.webp";
    assert_eq!(server.get(webp).status, 200);
    write(r#"{"disable": {"format": ["webp"]}}"#);
    server.wait_until(webp, |answer| answer.status == 400);
    assert_eq!(server.get("/health").json()["config"], "current");

    std::fs::write(&config, "{\n  \"images\": {\n    \"source\": 5\n").unwrap();
    let health = server.wait_until("/health", |answer| answer.text().contains("last good"));
    assert!(!health.text().contains("config.json"), "{}", health.text());
    let health = server.ask(1, "GET", "/health");
    let problem = health.json()["config_problem"].as_str().unwrap().to_owned();
    assert!(
        problem.contains("config.json:4:1: the file is not valid JSON"),
        "{problem}"
    );
    assert_eq!(server.get(webp).status, 400, "the last good one stays");

    write("{}");
    server.wait_until(webp, |answer| answer.status == 200);
    assert_eq!(
        server.ask(1, "GET", "/health").json()["config_problem"],
        serde_json::Value::Null
    );
}
