//! The language of the IIIF Image API, versions 2.1 and 3.0: no I/O, no pixels.
//!
//! A request is parsed once into types, resolved once against an image into a [`RenderPlan`] of
//! plain pixels, and never read as text again:
//!
//! ```
//! use iiif_image_api::{DerivativeRequest, Dimensions, RenderPlan, ResolveOptions, SourceGeometry};
//!
//! let request: DerivativeRequest = "full/!2048,1536/0/color.png".parse()?;
//! let source = SourceGeometry::upright(Dimensions::new(3597, 3600)?);
//! let plan = RenderPlan::resolve(&request, source, &ResolveOptions::default())?;
//! assert_eq!(plan.output(), Dimensions::new(1534, 1536)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Region`], [`Size`], [`Rotation`], [`Quality`] and [`Format`] are the words of the
//! specification. What go-iiif added to them (smart crop, rotation `-1`, `dither`, `crisp`) lives
//! apart in [`extension`]. A [`DerivativeRequest`] may use both, an [`ImageRequest`] only the
//! specification's. All of them print what was read: `full` stays `full`, `pct:50.0` is `pct:50`.
//!
//! # What a service says about itself
//!
//! - [`Identifier`] is the name of an image, [`BaseUri`] the place of the service.
//! - [`CanonicalRequest`] is the one request among all that give the same pixels, in the words of
//!   either version; [`CanonicalUri`] is its URI.
//! - [`ImageInfo`] is info.json; [`Feature`] and [`ComplianceLevel`] say what a service can do.
//! - [`TileGrid`] is the arithmetic of tiles and sizes, for info.json and for static tiles alike.
//!
//! ```
//! use iiif_image_api::{
//!     ApiVersion, BaseUri, ComplianceLevel, Dimensions, Identifier, ImageInfo, TileGrid,
//! };
//!
//! let base: BaseUri = "https://example.org/iiif/3".parse()?;
//! let image = Dimensions::new(6000, 4000)?;
//! let grid = TileGrid::new(image, Dimensions::new(512, 512)?);
//! let info = ImageInfo::new(base.image(&Identifier::new("map")?), image, ComplianceLevel::Level2)
//!     .with_tile_grid(grid);
//! assert!(info.to_json(ApiVersion::V3)?.contains(r#""scaleFactors":[1,2,4,8,16]"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Errors
//!
//! [`ParseError`] and [`ResolveError`] have a `kind()` from which programs choose an exit code or an
//! HTTP status; their texts are for people. Numbers saturate and are refused by [`SizeLimits`]; no
//! input panics.

#![forbid(unsafe_code)]

mod base_uri;
mod canonical;
mod compliance;
mod decimal;
mod dimensions;
mod error;
pub mod extension;
mod feature;
mod format;
mod identifier;
mod info;
mod limits;
mod orientation;
mod plan;
mod quality;
mod rect;
mod region;
mod request;
mod rotation;
mod size;
mod tiles;
mod version;

pub use crate::base_uri::{BaseUri, BaseUriError, CanonicalUri, ImageUri};
pub use crate::canonical::CanonicalRequest;
pub use crate::compliance::ComplianceLevel;
pub use crate::decimal::Decimal;
pub use crate::dimensions::{Dimensions, ZeroDimensionError};
pub use crate::error::{ErrorKind, Parameter, ParseError, ResolveError};
pub use crate::feature::Feature;
pub use crate::format::Format;
pub use crate::identifier::{Identifier, IdentifierError};
pub use crate::info::{
    ImageInfo, InfoError, JSON_LD_MEDIA_TYPE, JSON_LD_MEDIA_TYPE_V3, JSON_MEDIA_TYPE, LanguageMap,
    LinkedResource, TileSet,
};
pub use crate::limits::SizeLimits;
pub use crate::orientation::Orientation;
pub use crate::plan::{Crop, RenderPlan, ResolveOptions, SourceGeometry};
pub use crate::quality::Quality;
pub use crate::rect::PixelRect;
pub use crate::region::{PercentRect, Region, RequestedRect};
pub use crate::request::{DerivativeRequest, ImageRequest};
pub use crate::rotation::{Degrees, Rotation};
pub use crate::size::{OversizedBox, Size, SizeForm, Upscaling};
pub use crate::tiles::{Tile, TileGrid, TileLevel};
pub use crate::version::ApiVersion;
