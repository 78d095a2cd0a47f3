//! A progress bar for batches of images.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows images done, megapixels per second and the time left, on stderr, if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    megapixels: f64,
}

const TEMPLATE: &str = "{bar:30} {pos}/{len} images, {msg}, {eta} left";
const REDRAW: Duration = Duration::from_millis(250);

impl Progress {
    /// Starts a bar for this many images.
    #[must_use]
    pub fn visible(images: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(images), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.set_message("0.0 MP/s");
        bar.enable_steady_tick(REDRAW);
        Self {
            bar,
            megapixels: 0.0,
        }
    }

    /// Returns a bar that shows nothing.
    #[must_use]
    pub fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            megapixels: 0.0,
        }
    }

    /// Counts one image of `pixels` pixels.
    pub fn image_done(&mut self, pixels: u64) {
        self.megapixels += pixels as f64 / 1e6;
        let seconds = self.bar.elapsed().as_secs_f64().max(f64::EPSILON);
        self.bar
            .set_message(format!("{:.1} MP/s", self.megapixels / seconds));
        self.bar.inc(1);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
