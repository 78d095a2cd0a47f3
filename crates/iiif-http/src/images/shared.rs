//! What pages and the repository use of the images.

use bytes::Bytes;
use iiif_image_api::{ApiVersion, DerivativeRequest, OversizedBox, RenderPlan};
use iiif_pipeline::SourceImage;
use iiif_storage::Bucket;

use super::Images;
use crate::Problem;
use crate::etag::EntityTag;
use crate::sources::Version;

impl Images {
    /// Returns the bucket of the images.
    pub(crate) fn bucket(&self) -> &Bucket {
        &self.source
    }

    /// Resolves a request so that nothing is enlarged, and what is too large shrinks into the limits.
    pub(crate) fn plan(
        &self,
        request: &DerivativeRequest,
        image: &SourceImage,
    ) -> Result<RenderPlan, Problem> {
        let options = self.resolve_options(image, ApiVersion::V3);
        let options = options.with_oversized_box(OversizedBox::Region);
        Ok(RenderPlan::resolve(request, image.geometry(), &options)?)
    }

    /// Returns a derivative, from the caches of the service.
    pub(crate) async fn derive(
        &self,
        version: Version,
        request: &DerivativeRequest,
    ) -> Result<Bytes, Problem> {
        let source = self.sources.open(version).await?;
        let plan = self.plan(request, &source.image)?;
        self.derivatives.get(&source, plan).await
    }

    /// Returns the tag of a derivative that [`derive`](Self::derive) makes.
    pub(crate) fn tag(&self, version: &Version, request: &str) -> EntityTag {
        EntityTag::of(&[
            "repository",
            version.identifier.as_str(),
            version.object.as_str(),
            request,
            &self.maker,
        ])
    }
}
