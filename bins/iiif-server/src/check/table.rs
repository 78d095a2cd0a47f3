//! Findings for people: a row for each image, and what to do at the end.

use std::io;
use std::path::Path;

use iiif_cli::print_line;
use iiif_http::{CheckedImage, ImageChecker, NotServed, Remedy, TileWay};
use iiif_image_api::Orientation;
use iiif_pipeline::{ColorModel, SourceImage};

use super::{Found, Print};

/// Rows are printed as soon as they are known, so columns are as wide as what usually stands in them.
pub(super) struct Table {
    memory_limit_bytes: u64,
    served: usize,
    not_served: usize,
    /// What helps, with how many images it does. Rows have its number, from 1.
    remedies: Vec<(Remedy, usize)>,
}

impl Table {
    pub(super) fn new(memory_limit_bytes: u64) -> Self {
        Self {
            memory_limit_bytes,
            served: 0,
            not_served: 0,
            remedies: Vec::new(),
        }
    }

    /// Returns the number of what helps; `-` where nothing has to.
    fn note(&mut self, remedy: Option<Remedy>) -> String {
        let Some(remedy) = remedy else {
            return "-".to_owned();
        };
        let noted = self.remedies.iter_mut().zip(1_usize..);
        for ((known, count), number) in noted {
            if *known == remedy {
                *count += 1;
                return number.to_string();
            }
        }
        self.remedies.push((remedy, 1));
        self.remedies.len().to_string()
    }
}

impl Print for Table {
    fn print(&mut self, path: &Path, found: &Found) -> io::Result<()> {
        if self.served + self.not_served == 0 {
            let head = [
                "FORMAT", "PIXELS", "COLOR", "STORED", "SERVED", "READS", "MEMORY", "HINT", "NAME",
            ];
            print_line(&row(&head))?;
        }
        let name = path.display().to_string();
        match found {
            Found::Served(image) => {
                self.served += 1;
                let hint = self.note(image.remedy);
                print_line(&served(image, &hint, &name))
            }
            Found::NotServed(error) => {
                self.not_served += 1;
                let hint = self.note(error.remedy);
                print_line(&not_served(&hint, &name))?;
                print_line(&format!("        {}", reason(error)))
            }
            Found::Unreadable(error) => {
                self.not_served += 1;
                print_line(&not_served("-", &name))?;
                print_line(&format!("        cannot read it: {error}"))
            }
        }
    }

    fn end(&mut self, checker: &ImageChecker) -> io::Result<()> {
        print_line("")?;
        print_line(&format!(
            "{} can be served, {} cannot. With a memory limit of {}, decodes of up to {} are kept.",
            self.served,
            self.not_served,
            size(self.memory_limit_bytes),
            size(checker.max_kept_bytes()),
        ))?;
        for ((remedy, count), number) in self.remedies.iter().zip(1_usize..) {
            let images = if *count == 1 { "image" } else { "images" };
            print_line("")?;
            print_line(&format!(
                "hint {number}: faster as a tiled pyramid ({count} {images}):"
            ))?;
            print_line(&format!("  {remedy}"))?;
        }
        Ok(())
    }
}

/// Returns the color model of an image, in a word.
pub(super) fn color_model(image: &SourceImage) -> &'static str {
    match image.color_model() {
        ColorModel::Gray => "gray",
        ColorModel::Cmyk => "cmyk",
        _ => "rgb",
    }
}

fn served(checked: &CheckedImage, hint: &str, name: &str) -> String {
    let (image, tile) = (&checked.image, &checked.tile);
    let stored = match (image.tile_dimensions(), image.levels().count()) {
        (Some(tile), sizes) => format!("tiles {tile}, {sizes}x"),
        (None, 1) => "-".to_owned(),
        (None, sizes) => format!("{sizes}x"),
    };
    let way = match tile.way {
        TileWay::PassedThrough => "as stored",
        TileWay::Part => "in parts",
        TileWay::KeptWhole => "whole, kept",
        _ => "whole, each time",
    };
    let memory = match tile.memory_bytes {
        0 => "-".to_owned(),
        bytes => size(bytes),
    };
    row(&[
        &image.format().to_string(),
        &image.dimensions().to_string(),
        &color(image),
        &stored,
        way,
        &size(tile.read_bytes),
        &memory,
        hint,
        name,
    ])
}

fn not_served(hint: &str, name: &str) -> String {
    row(&["-", "-", "-", "-", "no", "-", "-", hint, name])
}

fn reason(error: &NotServed) -> String {
    let (status, reason) = (error.status, &error.reason);
    // Some sentences are those of the log.
    let cause = error.cause.as_ref().filter(|cause| *cause != reason);
    match cause {
        Some(cause) => format!("{status} {reason}: {cause}"),
        None => format!("{status} {reason}"),
    }
}

fn color(image: &SourceImage) -> String {
    let layout = image.pixel_layout();
    let mut text = format!("{} {}", color_model(image), layout.bits);
    for (is_so, word) in [
        (layout.has_alpha(), " alpha"),
        (image.icc_profile().is_some(), " icc"),
        (
            image.geometry().orientation != Orientation::TopLeft,
            " turned",
        ),
    ] {
        text.push_str(if is_so { word } else { "" });
    }
    text
}

fn row(cells: &[&str; 9]) -> String {
    let [
        format,
        pixels,
        color,
        stored,
        served,
        reads,
        memory,
        hint,
        name,
    ] = cells;
    format!(
        "{format:<9}  {pixels:<11}  {color:<16}  {stored:<18}  {served:<16}  {reads:>9}  {memory:>9}  {hint:<4}  {name}"
    )
}

/// Returns a number of bytes for people.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => {
            // In tenths, rounded half up.
            let tenths = (u128::from(bytes) * 10 + (1 << (shift - 1))) >> shift;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_tenths() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1587, "1.5 KiB"),
            (100_663_296, "96.0 MiB"),
            (3_221_225_472, "3.0 GiB"),
            (u64::MAX, "17179869184.0 GiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
