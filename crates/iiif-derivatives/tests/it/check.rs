//! What is refused before any work.

use std::sync::Arc;

use iiif_config::ReportName;
use iiif_derivatives::{ContactSheets, ErrorKind, Job, ReportOptions};
use iiif_storage::Bucket;
use object_store::memory::InMemory;

use crate::studio::{bucket, instructions, job, uris};

/// Instructions, URIs, and what the refusal says.
type Case<'a> = (&'a str, &'a [&'a str], Option<[&'a str; 2]>);

const TWO: &str = r#"{"b": {"size": "!10,10"}, "c": {"size": "!20,20"}}"#;

fn refusal(job: &Job, texts: &[&str]) -> Option<String> {
    job.check(&uris(texts)).err().map(|error| error.to_string())
}

#[test]
fn two_objects_never_get_the_same_key() {
    let same = r#"{"b": {"size": "!10,10"}, "c": {"size": "!10,10"}}"#;
    let cases: [Case<'_>; 7] = [
        (TWO, &["a.jpg", "b.jpg"], None),
        (
            TWO,
            &["a.jpg", "a.jpg"],
            Some(["label `b` of `file:///a.jpg`", "a.jpg/full/!10,10/"]),
        ),
        (
            TWO,
            &["a.jpg?target=x", "b.jpg?target=x"],
            Some(["b.jpg", "x/full/!10,10/0/color.jpg"]),
        ),
        (
            TWO,
            &["rewrite:///a.jpg?target=x.jpg"],
            Some(["label `c`", "`x.jpg`"]),
        ),
        (same, &["a.jpg"], Some(["label `b`", "label `c`"])),
        (
            TWO,
            &[
                "idsecret:///a.jpg?id=1&secret=s",
                "idsecret:///b.jpg?id=1&secret=s",
            ],
            Some(["a.jpg", "b.jpg"]),
        ),
        (
            TWO,
            &["idsecret:///a.jpg?id=1", "idsecret:///b.jpg?id=1"],
            None,
        ),
    ];
    for (instructions, texts, expected) in cases {
        let refused = refusal(&job(instructions), texts);
        match expected {
            None => assert_eq!(refused, None, "{texts:?}"),
            Some(parts) => {
                let refused = refused.unwrap();
                for part in parts {
                    assert!(
                        refused.contains(part),
                        "{texts:?}: no `{part}` in {refused}"
                    );
                }
            }
        }
    }
}

#[test]
fn no_object_is_the_folder_of_another() {
    let one = r#"{"b": {"size": "!10,10"}}"#;
    let refused = refusal(&job(one), &["rewrite:///a.jpg?target=x", "b.jpg?target=x"]).unwrap();
    assert!(
        refused.contains("`x`") && refused.contains("file:///b.jpg?target=x"),
        "{refused}"
    );
}

#[test]
fn reports_of_images_that_share_a_folder_need_names_of_their_own() {
    let texts = [
        "idsecret:///a.jpg?id=1&prefix=all",
        "idsecret:///b.jpg?id=2&prefix=all",
    ];
    let mut job = job(TWO);
    assert_eq!(refusal(&job, &texts), None);
    job.reports = Some(ReportOptions::default());
    let refused = refusal(&job, &texts).unwrap();
    assert!(
        refused.contains("all/process.json") && refused.contains("the report of"),
        "{refused}"
    );
    let mut options = ReportOptions::default();
    options.name = ReportName::per_origin();
    job.reports = Some(options.clone());
    assert_eq!(refusal(&job, &texts), None);
    options.contact_sheet = ContactSheets::Written;
    job.reports = Some(options);
    assert!(refusal(&job, &texts).unwrap().contains("all/index.html"));
}

#[test]
fn sources_are_never_replaced_even_through_prefixes() {
    let store = Arc::new(InMemory::new());
    let all = Bucket::from_store(store);
    let scans = all.clone().with_prefix("scans").unwrap();
    let texts = [
        "rewrite:///b.jpg?target=scans/a.jpg",
        "a.jpg?target=elsewhere",
    ];
    let one = instructions(r#"{"b": {"size": "!10,10"}}"#);
    let overlapping = Job::new(scans.clone(), all.clone(), one.clone());
    let refused = refusal(&overlapping, &texts).unwrap();
    assert!(
        refused.contains("`a.jpg`") && refused.contains("label `b`"),
        "{refused}"
    );
    assert_eq!(refusal(&Job::new(all, scans, one.clone()), &texts), None);
    assert_eq!(refusal(&Job::new(bucket(), bucket(), one), &texts), None);
}

#[test]
fn reports_replace_neither_sources_nor_derivatives() {
    let store = Arc::new(InMemory::new());
    let all = Bucket::from_store(store);
    let made = all.clone().with_prefix("made").unwrap();
    let one = instructions(r#"{"b": {"size": "!10,10"}}"#);
    let mut job = Job::new(all.clone(), made.clone(), one);
    let mut options = ReportOptions::default();
    options.bucket = Some(all);
    options.name = "a.jpg".parse().unwrap();
    job.reports = Some(options.clone());
    let refused = refusal(&job, &["a.jpg"]).unwrap();
    assert!(
        refused.contains("the report of") && refused.contains("source image"),
        "{refused}"
    );
    options.bucket = Some(made);
    options.name = "x.jpg".parse().unwrap();
    job.reports = Some(options);
    let refused = refusal(&job, &["rewrite:///a.jpg?target=x.jpg"]).unwrap();
    assert!(
        refused.contains("the report of") && refused.contains("label `b`"),
        "{refused}"
    );
}

#[test]
fn an_empty_list_is_nothing_to_do() {
    assert_eq!(
        job(TWO).check(&[]).unwrap_err().kind(),
        ErrorKind::NothingToDo
    );
}
