//! `iiif-server`: serves images of any bucket with the IIIF Image API.

mod args;
mod check;
mod connection;
mod host;
#[cfg(feature = "aws")]
mod lambda;
mod listen;
mod load;
mod repository;
mod serve;
mod start;
mod tls;
mod upkeep;
mod without_effect;

use std::process::ExitCode;

use args::{Args, VARIABLE_PREFIXES};
use iiif_cli::{Environment, ExitStatus};

#[global_allocator]
static ALLOCATOR: iiif_cli::Allocator = iiif_cli::Allocator;

/// What the loader calls before other constructors, 101 being the first priority that programs may use: once
/// the allocator has its first memory, that is on pages of 2 MiB, of which most stays empty.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "where the loader looks for it")]
// SAFETY: it is one call of the kernel, which needs nothing that is set up.
#[unsafe(link_section = ".init_array.00101")]
#[used]
static BEFORE_MAIN: extern "C" fn() = iiif_cli::use_small_pages;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    if let Some(words) = check::asked(std::env::args_os().collect()) {
        return check::run(words, &environment).into();
    }
    let words = std::env::args_os();
    let parsed = iiif_cli::parse_args_and_matches(words, &environment, &VARIABLE_PREFIXES);
    let (args, matches): (Args, _) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return iiif_cli::print_usage(&error).into(),
    };
    iiif_cli::init_logging(args.verbosity(), args.log_format);
    without_effect::warn(&args, &matches);
    if args.memory_limit.is_some() {
        // Else what is free, and kept for a while, would come on top of the limit.
        iiif_cli::free_at_once();
    }
    match start::run(&args, &environment) {
        Ok(status) => status.into(),
        Err(error) => {
            iiif_cli::tell_error(&error, args.log_format);
            ExitStatus::Usage.into()
        }
    }
}
