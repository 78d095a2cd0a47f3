//! Tasks that are followed: many at once, late ones, and what is left when the time is over.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use iiif_launch::{
    Backoff, ContainerInput, FollowOptions, FollowUntil, LaunchError, TaskEvent, TaskLauncher,
    TaskRequest, shares,
};
use serde_json::{Value, json};

use crate::ecs::{never, quick, request, started, template, uris};
use crate::server::{Answer, Asked, Server};

/// Runs tasks and stops each after it was looked up twice; throttles every tenth call.
fn throttled_cluster() -> impl FnMut(&Asked) -> Answer + Send + 'static {
    let (mut calls, mut tasks, mut tokens) = (0, 0, BTreeSet::new());
    let mut looked_up = BTreeMap::new();
    move |asked| {
        calls += 1;
        if calls % 10 == 0 {
            return Answer::error(400, "ThrottlingException", "Rate exceeded");
        }
        if asked.action == "RunTask" {
            assert!(tokens.insert(asked.body["clientToken"].to_string()));
            tasks += 1;
            return started(tasks);
        }
        let arns = asked.body["tasks"].as_array().unwrap();
        let task = |arn: &Value| {
            let times = looked_up.entry(arn.to_string()).or_insert(0);
            *times += 1;
            let status = if *times > 1 { "STOPPED" } else { "RUNNING" };
            json!({"taskArn": arn, "lastStatus": status, "stopCode": "EssentialContainerExited",
                "containers": [{"name": "go-iiif-process-ecs", "exitCode": 0}]})
        };
        Answer::ok(json!({"tasks": arns.iter().map(task).collect::<Vec<_>>(), "failures": []}))
    }
}

#[tokio::test]
async fn a_large_batch_under_throttling_loses_and_doubles_nothing() {
    let server = Server::start(throttled_cluster()).await;
    let launcher = TaskLauncher::new(&server.config().await).with_backoff(quick());
    let (uris, template) = (uris(5000), template());
    let most = NonZeroUsize::new(100).unwrap();
    let shares = shares(&uris, &template, most).expect("they fit");
    let requests: Vec<TaskRequest> = shares
        .iter()
        .map(|share| template.request(ContainerInput::Uris(&uris[share.clone()])))
        .collect();
    let follow = FollowOptions::default()
        .with_until(FollowUntil::AllStopped)
        .with_interval(Duration::from_millis(2));
    let (mut running, mut most_running, mut stopped) = (0_usize, 0, BTreeSet::new());
    launcher
        .run_all(&requests, &follow, never(), |event| match event {
            TaskEvent::Started { .. } => {
                running += 1;
                most_running = most_running.max(running);
            }
            TaskEvent::Stopped { index, outcome } => {
                running -= 1;
                assert_eq!(outcome.exit_code("go-iiif-process-ecs"), Some(0));
                assert!(stopped.insert(index), "stopped twice");
            }
            other => panic!("{other:?}"),
        })
        .await;
    assert_eq!(stopped.len(), requests.len());
    assert!(most_running <= 10, "{most_running}");
    let asked = server.asked();
    let sent: Vec<&str> = asked
        .iter()
        .filter(|asked| asked.action == "RunTask")
        .collect::<Vec<_>>()
        .iter()
        .flat_map(|asked| {
            let command = &asked.body["overrides"]["containerOverrides"][0]["command"];
            command.as_array().unwrap().iter().filter_map(Value::as_str)
        })
        .filter(|argument| argument.starts_with("file:///"))
        .collect();
    // Calls that were throttled are sent again, with the same token.
    let distinct: BTreeSet<&str> = sent.iter().copied().collect();
    assert_eq!(distinct.len(), uris.len());
}

#[tokio::test]
async fn what_is_still_running_when_the_time_is_over_is_told() {
    let mut tasks = 0;
    let server = Server::start(move |asked| {
        if asked.action == "RunTask" {
            tasks += 1;
            return started(tasks);
        }
        let arns = asked.body["tasks"].as_array().unwrap();
        let task = |arn: &Value| json!({"taskArn": arn, "lastStatus": "RUNNING"});
        Answer::ok(json!({"tasks": arns.iter().map(task).collect::<Vec<_>>()}))
    })
    .await;
    let launcher = TaskLauncher::new(&server.config().await);
    let requests = vec![request(&template()); 3];
    let follow = FollowOptions::default()
        .with_until(FollowUntil::AllStopped)
        .with_max_tasks(NonZeroUsize::new(2).unwrap())
        .with_timeout(Some(Duration::from_millis(200)))
        .with_interval(Duration::from_millis(20));
    let mut told = Vec::new();
    launcher
        .run_all(&requests, &follow, never(), |event| {
            told.push(match event {
                TaskEvent::Started { .. } => "started",
                TaskEvent::Failed { error, .. } if error.was_started() => "running",
                TaskEvent::Left { index: 2 } => "left",
                _ => "other",
            });
        })
        .await;
    assert_eq!(told, ["started", "started", "running", "running", "left"]);
}

#[tokio::test]
async fn a_task_that_is_answered_for_two_requests_counts_for_one_of_them() {
    let server = Server::start(|asked| {
        if asked.action == "RunTask" {
            return started(1);
        }
        let task = json!({"taskArn": asked.body["tasks"][0], "lastStatus": "STOPPED"});
        Answer::ok(json!({"tasks": [task]}))
    })
    .await;
    let launcher = TaskLauncher::new(&server.config().await);
    let requests = vec![request(&template()); 2];
    // At the same time, and one after the other.
    for most in [2, 1] {
        let follow = FollowOptions::default()
            .with_until(FollowUntil::AllStopped)
            .with_max_tasks(NonZeroUsize::new(most).unwrap())
            .with_interval(Duration::from_millis(1));
        let (mut stopped, mut refused) = (BTreeSet::new(), BTreeSet::new());
        let running = launcher.run_all(&requests, &follow, never(), |event| match event {
            TaskEvent::Started { .. } => {}
            TaskEvent::Stopped { index, .. } => assert!(stopped.insert(index)),
            TaskEvent::Failed { index, error } => {
                assert!(matches!(error, LaunchError::SameTask { .. }), "{error}");
                assert!(!error.was_started());
                assert!(refused.insert(index));
            }
            other => panic!("{other:?}"),
        });
        running.await;
        assert_eq!((stopped.len(), refused.len()), (1, 1));
        assert!(stopped.is_disjoint(&refused));
    }
}

#[tokio::test]
async fn nothing_is_asked_for_again_when_the_time_is_over() {
    let server =
        Server::start(|_| Answer::ok(json!({"failures": [{"reason": "RESOURCE:CPU"}]}))).await;
    let launcher = TaskLauncher::new(&server.config().await);
    let launcher = launcher.with_backoff(Backoff::default().with_first(Duration::from_hours(1)));
    let follow = FollowOptions::default().with_timeout(Some(Duration::from_millis(50)));
    let mut told = Vec::new();
    let requests = [request(&template())];
    let running = launcher.run_all(&requests, &follow, never(), |event| {
        told.push(format!("{event:?}"));
    });
    running.await;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("RESOURCE:CPU"), "{told:?}");
}

#[tokio::test]
async fn without_time_nothing_is_asked_for_and_all_is_left() {
    let server = Server::start(|_| started(1)).await;
    let launcher = TaskLauncher::new(&server.config().await);
    let requests = vec![request(&template()); 3];
    for until in [FollowUntil::AllStarted, FollowUntil::AllStopped] {
        let follow = FollowOptions::default()
            .with_until(until)
            .with_timeout(Some(Duration::ZERO));
        let mut left = 0;
        launcher
            .run_all(&requests, &follow, never(), |event| {
                left += usize::from(matches!(event, TaskEvent::Left { .. }));
            })
            .await;
        assert_eq!(left, 3);
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_stop_leaves_what_waits_and_tells_what_runs() {
    let server = Server::with_a_running_task().await;
    let launcher = TaskLauncher::new(&server.config().await);
    let follow = FollowOptions::default()
        .with_until(FollowUntil::AllStopped)
        .with_max_tasks(NonZeroUsize::MIN);
    let requests = vec![request(&template()); 3];
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut stop = Some(stop);
    let stopped = async { drop(stopped.await) };
    let mut told = Vec::new();
    launcher
        .run_all(&requests, &follow, stopped, |event| {
            if let TaskEvent::Started { .. } = event {
                drop(stop.take());
            }
            told.push(match event {
                TaskEvent::Started { index: 0, .. } => "started",
                TaskEvent::Failed { error, .. } if error.was_started() => "running",
                TaskEvent::Left { .. } => "left",
                _ => "other",
            });
        })
        .await;
    assert_eq!(told, ["started", "running", "left", "left"]);
}

#[tokio::test]
async fn a_task_that_never_ran_has_no_exit_code() {
    let server = Server::start(|asked| {
        if asked.action == "RunTask" {
            return started(1);
        }
        Answer::ok(json!({"tasks": [{
            "taskArn": "arn:aws:ecs:us-east-1:1:task/scans/1",
            "lastStatus": "STOPPED",
            "stopCode": "TaskFailedToStart",
            "stoppedReason": "CannotPullContainerError: no such image",
            "containers": [{"name": "go-iiif-process-ecs", "reason": "CannotPullContainerError"}],
        }]}))
    })
    .await;
    let launcher = TaskLauncher::new(&server.config().await);
    let follow = FollowOptions::default()
        .with_until(FollowUntil::AllStopped)
        .with_interval(Duration::from_millis(2));
    let mut ended = None;
    launcher
        .run_all(&[request(&template())], &follow, never(), |event| {
            if let TaskEvent::Stopped { outcome, .. } = event {
                ended = Some(outcome);
            }
        })
        .await;
    let outcome = ended.expect("it stopped");
    assert_eq!(outcome.exit_code("go-iiif-process-ecs"), None);
    assert_eq!(outcome.stop_code.as_deref(), Some("TaskFailedToStart"));
    assert_eq!(
        outcome.containers[0].reason.as_deref(),
        Some("CannotPullContainerError")
    );
}

#[tokio::test]
async fn a_task_that_is_not_known_yet_is_looked_up_again() {
    let mut lookups = 0;
    let arn = "arn:aws:ecs:us-east-1:1:task/scans/1";
    let server = Server::start(move |asked| {
        if asked.action == "RunTask" {
            return started(1);
        }
        lookups += 1;
        match lookups {
            1 => return Answer::ok(json!({"failures": [{"arn": arn, "reason": "MISSING"}]})),
            2 => return Answer::ok(json!({})),
            _ => {}
        }
        Answer::ok(json!({"tasks": [{
            "taskArn": arn,
            "lastStatus": "STOPPED",
            "containers": [{"name": "go-iiif-process-ecs", "exitCode": 0}],
        }]}))
    })
    .await;
    let launcher = TaskLauncher::new(&server.config().await);
    let follow = FollowOptions::default()
        .with_until(FollowUntil::AllStopped)
        .with_interval(Duration::from_millis(2));
    let mut codes = Vec::new();
    launcher
        .run_all(&[request(&template())], &follow, never(), |event| {
            if let TaskEvent::Stopped { outcome, .. } = event {
                codes.push(outcome.exit_code("go-iiif-process-ecs"));
            }
        })
        .await;
    assert_eq!(codes, [Some(0)]);
}

#[tokio::test]
async fn looking_up_in_vain_ends_at_once_where_it_will_never_be_allowed() {
    for (code, most) in [("AccessDeniedException", 1), ("ClientException", 5)] {
        let server = Server::start(move |asked| match &asked.action[..] {
            "RunTask" => started(1),
            _ => Answer::error(400, code, "not authorized: ecs:DescribeTasks"),
        })
        .await;
        let launcher = TaskLauncher::new(&server.config().await);
        let follow = FollowOptions::default()
            .with_until(FollowUntil::AllStopped)
            .with_interval(Duration::from_millis(2));
        let mut problem = None;
        launcher
            .run_all(&[request(&template())], &follow, never(), |event| {
                if let TaskEvent::Failed { error, .. } = event {
                    problem = Some(error.to_string());
                }
            })
            .await;
        let expected = format!("failed: {code}: not authorized: ecs:DescribeTasks");
        let problem = problem.expect("it ends");
        assert!(problem.ends_with(&expected), "{problem}");
        let asked = server.asked();
        let lookups = asked.iter().filter(|asked| asked.action != "RunTask");
        assert_eq!(lookups.count(), most, "{code}");
    }
}

#[tokio::test]
async fn tasks_that_are_not_followed_are_not_looked_up_while_another_starts_late() {
    let mut calls = 0;
    let server = Server::start(move |asked| {
        if asked.action != "RunTask" {
            return Answer::error(400, "AccessDeniedException", "not authorized");
        }
        calls += 1;
        match calls {
            2 => Answer::ok(json!({"failures": [{"reason": "RESOURCE:CPU"}]})),
            _ => started(calls),
        }
    })
    .await;
    let launcher = TaskLauncher::new(&server.config().await);
    // A look-up would come long before the second attempt.
    let launcher = launcher.with_backoff(Backoff::default().with_first(Duration::from_millis(300)));
    let follow = FollowOptions::default().with_interval(Duration::from_millis(1));
    let requests = vec![request(&template()); 2];
    let mut told = Vec::new();
    launcher
        .run_all(&requests, &follow, never(), |event| {
            told.push(matches!(event, TaskEvent::Started { .. }));
        })
        .await;
    assert_eq!(told, [true, true]);
    assert!(server.asked().iter().all(|asked| asked.action == "RunTask"));
}
