//! The flags of `iiif-server check`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use iiif_cli::ByteSize;

use crate::args::ConfigArgs;

const AFTER_HELP: &str = "\
Nothing is served or written. Exit codes: 0 all images can be served, 1 some cannot, 2 usage or configuration, \
3 there are no images.

SERVED says what is made for a tile of which nothing is in memory: as stored, nothing is decoded; in parts, only \
the tiles of the file that it needs; whole, all of the image, which is kept for further tiles, or is too large for \
that and decoded each time.";

/// Says how images would be served, and what would make them faster.
#[derive(Debug, Parser)]
#[command(name = "iiif-server check", bin_name = "iiif-server check", max_term_width = 100,
          after_help = AFTER_HELP)]
pub(super) struct CheckArgs {
    /// Images, and folders of images
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// A table, or an object of JSON a line
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,

    /// The -memory-limit of the server [default: half of the machine's]
    #[arg(long, value_name = "BYTES")]
    pub(super) memory_limit: Option<ByteSize>,

    #[command(flatten)]
    pub(super) config: ConfigArgs,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}
