//! `instructions.json`: which derivatives to make of every source.

use std::collections::BTreeMap;
use std::str::FromStr;

use iiif_image_api::extension::ExtendedQuality;
use iiif_image_api::{DerivativeRequest, ParseError, Quality};

use crate::reader::{Document, Field, Object};
use crate::{ComplianceLevel, Config, Error, Label, Parsed, Place};

/// The derivatives to make of every source: at least one, ordered by label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionSet(BTreeMap<Label, Instructions>);

/// One derivative to make, and how its path spells that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instructions {
    /// What to make. The quality `default` is resolved to `color`, except at level 0.
    pub request: DerivativeRequest,
    path: String,
}

/// The nine derivatives that go-iiif makes without an instructions file.
const DEFAULT_INSTRUCTIONS: &str = include_str!("instructions/default.json");

impl InstructionSet {
    /// Reads an instructions file; `file_name` is for messages.
    ///
    /// A value that is missing or empty stands for region `full`, size `full`, rotation `0`, quality
    /// `default` and format `jpg`.
    ///
    /// # Errors
    ///
    /// [`Error`] if the file is not JSON, has no label, a label cannot be part of a key, a parameter
    /// is not of the Image API, or `config` switches a feature off that an instruction uses.
    pub fn parse(text: &str, file_name: &str, config: &Config) -> Result<Parsed<Self>, Error> {
        let document = Document::parse(text, file_name)?;
        let mut instructions = BTreeMap::new();
        for (label, field) in document.root().object()?.entries() {
            let place = Box::new(field.place());
            let label = match label.parse::<Label>() {
                Ok(label) => label,
                Err(source) => return Err(Error::Label { place, source }),
            };
            instructions.insert(label, Instructions::read(field, config)?);
        }
        if instructions.is_empty() {
            return Err(Error::NoInstructions {
                file: file_name.to_owned(),
            });
        }
        Ok(document.finish(Self(instructions)))
    }

    /// Returns the nine instructions that go-iiif has as its defaults.
    ///
    /// # Errors
    ///
    /// [`Error`] if `config` switches a feature off that one of them uses.
    pub fn defaults(config: &Config) -> Result<Self, Error> {
        Ok(Self::parse(DEFAULT_INSTRUCTIONS, "the default instructions", config)?.value)
    }

    /// Returns the labels and their instructions, ordered by label.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Label, &Instructions)> {
        self.0.iter()
    }

    /// Returns the instructions of a label.
    #[must_use]
    pub fn get(&self, label: &str) -> Option<&Instructions> {
        self.0.get(label)
    }

    /// Returns the number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no label; a set that was read from a file has at least one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for InstructionSet {
    #[expect(clippy::expect_used, reason = "a constant that a test reads")]
    fn default() -> Self {
        Self::defaults(&Config::default()).expect("the default instructions are valid")
    }
}

impl FromIterator<(Label, Instructions)> for InstructionSet {
    fn from_iter<I: IntoIterator<Item = (Label, Instructions)>>(instructions: I) -> Self {
        Self(instructions.into_iter().collect())
    }
}

impl Instructions {
    /// Returns the path `{region}/{size}/{rotation}/{quality}.{format}` of the derivative.
    ///
    /// Region, size, rotation and the parameters of `crisp` are spelled as in the file, so that
    /// existing caches keep their keys. Quality and format are spelled as the specification does:
    /// `gray`, `jpg`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn read(field: Field<'_>, config: &Config) -> Result<Self, Error> {
        let mut object = field.object()?;
        let region = Text::read(&mut object, "region", "full")?;
        let size = Text::read(&mut object, "size", "full")?;
        let rotation = Text::read(&mut object, "rotation", "0")?;
        let quality = Text::read(&mut object, "quality", "default")?;
        let format = Text::read(&mut object, "format", "jpg")?;
        let request = DerivativeRequest {
            region: region.parse()?,
            size: size.parse()?,
            rotation: rotation.parse()?,
            quality: quality.parse()?,
            format: format.parse()?,
        };
        let place = object.field().place();
        config
            .features
            .check(&request)
            .map_err(|source| Error::Feature {
                place: Box::new(place),
                source,
            })?;
        object.close();
        let request = resolve_quality(request, config.level);
        let quality = spell_quality(&request.quality, quality.text);
        let path = format!(
            "{}/{}/{}/{quality}.{}",
            region.text, size.text, rotation.text, request.format
        );
        Ok(Self { request, path })
    }
}

impl From<DerivativeRequest> for Instructions {
    /// Spells the path as `request` prints, and leaves its quality as it is.
    fn from(request: DerivativeRequest) -> Self {
        let path = request.to_string();
        Self { request, path }
    }
}

/// A parameter's text, and where it stands.
struct Text<'a> {
    text: &'a str,
    place: Box<Place>,
}

impl<'a> Text<'a> {
    fn read(
        object: &mut Object<'a>,
        parameter: &'static str,
        default: &'static str,
    ) -> Result<Self, Error> {
        let Some(field) = object.get(parameter) else {
            let place = Box::new(object.field().place());
            return Ok(Self {
                text: default,
                place,
            });
        };
        let text = match field.string()? {
            "" => default,
            text => text,
        };
        let place = Box::new(field.place());
        Ok(Self { text, place })
    }

    fn parse<T: FromStr<Err = ParseError>>(&self) -> Result<T, Error> {
        self.text.parse().map_err(|source| Error::Parameter {
            place: self.place.clone(),
            source,
        })
    }
}

/// go-iiif knows `default` for a quality of its own only at level 0; elsewhere it is `color`.
fn resolve_quality(mut request: DerivativeRequest, level: ComplianceLevel) -> DerivativeRequest {
    let is_default = request.quality == ExtendedQuality::Spec(Quality::Default);
    if is_default && level != ComplianceLevel::Level0 {
        request.quality = ExtendedQuality::Spec(Quality::Color);
    }
    request
}

fn spell_quality(quality: &ExtendedQuality, text: &str) -> String {
    match quality {
        ExtendedQuality::Crisp(_) => text.to_owned(),
        other => other.to_string(),
    }
}
