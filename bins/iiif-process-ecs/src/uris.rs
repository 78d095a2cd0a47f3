//! Reads what is to be processed.

use std::collections::HashMap;

use iiif_config::{ProcessingUri, has_image_extension, manifest_lines, without_parameters};
use iiif_storage::{Environment, StorageOpener};

use crate::args::Args;

/// The characters of a secret access key of AWS.
const SECRET_CHARS: usize = 40;

/// A URI as it was given, with its line in the manifest.
struct Given<'a> {
    line: Option<usize>,
    text: &'a str,
}

/// The URIs that are read so far.
struct List<'a> {
    args: &'a Args,
    uris: Vec<ProcessingUri>,
    /// What was given for each.
    given: HashMap<ProcessingUri, Vec<Given<'a>>>,
}

/// Returns the URIs of the command line, then those of the manifest. What is wrong goes to `problems`;
/// where there are some already, a manifest that is not on this machine is not asked for.
pub(crate) async fn read(args: &Args, problems: &mut Vec<String>) -> Vec<ProcessingUri> {
    let mut list = List {
        args,
        uris: Vec::new(),
        given: HashMap::new(),
    };
    for text in args.uris.iter().chain(&args.more_uris) {
        list.add(None, text, problems);
    }
    let manifest = match &args.manifest {
        Some(place) if is_file(place) || problems.is_empty() => match read_manifest(place).await {
            Ok(text) => text,
            Err(error) => {
                let shown = iiif_config::redact_uri(place);
                problems.push(format!("cannot read the manifest `{shown}`: {error:#}"));
                String::new()
            }
        },
        _ => String::new(),
    };
    for (number, text) in manifest_lines(&manifest) {
        list.add(Some(number), text, problems);
    }
    problems.extend(doubles(args, list.given));
    list.uris
}

impl<'a> List<'a> {
    fn add(&mut self, line: Option<usize>, text: &'a str, problems: &mut Vec<String>) {
        match uri(self.args, text) {
            Ok(Some(uri)) => {
                let given = Given { line, text };
                self.given.entry(uri.clone()).or_default().push(given);
                self.uris.push(uri);
            }
            Ok(None) => {}
            Err(problem) => problems.push(match line {
                Some(number) => format!("manifest line {number}: {problem}"),
                None => problem,
            }),
        }
    }
}

/// Returns whether a manifest is a file of this machine: it costs nothing, and nobody types it.
fn is_file(place: &str) -> bool {
    place != "-" && !place.contains("://")
}

async fn read_manifest(place: &str) -> anyhow::Result<String> {
    if place == "-" {
        return Ok(std::io::read_to_string(std::io::stdin())?);
    }
    if is_file(place) {
        return Ok(std::fs::read_to_string(place)?);
    }
    let opener = StorageOpener::new(Environment::from_process());
    let (bucket, key) = opener.open_object(place)?;
    let bytes = bucket.get(&key).await?;
    Ok(String::from_utf8(bytes.to_vec())?)
}

/// Reads a URI; `None` for one that is passed over.
fn uri(args: &Args, text: &str) -> Result<Option<ProcessingUri>, String> {
    // The shell has taken a DSN apart.
    if text.starts_with("credentials=") || text.starts_with("endpoint=") {
        return Err("a part of a DSN stands among the URIs; put the DSN in quotes".to_owned());
    }
    let shown = shown(text);
    // A bucket that is listed has such keys of no bytes; as URIs they would be malformed.
    if shown.ends_with('/') {
        if args.skip_non_images {
            tracing::info!("passed over `{shown}`: it is a folder");
            return Ok(None);
        }
        return Err(format!(
            "`{shown}` is a folder; -skip-non-images passes it over"
        ));
    }
    let uri = ProcessingUri::parse(text)
        .map_err(|error| format!("`{shown}` is no processing URI: {error}"))?;
    if !has_image_extension(uri.origin().as_str()) {
        if args.skip_non_images {
            tracing::info!("passed over `{shown}`: its name has no extension of an image");
            return Ok(None);
        }
        return Err(format!(
            "`{shown}` is no image by its name; -skip-non-images passes it over"
        ));
    }
    if !args.strip_paths {
        return Ok(Some(uri));
    }
    let stripped = uri.without_folders();
    stripped
        .map(Some)
        .map_err(|error| format!("`{shown}`: {error}"))
}

/// Returns a URI as messages have it: without its parameters, and none that reads as keys of a DSN,
/// `ID:SECRET` or a secret alone.
fn shown(text: &str) -> &str {
    let shown = without_parameters(text);
    let is_name = has_image_extension(shown) || shown.contains("://");
    let is_long = shown.len() >= SECRET_CHARS && !shown.contains(['.', ' ']);
    if !is_name && (is_long || shown.contains(':')) {
        return "******";
    }
    shown
}

/// Names the URIs that are there twice, which stripped folders make of different ones, and their lines in
/// the manifest.
fn doubles(args: &Args, given: HashMap<ProcessingUri, Vec<Given<'_>>>) -> Vec<String> {
    let hint = if args.strip_paths {
        "; -strip-paths=false keeps folders apart"
    } else {
        ""
    };
    let doubled = given.into_iter().filter(|(_, given)| given.len() > 1);
    let tell = |(uri, given): (ProcessingUri, Vec<Given<'_>>)| {
        let (shown, times) = (uri.to_redacted_string(), given.len());
        let mut texts: Vec<&str> = given
            .iter()
            .map(|one| without_parameters(one.text))
            .collect();
        texts.dedup();
        let of = match &texts[..] {
            [_same] => String::new(),
            different => format!(", of `{}`", different.join("`, `")),
        };
        let lines = given.iter().filter_map(|one| one.line);
        let numbers: Vec<String> = lines.map(|line| line.to_string()).collect();
        let place = if numbers.is_empty() {
            String::new()
        } else {
            format!(", in manifest lines {}", numbers.join(", "))
        };
        format!("`{shown}` is there {times} times{of}{place}{hint}")
    };
    let mut doubles: Vec<String> = doubled.map(tell).collect();
    doubles.sort_unstable();
    doubles
}
