//! All derivatives of one source, from one decode.

use std::cmp::Reverse;
use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;
use iiif_image_api::{Crop, Dimensions, Format, RenderPlan};
use image::DynamicImage;

use crate::render::{self, Renderer};
use crate::{
    Analyses, AnalysisReport, EncodeOptions, Result, SourceImage, analyze, encode, passthrough,
};

/// A finished derivative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivative {
    /// The file.
    pub bytes: Bytes,
    /// The dimensions of its raster.
    pub dimensions: Dimensions,
    /// Its format.
    pub format: Format,
}

/// All derivatives and analyses of one source: decoded once, rendered and encoded in parallel.
///
/// The bytes are the same at any number of threads, and the same as those of a batch of one.
///
/// # Examples
///
/// ```
/// use std::sync::Mutex;
///
/// use iiif_image_api::{RenderPlan, ResolveOptions};
/// use iiif_pipeline::{Batch, DecodeLimits, EncodeOptions, SourceImage, encode};
/// use image::{DynamicImage, RgbImage};
///
/// let picture = DynamicImage::ImageRgb8(RgbImage::new(40, 30));
/// let png = encode(&picture, "png".parse()?, &EncodeOptions::default())?;
///
/// let source = SourceImage::probe(png, &DecodeLimits::default())?;
/// let request = "full/20,/90/gray.jpg".parse()?;
/// let plan = RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default())?;
///
/// let derivatives = Mutex::new(Vec::new());
/// Batch::new(&source).with_plans(vec![plan]).run(&|_index, derivative| {
///     derivatives.lock().unwrap().push(derivative);
/// })?;
/// let derivative = derivatives.into_inner()?.remove(0)?;
/// assert_eq!(derivative.dimensions.to_string(), "15x20");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Batch<'a> {
    source: &'a SourceImage,
    plans: Vec<RenderPlan>,
    encoding: EncodeOptions,
    analyses: Analyses,
}

impl<'a> Batch<'a> {
    /// Returns a batch without plans.
    #[must_use]
    pub fn new(source: &'a SourceImage) -> Self {
        Self {
            source,
            plans: Vec::new(),
            encoding: EncodeOptions::default(),
            analyses: Analyses::default(),
        }
    }

    /// Sets the plans. Each is known by its index.
    #[must_use]
    pub fn with_plans(mut self, plans: Vec<RenderPlan>) -> Self {
        self.plans = plans;
        self
    }

    /// Adds a plan and returns its index.
    pub fn push(&mut self, plan: RenderPlan) -> usize {
        self.plans.push(plan);
        self.plans.len() - 1
    }

    /// Sets how derivatives are written.
    #[must_use]
    pub fn with_encoding(mut self, encoding: EncodeOptions) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets what is analyzed. Analyses look at a small reduction of the one decode.
    #[must_use]
    pub fn with_analyses(mut self, analyses: Analyses) -> Self {
        self.analyses = analyses;
        self
    }

    /// Returns the most bytes that [`run`](Self::run) holds at one time on the current thread pool:
    /// the decoder's work or the raster, the largest plans that can be under way together, and the
    /// encoded derivatives, as if the sink kept them. The source's compressed bytes are not counted.
    ///
    /// An estimate from above, from the header and the plans alone.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let is_copied = |plan: &&RenderPlan| self.passed_through(plan).is_some();
        let copied = self.plans.iter().filter(is_copied).count() as u64;
        let encoded = copied.saturating_mul(self.source.len_bytes());
        let rendered: Vec<&RenderPlan> =
            self.plans.iter().filter(|plan| !is_copied(plan)).collect();
        if rendered.is_empty() && self.analyses.is_empty() {
            return encoded;
        }
        let layout = self.source.pixel_layout();
        let pixel_bytes = layout.bytes_per_pixel();
        let mut rendering: Vec<u64> = rendered
            .iter()
            .map(|plan| render::memory_bytes(plan, layout))
            .collect();
        rendering.sort_unstable_by_key(|bytes| Reverse(*bytes));
        let together = rayon::current_num_threads().min(rendering.len());
        let rendering = sum(rendering[..together].iter().copied());
        let encoded = sum(rendered.iter().map(|plan| encoded_bytes(plan, pixel_bytes)))
            .saturating_add(encoded);
        self.source
            .decoded_bytes()
            .saturating_add(rendering)
            .saturating_add(encoded)
    }

    /// Makes all derivatives and hands each to `sink`, with its plan's index, as soon as it is
    /// finished: from several threads at once, the largest first. Every index is handed over
    /// exactly once.
    ///
    /// Where all plans leave the pixels as they are, [`EncodeOptions::passthrough`] allows it and
    /// there are no analyses, nothing is decoded. Runs on the current rayon thread pool and blocks until all is done.
    ///
    /// # Errors
    ///
    /// If an option is out of range or the source cannot be decoded; `sink` is not called then.
    /// What goes wrong with one plan goes to `sink`.
    pub fn run(&self, sink: &(dyn Fn(usize, Result<Derivative>) + Sync)) -> Result<AnalysisReport> {
        self.encoding.validate()?;
        self.analyses.validate()?;
        let mut copied = Vec::new();
        let mut rendered = Vec::new();
        for (index, plan) in self.plans.iter().enumerate() {
            match self.passed_through(plan) {
                Some(bytes) => copied.push((index, plan, bytes)),
                None => rendered.push((index, plan)),
            }
        }
        let image = if rendered.is_empty() && self.analyses.is_empty() {
            None
        } else {
            Some(self.source.decode()?)
        };
        for (index, plan, bytes) in copied {
            sink(index, Ok(derivative(plan, bytes)));
        }
        image.map_or_else(
            || Ok(AnalysisReport::default()),
            |image| self.render_all(&image, rendered, sink),
        )
    }

    fn render_all(
        &self,
        image: &DynamicImage,
        mut plans: Vec<(usize, &RenderPlan)>,
        sink: &(dyn Fn(usize, Result<Derivative>) + Sync),
    ) -> Result<AnalysisReport> {
        let is_smart = |plan: &RenderPlan| matches!(plan.crop(), Crop::Smart(_));
        let mut renderer = Renderer::new(image);
        if !self.analyses.is_empty() || plans.iter().any(|(_, plan)| is_smart(plan)) {
            renderer = renderer.with_reduction()?;
        }
        // The largest decides how long all take.
        plans.sort_by_key(|(_, plan)| Reverse(plan.output().area()));
        let report = OnceLock::new();
        rayon::scope_fifo(|scope| {
            for (index, plan) in plans {
                let renderer = &renderer;
                scope.spawn_fifo(move |_| sink(index, self.make(renderer, plan)));
            }
            if !self.analyses.is_empty() {
                let (renderer, report) = (&renderer, &report);
                scope.spawn_fifo(move |_| {
                    // The cell is empty: this task alone fills it.
                    let _ = report.set(self.analyze(renderer));
                });
            }
        });
        report
            .into_inner()
            .unwrap_or_else(|| Ok(AnalysisReport::default()))
    }

    fn analyze(&self, renderer: &Renderer<'_>) -> Result<AnalysisReport> {
        let orientation = self.source.geometry().orientation;
        analyze(&renderer.reduction(orientation)?, &self.analyses)
    }

    fn make(&self, renderer: &Renderer<'_>, plan: &RenderPlan) -> Result<Derivative> {
        let image = renderer.render(plan)?;
        let bytes = encode(&image, plan.format(), &self.encoding)?;
        Ok(derivative(plan, bytes.into()))
    }

    fn passed_through(&self, plan: &RenderPlan) -> Option<Bytes> {
        passthrough::derivative(self.source, plan, &self.encoding)
    }
}

impl SourceImage {
    /// Makes one derivative: a [`Batch`] of one plan.
    ///
    /// # Errors
    ///
    /// If an option is out of range, the source cannot be decoded, or the derivative not be made.
    ///
    /// # Panics
    ///
    /// Never: a batch hands over each of its plans.
    pub fn derive(&self, plan: RenderPlan, encoding: &EncodeOptions) -> Result<Derivative> {
        let made = OnceLock::new();
        let batch = Batch::new(self)
            .with_plans(vec![plan])
            .with_encoding(encoding.clone());
        // Every plan is handed over exactly once, so the cell is empty.
        batch.run(&|_index, derivative| drop(made.set(derivative)))?;
        made.into_inner()
            .expect("a batch hands over each of its plans")
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("source", self.source)
            .field("plans", &self.plans.len())
            .field("encoding", &self.encoding)
            .field("analyses", &self.analyses)
            .finish()
    }
}

fn derivative(plan: &RenderPlan, bytes: Bytes) -> Derivative {
    Derivative {
        bytes,
        dimensions: plan.output(),
        format: plan.format(),
    }
}

/// Returns the bytes that encoding takes, for a derivative that hardly compresses: its own, buffers
/// that grow by doubling, and what the encoder works on. Measured as the peak of the process, with
/// noise and with a photograph.
fn encoded_bytes(plan: &RenderPlan, pixel_bytes: u64) -> u64 {
    let samples = plan.output().area().saturating_mul(pixel_bytes);
    match plan.format() {
        Format::Jpg => samples / 2,
        Format::Tif => samples.saturating_mul(3),
        Format::Png => samples.saturating_mul(4),
        Format::Gif => samples.saturating_mul(5),
        _ => samples.saturating_mul(7),
    }
}

fn sum(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}
