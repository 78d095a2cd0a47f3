//! Findings for programs: an object a line.

use std::io;
use std::path::Path;

use iiif_http::{CheckedImage, ImageChecker, TileWay};
use serde_json::{Map, Value, json};

use super::table::color_model;
use super::{Found, Print};

pub(super) struct Json;

impl Print for Json {
    fn print(&mut self, path: &Path, found: &Found) -> io::Result<()> {
        let told = match found {
            Found::Served(image) => served(image),
            Found::NotServed(error) => json!({
                "status": error.status,
                "error": error.reason,
                "cause": error.cause,
                "remedy": error.remedy.map(|remedy| remedy.to_string()),
            }),
            Found::Unreadable(error) => json!({"error": error.to_string()}),
        };
        let mut line = Map::new();
        line.insert("path".to_owned(), path.to_string_lossy().into());
        let is_served = matches!(found, Found::Served(_));
        line.insert("served".to_owned(), is_served.into());
        if let Value::Object(told) = told {
            line.extend(told);
        }
        iiif_cli::print_line(&Value::Object(line).to_string())
    }

    fn end(&mut self, _checker: &ImageChecker) -> io::Result<()> {
        Ok(())
    }
}

fn served(checked: &CheckedImage) -> Value {
    let (image, tile) = (&checked.image, &checked.tile);
    let (dimensions, layout) = (image.dimensions(), image.pixel_layout());
    let tiles = image.tile_dimensions();
    let levels = image.levels();
    json!({
        "format": image.format().to_string(),
        "bytes": image.len_bytes(),
        "width": dimensions.width(),
        "height": dimensions.height(),
        "color_model": color_model(image),
        "channels": layout.channels,
        "bits": layout.bits,
        "icc_profile": image.icc_profile().is_some(),
        "orientation": image.geometry().orientation.to_exif(),
        "tiles": tiles.map(|tile| [tile.width(), tile.height()]),
        "sizes": levels.map(|level| [level.width(), level.height()]).collect::<Vec<_>>(),
        "tile": {
            "way": match tile.way {
                TileWay::PassedThrough => "as_stored",
                TileWay::Part => "in_parts",
                TileWay::KeptWhole => "whole_kept",
                _ => "whole_each_time",
            },
            "read_bytes": tile.read_bytes,
            "memory_bytes": tile.memory_bytes,
            "kept_bytes": tile.kept_bytes,
        },
        "remedy": checked.remedy.map(|remedy| remedy.to_string()),
    })
}
