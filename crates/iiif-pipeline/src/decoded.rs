//! Decodes that are kept, for servers: many plans of one source, one after the other.
//!
//! A [`Batch`](crate::Batch) knows all plans of a source before it decodes, and is done with the
//! pixels when it ends. Here each plan stands alone. What is decoded for it depends on the source and
//! the plan, never on what is there already, so the bytes of a derivative are the same whether its
//! decode was kept or made for it; [`DecodeChoice`] is the key by which decodes are kept.

mod choice;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iiif_image_api::RenderPlan;

pub use self::choice::DecodeChoice;
#[cfg(feature = "tiff")]
use crate::decode;
use crate::render::Renderer;
use crate::source::Header;
use crate::{Derivative, EncodeOptions, Error, Result, SourceFormat, SourceImage, encode};

/// Decoded pixels of a source, from which plans are rendered: by any number of threads, at any time.
///
/// It holds no compressed bytes.
///
/// # Examples
///
/// ```
/// use iiif_image_api::{RenderPlan, ResolveOptions};
/// use iiif_pipeline::{DecodeLimits, EncodeOptions, SourceImage, encode};
/// use image::{DynamicImage, RgbImage};
///
/// let picture = DynamicImage::ImageRgb8(RgbImage::new(400, 300));
/// let png = encode(&picture, "png".parse()?, &EncodeOptions::default())?;
/// let source = SourceImage::probe(png, &DecodeLimits::default())?;
/// let plan = |request: &str| -> Result<_, Box<dyn std::error::Error>> {
///     let options = ResolveOptions::default();
///     Ok(RenderPlan::resolve(&request.parse()?, source.geometry(), &options)?)
/// };
/// let tile = plan("0,0,256,256/128,/0/default.jpg")?;
/// let neighbor = plan("256,0,144,256/72,/0/default.jpg")?;
///
/// let choice = source.decode_choice(&tile, 1 << 30);
/// assert!(choice.is_reusable());
/// assert_eq!(source.decode_choice(&neighbor, 1 << 30), choice);
///
/// let decoded = source.decode_chosen(&choice)?;
/// let derivative = decoded.derive(&neighbor, &EncodeOptions::default())?;
/// assert_eq!(derivative.dimensions.to_string(), "72x128");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DecodedSource {
    format: SourceFormat,
    header: Arc<Header>,
    choice: DecodeChoice,
    renderer: Renderer<'static>,
    /// Whether some plan makes, or has made, the halved copies that all share.
    is_sharing: AtomicBool,
}

impl DecodedSource {
    /// Returns what was decoded.
    #[must_use]
    pub fn choice(&self) -> DecodeChoice {
        self.choice
    }

    /// Returns the bytes that are held, at most: [`DecodeChoice::kept_bytes`].
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.choice.kept_bytes()
    }

    /// Makes the derivative of a plan: crops, scales, turns and encodes.
    ///
    /// The bytes are those that a fresh decode of the same choice gives, whatever was made of this one
    /// before, at any number of threads. Runs on the current rayon thread pool, and blocks.
    ///
    /// # Errors
    ///
    /// [`Error::OtherDecode`] if the [choice](SourceImage::decode_choice) for the plan is another;
    /// if an option is out of range, or the derivative cannot be made.
    pub fn derive(&self, plan: &RenderPlan, encoding: &EncodeOptions) -> Result<Derivative> {
        encoding.validate()?;
        if !self.choice.serves(self.format, &self.header, plan) {
            return Err(Error::OtherDecode);
        }
        self.share(plan)?;
        let image = self.renderer.render(plan)?;
        let mut bytes = encode(&image, plan.format(), encoding)?;
        drop(image);
        // Who keeps derivatives counts their bytes, not what was reserved for them.
        if bytes.len() < bytes.capacity() / 2 {
            bytes.shrink_to_fit();
        }
        Ok(Derivative::of_plan(plan, bytes.into()))
    }

    /// Makes the halved copies, if the plan is the first to which they are of use. Nobody waits for
    /// them: who comes meanwhile halves the part that it needs itself, which gives the same pixels.
    /// To wait inside a thread pool, for work of the same pool, can deadlock.
    fn share(&self, plan: &RenderPlan) -> Result<()> {
        let copies = self.choice.copies();
        if copies == 0
            || self.renderer.shares_nothing(plan)
            || self.is_sharing.swap(true, Ordering::Relaxed)
        {
            return Ok(());
        }
        self.renderer.share(copies, true)
    }
}

impl fmt::Debug for DecodedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodedSource")
            .field("format", &self.format)
            .field("choice", &self.choice)
            .finish_non_exhaustive()
    }
}

impl SourceImage {
    /// Chooses what is decoded for a plan that stands alone.
    ///
    /// What has to be decompressed as a whole anyway (all formats but TIFF and JPEG 2000, strips of a
    /// TIFF that are compressed, a JPEG 2000 of one tile) is decoded as a whole, as often halved as the
    /// plan allows and the format can do: all tiles of a scale factor share that. Of tiled TIFFs and
    /// JPEG 2000s, and of strips that are not compressed, it is the part that the plan needs. Of PNGs and TIFFs also where the whole would
    /// [take more](DecodeChoice::kept_bytes) than `whole_limit_bytes`: pass what the cache can hold, and
    /// always the same, because the pixels of a derivative can depend on it.
    ///
    /// Depends on the header, the plan and the limit alone, and reads nothing.
    #[must_use]
    pub fn decode_choice(&self, plan: &RenderPlan, whole_limit_bytes: u64) -> DecodeChoice {
        DecodeChoice::of_plan(self.format(), self.header(), plan, whole_limit_bytes)
    }

    /// Reads the compressed data of what was chosen, if each read of the image [takes its
    /// time](crate::ReadAt::is_remote), and returns the image with that in memory: to
    /// [decode](Self::decode_chosen) the choice then takes the processor alone, and no waiting.
    ///
    /// Only of TIFFs, and only up to 4 MiB; what is more is read while it is decoded. Blocks.
    /// [`DecodeChoice::decoding_bytes`] counts what is held.
    ///
    /// # Errors
    ///
    /// [`Error::Read`]; [`Error::Corrupt`] if the data is not in the file.
    #[cfg_attr(
        not(feature = "tiff"),
        expect(clippy::unnecessary_wraps, reason = "only TIFFs are fetched")
    )]
    pub fn fetch_chosen(&self, choice: &DecodeChoice) -> Result<Self> {
        #[cfg(feature = "tiff")]
        if self.format() == SourceFormat::Tiff {
            let fetched = decode::fetch_tiff(self.data(), self.header(), choice.decoding())?;
            return Ok(fetched.map_or_else(|| self.clone(), |data| self.with_data(data)));
        }
        let _ = choice;
        Ok(self.clone())
    }

    /// Decodes what was chosen.
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode); [`Error::OtherDecode`] if the choice was made for a source
    /// whose image is of another size.
    pub fn decode_chosen(&self, choice: &DecodeChoice) -> Result<DecodedSource> {
        let decoding = choice.decoding();
        if !decoding.is_of(self.header()) {
            return Err(Error::OtherDecode);
        }
        Ok(DecodedSource {
            format: self.format(),
            header: Arc::clone(self.header()),
            choice: *choice,
            renderer: Renderer::of_kept(self.decode_as(decoding)?)?,
            is_sharing: AtomicBool::new(false),
        })
    }
}
