//! Names that are none of images in the source folder.

use crate::studio::{Run, Studio, photo_jpeg};

/// Checks that one line has `part`, in which `STUDIO` is the studio's folder.
#[track_caller]
fn assert_told_once(studio: &Studio, run: &Run, part: &str) {
    let root = studio.path(".").canonicalize().unwrap();
    let part = part.replace("STUDIO", root.to_str().unwrap());
    let lines = run.stderr.lines().filter(|line| line.contains(&part));
    assert_eq!(lines.count(), 1, "no single `{part}` in {}", run.stderr);
}

#[test]
fn paths_of_files_are_told_the_name_that_is_accepted() {
    let studio = Studio::new();
    studio.write_photo("folder/a.jpg", 320, 320);
    studio.write("other/a b.jpg", &photo_jpeg(320, 320));
    let root = studio.path(".").canonicalize().unwrap();
    let absolute = |name: &str| root.join(name).display().to_string();
    let within = "expected its name in the source, `folder/a.jpg`";
    let outside = "expected a name in the source; -config-images-source-uri file://STUDIO/other makes it `a b.jpg`";
    let cases = [
        (absolute("images/folder/a.jpg"), 1, within),
        ("images/folder/a.jpg".to_owned(), 1, within),
        (
            "other/../images/folder/a.jpg?target=x".to_owned(),
            2,
            within,
        ),
        (absolute("other/a b.jpg"), 1, outside),
        (
            format!("file://{}", absolute("other/a%20b.jpg")),
            1,
            outside,
        ),
        ("other/a b.jpg".to_owned(), 1, outside),
        ("config/../other/a b.jpg".to_owned(), 2, outside),
    ];
    for (name, code, expected) in cases {
        let run = studio.run(&[&name, "-report"]);
        run.assert_code(code);
        assert_told_once(&studio, &run, expected);
        assert_eq!(
            std::fs::read_dir(studio.path("derivatives"))
                .unwrap()
                .count(),
            0
        );
    }
    let source = format!("file://{}", absolute("other").replace(' ', "%20"));
    studio
        .run(&["-config-images-source-uri", &source, "a b.jpg"])
        .assert_code(0);
}

#[test]
fn paths_of_folders_are_told_so() {
    let studio = Studio::new();
    studio.write_photo("folder/a.jpg", 320, 320);
    let root = studio.path(".").canonicalize().unwrap();
    let config = root.join("config").display().to_string();
    let outside = "expected names of images in this folder, with -config-images-source-uri file://STUDIO/config";
    let cases = [
        (config.as_str(), 1, outside),
        ("images/../config", 2, outside),
        (
            "images",
            1,
            "expected names of images in this folder, such as `a.jpg`",
        ),
        (
            "images/folder/",
            2,
            "expected names of images in this folder, such as `folder/a.jpg`",
        ),
    ];
    for (name, code, expected) in cases {
        let run = studio.run(&[name]);
        run.assert_code(code);
        assert_told_once(&studio, &run, expected);
    }
}

#[test]
fn paths_that_do_not_exist_are_told_nothing_of_flags() {
    let studio = Studio::new();
    for (name, code) in [("/nowhere/a.jpg", 1), ("../nowhere/a.jpg", 2)] {
        let run = studio.run(&[name]);
        run.assert_code(code);
        assert!(!run.stderr.contains("-config-images"), "{}", run.stderr);
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_told_so_and_leaves_nothing_behind() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 320, 320);
    let run = studio.run(&["-report-html", "*.JPG", "a.jpg"]);
    run.assert_code(1);
    assert_told_once(&studio, &run, "no file matches this pattern");
    let reason = &run.report("*.JPG")["errors"]["source"]["reason"];
    assert!(
        reason.as_str().unwrap().contains("no file matches"),
        "{reason}"
    );
    assert_eq!(run.report("a.jpg").get("errors"), None);
    let made = std::fs::read_dir(studio.path("derivatives")).unwrap();
    let made: Vec<_> = made.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made, ["a.jpg"]);
}

#[test]
fn folders_among_the_files_of_a_shell_are_passed_over() {
    let studio = Studio::new();
    studio.write("a.jpg", &photo_jpeg(320, 320));
    studio.write("derivatives/old.txt", b"");
    let run = studio.run_bare(&["a.jpg", "derivatives", "file:///config"]);
    run.assert_code(0);
    for folder in ["derivatives", "config"] {
        assert_told_once(&studio, &run, &format!("WARN `{folder}` is a folder"));
    }
    let reports: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(reports.as_object().unwrap().len(), 1);
    let run = studio.run_bare(&["derivatives"]);
    run.assert_code(3);
    assert_eq!(run.stdout, "");
}
