//! `config.json`: where images live, and how derivatives are made.

mod blurhash;
mod encoding;
mod level;
mod limits;
mod location;
mod palette;
mod services;

use std::fmt;

use serde_json::{Value, json};

use crate::reader::{Document, Object};
use crate::redact::redact_uri;
use crate::{Error, FeatureSet, Parsed};

pub use self::blurhash::BlurHashConfig;
pub use self::encoding::{ChromaSubsampling, EncodingConfig, PngCompression, TifCompression};
pub use self::level::ComplianceLevel;
pub use self::limits::LimitsConfig;
pub use self::palette::{Extractor, Grid, PaletteConfig, PaletteName};
pub use self::services::ServiceName;

/// Where images live, and how derivatives are made of them.
///
/// The default needs no file: sources come from the current directory, derivatives go to
/// `derivatives` in it, and all services run.
///
/// `Debug` hides the secrets in bucket URIs.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// `level.compliance`. Default: level 2.
    pub level: ComplianceLevel,
    /// `profile.services.enable`: the services to run, in order. Default without a file: all; in a
    /// file: those that have a block of settings.
    pub services: Vec<ServiceName>,
    /// `palette_service`, before v7 `palette`.
    pub palette: PaletteConfig,
    /// `blurhash_service`, before v7 `blurhash`.
    pub blurhash: BlurHashConfig,
    /// `features`: which forms of requests are answered. Default: all that are available.
    pub features: FeatureSet,
    /// `images.source.uri`: the bucket of the sources; may hold secrets, see [`redact_uri`].
    /// Default: `file://.`, the current directory.
    pub source_uri: String,
    /// `derivatives.cache.uri`: the bucket of the derivatives; may hold secrets, see
    /// [`redact_uri`]. Default: `file://./derivatives`.
    pub derivatives_uri: String,
    /// `encoding`.
    pub encoding: EncodingConfig,
    /// `limits`.
    pub limits: LimitsConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            level: ComplianceLevel::Level2,
            services: ServiceName::ALL.to_vec(),
            palette: PaletteConfig::default(),
            blurhash: BlurHashConfig::default(),
            features: FeatureSet::default(),
            source_uri: "file://.".to_owned(),
            derivatives_uri: "file://./derivatives".to_owned(),
            encoding: EncodingConfig::default(),
            limits: LimitsConfig::default(),
        }
    }
}

impl Config {
    /// Reads a configuration in the style of v8 or of v1 to v6; `file_name` is for messages.
    ///
    /// Keys match in any case, and null stands for a missing value, as Go's `encoding/json` has it.
    ///
    /// # Errors
    ///
    /// [`Error`] if the file is not JSON, or a value has the wrong type, is out of range or names
    /// what does not exist.
    pub fn parse(text: &str, file_name: &str) -> Result<Parsed<Self>, Error> {
        let document = Document::parse(text, file_name)?;
        let mut root = document.root().object()?;
        root.ignore(&["custom", "primitive", "flickr", "graphics"]);
        let mut config = Self::default();
        if let Some(level) = root.get("level") {
            let mut level = level.object()?;
            if let Some(compliance) = level.get("compliance") {
                config.level = compliance.word()?;
            }
            level.close();
        }
        config.read_services(&mut root)?;
        if let Some(features) = root.get("features") {
            config.features = FeatureSet::read(features)?;
        }
        config.read_locations(&mut root)?;
        if let Some(encoding) = root.get("encoding") {
            config.encoding = EncodingConfig::read(encoding)?;
        }
        if let Some(limits) = root.get("limits") {
            config.limits = LimitsConfig::read(limits)?;
        }
        root.close();
        Ok(document.finish(config))
    }

    /// Replaces the bucket of the sources.
    #[must_use]
    pub fn with_source_uri(mut self, uri: impl Into<String>) -> Self {
        self.source_uri = uri.into();
        self
    }

    /// Replaces the bucket of the derivatives.
    #[must_use]
    pub fn with_derivatives_uri(mut self, uri: impl Into<String>) -> Self {
        self.derivatives_uri = uri.into();
        self
    }

    /// Returns the configuration in the style of v8, every default spelled out; secrets included.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let services: Vec<&str> = self.services.iter().map(|name| name.as_str()).collect();
        json!({
            "level": { "compliance": self.level.as_str() },
            "profile": { "services": { "enable": services } },
            "palette_service": self.palette.to_json(),
            "blurhash_service": self.blurhash.to_json(),
            "imagehash_service": {},
            "features": self.features.to_json(),
            "images": { "source": { "uri": self.source_uri } },
            "derivatives": { "cache": { "uri": self.derivatives_uri } },
            "encoding": self.encoding.to_json(),
            "limits": self.limits.to_json(),
        })
    }

    /// Returns what [`to_json`](Self::to_json) does, with the secrets in bucket URIs hidden.
    #[must_use]
    pub fn to_redacted_json(&self) -> Value {
        let source_uri = redact_uri(&self.source_uri);
        let derivatives_uri = redact_uri(&self.derivatives_uri);
        self.clone()
            .with_source_uri(source_uri)
            .with_derivatives_uri(derivatives_uri)
            .to_json()
    }

    /// Reads which services run, and their settings under the name of v8 or the one before it.
    fn read_services(&mut self, root: &mut Object<'_>) -> Result<(), Error> {
        let mut with_settings = Vec::new();
        let old = root.get("palette");
        if let Some(palette) = root.get("palette_service").or(old) {
            with_settings.push(ServiceName::Palette);
            self.palette = PaletteConfig::read(palette)?;
        }
        let old = root.get("blurhash");
        if let Some(blurhash) = root.get("blurhash_service").or(old) {
            with_settings.push(ServiceName::BlurHash);
            self.blurhash = BlurHashConfig::read(blurhash)?;
        }
        let old = root.get("imagehash");
        if let Some(imagehash) = root.get("imagehash_service").or(old) {
            with_settings.push(ServiceName::ImageHash);
            imagehash.object()?.close();
        }
        self.services = enabled_services(root)?.unwrap_or(with_settings);
        Ok(())
    }

    /// Reads the buckets. Sources are never cached here, so `images.cache` has no effect.
    fn read_locations(&mut self, root: &mut Object<'_>) -> Result<(), Error> {
        if let Some(images) = root.get("images") {
            let mut images = images.object()?;
            images.ignore(&["cache"]);
            if let Some(source) = images.get("source")
                && let Some(uri) = location::read(source)?
            {
                self.source_uri = uri;
            }
            images.close();
        }
        if let Some(derivatives) = root.get("derivatives") {
            let mut derivatives = derivatives.object()?;
            if let Some(cache) = derivatives.get("cache")
                && let Some(uri) = location::read(cache)?
            {
                self.derivatives_uri = uri;
            }
            derivatives.close();
        }
        Ok(())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            level,
            services,
            palette,
            blurhash,
            features,
            source_uri,
            derivatives_uri,
            encoding,
            limits,
        } = self;
        f.debug_struct("Config")
            .field("level", level)
            .field("services", services)
            .field("palette", palette)
            .field("blurhash", blurhash)
            .field("features", features)
            .field("source_uri", &redact_uri(source_uri))
            .field("derivatives_uri", &redact_uri(derivatives_uri))
            .field("encoding", encoding)
            .field("limits", limits)
            .finish()
    }
}

/// Reads `profile.services.enable`; a service that stands twice runs once.
fn enabled_services(root: &mut Object<'_>) -> Result<Option<Vec<ServiceName>>, Error> {
    let Some(profile) = root.get("profile") else {
        return Ok(None);
    };
    let mut profile = profile.object()?;
    let mut enabled = None;
    if let Some(services) = profile.get("services") {
        let mut services = services.object()?;
        if let Some(enable) = services.get("enable") {
            let names = enabled.insert(Vec::new());
            for field in enable.items()? {
                let name = ServiceName::read(&field)?;
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        services.close();
    }
    profile.close();
    Ok(enabled)
}
