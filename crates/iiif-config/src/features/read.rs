//! Reads and writes the block `features`: append, then enable, then disable, as go-iiif does.

use std::collections::BTreeMap;

use iiif_image_api::Parameter;
use serde_json::{Value, json};

use super::{Feature, FeatureSet};
use crate::names::{alternatives, nearest};
use crate::reader::Field;
use crate::{Error, Warning};

const BLOCKS: [(&str, Parameter); 5] = [
    ("region", Parameter::Region),
    ("size", Parameter::Size),
    ("rotation", Parameter::Rotation),
    ("quality", Parameter::Quality),
    ("format", Parameter::Format),
];

impl FeatureSet {
    pub(crate) fn read(field: Field<'_>) -> Result<Self, Error> {
        let mut features = Self::default();
        let mut appended = Vec::new();
        let mut object = field.object()?;
        if let Some(append) = object.get("append") {
            for (parameter, block) in blocks(append)? {
                appended.extend(features.append(parameter, block)?);
            }
        }
        for key in ["enable", "disable"] {
            let Some(switch) = object.get(key) else {
                continue;
            };
            for (parameter, block) in blocks(switch)? {
                for name in block.items()? {
                    match find(parameter, &name, &appended)? {
                        None => {}
                        Some(feature) if key == "disable" => features.disable(feature),
                        Some(feature) => {
                            if !feature.is_available() {
                                warn_unavailable(&name, feature.as_str());
                            }
                            features.enable(feature);
                        }
                    }
                }
            }
        }
        object.close();
        Ok(features)
    }

    /// Switches on what a block of `append` names, and returns the names that are not available.
    ///
    /// The patterns are those of go-iiif and have no effect: what a form looks like is fixed.
    fn append<'a>(
        &mut self,
        parameter: Parameter,
        block: Field<'a>,
    ) -> Result<Vec<(Parameter, &'a str)>, Error> {
        let mut unavailable = Vec::new();
        for (name, field) in block.object()?.entries() {
            let mut definition = field.object()?;
            definition.ignore(&["syntax", "required", "match"]);
            let is_supported = match definition.get("supported") {
                Some(supported) => supported.boolean()?,
                None => false,
            };
            let known = Feature::of(parameter)
                .find(|feature| feature.as_str() == name)
                .filter(|feature| feature.is_available());
            match known {
                Some(feature) if is_supported => self.enable(feature),
                Some(feature) => self.disable(feature),
                None => {
                    if is_supported {
                        warn_unavailable(definition.field(), name);
                    }
                    unavailable.push((parameter, name));
                }
            }
            definition.close();
        }
        Ok(unavailable)
    }

    /// Returns the block that switches off what is off here.
    pub(crate) fn to_json(&self) -> Value {
        let mut blocks: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for feature in &self.disabled {
            let block = blocks.entry(feature.parameter().to_string()).or_default();
            block.push(feature.as_str());
        }
        json!({ "disable": blocks })
    }
}

fn blocks(field: Field<'_>) -> Result<Vec<(Parameter, Field<'_>)>, Error> {
    let mut blocks = Vec::new();
    for (name, block) in field.object()?.entries() {
        match BLOCKS.iter().find(|(known, _)| *known == name) {
            Some((_, parameter)) => blocks.push((*parameter, block)),
            None => {
                return Err(Error::UnknownBlock {
                    place: Box::new(block.place()),
                });
            }
        }
    }
    Ok(blocks)
}

/// Returns the feature that `field` names; `None` for an appended one that is not available.
fn find(
    parameter: Parameter,
    field: &Field<'_>,
    appended: &[(Parameter, &str)],
) -> Result<Option<Feature>, Error> {
    let name = field.string()?;
    if let Some(feature) = Feature::of(parameter).find(|feature| feature.as_str() == name) {
        return Ok(Some(feature));
    }
    if appended.contains(&(parameter, name)) {
        return Ok(None);
    }
    let names = || Feature::of(parameter).map(Feature::as_str);
    let hint = match nearest(name, names()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("expected {}", alternatives(names())),
    };
    Err(Error::UnknownFeature {
        place: Box::new(field.place()),
        name: name.to_owned(),
        hint,
    })
}

fn warn_unavailable(field: &Field<'_>, name: &str) {
    field.warn(Warning::UnavailableFeature {
        place: field.place(),
        name: name.to_owned(),
    });
}
