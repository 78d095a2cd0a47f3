//! How images would be served, told without serving them.
//!
//! A check opens an image as a request does, chooses how its tiles are made as a request does, and goes as
//! far as it costs little: tiles that are passed through or read in parts are made, decodes of a whole image
//! are not. So it finds no damage behind a header that is whole.

mod counting_reader;
mod remedy;

use std::sync::Arc;

use iiif_config::Config;
use iiif_derivatives::Settings;
use iiif_image_api::{ApiVersion, Format, RenderPlan, ResolveOptions, TileGrid};
use iiif_pipeline::{DecodeChoice, DecodeLimits, EncodeOptions, ReadAt, SourceFormat, SourceImage};

use self::counting_reader::CountingReader;
pub use self::remedy::Remedy;
use crate::derivatives::{is_kept, kept_bytes, passing_bytes};
use crate::problem::with_causes;
use crate::shares::Shares;
use crate::sources::opening_bytes;
use crate::{Problem, ServiceError, ServiceOptions, info};

/// Tells how a service of some configuration would serve images.
#[derive(Clone, Debug)]
pub struct ImageChecker {
    decode_limits: DecodeLimits,
    resolve_options: ResolveOptions,
    encoding: EncodeOptions,
    shares: Shares,
}

/// An image that is served.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckedImage {
    /// What its header says.
    pub image: SourceImage,
    /// How one of its tiles is made, at full resolution and from the middle.
    pub tile: TileServing,
    /// What makes it faster, where it is slow.
    pub remedy: Option<Remedy>,
}

/// How a tile is made of which nothing is in memory yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TileServing {
    /// What is decoded for it.
    pub way: TileWay,
    /// The most memory that making it takes, in bytes; 0 where nothing is decoded.
    pub memory_bytes: u64,
    /// What stays in memory for further tiles, in bytes: 0 where nothing does.
    pub kept_bytes: u64,
    /// The bytes that are read of the file, with its header.
    pub read_bytes: u64,
}

/// What is decoded for a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TileWay {
    /// Nothing: the compressed data of the file is the tile.
    PassedThrough,
    /// The part of the file that it needs.
    Part,
    /// All of the image, once: the decode is kept for further tiles.
    KeptWhole,
    /// All of the image, each time: the decode is too large to be kept.
    Whole,
}

/// Why an image is not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
#[non_exhaustive]
pub struct NotServed {
    /// The status of HTTP that clients get.
    pub status: u16,
    /// The sentence that clients get.
    pub reason: String,
    /// What the log says besides.
    pub cause: Option<String>,
    /// What makes it an image that is served.
    pub remedy: Option<Remedy>,
}

impl ImageChecker {
    /// Returns what tells how [`ImageService`](crate::ImageService) would serve images, with the same config
    /// and the same options, of which only the memory limit and the concurrency matter.
    ///
    /// # Errors
    ///
    /// [`ServiceError::MemoryLimit`] if that is less than 16 MiB.
    pub fn new(config: &Config, options: &ServiceOptions) -> Result<Self, ServiceError> {
        let settings = Settings::of(config);
        Ok(Self {
            decode_limits: settings.decode_limits.with_threads(options.concurrency),
            resolve_options: settings.resolve_options.with_version(ApiVersion::V3),
            encoding: settings.encoding,
            shares: Shares::of(options.memory_limit_bytes)?,
        })
    }

    /// Returns the most bytes of a decode that is kept in memory, for further tiles.
    #[must_use]
    pub fn max_kept_bytes(&self) -> u64 {
        self.shares.max_decode_bytes()
    }

    /// Tells how an image is served. Blocks, and decodes on the current rayon thread pool.
    ///
    /// # Errors
    ///
    /// [`NotServed`] where clients would get an error.
    pub fn check(&self, reader: impl ReadAt + 'static) -> Result<CheckedImage, NotServed> {
        let reader = Arc::new(CountingReader::new(reader));
        let format = SourceFormat::sniff_at(&reader);
        if opening_bytes(format.as_ref().ok(), reader.len_bytes()) > self.shares.large {
            return Err(NotServed::from(Problem::too_large()));
        }
        let image = SourceImage::open(Arc::clone(&reader), &self.decode_limits)?;
        let tile = self.tile(&image, &reader);
        let tile = tile.map_err(|not_served| not_served.with_remedy_of(&image))?;
        let remedy = Remedy::of(&image, tile.way);
        Ok(CheckedImage {
            image,
            tile,
            remedy,
        })
    }

    fn tile(&self, image: &SourceImage, reader: &CountingReader) -> Result<TileServing, NotServed> {
        let plan = self.plan(image)?;
        let passed = image.passthrough(&plan, &self.encoding)?;
        if passed.is_some() {
            return Ok(TileServing {
                way: TileWay::PassedThrough,
                memory_bytes: 0,
                kept_bytes: 0,
                read_bytes: reader.bytes(),
            });
        }
        let choice = image.decode_choice(&plan, self.max_kept_bytes());
        let is_kept = is_kept(image, &choice, self.max_kept_bytes());
        let (decoding, rendering) = (
            image.held_bytes() + choice.decoding_bytes(),
            choice.rendering_bytes(&plan),
        );
        // One after the other, or both at once.
        let needed = if is_kept {
            passing_bytes(image, &choice).max(rendering)
        } else {
            decoding + rendering
        };
        if needed > self.shares.large {
            return Err(Problem::too_large().into());
        }
        let way = match (choice.is_reusable(), is_kept) {
            (_, true) => TileWay::KeptWhole,
            (true, false) => TileWay::Whole,
            (false, false) => TileWay::Part,
        };
        Ok(TileServing {
            way,
            memory_bytes: decoding + rendering,
            kept_bytes: if is_kept {
                kept_bytes(image, &choice)
            } else {
                0
            },
            read_bytes: self.read_bytes(image, reader, (&plan, &choice))?,
        })
    }

    /// Returns the bytes that making a tile reads. Those of a part are told by making it.
    fn read_bytes(
        &self,
        image: &SourceImage,
        reader: &CountingReader,
        (plan, choice): (&RenderPlan, &DecodeChoice),
    ) -> Result<u64, NotServed> {
        if choice.is_reusable() {
            let rest = image.len_bytes() - image.held_bytes();
            return Ok(reader.bytes().saturating_add(rest));
        }
        image.decode_chosen(choice)?.derive(plan, &self.encoding)?;
        Ok(reader.bytes())
    }

    /// Returns the plan of a tile that info.json tells viewers of.
    fn plan(&self, image: &SourceImage) -> Result<RenderPlan, NotServed> {
        let grid = TileGrid::new(image.dimensions(), info::tile_dimensions(image));
        let level = grid.level(std::num::NonZeroU32::MIN);
        // Of two columns the first, which is as wide as a tile.
        let middle = |count: u32| (count - 1) / 2;
        let tile = level.tile(middle(level.columns()), middle(level.rows()));
        let tile = tile.ok_or_else(Problem::internal)?;
        let request = tile.request(ApiVersion::V3, Format::Jpg).into();
        let plan = RenderPlan::resolve(&request, image.geometry(), &self.resolve_options);
        plan.map_err(|error| Problem::from(error).into())
    }
}

impl NotServed {
    fn with_remedy_of(mut self, image: &SourceImage) -> Self {
        self.remedy = Remedy::of(image, TileWay::Whole);
        self
    }
}

impl From<Problem> for NotServed {
    fn from(problem: Problem) -> Self {
        Self {
            status: problem.status.as_u16(),
            reason: problem.text().to_owned(),
            cause: None,
            remedy: None,
        }
    }
}

impl From<iiif_pipeline::Error> for NotServed {
    fn from(error: iiif_pipeline::Error) -> Self {
        Self {
            cause: Some(with_causes(&error)),
            ..Problem::image(&error).into()
        }
    }
}
