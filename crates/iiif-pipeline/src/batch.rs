//! All derivatives of one source, from as few decodes as are cheapest.

mod schedule;

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;
use iiif_image_api::{Dimensions, Format, RenderPlan};
use image::DynamicImage;

use self::schedule::{Pass, Planner, Schedule};
use crate::decode::Raster;
use crate::render::Renderer;
use crate::{Analyses, AnalysisReport, EncodeOptions, Error, Result, SourceImage, analyze, encode};

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

/// All derivatives and analyses of one source: decoded once wherever that is cheapest, rendered and
/// encoded in parallel.
///
/// The bytes are the same at any number of threads. They depend on the plans that share the decode,
/// and so on a [memory limit](Self::with_memory_limit) below what all take together: a derivative that
/// is made alone may be scaled from a smaller decode than one that is made beside a larger. Both are
/// the same picture, with a PSNR of 40 dB at least for photographs, except where a TIFF or JPEG 2000
/// holds smaller levels: these are what its writer made of them.
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
pub struct Batch {
    source: SourceImage,
    plans: Vec<RenderPlan>,
    encoding: EncodeOptions,
    analyses: Analyses,
    memory_limit_bytes: u64,
    /// Made when it is first asked for.
    schedule: OnceLock<Schedule>,
}

impl Batch {
    /// Returns a batch without plans.
    #[must_use]
    pub fn new(source: &SourceImage) -> Self {
        Self {
            source: source.clone(),
            plans: Vec::new(),
            encoding: EncodeOptions::default(),
            analyses: Analyses::default(),
            memory_limit_bytes: u64::MAX,
            schedule: OnceLock::new(),
        }
    }

    /// Sets the plans. Each is known by its index.
    #[must_use]
    pub fn with_plans(self, plans: Vec<RenderPlan>) -> Self {
        Self {
            plans,
            ..self.unscheduled()
        }
    }

    /// Adds a plan and returns its index.
    pub fn push(&mut self, plan: RenderPlan) -> usize {
        self.schedule.take();
        self.plans.push(plan);
        self.plans.len() - 1
    }

    /// Sets how derivatives are written.
    #[must_use]
    pub fn with_encoding(self, encoding: EncodeOptions) -> Self {
        Self {
            encoding,
            ..self.unscheduled()
        }
    }

    /// Sets what is analyzed. Analyses look at a small reduction of the decode.
    #[must_use]
    pub fn with_analyses(self, analyses: Analyses) -> Self {
        Self {
            analyses,
            ..self.unscheduled()
        }
    }

    /// Sets the most bytes that [`run`](Self::run) may hold, counted as in
    /// [`memory_bytes`](Self::memory_bytes). Default: no limit.
    ///
    /// Where not all fits at once, plans are rendered one after the other, and if need be from
    /// several decodes. A plan that does not fit alone is an error of kind
    /// [`TooLarge`](crate::ErrorKind::TooLarge).
    #[must_use]
    pub fn with_memory_limit(self, bytes: u64) -> Self {
        Self {
            memory_limit_bytes: bytes,
            ..self.unscheduled()
        }
    }

    /// Returns the most bytes that [`run`](Self::run) holds at one time on the current thread pool:
    /// the decoder's work or the raster, the plans that can be under way together, and the
    /// encoded derivatives, as if the sink kept them. The source's compressed bytes are not counted.
    ///
    /// An estimate from above, from the header and the plans alone.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.schedule().memory_bytes
    }

    /// Makes all derivatives and hands each to `sink`, with its plan's index, as soon as it is
    /// finished: from several threads at once, the largest first. Every index is handed over
    /// exactly once; at most once where an error is returned.
    ///
    /// The source is decoded once, no finer than the plans need: a JPEG at 5/8, a half, a quarter or an
    /// eighth, of a TIFF the level and the tiles, of a JPEG 2000 the resolution and the tiles. Only where
    /// plans need very different parts or sizes, and decoding them apart is less work, or fits into the
    /// memory limit, it is decoded more than once. Where all plans leave the pixels as they are, [`EncodeOptions::passthrough`]
    /// allows it and there are no analyses, nothing is decoded.
    ///
    /// Runs on the current rayon thread pool and blocks until all is done.
    ///
    /// # Errors
    ///
    /// If an option is out of range, the source cannot be decoded, or not even one plan fits into the
    /// memory limit: `sink` is not called, unless it is a second decode that fails. If the analyses
    /// do not fit, after all plans were handed over. What goes wrong with one plan goes to `sink`.
    pub fn run(&self, sink: &(dyn Fn(usize, Result<Derivative>) + Sync)) -> Result<AnalysisReport> {
        self.encoding.validate()?;
        self.analyses.validate()?;
        let schedule = self.schedule();
        if let Some(error) = schedule.refusal(self.memory_limit_bytes) {
            return Err(error);
        }
        let decode = |pass: &Pass| self.source.decode_as(&pass.decoding);
        // Most decoders keep one core busy.
        let (raster, copied) = rayon::join(
            || schedule.passes.first().map(decode).transpose(),
            || self.copies(schedule),
        );
        let mut raster = raster?;
        for (index, derivative) in copied {
            sink(index, Ok(derivative));
        }
        let mut report = AnalysisReport::default();
        for pass in &schedule.passes {
            let raster = raster.take().map_or_else(|| decode(pass), Ok)?;
            if let Some(made) = self.run_pass(pass, &raster, sink)? {
                report = made;
            }
        }
        for (index, needed_bytes) in &schedule.refused {
            let error = Error::over_memory_limit(*needed_bytes, self.memory_limit_bytes);
            sink(*index, Err(error));
        }
        match schedule.unanalyzed(self.memory_limit_bytes) {
            Some(error) => Err(error),
            None => Ok(report),
        }
    }

    fn copies(&self, schedule: &Schedule) -> Vec<(usize, Derivative)> {
        let files = schedule.copied.iter();
        files
            .map(|(index, file)| {
                (
                    *index,
                    Derivative::of_plan(&self.plans[*index], file.to_bytes()),
                )
            })
            .collect()
    }

    /// Renders the plans of a pass, and makes the analyses where they are of it.
    fn run_pass(
        &self,
        pass: &Pass,
        raster: &Raster,
        sink: &(dyn Fn(usize, Result<Derivative>) + Sync),
    ) -> Result<Option<AnalysisReport>> {
        let renderer = &Renderer::new(raster)?;
        let plan = |index: &usize| &self.plans[*index];
        let report = OnceLock::new();
        let analysis = || {
            // The cell is empty: this is called once.
            let _ = report.set(self.analyze(renderer));
        };
        let mut analysis = pass.analyzes.then_some(&analysis);
        // At least one, for analyses without plans.
        let waves = pass.waves.iter().map(Vec::as_slice);
        for wave in waves.chain(pass.waves.is_empty().then_some([].as_slice())) {
            // Scaling takes all cores, encoding one: that of the largest takes longest, and begins
            // before anything else is made.
            let (ahead, rest) = match wave.split_first() {
                Some((largest, rest)) if renderer.shares_nothing(plan(largest)) => {
                    (Some(largest), rest)
                }
                _ => (None, wave),
            };
            rayon::scope_fifo(|scope| {
                if let Some(index) = ahead {
                    let image = renderer.render(plan(index));
                    scope.spawn_fifo(move |_| sink(*index, self.encode(image, plan(index))));
                }
                renderer.share(pass.copies, pass.needs_reduction)?;
                for index in rest {
                    scope.spawn_fifo(move |_| {
                        let image = renderer.render(plan(index));
                        sink(*index, self.encode(image, plan(index)));
                    });
                }
                if let Some(analysis) = analysis.take() {
                    scope.spawn_fifo(|_| analysis());
                }
                Ok(())
            })?;
        }
        report.into_inner().transpose()
    }

    fn analyze(&self, renderer: &Renderer<'_>) -> Result<AnalysisReport> {
        let orientation = self.source.geometry().orientation;
        analyze(&renderer.reduction(orientation)?, &self.analyses)
    }

    fn encode(
        &self,
        image: Result<Cow<'_, DynamicImage>>,
        plan: &RenderPlan,
    ) -> Result<Derivative> {
        let bytes = encode(&*image?, plan.format(), &self.encoding)?;
        Ok(Derivative::of_plan(plan, bytes.into()))
    }

    fn schedule(&self) -> &Schedule {
        self.schedule.get_or_init(|| {
            let planner = Planner {
                source: &self.source,
                plans: &self.plans,
                analyzes: !self.analyses.is_empty(),
                limit_bytes: self.memory_limit_bytes,
            };
            planner.schedule(&self.encoding)
        })
    }

    /// Returns this batch without the schedule that a change makes wrong.
    fn unscheduled(mut self) -> Self {
        self.schedule.take();
        self
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

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("source", &self.source)
            .field("plans", &self.plans.len())
            .field("encoding", &self.encoding)
            .field("analyses", &self.analyses)
            .field("memory_limit_bytes", &self.memory_limit_bytes)
            .finish_non_exhaustive()
    }
}

impl Derivative {
    /// Returns the file that was made for a plan.
    pub(crate) fn of_plan(plan: &RenderPlan, bytes: Bytes) -> Self {
        Self {
            bytes,
            dimensions: plan.output(),
            format: plan.format(),
        }
    }
}
