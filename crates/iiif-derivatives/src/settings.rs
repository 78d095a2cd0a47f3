//! The settings of a config in the words of the pipeline.

use std::num::NonZeroU32;

use iiif_config::{Config, ServiceName};
use iiif_image_api::{RenderPlan, ResolveOptions};
use iiif_pipeline::{
    Analyses, Batch, BlurHashOptions, ChromaSampling, DecodeLimits, EncodeOptions, Extractor,
    ExtractorOptions, Grid, ImageHashOptions, JpegScans, NamedPalette, PaletteOptions, Passthrough,
    PngCompression, SourceImage, TifCompression, WebpCompression,
};

/// The settings of a config in the words of the pipeline.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// What is read at all.
    pub decode_limits: DecodeLimits,
    /// How requests are resolved, by the rules of Image API 2.1.
    pub resolve_options: ResolveOptions,
    /// What is found out about every image.
    pub analyses: Analyses,
    /// How derivatives are written.
    pub encoding: EncodeOptions,
}

impl Settings {
    /// Translates a config.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            decode_limits: DecodeLimits::default().with_max_pixels(config.limits.max_source_pixels),
            resolve_options: config.limits.to_resolve_options(),
            analyses: analyses(config),
            encoding: encoding(config),
        }
    }

    /// Returns the work on one source.
    pub(crate) fn batch(&self, source: &SourceImage, plans: Vec<RenderPlan>) -> Batch {
        Batch::new(source)
            .with_plans(plans)
            .with_encoding(self.encoding.clone())
            .with_analyses(self.analyses.clone())
    }
}

fn analyses(config: &Config) -> Analyses {
    let mut analyses = Analyses::default();
    for service in &config.services {
        analyses = match service {
            ServiceName::Palette => analyses.with_palette(palette(config)),
            ServiceName::BlurHash => analyses.with_blurhash(
                BlurHashOptions::default()
                    .with_x_components(config.blurhash.x_components.into())
                    .with_y_components(config.blurhash.y_components.into())
                    .with_max_side_px(config.blurhash.size_px.into()),
            ),
            ServiceName::ImageHash => analyses.with_image_hash(ImageHashOptions::default()),
        };
    }
    analyses
}

fn palette(config: &Config) -> PaletteOptions {
    let extractor = |(extractor, count): &(iiif_config::Extractor, NonZeroU32)| {
        let extractor = match extractor {
            iiif_config::Extractor::Vibrant => Extractor::Vibrant,
            iiif_config::Extractor::MarekM4 => Extractor::MarekM4,
            iiif_config::Extractor::Quant => Extractor::Quant,
        };
        ExtractorOptions::new(extractor, *count)
    };
    let named = |palette: &iiif_config::PaletteName| match palette {
        iiif_config::PaletteName::Crayola => NamedPalette::Crayola,
        iiif_config::PaletteName::Css3 => NamedPalette::Css3,
        iiif_config::PaletteName::Css4 => NamedPalette::Css4,
    };
    let grid = match config.palette.grid {
        iiif_config::Grid::Euclidian => Grid::Euclidian,
    };
    PaletteOptions::default()
        .with_grid(grid)
        .with_extractors(config.palette.extractors.iter().map(extractor).collect())
        .with_palettes(config.palette.palettes.iter().map(named).collect())
}

fn encoding(config: &Config) -> EncodeOptions {
    use iiif_config as c;
    let encoding = &config.encoding;
    let sampling = match encoding.jpeg_chroma_subsampling {
        c::ChromaSubsampling::Yuv444 => ChromaSampling::Full,
        c::ChromaSubsampling::Yuv422 => ChromaSampling::Horizontal,
        c::ChromaSubsampling::Yuv420 => ChromaSampling::Quarter,
    };
    let png = match encoding.png_compression {
        c::PngCompression::Fast => PngCompression::Fast,
        c::PngCompression::Balanced => PngCompression::Balanced,
        c::PngCompression::Best => PngCompression::Best,
    };
    let tif = match encoding.tif_compression {
        c::TifCompression::None => TifCompression::None,
        c::TifCompression::Lzw => TifCompression::Lzw,
        c::TifCompression::Deflate => TifCompression::Deflate,
    };
    // Without libwebp only lossless WebP can be written.
    let webp = if encoding.webp_lossless || !cfg!(feature = "webp-lossy") {
        WebpCompression::Lossless
    } else {
        WebpCompression::Lossy {
            quality: encoding.webp_quality,
        }
    };
    let scans = if encoding.jpeg_progressive {
        JpegScans::Progressive
    } else {
        JpegScans::Baseline
    };
    let passthrough = if encoding.passthrough {
        Passthrough::Allowed
    } else {
        Passthrough::Never
    };
    EncodeOptions::default()
        .with_jpeg_quality(encoding.jpeg_quality)
        .with_jpeg_sampling(sampling)
        .with_jpeg_scans(scans)
        .with_png_compression(png)
        .with_tif_compression(tif)
        .with_webp_compression(webp)
        .with_passthrough(passthrough)
}
