//! What a repository allows, and to whom.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use iiif_storage::Bucket;

use super::BearerToken;

/// What a repository allows, and to whom.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RepositoryOptions {
    /// What clients need to upload and to delete. Default: none, and nobody may.
    pub write_token: Option<BearerToken>,
    /// What clients need to read; the token for writes does too. Default: none, and everybody may.
    pub read_token: Option<BearerToken>,
    /// The largest upload, in bytes. It lies on the disk for temporary files until it is verified.
    /// Default: 512 MiB.
    pub max_upload_bytes: u64,
    /// Uploads that are received at the same time; more are turned away with 503. Default: 8.
    pub max_uploads: usize,
    /// How long an upload may send nothing. Default: 60 s.
    pub upload_idle: Duration,
    /// Images in one answer: a zip, the metadata or the URLs of several. Default: 500.
    pub max_images: NonZeroUsize,
    /// The most names on a page of a listing. Default: 1,000.
    pub max_names: NonZeroUsize,
    /// The sides of the box of a thumbnail where none are asked for, in pixels. Default: 50.
    pub thumbnail_px: NonZeroU32,
    /// The EXIF tags that `meta` shows, by their names in EXIF 2.32, such as `DateTimeOriginal`.
    /// Default: [`DEFAULT_TAGS`](Self::DEFAULT_TAGS).
    pub metadata_tags: Vec<String>,
    /// Whether JPEG, PNG and WebP have these tags in what is served, or none. Default:
    /// [`ServedMetadata::Stripped`].
    pub served_metadata: ServedMetadata,
    /// Where derivatives lie that `url` hands out URLs of; a bucket whose backend signs, and apart from
    /// that of the images. Default: none, and there are no URLs.
    pub url_bucket: Option<Bucket>,
    /// How long these URLs hold: a second to seven days. Default: one hour.
    pub url_expiry: Duration,
}

/// What is left of the metadata of an image in what is served of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServedMetadata {
    /// Nothing.
    #[default]
    Stripped,
    /// The tags of [`metadata_tags`](RepositoryOptions::metadata_tags), but for those that tell how
    /// the pixels were stored.
    Allowed,
}

impl RepositoryOptions {
    /// The EXIF tags that are shown by default: the camera, the date, the exposure, orientation and
    /// resolution. No places, no names, no serial numbers.
    pub const DEFAULT_TAGS: [&'static str; 14] = [
        "ColorSpace",
        "DateTime",
        "DateTimeDigitized",
        "DateTimeOriginal",
        "ExposureTime",
        "FNumber",
        "FocalLength",
        "Make",
        "Model",
        "Orientation",
        "PhotographicSensitivity",
        "ResolutionUnit",
        "XResolution",
        "YResolution",
    ];
}

const DEFAULT_THUMBNAIL_PX: NonZeroU32 = NonZeroU32::new(50).unwrap();
const DEFAULT_MAX_IMAGES: NonZeroUsize = NonZeroUsize::new(500).unwrap();
const DEFAULT_MAX_NAMES: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

impl Default for RepositoryOptions {
    fn default() -> Self {
        Self {
            write_token: None,
            read_token: None,
            max_upload_bytes: 512 << 20,
            max_uploads: 8,
            upload_idle: Duration::from_mins(1),
            max_images: DEFAULT_MAX_IMAGES,
            max_names: DEFAULT_MAX_NAMES,
            thumbnail_px: DEFAULT_THUMBNAIL_PX,
            metadata_tags: Self::DEFAULT_TAGS.map(str::to_owned).to_vec(),
            served_metadata: ServedMetadata::default(),
            url_bucket: None,
            url_expiry: Duration::from_hours(1),
        }
    }
}
