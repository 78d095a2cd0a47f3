//! Derivatives: made once however many ask, and kept in memory and in a bucket, as are, in memory, the
//! decodes that they are made from.

use std::sync::Arc;

use bytes::Bytes;
use iiif_derivatives::Reservation;
use iiif_image_api::{Format, Identifier, RenderPlan};
use iiif_pipeline::{DecodeChoice, DecodedSource, EncodeOptions, SourceFormat, SourceImage};

use crate::Problem;
use crate::admission::{Cost, Done};
use crate::held::Held;
use crate::memory::Memory;
use crate::metrics::{Metrics, ServedFrom};
use crate::shares::TILE_BYTES;
use crate::sources::Source;
use crate::store::DerivativeStore;

/// Makes derivatives, and keeps them and the decodes of whole images in memory.
pub(crate) struct Derivatives {
    encoding: EncodeOptions,
    store: Option<DerivativeStore>,
    metrics: Arc<Metrics>,
    memory: Arc<Memory>,
}

impl Derivatives {
    pub(crate) fn new(
        encoding: EncodeOptions,
        store: Option<DerivativeStore>,
        metrics: Arc<Metrics>,
        memory: Arc<Memory>,
    ) -> Self {
        Self {
            encoding,
            store,
            metrics,
            memory,
        }
    }

    /// Returns a derivative; of several that ask for the same at once, one makes it.
    pub(crate) async fn get(
        self: &Arc<Self>,
        source: &Held<Source>,
        plan: RenderPlan,
    ) -> Result<Bytes, Problem> {
        check_sides(&plan)?;
        let key = (source.version.clone(), plan);
        let cache = &self.memory.derivatives;
        let held = if let Some(held) = cache.get(&key) {
            self.metrics.note_derivative(ServedFrom::Memory);
            held
        } else {
            let find = || {
                let (derivatives, source) = (Arc::clone(self), source.clone());
                async move {
                    let found = derivatives.find(&source, plan).await;
                    if found.as_ref().err() == Some(&Problem::silent_storage()) {
                        // The next one learns it by its first read, which takes no place in a lane.
                        derivatives.memory.sources.forget(&source.version);
                    }
                    found
                }
            };
            cache.get_or_make(&key, find).await?
        };
        Ok(held.to_bytes())
    }

    /// Forgets all derivatives of an image in the bucket.
    pub(crate) async fn purge(&self, identifier: &Identifier) -> iiif_storage::Result<()> {
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

    /// Looks into the bucket, and makes what is not there.
    async fn find(
        self: &Arc<Self>,
        source: &Held<Source>,
        plan: RenderPlan,
    ) -> Result<Held<Bytes>, Problem> {
        if let Some(store) = &self.store
            && let Some(held) = store
                .get(&source.version, &plan, &self.memory.derivatives)
                .await?
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

    async fn make(
        self: &Arc<Self>,
        source: &Held<Source>,
        plan: RenderPlan,
    ) -> Result<Held<Bytes>, Problem> {
        if let Some(held) = self.pass_through(source, plan).await? {
            return Ok(held);
        }
        let encoding = self.encoding.clone();
        let max_decode_bytes = self.memory.shares.max_decode_bytes();
        let choice = source.image.decode_choice(&plan, max_decode_bytes);
        let rendering_bytes = choice.rendering_bytes(&plan);
        let done = if is_kept(&source.image, &choice, max_decode_bytes) {
            let decoded = self.decode(source, choice, rendering_bytes).await?;
            let derive = move || decoded.derive(&plan, &encoding);
            let cost = Cost::of_request(rendering_bytes);
            self.memory.admission.compute(cost, derive).await?
        } else {
            let bytes = source.image.held_bytes() + choice.decoding_bytes() + rendering_bytes;
            let derive = move |decoded: DecodedSource| decoded.derive(&plan, &encoding);
            let cost = Cost::of_request(bytes);
            self.decode_and(source, choice, cost, derive).await?
        };
        let bytes = done.value.as_ref().map_or(0, |made| made.bytes.len());
        let (made, in_lane) = done.leave(bytes as u64);
        let made = made.map_err(|error| source.problem(&error))?;
        self.hold(made.bytes, in_lane).await
    }

    /// Moves what was made from the memory of a lane into that of derivatives.
    async fn hold(&self, bytes: Bytes, in_lane: Reservation) -> Result<Held<Bytes>, Problem> {
        let room = self.memory.derivatives.reserve(bytes.len() as u64).await?;
        drop(in_lane);
        Ok(room.hold(bytes))
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
        if bytes > self.memory.admission.max_bytes() {
            return Ok(None);
        }
        let pass = move || image.passthrough(&plan, &encoding);
        let done = self.memory.admission.read(bytes, pass).await?;
        let bytes = match &done.value {
            Ok(Some(passed)) => passed.bytes.len(),
            _ => 0,
        };
        let (passed, in_lane) = done.leave(bytes as u64);
        match passed.map_err(|error| source.problem(&error))? {
            Some(passed) => self.hold(passed.bytes, in_lane).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns a decode that several derivatives share, made once however many ask.
    async fn decode(
        self: &Arc<Self>,
        source: &Held<Source>,
        choice: DecodeChoice,
        rendering_bytes: u64,
    ) -> Result<Held<DecodedSource>, Problem> {
        let decode = || {
            let (derivatives, source) = (Arc::clone(self), source.clone());
            async move {
                derivatives
                    .make_decode(&source, choice, rendering_bytes)
                    .await
            }
        };
        let key = (source.version.clone(), choice);
        self.memory.decodes.get_or_make(&key, decode).await
    }

    async fn make_decode(
        &self,
        source: &Held<Source>,
        choice: DecodeChoice,
        rendering_bytes: u64,
    ) -> Result<Held<DecodedSource>, Problem> {
        let image = source.image.clone();
        let kept_bytes = kept_bytes(&image, &choice);
        let room = self.memory.decodes.reserve(kept_bytes).await?;
        let cost = Cost {
            work_bytes: passing_bytes(&image, &choice),
            request_bytes: rendering_bytes,
        };
        let done = self.decode_and(source, choice, cost, Ok).await?;
        let decoded = done.value.map_err(|error| source.problem(&error))?;
        Ok(room.hold(decoded))
    }

    /// Decodes an image, and goes on with the pixels.
    async fn decode_and<T: Send + 'static>(
        &self,
        source: &Source,
        choice: DecodeChoice,
        cost: Cost,
        then: impl FnOnce(DecodedSource) -> iiif_pipeline::Result<T> + Send + 'static,
    ) -> Result<Done<iiif_pipeline::Result<T>>, Problem> {
        let image = source.image.clone();
        let decode = move |image: SourceImage| {
            let decoded = image.decode_chosen(&choice)?;
            // What was fetched is not needed any more.
            drop(image);
            then(decoded)
        };
        let admission = &self.memory.admission;
        if image.is_remote() {
            let fetch = move || image.fetch_chosen(&choice);
            return admission.read_then_compute(cost, fetch, decode).await;
        }
        admission.compute(cost, || decode(image)).await
    }
}

/// Returns whether a decode is kept for further derivatives.
pub(crate) fn is_kept(image: &SourceImage, choice: &DecodeChoice, max_decode_bytes: u64) -> bool {
    choice.is_reusable() && kept_bytes(image, choice) <= max_decode_bytes
}

/// Returns what is held of a decode that is kept, and of the header that it keeps.
pub(crate) fn kept_bytes(image: &SourceImage, choice: &DecodeChoice) -> u64 {
    choice.kept_bytes().saturating_add(image.header_bytes())
}

/// Returns the memory that making a decode takes besides what is kept of it. That alone counts in the lane,
/// so that the decode for a tile has not to wait among large derivatives.
pub(crate) fn passing_bytes(image: &SourceImage, choice: &DecodeChoice) -> u64 {
    let passing = choice.decoding_bytes().saturating_sub(choice.kept_bytes());
    image.held_bytes() + passing
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
