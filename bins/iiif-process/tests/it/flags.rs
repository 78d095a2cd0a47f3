//! Flags, variables and the files that they name.

use serde_json::Value;

use crate::studio::Studio;

#[test]
fn both_generations_of_flags_name_the_same_files() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 400, 300);
    let config = studio.path("config/config.json").display().to_string();
    let instructions = studio
        .path("config/instructions.json")
        .display()
        .to_string();
    let old = studio.run_bare(&[
        "-config",
        &config,
        "-instructions",
        &instructions,
        "-uri",
        "a.jpg",
    ]);
    old.assert_code(0);
    let new = studio.run(&["a.jpg"]);
    new.assert_code(0);
    let double = studio.run_bare(&[
        "a.jpg",
        "--config-source=file://./config",
        "--config-name=config.json",
        "--instructions-source=file://./config",
    ]);
    double.assert_code(0);
    assert_eq!(old.stdout, new.stdout);
    assert_eq!(old.stdout, double.stdout);
}

#[test]
fn buckets_of_the_flags_replace_those_of_the_config() {
    let studio = Studio::new();
    studio.write("elsewhere/a.jpg", &crate::studio::photo_jpeg(400, 300));
    let run = studio.run(&[
        "-config-images-source-uri=file://./elsewhere",
        "-config-derivatives-cache-uri=file://./made/here",
        "a.jpg",
    ]);
    run.assert_code(0);
    assert_eq!(studio.files_in("made/here").len(), 3);
    assert!(!studio.path("derivatives/a.jpg").exists());
}

#[test]
fn variables_stand_for_flags_and_the_command_line_wins() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 400, 300);
    let output = studio
        .command()
        .env("IIIF_CONFIG_SOURCE", "file://./config")
        .env("IIIF_PROCESS_INSTRUCTIONS_SOURCE", "file://./config")
        .env("IIIF_PROCESS_REPORT", "true")
        .env("IIIF_REPORT_NAME", "from-variable.json")
        .args(["-report-name", "from-flag.json", "a.jpg"])
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(studio.path("derivatives/a.jpg/from-flag.json").exists());
    assert!(!studio.path("derivatives/a.jpg/from-variable.json").exists());
}

#[test]
fn what_is_wrong_in_a_manifest_is_named_with_its_line() {
    let studio = Studio::new();
    studio.write("list.txt", b"a.jpg\n\nfile:///../b.jpg\n");
    let run = studio.run(&["-manifest", "list.txt"]);
    run.assert_code(2);
    let expected = "manifest line 3: `file:///../b.jpg` is no processing URI";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
}

#[test]
fn manifests_list_uris_from_a_file_or_from_stdin() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 320, 320);
    studio.write_photo("b c.jpg", 320, 320);
    studio.write("list.txt", b"a.jpg\r\n\nfile:///b%20c.jpg?target=bc\n");
    let run = studio.run(&["-manifest", "list.txt"]);
    run.assert_code(0);
    run.report("a.jpg");
    run.report("b c.jpg");
    assert!(studio.path("derivatives/bc").is_dir());

    let mut command = studio.command();
    let list = std::fs::File::open(studio.path("list.txt")).unwrap();
    command
        .args(["-manifest", "-", "-config-source", "file://./config"])
        .stdin(list);
    let output = command.output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        String::from_utf8(output.stdout)
            .unwrap()
            .matches("origin_fingerprint")
            .count(),
        2
    );
}

#[test]
fn the_configuration_in_effect_is_printed_without_secrets() {
    let studio = Studio::new();
    let uri = "s3blob://photos?region=us-east-1&credentials=static:AKIA:hush-hush:";
    let run = studio.run(&["-print-config", "-config-images-source-uri", uri]);
    run.assert_code(0);
    let config: Value = serde_json::from_str(&run.stdout).unwrap();
    let source = config["images"]["source"]["uri"].as_str().unwrap();
    assert!(source.starts_with("s3blob://photos"), "{source}");
    assert!(!run.stdout.contains("hush-hush"), "{}", run.stdout);
    assert_eq!(config["encoding"]["jpeg_quality"], 80);
}

#[test]
fn what_is_in_effect_beside_the_config_is_logged_with_it() {
    let studio = Studio::new();
    let given = studio.run(&["-print-config", "-memory-limit=512MiB", "-concurrency=3"]);
    given.assert_code(0);
    for part in [
        "instructions: file://./config/instructions.json",
        "label b: full/!2048,1536/0/color.png",
        "label d: -1,-1,320,320/full/0/dither.jpg",
        "memory limit: 512MiB",
        "concurrency: 3",
    ] {
        assert!(
            given.stderr.contains(part),
            "no `{part}` in {}",
            given.stderr
        );
    }
    studio.write("printed.json", given.stdout.as_bytes());
    let built_in = studio.run_bare(&["-print-config", "-config=printed.json"]);
    built_in.assert_code(0);
    assert_eq!(built_in.stdout, given.stdout);
    for part in [
        "instructions: built in",
        "label z: full/!640,480/0/color.jpg",
    ] {
        assert!(
            built_in.stderr.contains(part),
            "no `{part}` in {}",
            built_in.stderr
        );
    }
    assert!(!built_in.stderr.contains("WARN"), "{}", built_in.stderr);
}

#[test]
fn the_config_is_printed_also_where_the_instructions_cannot_be_used() {
    let studio = Studio::new();
    let run = studio.run_bare(&["-print-config", "-instructions=nowhere.json"]);
    run.assert_code(0);
    assert!(serde_json::from_str::<Value>(&run.stdout).is_ok());
    assert!(
        run.stderr.contains("no instructions are in effect"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("nowhere.json"), "{}", run.stderr);
}

#[test]
fn quiet_runs_say_nothing_and_logs_can_be_json() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 320, 320);
    let quiet = studio.run(&["-quiet", "a.jpg"]);
    quiet.assert_code(0);
    assert_eq!(quiet.stderr, "");
    let json = studio.run(&["-log-format", "json", "a.jpg"]);
    json.assert_code(0);
    assert!(json.stderr.lines().count() > 0);
    for line in json.stderr.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    let studio = Studio::new();
    for flag in ["-h", "--help", "-help"] {
        let run = studio.run_bare(&[flag]);
        run.assert_code(0);
        assert!(run.stdout.contains("command line wins"), "{}", run.stdout);
        assert_eq!(run.stderr, "");
    }
    let version = studio.run_bare(&["-version"]);
    version.assert_code(0);
    let back_end = if cfg!(feature = "turbojpeg") {
        "libjpeg-turbo 3"
    } else {
        "zune-jpeg, jpeg-encoder"
    };
    let number = env!("CARGO_PKG_VERSION");
    let expected = format!("iiif-process {number} (jpeg: {back_end})\n");
    assert_eq!(version.stdout, expected);
}

#[test]
fn flags_without_effect_are_told() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 320, 320);
    let run = studio.run(&["-report-name", "x.json", "a.jpg"]);
    run.assert_code(0);
    assert!(
        run.stderr
            .contains("-report-name has no effect without -report"),
        "{}",
        run.stderr
    );
    let run = studio.run_bare(&["-instructions-name", "x.json", "-print-config=false"]);
    assert!(
        run.stderr.contains("-instructions-name has no effect"),
        "{}",
        run.stderr
    );
    let run = studio.run(&["-verbose", "a.jpg"]);
    run.assert_code(0);
    assert!(
        run.stderr.contains("file:///a.jpg/full/full/-1/color.jpg"),
        "{}",
        run.stderr
    );
    let run = studio.run_bare(&["-config", "nowhere/config.json", "a.jpg"]);
    run.assert_code(2);
    assert!(run.stderr.contains("-config"), "{}", run.stderr);
}
