//! The palette of an image, with the nearest named colors.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use iiif_examples::{Result, ZUBER};
use iiif_pipeline::{Analyses, Batch, DecodeLimits, PaletteColor, PaletteOptions, SourceImage};

fn main() -> Result {
    for color in palette()? {
        let names: Vec<&str> = color
            .closest
            .iter()
            .map(|named| named.name.as_str())
            .collect();
        println!("{} is near {}", color.hex, names.join(" and "));
    }
    Ok(())
}

fn palette() -> Result<Vec<PaletteColor>> {
    let source = SourceImage::probe(ZUBER, &DecodeLimits::default())?;
    let analyses = Analyses::default().with_palette(PaletteOptions::default());
    // A batch without plans analyzes only.
    let report = Batch::new(&source)
        .with_analyses(analyses)
        .run(&|_index, _derivative| {})?;
    Ok(report.palette.unwrap_or_default())
}

#[test]
fn the_example_runs() {
    main().unwrap();
    assert!(!palette().unwrap().is_empty());
}
