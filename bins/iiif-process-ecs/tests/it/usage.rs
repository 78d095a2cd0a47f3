use crate::run::{TASK, run};

#[tokio::test]
async fn all_that_is_missing_is_named_at_once() {
    let task = run(&["file:///a.jpg"], &[]).await;
    assert_eq!(task.code, Some(2));
    for flag in ["-ecs-dsn", "-cluster", "-task", "-container", "-subnet"] {
        assert!(task.stderr.contains(flag), "{}", task.stderr);
    }
    let wrong = [
        "-ecs-dsn",
        "credentials=iam:",
        "-wait-timeout",
        "5m",
        "-include",
        "scans/[",
        "-manifest",
        "/nowhere/list.txt",
        "notes.txt",
    ];
    let wrong = run(&wrong, &[]).await;
    assert_eq!(wrong.code, Some(2));
    for problem in [
        "-cluster",
        "region",
        "-wait-timeout needs -wait",
        "`scans/[` is no glob",
        "cannot read the manifest `/nowhere/list.txt`",
        "notes.txt",
    ] {
        assert!(
            wrong.stderr.contains(problem),
            "{problem}: {}",
            wrong.stderr
        );
    }
}

#[tokio::test]
async fn flags_that_contradict_each_other_or_the_mode_are_refused() {
    let ignored = ["-mode", "lambda", "-dry-run", "-manifest", "list.txt"];
    let ignored = run(&[&TASK[..], &ignored].concat(), &[]).await;
    assert_eq!(ignored.code, Some(2));
    for flag in ["-dry-run", "-manifest"] {
        assert!(ignored.stderr.contains(flag), "{}", ignored.stderr);
    }
    let filters = ["-include", "**", "-exclude", "x/**"];
    let task = run(&[&TASK[..], &["-dry-run", "a.jpg"], &filters].concat(), &[]).await;
    let expected = "-mode task does not know -include, -exclude";
    assert!(task.stderr.contains(expected), "{}", task.stderr);
    let unread = ["-dry-run", "a.jpg", "-derivatives", "scans", "-wait"];
    let unread = run(&[&TASK[..], &unread].concat(), &[]).await;
    assert_eq!(unread.code, Some(2));
    assert!(unread.stderr.contains("-report"), "{}", unread.stderr);
    let spaced = ["-dry-run", "-assign-public-ip", "DISABLED", "a.jpg"];
    let spaced = run(&[&TASK[..], &spaced].concat(), &[]).await;
    assert_eq!(spaced.code, Some(2));
    let expected = "expected `-assign-public-ip=DISABLED`";
    assert!(spaced.stderr.contains(expected), "{}", spaced.stderr);
    let numbers = [("-cpu", "lots", "CPU units"), ("-memory", "1GB", "MiB")];
    for (flag, value, unit) in numbers {
        let size = run(&[&TASK[..], &[flag, value, "a.jpg"]].concat(), &[]).await;
        let expected = format!("expected {unit}, a whole number");
        assert!(size.stderr.contains(&expected), "{}", size.stderr);
    }
    let spot = [
        "-dry-run",
        "-capacity-provider",
        "FARGATE_SPOT=1",
        "-cluster",
        "c",
        "-task",
        "t",
        "-container",
        "c",
        "a.jpg",
    ];
    assert!(run(&spot, &[]).await.stderr.contains("-subnet"));
    let name = run(
        &[&TASK[..], &["-dry-run", "-report-name", "../x", "a.jpg"]].concat(),
        &[],
    )
    .await;
    assert_eq!(name.code, Some(2));
    let on_machines = [
        "-dry-run",
        "-launch-type",
        "EC2",
        "-cluster",
        "c",
        "-task",
        "t",
        "-container",
        "c",
        "a.jpg",
    ];
    let made = run(&on_machines, &[]).await;
    assert_eq!(made.code, Some(0));
    assert!(!made.stdout.contains("assignPublicIp"), "{}", made.stdout);
    let invoke = run(&["-mode", "invoke", "file:///a.jpg"], &[]).await;
    assert_eq!(invoke.code, Some(2));
    for flag in ["-lambda-dsn", "-lambda-func", "-lambda-type"] {
        assert!(invoke.stderr.contains(flag), "{}", invoke.stderr);
    }
}

#[tokio::test]
async fn flags_that_the_mode_ignores_are_refused() {
    let dsn = "region=us-east-1 credentials=anon:";
    let lambda = ["-lambda-func", "f", "-lambda-type", "Event"];
    let invoke = [
        &["-mode", "invoke", "-lambda-dsn", dsn, "a.jpg"],
        &lambda[..],
    ]
    .concat();
    let of_tasks = [
        "-report",
        "-max-tasks=2",
        "-tag=a=b",
        "-cluster=c",
        "-cpu=256",
        "-config=/c.json",
    ];
    let refused = run(&[&invoke[..], &of_tasks].concat(), &[]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let expected =
        "-mode invoke does not know -cluster, -cpu, -tag, -max-tasks, -config, -report\n";
    assert!(refused.stderr.ends_with(expected), "{}", refused.stderr);
    for mode in ["task", "lambda"] {
        let flags = [&["-mode", mode, "-ecs-dsn", dsn], &lambda[..]].concat();
        let refused = run(&[&TASK[..], &flags].concat(), &[]).await;
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        let expected = format!("-mode {mode} does not know -lambda-func, -lambda-type\n");
        assert!(refused.stderr.ends_with(&expected), "{}", refused.stderr);
    }
    let external = ["-launch-type", "EXTERNAL", "-assign-public-ip"];
    let external = run(
        &[&TASK[..], &external, &["-dry-run", "a.jpg"]].concat(),
        &[],
    )
    .await;
    let expected = "-launch-type EXTERNAL has no -assign-public-ip";
    assert!(external.stderr.contains(expected), "{}", external.stderr);
}

#[tokio::test]
async fn what_reads_as_keys_among_the_uris_is_not_shown() {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let args = ["-dry-run", "AKID:hunter2", secret, "notes.txt"];
    let refused = run(&[&TASK[..], &args].concat(), &[]).await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("`notes.txt`"), "{}", refused.stderr);
    for shown in ["hunter2", "K7MDENG"] {
        assert!(!refused.stderr.contains(shown), "{}", refused.stderr);
    }
}

#[tokio::test]
async fn all_uris_that_cannot_be_processed_are_named_at_once() {
    let args = [
        &TASK[..],
        &[
            "-dry-run",
            "notes.txt",
            "file:///../a.jpg",
            "file:///b.jpg",
            "idsecret:///c.jpg?secret=s",
        ],
    ]
    .concat();
    let refused = run(&args, &[]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    for name in ["notes.txt", "../a.jpg", "c.jpg"] {
        assert!(refused.stderr.contains(name), "{name}: {}", refused.stderr);
    }
    assert!(!refused.stderr.contains("secret=s"), "{}", refused.stderr);
    let args = [
        &TASK[..],
        &[
            "-dry-run",
            "-skip-non-images",
            "notes.txt",
            "2024/",
            "b.jpg",
        ],
    ]
    .concat();
    let passed = run(&args, &[]).await;
    assert_eq!(passed.code, Some(0), "{}", passed.stderr);
    assert_eq!(passed.stdout.lines().count(), 1);
    let nothing = run(&[&TASK[..], &["-dry-run"]].concat(), &[]).await;
    assert_eq!(nothing.code, Some(3));
    assert!(nothing.stderr.contains("no images"), "{}", nothing.stderr);
}

#[tokio::test]
async fn a_place_of_derivatives_that_would_exclude_nothing_is_refused() {
    for place in ["scans/d1,scans/d2", "arn:aws:s3:::scans", "/srv/made"] {
        let dsn = "region=us-east-1 credentials=anon:";
        let flags = ["-mode", "lambda", "-ecs-dsn", dsn, "-derivatives", place];
        let refused = run(&[&TASK[..], &flags].concat(), &[]).await;
        assert_eq!(refused.code, Some(2), "{place}");
        assert!(
            refused.stderr.contains("-derivatives") && refused.stderr.contains("`BUCKET/FOLDER`"),
            "{}",
            refused.stderr
        );
    }
}

#[tokio::test]
async fn what_is_wrong_in_a_manifest_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    let text = "a.jpg\r\n\nnotes.txt\nb/a.jpg\nfile:///../c.jpg\n# a comment\n2024/\n";
    std::fs::write(&list, text).unwrap();
    let manifest = ["-dry-run", "-manifest", list.to_str().unwrap(), "d.txt"];
    let refused = run(&[&TASK[..], &manifest].concat(), &[]).await;
    assert_eq!(refused.code, Some(2));
    for problem in [
        "error: `d.txt` is no image",
        "manifest line 3: `notes.txt` is no image",
        "manifest line 5: `file:///../c.jpg` is no processing URI",
        "`file:///a.jpg` is there 2 times, of `a.jpg`, `b/a.jpg`, in manifest lines 1, 4;",
        "manifest line 6: `# a comment` is no image",
        "manifest line 7: `2024/` is a folder; -skip-non-images passes it over",
    ] {
        assert!(
            refused.stderr.contains(problem),
            "{problem}: {}",
            refused.stderr
        );
    }
}

#[tokio::test]
async fn a_bucket_of_manifests_is_one_that_containers_can_read() {
    for bucket in [
        "lists",
        "file:///tmp/lists",
        "mem://",
        "https://me:testkit-secret@a.org/",
    ] {
        let flags = ["-dry-run", "-manifest-bucket", bucket, "a.jpg"];
        let refused = run(&[&TASK[..], &flags].concat(), &[]).await;
        assert_eq!(refused.code, Some(2), "{bucket}");
        assert!(
            refused
                .stderr
                .contains("expected a bucket of S3, s3://BUCKET"),
            "{}",
            refused.stderr
        );
    }
    // With a folder like this no request would be one that ECS takes.
    let bucket = format!("s3://lists/{}", "x".repeat(8192));
    let uris: Vec<String> = (0..300).map(|number| format!("{number:050}.jpg")).collect();
    let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
    let flags = [
        "-dry-run",
        "-uris-per-task",
        "300",
        "-manifest-bucket",
        &bucket,
    ];
    let refused = run(&[&TASK[..], &flags, &uris].concat(), &[]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.stdout);
    for part in ["-manifest-bucket", "8192", "characters"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
}

#[tokio::test]
async fn folders_are_stripped_as_documented_unless_two_images_become_one() {
    let args = [&TASK[..], &["-dry-run", "file:///2024/a.jpg"]].concat();
    assert!(run(&args, &[]).await.stdout.contains("\"file:///a.jpg\""));
    let kept = [&args[..], &["-strip-paths=false"]].concat();
    assert!(
        run(&kept, &[])
            .await
            .stdout
            .contains("\"file:///2024/a.jpg\"")
    );
    let same = [&args[..], &["file:///2025/a.jpg"]].concat();
    let refused = run(&same, &[]).await;
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("-strip-paths=false"),
        "{}",
        refused.stderr
    );
}

#[tokio::test]
async fn a_dsn_that_cannot_be_read_is_not_shown() {
    for dsn in [
        "region=us-east-1 credentials=static:testkit-secret",
        "region=us-east-1 credentials=iam: endpoint=http://me:testkit-secret@localhost",
        "credentials=static:ID:testkit-secret:",
        "region=us-east-1 credentials=statics:ID:testkit-secret:T",
    ] {
        let args = [&TASK[..], &["-ecs-dsn", dsn, "a.jpg"]].concat();
        let refused = run(&args, &[]).await;
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains("expected"), "{}", refused.stderr);
    }
    for flag in [
        "-mode",
        "-launch-type",
        "-cpu",
        "-report-name",
        "-log-format",
        "-wait",
    ] {
        let value = format!("{flag}=static:ID:testkit-secret:/T");
        let refused = run(&[&TASK[..], &[&value, "a.jpg"]].concat(), &[]).await;
        assert_eq!(refused.code, Some(2));
        assert!(
            refused.stderr.contains("'******'") && refused.stderr.contains(flag),
            "{}",
            refused.stderr
        );
    }
    for credentials in ["AKID:testkit-secret", "AKID/testkit-secret"] {
        let dsn = format!("region=us-east-1 credentials={credentials}");
        let refused = run(&[&TASK[..], &["-ecs-dsn", &dsn, "a.jpg"]].concat(), &[]).await;
        assert_eq!(refused.code, Some(2));
        assert!(
            refused.stderr.contains("static:ID:SECRET:TOKEN"),
            "{}",
            refused.stderr
        );
    }
    let taken_apart = [
        "-ecs-dsn",
        "region=r",
        "credentials=static:ID:testkit-secret:",
        "a.jpg",
    ];
    let refused = run(&[&TASK[..], &taken_apart].concat(), &[]).await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("in quotes"), "{}", refused.stderr);
    let args = [
        &TASK[..],
        &["-ecs-dsn", "region=us-east-1 credentials=env:", "a.jpg"],
    ]
    .concat();
    let refused = run(&args, &[]).await;
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("AWS_ACCESS_KEY_ID"),
        "{}",
        refused.stderr
    );
}

#[tokio::test]
async fn variables_stand_for_flags_and_lists_have_commas() {
    let variables = [
        ("IIIF_PROCESS_CLUSTER", "scans"),
        ("IIIF_PROCESS_TASK", "iiif-process:2"),
        ("IIIF_PROCESS_CONTAINER", "iiif"),
        ("IIIF_PROCESS_SUBNET", "subnet-1, subnet-2"),
        ("IIIF_PROCESS_SECURITY_GROUP", "sg-1"),
        ("IIIF_PROCESS_REPORT", "true"),
        ("IIIF_PROCESS_REPORT_NAME", "report.json"),
    ];
    let made = run(&["-dry-run", "a.jpg"], &variables).await;
    let request = made.request();
    let network = &request["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(
        network["subnets"],
        serde_json::json!(["subnet-1", "subnet-2"])
    );
    let command = &request["overrides"]["containerOverrides"][0]["command"];
    assert!(
        command
            .to_string()
            .contains(r#""-report","-report-name","report.json""#)
    );
}

#[tokio::test]
async fn capacity_and_sizes_go_into_the_request() {
    let args = [
        &TASK[..],
        &[
            "-dry-run",
            "-capacity-provider",
            "FARGATE_SPOT=3, FARGATE=1",
            "-assign-public-ip=DISABLED",
        ],
        &[
            "-cpu",
            "1024",
            "-memory",
            "2048",
            "-tag",
            "a=b, c=d",
            "-platform-version",
            "1.4.0",
            "-uri",
            "a.jpg, b.jpg",
        ],
    ]
    .concat();
    let made = run(&args, &[]).await;
    let request = made.request();
    let providers = serde_json::json!([
        {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
        {"capacityProvider": "FARGATE", "weight": 1, "base": 0},
    ]);
    assert_eq!(request["capacityProviderStrategy"], providers);
    assert!(request.get("launchType").is_none());
    let network = &request["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(network["assignPublicIp"], "DISABLED");
    assert_eq!(request["overrides"]["cpu"], "1024");
    assert_eq!(
        request["tags"],
        serde_json::json!([{"key": "a", "value": "b"}, {"key": "c", "value": "d"}])
    );
    let command = request["overrides"]["containerOverrides"][0]["command"].to_string();
    assert!(
        command.ends_with(r#""file:///a.jpg","file:///b.jpg"]"#),
        "{command}"
    );
}
