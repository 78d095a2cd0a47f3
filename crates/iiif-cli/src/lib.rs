//! What the programs share: flags in the style of Go, logging, progress, signals, exit codes.
//!
//! A program reads its flags with [`parse_args`], starts logging with [`init_logging`], works, and
//! ends with an [`ExitStatus`]. stdout is data; everything for people goes to stderr.

mod allocator;
mod args;
mod exit;
mod logging;
mod machine;
mod number;
mod progress;
mod signals;

#[cfg(target_os = "linux")]
pub use crate::allocator::use_small_pages;
pub use crate::allocator::{Allocator, free_at_once, reuse_freed};
pub use crate::args::{Environment, parse_args, parse_args_and_matches};
pub use crate::exit::{ExitStatus, print_line, print_usage, tell_error};
pub use crate::logging::{LogFormat, Verbosity, init_logging};
pub use crate::machine::{
    ByteSize, ParseByteSizeError, memory_bytes, open_files, raise_open_files,
};
pub use crate::number::{MAX_SECONDS, ParseNumberError, parse_count, parse_seconds};
pub use crate::progress::Progress;
pub use crate::signals::{Signal, first_signal};
