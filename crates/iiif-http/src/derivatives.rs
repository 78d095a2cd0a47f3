//! Derivatives: made once however many ask, and kept in memory and in a bucket, as are, in memory, the
//! decodes that they are made from.

use std::sync::Arc;

use bytes::Bytes;
use iiif_image_api::{Format, Identifier, RenderPlan};
use iiif_pipeline::{DecodeChoice, DecodedSource, EncodeOptions, SourceFormat};

use crate::Problem;
use crate::admission::{Admission, Done, TILE_BYTES};
use crate::held::{Held, HeldCache};
use crate::metrics::{Metrics, ServedFrom};
use crate::sources::{Source, Version};
use crate::store::DerivativeStore;

/// Makes derivatives, and keeps them and the decodes of whole images in memory.
pub(crate) struct Derivatives {
    encoding: EncodeOptions,
    admission: Arc<Admission>,
    store: Option<DerivativeStore>,
    metrics: Arc<Metrics>,
    made: HeldCache<(Version, RenderPlan), Bytes>,
    decodes: HeldCache<(Version, DecodeChoice), DecodedSource>,
}

impl Derivatives {
    /// `derivative_bytes` bounds the derivatives that are held in memory, `decode_bytes` the decodes.
    pub(crate) fn new(
        encoding: EncodeOptions,
        admission: Arc<Admission>,
        store: Option<DerivativeStore>,
        metrics: Arc<Metrics>,
        (derivative_bytes, decode_bytes): (u64, u64),
    ) -> Self {
        let max_wait = admission.max_wait();
        Self {
            encoding,
            admission,
            store,
            metrics,
            made: HeldCache::new(derivative_bytes, max_wait),
            decodes: HeldCache::new(decode_bytes, max_wait),
        }
    }

    /// Returns a derivative; of several that ask for the same at once, one makes it.
    pub(crate) async fn get(
        &self,
        source: &Held<Source>,
        plan: RenderPlan,
    ) -> Result<Bytes, Problem> {
        check_sides(&plan)?;
        let key = (source.version.clone(), plan);
        let held = if let Some(held) = self.made.get(&key) {
            self.metrics.note_derivative(ServedFrom::Memory);
            held
        } else {
            self.made.get_or_make(&key, self.find(source, plan)).await?
        };
        Ok(held.to_bytes())
    }

    /// Forgets all derivatives of an image.
    pub(crate) async fn purge(&self, identifier: &Identifier) -> iiif_storage::Result<()> {
        self.made
            .forget_if(|(version, _)| version.identifier == *identifier);
        self.decodes
            .forget_if(|(version, _)| version.identifier == *identifier);
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

    /// Waits until none is being written to the bucket.
    pub(crate) async fn settle(&self) {
        if let Some(store) = &self.store {
            store.settle().await;
        }
    }

    /// Returns what is held in memory, by name, in bytes.
    pub(crate) fn held_bytes(&self) -> [(&'static str, u64); 2] {
        [
            ("derivatives", self.made.held_bytes()),
            ("decodes", self.decodes.held_bytes()),
        ]
    }

    /// Looks into the bucket, and makes what is not there.
    async fn find(&self, source: &Held<Source>, plan: RenderPlan) -> Result<Held<Bytes>, Problem> {
        if let Some(store) = &self.store
            && let Some(held) = store.get(&source.version, &plan, &self.made).await?
        {
            self.metrics.note_derivative(ServedFrom::Bucket);
            return Ok(held);
        }
        let held = self.make(source, plan).await?;
        self.metrics.note_derivative(ServedFrom::Made);
        if let Some(store) = &self.store {
            store.put(&source.version, &plan, held.to_bytes());
        }
        Ok(held)
    }

    async fn make(&self, source: &Held<Source>, plan: RenderPlan) -> Result<Held<Bytes>, Problem> {
        if let Some(held) = self.pass_through(source, plan).await? {
            return Ok(held);
        }
        let encoding = self.encoding.clone();
        let choice = source
            .image
            .decode_choice(&plan, self.decodes.max_kept_bytes());
        let rendering_bytes = choice.rendering_bytes(&plan);
        let done = if is_kept(&choice, self.decodes.max_kept_bytes()) {
            let decoded = self.decode(source, choice).await?;
            let derive = move || decoded.derive(&plan, &encoding);
            self.work(source, rendering_bytes, derive).await?
        } else {
            let bytes = source.image.held_bytes() + choice.decoding_bytes() + rendering_bytes;
            let image = source.image.clone();
            let derive = move || image.decode_chosen(&choice)?.derive(&plan, &encoding);
            self.work(source, bytes, derive).await?
        };
        let bytes = done.value?.bytes;
        let memory = self.made.reserve(bytes.len() as u64).await?;
        Ok(memory.hold(bytes))
    }

    /// Returns the source's own compressed data, of all of it or of a tile, if that is what was asked.
    async fn pass_through(
        &self,
        source: &Held<Source>,
        plan: RenderPlan,
    ) -> Result<Option<Held<Bytes>>, Problem> {
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
        let done = self.admission.run(bytes, pass).await?;
        let passed = done.value.map_err(|error| source.problem(&error))?;
        let Some(derivative) = passed else {
            return Ok(None);
        };
        let memory = self.made.reserve(derivative.bytes.len() as u64).await?;
        Ok(Some(memory.hold(derivative.bytes)))
    }

    /// Returns a decode that several derivatives share, made once however many ask.
    async fn decode(
        &self,
        source: &Held<Source>,
        choice: DecodeChoice,
    ) -> Result<Held<DecodedSource>, Problem> {
        let decode = async {
            let memory = self.decodes.reserve(choice.kept_bytes()).await?;
            let image = source.image.clone();
            let bytes = image.held_bytes() + choice.decoding_bytes();
            let decode = move || image.decode_chosen(&choice);
            let done = self.work(source, bytes, decode).await?;
            Ok(memory.hold(done.value?))
        };
        let key = (source.version.clone(), choice);
        self.decodes.get_or_make(&key, decode).await
    }

    /// Computes with at most `bytes` of memory.
    async fn work<T: Send + 'static>(
        &self,
        source: &Source,
        bytes: u64,
        work: impl FnOnce() -> iiif_pipeline::Result<T> + Send + 'static,
    ) -> Result<Done<Result<T, Problem>>, Problem> {
        let identifier = source.version.identifier.clone();
        let work = move || work().map_err(|error| Problem::pipeline(&identifier, &error));
        self.admission.compute(bytes, work).await
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
