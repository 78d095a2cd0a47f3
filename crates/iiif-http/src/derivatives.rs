//! Derivatives: made once however many ask, and kept in memory and in a bucket, as are, in memory, the
//! decodes that they are made from.

use std::sync::Arc;

use bytes::Bytes;
use iiif_image_api::{Format, Identifier, RenderPlan};
use iiif_pipeline::{DecodeChoice, DecodedSource, EncodeOptions, SourceFormat};
use moka::future::Cache;

use crate::Problem;
use crate::admission::Admission;
use crate::metrics::{Metrics, ServedFrom};
use crate::sources::{Source, Version};
use crate::store::DerivativeStore;

/// Makes derivatives, and keeps them and the decodes of whole images in memory.
pub(crate) struct Derivatives {
    encoding: EncodeOptions,
    admission: Arc<Admission>,
    store: Option<DerivativeStore>,
    metrics: Arc<Metrics>,
    kept: Cache<(Version, RenderPlan), Bytes>,
    decodes: Cache<(Version, DecodeChoice), Arc<DecodedSource>>,
    /// The most bytes of a decode that is kept.
    max_decode_bytes: u64,
}

/// What an entry takes besides the bytes of the derivative.
const ENTRY_BYTES: usize = 512;

/// What the compressed data of a tile takes, at most by far.
const TILE_BYTES: u64 = 1 << 20;

/// Weights of decodes are counted in KiB, of which 32 bits suffice.
const WEIGHT_UNIT_BYTES: u64 = 1 << 10;

impl Derivatives {
    /// `kept_bytes` bounds the derivatives that are kept in memory, `max_decode_bytes` the decodes.
    pub(crate) fn new(
        encoding: EncodeOptions,
        admission: Arc<Admission>,
        store: Option<DerivativeStore>,
        metrics: Arc<Metrics>,
        (kept_bytes, max_decode_bytes): (u64, u64),
    ) -> Self {
        let weight = |_: &(Version, RenderPlan), bytes: &Bytes| {
            u32::try_from(bytes.len() + ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        let decode_weight = |_: &(Version, DecodeChoice), decoded: &Arc<DecodedSource>| {
            let bytes = decoded.bytes() + ENTRY_BYTES as u64;
            u32::try_from(bytes.div_ceil(WEIGHT_UNIT_BYTES)).unwrap_or(u32::MAX)
        };
        Self {
            encoding,
            admission,
            store,
            metrics,
            kept: Cache::builder()
                .max_capacity(kept_bytes)
                .weigher(weight)
                .support_invalidation_closures()
                .build(),
            decodes: Cache::builder()
                .max_capacity(max_decode_bytes / WEIGHT_UNIT_BYTES)
                .weigher(decode_weight)
                .support_invalidation_closures()
                .build(),
            max_decode_bytes,
        }
    }

    /// Returns a derivative; of several that ask for the same at once, one makes it.
    pub(crate) async fn get(
        &self,
        source: &Arc<Source>,
        plan: RenderPlan,
    ) -> Result<Bytes, Problem> {
        check_sides(&plan)?;
        let key = (source.version.clone(), plan);
        if let Some(bytes) = self.kept.get(&key).await {
            self.metrics.note_derivative(ServedFrom::Memory);
            return Ok(bytes);
        }
        let made = self.kept.try_get_with(key, self.find(source, plan)).await;
        made.map_err(|problem| Problem::clone(&problem))
    }

    /// Forgets all derivatives of an image.
    pub(crate) async fn purge(&self, identifier: &Identifier) -> iiif_storage::Result<()> {
        let purged = identifier.clone();
        let decoded = purged.clone();
        // Refused only without the support for it.
        let _ = self
            .kept
            .invalidate_entries_if(move |(version, _), _| version.identifier == purged);
        let _ = self
            .decodes
            .invalidate_entries_if(move |(version, _), _| version.identifier == decoded);
        match &self.store {
            Some(store) => store.purge(identifier).await,
            None => Ok(()),
        }
    }

    /// Deletes the oldest derivatives in the bucket where there is too much.
    pub(crate) async fn sweep(&self) -> iiif_storage::Result<u64> {
        match &self.store {
            Some(store) => store.sweep().await,
            None => Ok(0),
        }
    }

    /// Returns what is kept in memory, by name, in bytes.
    pub(crate) fn kept_bytes(&self) -> [(&'static str, u64); 2] {
        let decodes = self.decodes.weighted_size() * WEIGHT_UNIT_BYTES;
        [
            ("derivatives", self.kept.weighted_size()),
            ("decodes", decodes),
        ]
    }

    /// Looks into the bucket, and makes what is not there.
    async fn find(&self, source: &Arc<Source>, plan: RenderPlan) -> Result<Bytes, Problem> {
        if let Some(store) = &self.store
            && let Some(bytes) = store.get(&source.version, &plan).await
        {
            self.metrics.note_derivative(ServedFrom::Bucket);
            return Ok(bytes);
        }
        let bytes = self.make(source, plan).await?;
        self.metrics.note_derivative(ServedFrom::Made);
        if let Some(store) = &self.store {
            store.put(&source.version, &plan, bytes.clone());
        }
        Ok(bytes)
    }

    async fn make(&self, source: &Arc<Source>, plan: RenderPlan) -> Result<Bytes, Problem> {
        if let Some(bytes) = self.pass_through(source, plan).await? {
            return Ok(bytes);
        }
        let encoding = self.encoding.clone();
        let choice = source.image.decode_choice(&plan, self.max_decode_bytes);
        let rendering_bytes = choice.rendering_bytes(&plan);
        if is_kept(&choice, self.max_decode_bytes) {
            let decoded = self.decode(source, choice).await?;
            let derive = move || decoded.derive(&plan, &encoding);
            let made = self.work(source, rendering_bytes, derive).await?;
            return Ok(made.bytes);
        }
        let bytes = source.image.held_bytes() + choice.decoding_bytes() + rendering_bytes;
        let image = source.image.clone();
        let derive = move || image.decode_chosen(&choice)?.derive(&plan, &encoding);
        Ok(self.work(source, bytes, derive).await?.bytes)
    }

    /// Returns the source's own compressed data, of all of it or of a tile, if that is what was asked.
    async fn pass_through(
        &self,
        source: &Arc<Source>,
        plan: RenderPlan,
    ) -> Result<Option<Bytes>, Problem> {
        let (image, encoding) = (source.image.clone(), self.encoding.clone());
        let is_whole = plan.keeps_geometry() && image.format() != SourceFormat::Tiff;
        let bytes = if is_whole {
            image.len_bytes()
        } else {
            TILE_BYTES
        };
        if bytes > self.admission.max_bytes() {
            return Ok(None);
        }
        let pass = move || image.passthrough(&plan, &encoding);
        let passed = self.admission.run(bytes, pass).await?;
        let passed = passed.map_err(|error| source.problem(&error))?;
        Ok(passed.map(|derivative| derivative.bytes))
    }

    /// Returns a decode that several derivatives share, made once however many ask.
    async fn decode(
        &self,
        source: &Arc<Source>,
        choice: DecodeChoice,
    ) -> Result<Arc<DecodedSource>, Problem> {
        let decode = async {
            let image = source.image.clone();
            let bytes = image.held_bytes() + choice.decoding_bytes();
            let decode = move || image.decode_chosen(&choice);
            let decoded = self.work(source, bytes, decode).await?;
            Ok(Arc::new(decoded))
        };
        let key = (source.version.clone(), choice);
        let decoded = self.decodes.try_get_with(key, decode).await;
        decoded.map_err(|problem: Arc<Problem>| Problem::clone(&problem))
    }

    async fn work<T: Send + 'static>(
        &self,
        source: &Source,
        bytes: u64,
        work: impl FnOnce() -> iiif_pipeline::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let done = self.admission.compute(bytes, work).await?;
        done.map_err(|error| source.problem(&error))
    }
}

/// Returns whether a decode is kept for further derivatives.
pub(crate) fn is_kept(choice: &DecodeChoice, max_decode_bytes: u64) -> bool {
    choice.is_reusable() && choice.kept_bytes() <= max_decode_bytes
}

/// Refuses, before anything is made, what the format has no numbers for.
fn check_sides(plan: &RenderPlan) -> Result<(), Problem> {
    let most = match plan.format() {
        Format::Jpg | Format::Gif => 0xFFFF,
        // VP8 has 14 bits for a side (RFC 6386 §9.1).
        Format::Webp => 0x3FFF,
        _ => u32::MAX,
    };
    let output = plan.output();
    if output.width().max(output.height()) > most {
        return Err(Problem::bad_request(format!(
            "{output} pixels are more than `{}` can hold; expected at most {most} a side",
            plan.format()
        )));
    }
    Ok(())
}
