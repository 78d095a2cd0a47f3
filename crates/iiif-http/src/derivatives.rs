//! Derivatives: made once however many ask, and kept.

use std::sync::Arc;

use bytes::Bytes;
use iiif_image_api::{Identifier, RenderPlan};
use iiif_pipeline::{Batch, EncodeOptions};
use moka::future::Cache;

use crate::Problem;
use crate::admission::Admission;
use crate::sources::Source;

/// Makes derivatives and keeps them in memory.
pub(crate) struct Derivatives {
    encoding: EncodeOptions,
    admission: Admission,
    kept: Cache<Key, Bytes>,
}

/// What the bytes of a derivative are a function of. Requests that come to the same pixels share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    identifier: Identifier,
    version: String,
    plan: RenderPlan,
}

/// What an entry takes besides the bytes of the derivative.
const ENTRY_BYTES: usize = 512;

impl Derivatives {
    /// `memory_bytes` bounds what is kept.
    pub(crate) fn new(encoding: EncodeOptions, admission: Admission, memory_bytes: u64) -> Self {
        let weight =
            |_: &Key, bytes: &Bytes| u32::try_from(bytes.len() + ENTRY_BYTES).unwrap_or(u32::MAX);
        Self {
            encoding,
            admission,
            kept: Cache::builder()
                .max_capacity(memory_bytes)
                .weigher(weight)
                .build(),
        }
    }

    /// Returns a derivative; of several that ask for the same at once, one makes it.
    pub(crate) async fn get(
        &self,
        source: &Arc<Source>,
        plan: RenderPlan,
    ) -> Result<Bytes, Problem> {
        let key = Key {
            identifier: source.version.identifier.clone(),
            version: source.version.tag.clone(),
            plan,
        };
        let made = self.kept.try_get_with(key, self.make(source, plan)).await;
        made.map_err(|problem| Problem::clone(&problem))
    }

    async fn make(&self, source: &Arc<Source>, plan: RenderPlan) -> Result<Bytes, Problem> {
        let batch = Batch::new(&source.image)
            .with_plans(vec![plan])
            .with_encoding(self.encoding.clone())
            .with_memory_limit(self.admission.max_bytes());
        let bytes = batch.memory_bytes();
        let (image, encoding) = (source.image.clone(), self.encoding.clone());
        let derive = move || image.derive(plan, &encoding);
        let made = self.admission.run(bytes, derive).await?;
        made.map(|derivative| derivative.bytes).map_err(|error| {
            let identifier = source.version.identifier.as_str();
            tracing::warn!("{identifier}: {error}");
            Problem::pipeline(&error)
        })
    }
}
