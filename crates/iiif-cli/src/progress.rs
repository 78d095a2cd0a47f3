//! A progress bar.

use std::fmt;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Shows on stderr, if that is a terminal, how much of something is done and the time left.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

const TEMPLATE: &str = "{bar:30} {pos}/{len} {prefix}, {msg}{left}";
const REDRAW: Duration = Duration::from_millis(250);

impl Progress {
    /// Starts a bar for so many of `things`, such as `images`.
    #[must_use]
    pub fn visible(total: usize, things: &'static str) -> Self {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.with_key("left", write_left));
        }
        bar.set_prefix(things);
        bar.set_message("begun");
        bar.enable_steady_tick(REDRAW);
        Self { bar }
    }

    /// Returns a bar that shows nothing.
    #[must_use]
    pub fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
        }
    }

    /// Counts one as done.
    pub fn advance(&self) {
        self.bar.inc(1);
    }

    /// Shows a few words beside the count.
    pub fn say(&self, words: String) {
        self.bar.set_message(words);
    }

    /// Returns the time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.bar.elapsed()
    }

    /// Takes the bar away while something else is written to the terminal.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Writes the time left, which is not known before something is done.
fn write_left(state: &ProgressState, f: &mut dyn fmt::Write) {
    if state.pos() > 0 {
        // A bar that cannot be drawn is no reason to fail.
        let _ = write!(f, ", {:#} left", HumanDuration(state.eta()));
    }
}
