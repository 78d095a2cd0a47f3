//! What info.json tells of an image besides the Image API: the analyses, and how large the image is.

use std::sync::Arc;

use iiif_image_api::{ApiVersion, ImageInfo};
use iiif_pipeline::{Analyses, AnalysisReport, Batch, ErrorKind, SourceImage};
use serde_json::{Map, Value, json};

use crate::Problem;
use crate::admission::Cost;
use crate::held::Held;
use crate::memory::Memory;
use crate::sources::Source;

/// Makes the analyses of images, and keeps them.
pub(crate) struct Services {
    analyses: Analyses,
    memory: Arc<Memory>,
}

/// What a report takes at most: a palette of 256 colors, say.
const REPORT_BYTES: u64 = 16 << 10;

/// Names of the services are what go-iiif calls them.
const URN: &str = "x-urn:service:go-iiif#";

/// The Physical Dimensions service (<https://iiif.io/api/annex/services/#physical-dimensions>).
const PHYSICAL_CONTEXT: &str = "http://iiif.io/api/annex/services/physdim/1/context.json";
const PHYSICAL_PROFILE: &str = "http://iiif.io/api/annex/services/physdim";

/// 72 pixels per inch are what programs write that know nothing of the size.
const UNKNOWN_PER_INCH: f64 = 72.0;
const CM_PER_INCH: f64 = 2.54;

/// Resolutions that differ by less, relative to each other, differ by rounding.
const TOLERANCE: f64 = 1e-3;

impl Services {
    pub(crate) fn new(analyses: Analyses, memory: Arc<Memory>) -> Self {
        Self { analyses, memory }
    }

    /// Adds what is known of an image. One that cannot be decoded has no analyses.
    pub(crate) async fn add_to(
        self: &Arc<Self>,
        info: &mut ImageInfo,
        source: &Held<Source>,
        api: ApiVersion,
    ) -> Result<(), Problem> {
        if !self.analyses.is_empty() {
            let analyze = || {
                let (services, source) = (Arc::clone(self), source.clone());
                async move { services.analyze(&source).await }
            };
            let reports = &self.memory.reports;
            let report = reports.get_or_make(&source.version, analyze).await?;
            info.services.extend(described(&report, api));
        }
        if let Some(scale) = physical_scale(&source.image, api) {
            info.services.push(scale);
            info.extra_contexts.push(PHYSICAL_CONTEXT.to_owned());
        }
        Ok(())
    }

    async fn analyze(&self, source: &Held<Source>) -> Result<Held<AnalysisReport>, Problem> {
        let room = self.memory.reports.reserve(REPORT_BYTES).await?;
        let batch = Batch::new(&source.image)
            .with_analyses(self.analyses.clone())
            .with_memory_limit(self.memory.admission.max_bytes());
        let bytes = source.image.held_bytes() + batch.memory_bytes();
        let admission = &self.memory.admission;
        let run = move || batch.run(&|_, _| {});
        let bytes = bytes.min(admission.max_bytes());
        let done = admission.compute(Cost::of_request(bytes), run).await?;
        match done.value {
            Ok(report) => Ok(room.hold(report)),
            // The next one may find that the storage answers.
            Err(error) if error.kind() == ErrorKind::Unavailable => Err(source.problem(&error)),
            Err(error) => {
                let identifier = source.version.identifier.as_str();
                tracing::warn!("{identifier} is not analyzed: {error}");
                Ok(room.hold(AnalysisReport::default()))
            }
        }
    }
}

/// Returns a service for each analysis, in the words of go-iiif.
fn described(report: &AnalysisReport, api: ApiVersion) -> Vec<Value> {
    let palette = report
        .palette
        .as_ref()
        .map(|colors| ("palette", json!({"palette": colors})));
    let blurhash = report
        .blurhash
        .as_ref()
        .map(|hash| ("blurhash", json!({"hash": hash})));
    let hashes = report
        .imagehash
        .as_ref()
        .map(|hashes| ("imagehash", json!(hashes)));
    let made = [palette, blurhash, hashes].into_iter().flatten();
    made.map(|(name, payload)| service(&format!("{URN}{name}"), api, payload))
        .collect()
}

fn service(urn: &str, api: ApiVersion, payload: Value) -> Value {
    let mut service = Map::new();
    // 3.0 has the contexts of services at the top, and a `type` in each.
    let kind = match api {
        ApiVersion::V2 => "@context",
        _ => "type",
    };
    for key in [kind, "profile", "label"] {
        service.insert(key.to_owned(), urn.into());
    }
    if let Value::Object(payload) = payload {
        service.extend(payload);
    }
    Value::Object(service)
}

/// Returns how large a pixel is, where the file says so and its pixels are square.
fn physical_scale(image: &SourceImage, api: ApiVersion) -> Option<Value> {
    let resolution = image.resolution()?;
    let per_inch = resolution.x_per_cm * CM_PER_INCH;
    let is_near = |a: f64, b: f64| (a / b - 1.0).abs() < TOLERANCE;
    let is_square = is_near(resolution.x_per_cm, resolution.y_per_cm);
    if !is_square || is_near(per_inch, UNKNOWN_PER_INCH) {
        return None;
    }
    let mut service = Map::new();
    if api == ApiVersion::V2 {
        service.insert("@context".to_owned(), PHYSICAL_CONTEXT.into());
    }
    service.insert("profile".to_owned(), PHYSICAL_PROFILE.into());
    service.insert("physicalScale".to_owned(), json!(1.0 / per_inch));
    service.insert("physicalUnits".to_owned(), "in".into());
    Some(Value::Object(service))
}
