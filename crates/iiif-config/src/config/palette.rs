//! The settings of the service `palette`.

use std::num::NonZeroU32;

use serde_json::{Value, json};

use crate::Error;
use crate::names::{Named, named};
use crate::reader::{Field, Object};

/// The most colors that an extractor can be asked for; GIF palettes hold as many.
const MAX_COUNT: u64 = 256;
const DEFAULT_COUNT: u32 = 5;

/// Which colors are extracted, and after which palettes they are named.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaletteConfig {
    /// The extractors in order, each with the most colors to return, from 1 to 256.
    /// Default: `marekm4`, 5.
    pub extractors: Vec<(Extractor, NonZeroU32)>,
    /// How the nearest named color is found. Default: `euclidian`.
    pub grid: Grid,
    /// The palettes of named colors, in order. Default: `crayola`, `css4`.
    pub palettes: Vec<PaletteName>,
}

named! {
    /// An algorithm that finds dominant colors.
    pub enum Extractor {
        /// Median cut of a five-bit histogram, as Android's Palette does.
        Vibrant = "vibrant",
        /// Mean colors of the eight octants of RGB.
        MarekM4 = "marekm4",
        /// Color quantisation.
        Quant = "quant",
    }
}

named! {
    /// A measure of distance between colors.
    pub enum Grid {
        /// The sum of squared differences of red, green and blue. The spelling is go-iiif's.
        Euclidian = "euclidian",
    }
}

named! {
    /// A palette of named colors.
    pub enum PaletteName {
        /// Crayola crayons.
        Crayola = "crayola",
        /// The colors of CSS 3.
        Css3 = "css3",
        /// The colors of CSS 4.
        Css4 = "css4",
    }
}

impl Default for PaletteConfig {
    fn default() -> Self {
        Self {
            extractors: vec![(Extractor::MarekM4, default_count())],
            grid: Grid::Euclidian,
            palettes: vec![PaletteName::Crayola, PaletteName::Css4],
        }
    }
}

impl PaletteConfig {
    /// Reads the block of v8 (`extruders`, `uri`) and the one before it (`extruder`, `name`).
    ///
    /// The examples of v1 to v6 name the palettes `palette`, their code reads `palettes`.
    pub(crate) fn read(field: Field<'_>) -> Result<Self, Error> {
        let mut palette = Self::default();
        let mut object = field.object()?;
        object.ignore(&["uri"]);
        let extruder = object.get("extruder");
        if let Some(extruders) = object.get("extruders") {
            palette.extractors = each(&extruders, read_extractor)?;
        } else if let Some(extruder) = extruder {
            palette.extractors = vec![read_extractor(extruder)?];
        }
        if let Some(grid) = object.get("grid") {
            palette.grid = read_component(grid)?;
        }
        let names = object.get("palette");
        if let Some(names) = object.get("palettes").or(names) {
            palette.palettes = each(&names, read_component)?;
        }
        object.close();
        Ok(palette)
    }

    pub(crate) fn to_json(&self) -> Value {
        let uri = |name: &str| format!("{name}://");
        let extruders: Vec<Value> = self
            .extractors
            .iter()
            .map(|(extractor, count)| json!({ "uri": uri(extractor.as_str()), "count": count }))
            .collect();
        let palettes: Vec<Value> = self
            .palettes
            .iter()
            .map(|palette| json!({ "uri": uri(palette.as_str()) }))
            .collect();
        json!({
            "extruders": extruders,
            "grid": { "uri": uri(self.grid.as_str()) },
            "palettes": palettes,
        })
    }
}

fn default_count() -> NonZeroU32 {
    NonZeroU32::new(DEFAULT_COUNT).unwrap_or(NonZeroU32::MIN)
}

fn each<'a, T>(
    list: &Field<'a>,
    read: impl Fn(Field<'a>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    list.items()?.into_iter().map(read).collect()
}

fn read_extractor(field: Field<'_>) -> Result<(Extractor, NonZeroU32), Error> {
    let mut object = field.object()?;
    let extractor = component_of(&mut object)?;
    let count = match object.get("count") {
        Some(count) => NonZeroU32::new(count.integer(1..=MAX_COUNT)? as u32),
        None => None,
    };
    object.close();
    Ok((extractor, count.unwrap_or_else(default_count)))
}

fn read_component<T: Named>(field: Field<'_>) -> Result<T, Error> {
    let mut object = field.object()?;
    let component = component_of(&mut object)?;
    object.close();
    Ok(component)
}

/// Reads the `uri` of v8 or the `name` of the versions before it.
fn component_of<T: Named>(object: &mut Object<'_>) -> Result<T, Error> {
    let name = object.get("name");
    match object.get("uri").or(name) {
        Some(component) => component.component(),
        None => Err(object.field().mismatch(
            "an object without `uri` and `name`",
            "an object such as `{\"uri\": \"css4://\"}`",
        )),
    }
}
