//! Jobs over buckets in memory.

use std::sync::Arc;

use iiif_config::{Config, InstructionSet, ProcessingUri};
use iiif_derivatives::Job;
use iiif_storage::Bucket;
use iiif_testkit::encode::{JpegOptions, jpeg};
use iiif_testkit::pattern::photo;
use image::DynamicImage;
use object_store::memory::InMemory;

pub(crate) fn bucket() -> Bucket {
    Bucket::from_store(Arc::new(InMemory::new()))
}

pub(crate) fn instructions(json: &str) -> InstructionSet {
    InstructionSet::parse(json, "instructions.json", &Config::default())
        .unwrap()
        .value
}

pub(crate) fn job(json: &str) -> Job {
    Job::new(bucket(), bucket(), instructions(json))
}

pub(crate) fn uris(texts: &[&str]) -> Vec<ProcessingUri> {
    texts
        .iter()
        .map(|text| ProcessingUri::parse(text).unwrap())
        .collect()
}

pub(crate) async fn put_photo(bucket: &Bucket, key: &str, width: u32, height: u32) {
    let picture = DynamicImage::ImageRgb8(photo(width, height));
    let bytes = jpeg(&picture, &JpegOptions::default());
    bucket.put(key, bytes.into(), "image/jpeg").await.unwrap();
}
