//! How a run ends early.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::json;

use crate::studio::Studio;

/// More images than a machine finishes before the signal reaches it.
const IMAGES: usize = 400;

fn stopped_by(signal: &str) -> (Option<i32>, serde_json::Value, String) {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 1600, 1200);
    let list: Vec<String> = (0..IMAGES)
        .map(|index| format!("file:///a.jpg?target=t{index}"))
        .collect();
    studio.write("list.txt", list.join("\n").as_bytes());
    let mut child = studio.start(&["-concurrency", "1", "-manifest", "list.txt"]);
    wait_for_first_report(&studio, &mut child);
    let id = child.id().to_string();
    kill(signal, &id);
    let output = child.wait_with_output().unwrap();
    let rest = String::from_utf8(output.stdout).unwrap();
    let reports = serde_json::from_str(&format!("{{{rest}")).unwrap();
    (
        output.status.code(),
        reports,
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn kill(signal: &str, id: &str) {
    // An error says that the process is gone already.
    let _ = Command::new("kill").args(["-s", signal, id]).status();
}

/// The first byte of stdout says that the first image is finished.
fn wait_for_first_report(_studio: &Studio, child: &mut Child) {
    let mut first = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    assert_eq!(&first, b"{");
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let studio = Studio::new();
    studio.write_photo("slow.jpg", 1600, 1200);
    let mut labels: serde_json::Map<String, serde_json::Value> = (40..50)
        .map(|radius| {
            (
                radius.to_string(),
                json!({ "quality": format!("crisp:{radius},1,10") }),
            )
        })
        .collect();
    // The source's own data is written before anything is rendered.
    labels.insert("copy".into(), json!({ "rotation": "-1" }));
    studio.write_instructions(&labels.into());
    let copy = ["full/full/-1/color.jpg"];
    let mut child = studio.start(&["-memory-limit=8GiB", "slow.jpg"]);
    while studio.files_in("derivatives/slow.jpg") != copy {
        assert_eq!(child.try_wait().unwrap(), None, "the program ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = child.id().to_string();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    kill("INT", &id);
    let mut line = String::new();
    while !line.contains("a second signal") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the program ended");
    }
    // The program may still be about to listen; it ends at the first signal that it hears.
    let code = loop {
        kill("TERM", &id);
        std::thread::sleep(Duration::from_millis(20));
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
    };
    assert_eq!(code, Some(143));
    let written = studio.files_in("derivatives/slow.jpg");
    assert_eq!(written, copy, "the work was ended, not finished");
}

#[test]
fn signals_finish_the_images_under_way_and_say_what_was_left() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (actual, reports, stderr) = stopped_by(signal);
        assert_eq!(actual, Some(code), "{stderr}");
        let reports = reports.as_object().unwrap();
        assert!(
            !reports.is_empty() && reports.len() < IMAGES,
            "{}",
            reports.len()
        );
        for (uri, report) in reports {
            assert_eq!(report["uris"].as_object().unwrap().len(), 3, "{uri}");
        }
        let left = format!("{} images were not begun", IMAGES - reports.len());
        assert!(stderr.contains(&left), "no `{left}` in {stderr}");
    }
}
