//! What its ancestor, go-iiif-aws, got wrong, and where it is tested here.
//!
//! | Fault | Test |
//! |---|---|
//! | 1. the container refuses `-uri`, 2. `-config` and `-instructions`, 3. `-report-name` | `the_command_of_a_task_makes_the_derivatives_of_an_event` of `iiif-process` runs the command |
//! | 4. `make lambda-process` builds nothing | `the_documented_targets_build_what_there_is`; `make e2e` packs the programs |
//! | 5. `-strip-paths` is documented and missing; the Dockerfile takes what it happens to find | `folders_are_stripped_…`, `the_container_pins_…` |
//! | 6. URIs of one old version of a library | `all_forms_of_uris_reach_the_container` |
//! | 7. the config example is of the first style, which later versions refuse | `the_documented_command_prints_the_documented_report` of `iiif-process` has such a config |
//! | 8. an SDK without retries, IMDSv2 and `anon:` | `a_large_batch_under_throttling_…` and `without_credentials_nothing_is_signed` of `iiif-launch`, `aws-dsn` |
//! | 9. exit code 0 whatever happens, no result, one task, Fargate with a public address only | `the_exit_code_is_the_worst_…`, `waiting_prints_…`, `a_large_batch_…`, `capacity_and_sizes_go_into_the_request` |
//! | 10. no fast engine in the container | `the_container_pins_what_it_is_made_of_and_has_the_fast_back_end` |
//! | no output is returned (its documentation) | `waiting_prints_what_the_containers_reported` |
//! | `-wait` under Lambda always times out (its documentation) | `waiting_ends_when_the_time_does` of `iiif-launch`, `a_function_that_waits_…` |

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use iiif_testkit::aws::{Answer, AwsServer};
use iiif_testkit::lambda::LambdaRuntime;
use serde_json::{Value, json};

use crate::run::{TASK, command, run};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_documented_targets_build_what_there_is() {
    for (target, expected) in [
        ("lambda-process", "iiif-process"),
        ("docker-process", "iiif-process"),
        ("docker-server", "--target server"),
        ("tools", "iiif-process"),
        ("bin", "iiif-process"),
    ] {
        let files = ["CONFIG", "INSTRUCTIONS"].map(|name| {
            let file = name.to_lowercase();
            format!("{name}=examples/config/{file}.json")
        });
        let made = Command::new("make")
            .args(["-n", target, "DOCKER=docker"])
            .args(files)
            .current_dir(repository())
            .output()
            .unwrap();
        assert!(made.status.success(), "{target}: {made:?}");
        let commands = String::from_utf8(made.stdout).unwrap();
        assert!(commands.contains(expected), "{target}: {commands}");
    }
}

#[test]
fn the_container_pins_what_it_is_made_of_and_has_the_fast_back_end() {
    let dockerfile = std::fs::read_to_string(repository().join("Dockerfile")).unwrap();
    let images: Vec<&str> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("FROM "))
        .collect();
    // Who names no stage gets the last one, which has all programs.
    let [_, server, all] = images[..] else {
        panic!("{images:?}");
    };
    assert!(server.ends_with(" AS server") && !all.contains(" AS "));
    for image in images {
        let (_, tag) = image.split_once(':').unwrap();
        assert!(!tag.starts_with("latest"), "{image}");
    }
    for needed in ["--locked", "--release", "iiif-process/turbojpeg", "nasm"] {
        assert!(dockerfile.contains(needed), "{needed}");
    }
}

#[tokio::test]
async fn all_forms_of_uris_reach_the_container() {
    let uris = [
        "file:///a%20map.jpg?target=maps/a",
        "rewrite:///b.tif?target=b/full.png",
        // The labels are those of the instructions, unless the URI names one.
        "idsecret:///c.png?id=object-7&secret=s&secret_o=o",
    ];
    let made = run(&[&TASK[..], &["-dry-run"], &uris].concat(), &[]).await;
    let request = made.request();
    let command = request["overrides"]["containerOverrides"][0]["command"].as_array();
    let given: Vec<&str> = command.unwrap().iter().filter_map(Value::as_str).collect();
    let sent: Vec<&&str> = given.iter().filter(|arg| arg.contains("://")).collect();
    assert_eq!(sent.len(), uris.len(), "{given:?}");
    for (sent, scheme) in sent.iter().zip(["file:", "rewrite:", "idsecret:"]) {
        assert!(sent.starts_with(scheme), "{sent}");
    }
    assert!(sent[2].contains("object-7"), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_waits_answers_before_its_time_is_over() {
    let server = AwsServer::start(|asked| {
        let task = json!({"taskArn": "arn:task/1", "lastStatus": "RUNNING"});
        assert!(["RunTask", "DescribeTasks"].contains(&&asked.action[..]));
        Answer::ok(json!({"tasks": [task]}))
    })
    .await
    .unwrap();
    let time = Duration::from_secs(8);
    let runtime = LambdaRuntime::start_for(time).await.unwrap();
    let mut child = command()
        .args(TASK)
        .args(["-ecs-dsn", &server.dsn(), "-mode", "lambda", "-wait"])
        .envs(runtime.variables())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let event = json!({"Records": [{
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "scans"}, "object": {"key": "a.jpg"}},
    }]});
    let answer = runtime.invoke(&event.to_string()).await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["TaskId"], "arn:task/1");
    assert_eq!(answer["Tasks"][0]["State"], "RUNNING");
    child.kill().unwrap();
    child.wait().unwrap();
}
