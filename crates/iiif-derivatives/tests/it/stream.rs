//! Reports as one line.

use std::io;

use iiif_derivatives::{ProcessReport, ReportStream};

use crate::studio::uris;

fn report(origin: &str) -> ProcessReport {
    let mut report = ProcessReport::default();
    origin.clone_into(&mut report.origin);
    report
}

fn streamed(texts: &[&str], order: &[usize]) -> String {
    let mut line = Vec::new();
    let mut stream = ReportStream::new(&mut line, &uris(texts));
    for index in order {
        stream.push(*index, report(texts[*index]));
    }
    stream.finish().unwrap();
    String::from_utf8(line).unwrap()
}

#[test]
fn reports_come_in_the_order_of_their_uris() {
    let texts = ["c.jpg", "a.jpg", "b.jpg"];
    let line = streamed(&texts, &[0, 1, 2]);
    assert_eq!(line, streamed(&texts, &[2, 0, 1]));
    assert!(
        line.starts_with(r#"{"c.jpg":{"dimensions":{},"origin":"c.jpg","#),
        "{line}"
    );
    assert_eq!(line.find('\n'), Some(line.len() - 1));
    let positions: Vec<Option<usize>> = texts
        .iter()
        .map(|text| line.find(&format!("\"{text}\":")))
        .collect();
    assert!(positions.is_sorted() && positions[0].is_some(), "{line}");
}

#[test]
fn an_interrupted_run_and_an_empty_one_are_objects_too() {
    assert_eq!(streamed(&["a.jpg"], &[]), "{}\n");
    let line = streamed(&["a.jpg", "b.jpg"], &[1]);
    assert!(
        line.starts_with(r#"{"b.jpg":{"#) && line.ends_with("}}\n"),
        "{line}"
    );
}

#[test]
fn an_origin_that_occurs_twice_stands_under_its_uri() {
    let line = streamed(&["a.jpg?target=x", "a.jpg?target=y", "b.jpg"], &[0, 1, 2]);
    for key in ["file:///a.jpg?target=x", "file:///a.jpg?target=y", "b.jpg"] {
        assert!(
            line.contains(&format!("\"{key}\":{{")),
            "no `{key}` in {line}"
        );
    }
}

#[test]
fn uris_that_differ_in_their_secrets_alone_are_told_apart() {
    let uri = |secret: &str| format!("idsecret:///a.jpg?id=1&secret={secret}&secret_o={secret}");
    let (first, second) = (uri("x"), uri("y"));
    let line = streamed(&[&first, &second], &[0, 1]);
    let key = "idsecret:///a.jpg?id=1&secret=******&secret_o=******";
    assert!(line.contains(&format!("\"{key}\":")), "{line}");
    assert!(line.contains(&format!("\"{key}#2\":")), "{line}");
}

#[test]
fn a_reader_that_went_away_is_no_error_and_a_full_disk_is_one() {
    struct Failing(io::ErrorKind);
    impl io::Write for Failing {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }
    for (kind, is_error) in [
        (io::ErrorKind::BrokenPipe, false),
        (io::ErrorKind::StorageFull, true),
    ] {
        let mut stream = ReportStream::new(Failing(kind), &uris(&["a.jpg"]));
        stream.push(0, report("a.jpg"));
        assert_eq!(stream.finish().is_err(), is_error, "{kind}");
    }
}
