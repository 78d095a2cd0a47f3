//! How a program ends.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::{LogFormat, Signal};

/// The exit codes of the programs; they are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExitStatus {
    /// 0: everything was written.
    Success,
    /// 1: something failed; the report says what.
    Failed,
    /// 2: usage or configuration; nothing was done.
    Usage,
    /// 3: there was nothing to do.
    NothingToDo,
    /// 130 or 143: a signal ended the run early.
    Signaled(Signal),
}

impl ExitStatus {
    /// Returns the number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NothingToDo => 3,
            Self::Signaled(Signal::Interrupt) => 130,
            Self::Signaled(Signal::Terminate) => 143,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// Prints help, a version or what is wrong with flags where clap wants it, and returns the status to end
/// with.
#[must_use]
pub fn print_usage(error: &clap::Error) -> ExitStatus {
    // Nobody is left to tell when the terminal is gone.
    let _ = error.print();
    if error.use_stderr() {
        ExitStatus::Usage
    } else {
        ExitStatus::Success
    }
}

/// Says why a run failed, in the form of the logs.
pub fn tell_error(error: &anyhow::Error, format: LogFormat) {
    match format {
        LogFormat::Text => print_error(error),
        LogFormat::Json => tracing::error!("{error:#}"),
    }
}

/// Prints an error and its causes to stderr, one a line.
fn print_error(error: &anyhow::Error) {
    let mut stderr = io::stderr().lock();
    // There is nowhere left to report that stderr is gone.
    let _ = writeln!(stderr, "error: {error}");
    for cause in error.chain().skip(1) {
        let _ = writeln!(stderr, "  cause: {cause}");
    }
}

/// Prints a line of data to stdout. A reader that went away is not an error.
///
/// # Errors
///
/// The error of writing, a full disk say.
pub fn print_line(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.write_all(b"\n"))
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
