//! What `docs/aws.md` says, against what the program does.

use std::collections::BTreeSet;
use std::path::Path;

use iiif_testkit::aws::{Answer, Asked, AwsServer};
use serde_json::{Value, json};

use crate::run::{TASK, run};

fn docs() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/aws.md");
    std::fs::read_to_string(path).unwrap()
}

/// Returns the actions that the policy of a name allows.
fn allowed(docs: &str, policy: &str) -> BTreeSet<String> {
    let (_, text) = docs.split_once(&format!("\n**{policy}.**")).unwrap();
    let (_, text) = text.split_once("```json").unwrap();
    let (text, _) = text.split_once("```").unwrap();
    let statements: Vec<Value> = serde_json::from_str(text).unwrap();
    let actions = |statement: &Value| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        action => vec![action.clone()],
    };
    let actions = statements.iter().flat_map(actions);
    actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

/// Returns the actions, as policies name them, that were asked of a server.
fn called(server: &AwsServer) -> BTreeSet<String> {
    let action = |asked: Asked| match asked.headers.get("x-amz-target") {
        Some(target) => {
            let (service, operation) = target.to_str().unwrap().split_once('.').unwrap();
            let service = match service {
                "AmazonEC2ContainerServiceV20141113" => "ecs",
                "Logs_20140328" => "logs",
                other => panic!("{other}"),
            };
            format!("{service}:{operation}")
        }
        // A path of HTTP and no target.
        None => "lambda:InvokeFunction".to_owned(),
    };
    server.asked().into_iter().map(action).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_allow_what_is_called_and_no_more() {
    let docs = docs();
    let server = AwsServer::start(|asked| {
        Answer::ok(match &asked.action[..] {
            "RunTask" => json!({"tasks": [{"taskArn": "arn:task/1"}]}),
            "DescribeTasks" => json!({"tasks": [{
                "taskArn": "arn:task/1",
                "lastStatus": "STOPPED",
                "containers": [{"name": "go-iiif-process-ecs", "exitCode": 0}],
            }]}),
            "DescribeTaskDefinition" => json!({"taskDefinition": {"containerDefinitions": [{
                "name": "go-iiif-process-ecs",
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "g", "awslogs-stream-prefix": "p"},
                },
            }]}}),
            "GetLogEvents" => json!({"events": []}),
            _ => json!(null),
        })
    })
    .await
    .unwrap();
    let dsn = server.dsn();

    // The roles are passed by ECS, in whose answer to `RunTask` a refusal would stand.
    let mut launch = allowed(&docs, "Launch");
    assert!(launch.remove("iam:PassRole"));
    let task = [&TASK[..], &["-ecs-dsn", &dsn, "a.jpg"]].concat();
    assert_eq!(run(&task, &[]).await.code, Some(0));
    assert_eq!(called(&server), launch);

    let mut wait = launch;
    wait.extend(allowed(&docs, "Wait"));
    wait.extend(allowed(&docs, "Logs"));
    let waiting = [&task[..], &["-wait"]].concat();
    assert_eq!(run(&waiting, &[]).await.code, Some(0));
    assert_eq!(called(&server), wait);

    let invoke = ["-mode", "invoke", "-lambda-dsn", &dsn, "-lambda-func", "f"];
    let invoke = [&invoke[..], &["-lambda-type", "Event", "a.jpg"]].concat();
    assert_eq!(run(&invoke, &[]).await.code, Some(0));
    let mut all = wait;
    all.extend(allowed(&docs, "Invoke"));
    assert_eq!(called(&server), all);
}

#[tokio::test]
async fn the_table_of_flags_is_that_of_the_help() {
    let help = run(&["-help"], &[]).await.stdout;
    let docs = docs();
    let (_, table) = docs.split_once("| Flag | Default | Meaning |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let cells = table.lines().filter_map(|line| line.split('|').nth(1));
    let told: BTreeSet<&str> = cells
        .flat_map(|cell| {
            cell.split('`')
                .filter(|text| text.starts_with('-') && text.contains(char::is_alphabetic))
        })
        .collect();
    let known: BTreeSet<&str> = (help.lines())
        .filter_map(|line| line.split_once("--"))
        .filter(|(before, _)| before.chars().all(|c| " -,hV".contains(c)))
        .map(|(_, name)| &name[..name.find([' ', '[', '=']).unwrap_or(name.len())])
        .collect();
    let is_everywhere = |name: &&&str| ["help", "version"].contains(*name);
    let known = known.iter().filter(|name| !is_everywhere(name));
    let known: BTreeSet<String> = known.map(|name| format!("-{name}")).collect();
    let told: BTreeSet<String> = told.into_iter().map(str::to_owned).collect();
    assert_eq!(told, known);
    for default in ["100", "10", "/etc/go-iiif/config.json", "process.json"] {
        assert!(help.contains(&format!("[default: {default}]")), "{default}");
        assert!(table.contains(default), "{default}");
    }
}
