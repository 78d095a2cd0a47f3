//! The tags that are read: TIFF 6.0 appendix A, and its technical notes 1 and 2.

macro_rules! tags {
    ($($name:ident = $number:literal),+ $(,)?) => {
        $(pub(super) const $name: u16 = $number;)+

        /// All that are of interest.
        pub(super) const ALL: &[u16] = &[$($number),+];
    };
}

tags! {
    NEW_SUBFILE_TYPE = 254,
    SUBFILE_TYPE = 255,
    IMAGE_WIDTH = 256,
    IMAGE_LENGTH = 257,
    BITS_PER_SAMPLE = 258,
    COMPRESSION = 259,
    PHOTOMETRIC_INTERPRETATION = 262,
    FILL_ORDER = 266,
    STRIP_OFFSETS = 273,
    ORIENTATION = 274,
    SAMPLES_PER_PIXEL = 277,
    ROWS_PER_STRIP = 278,
    STRIP_BYTE_COUNTS = 279,
    X_RESOLUTION = 282,
    Y_RESOLUTION = 283,
    PLANAR_CONFIGURATION = 284,
    RESOLUTION_UNIT = 296,
    PREDICTOR = 317,
    COLOR_MAP = 320,
    TILE_WIDTH = 322,
    TILE_LENGTH = 323,
    TILE_OFFSETS = 324,
    TILE_BYTE_COUNTS = 325,
    SUB_IFDS = 330,
    INK_SET = 332,
    EXTRA_SAMPLES = 338,
    SAMPLE_FORMAT = 339,
    JPEG_TABLES = 347,
    YCBCR_SUBSAMPLING = 530,
    ICC_PROFILE = 34675,
}
