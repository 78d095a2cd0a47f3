//! `iiif-server check PATH…`: how images would be served, and what would make them faster.

mod args;
mod files;
mod json;
mod table;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use iiif_cli::{Environment, ExitStatus, LogFormat, Verbosity};
use iiif_config::Config;
use iiif_http::{CheckedImage, ImageChecker, NotServed, ServiceOptions};
use iiif_pipeline::FileSource;

use self::args::{CheckArgs, Format};
use self::files::Files;
use self::json::Json;
use self::table::Table;
use crate::args::VARIABLE_PREFIXES;
use crate::load::{self, ConfigFile};

/// The first word that asks for it.
const WORD: &str = "check";

/// What was found out about a file.
enum Found {
    Served(CheckedImage),
    NotServed(NotServed),
    /// It is not there, or may not be read.
    Unreadable(io::Error),
}

/// Where findings are printed, one by one.
trait Print {
    fn print(&mut self, path: &Path, found: &Found) -> io::Result<()>;

    /// Says what is to be said of all together.
    fn end(&mut self, checker: &ImageChecker) -> io::Result<()>;
}

/// Returns the arguments without the word, if they ask for this.
pub(crate) fn asked(mut args: Vec<OsString>) -> Option<Vec<OsString>> {
    if args.get(1)? != WORD {
        return None;
    }
    args.remove(1);
    Some(args)
}

/// Checks what the arguments name.
pub(crate) fn run(args: Vec<OsString>, environment: &Environment) -> ExitStatus {
    let args: CheckArgs = match iiif_cli::parse_args(args, environment, &VARIABLE_PREFIXES) {
        Ok(args) => args,
        Err(error) => return iiif_cli::print_usage(&error),
    };
    iiif_cli::init_logging(Verbosity::Normal, LogFormat::Text);
    check(&args).unwrap_or_else(|error| {
        iiif_cli::tell_error(&error, LogFormat::Text);
        ExitStatus::Usage
    })
}

fn check(args: &CheckArgs) -> anyhow::Result<ExitStatus> {
    let mut options = ServiceOptions::default();
    options.memory_limit_bytes = load::memory_limit(args.memory_limit);
    let checker = ImageChecker::new(&config(args)?, &options).map_err(load::refused)?;
    for path in &args.paths {
        let shown = path.display();
        std::fs::metadata(path).with_context(|| format!("cannot read `{shown}`"))?;
    }
    let mut printer: Box<dyn Print> = match args.format {
        Format::Text => Box::new(Table::new(options.memory_limit_bytes)),
        Format::Json => Box::new(Json),
    };
    let (mut count, mut failed) = (0, 0);
    let files = args.paths.iter().flat_map(|root| {
        let files = Files::of(root);
        files.map(move |file| (root, file))
    });
    for (root, file) in files {
        let (path, found) = match file {
            Ok(path) => {
                let found = find_out(&checker, root, &path);
                (path, found)
            }
            Err((folder, error)) => (folder, Found::Unreadable(error)),
        };
        count += 1;
        failed += usize::from(!matches!(found, Found::Served(_)));
        printer.print(&path, &found)?;
    }
    if count == 0 {
        let shown = args
            .paths
            .iter()
            .map(|path| format!("`{}`", path.display()));
        let shown: Vec<String> = shown.collect();
        tracing::warn!("no images in {}", shown.join(", "));
        return Ok(ExitStatus::NothingToDo);
    }
    printer.end(&checker)?;
    Ok(if failed == 0 {
        ExitStatus::Success
    } else {
        ExitStatus::Failed
    })
}

fn find_out(checker: &ImageChecker, root: &Path, path: &Path) -> Found {
    let file = check_inside(root, path).and_then(|()| File::open(path));
    match file.and_then(FileSource::new) {
        Ok(file) => match checker.check(file) {
            Ok(image) => Found::Served(image),
            Err(error) => Found::NotServed(error),
        },
        Err(error) => Found::Unreadable(error),
    }
}

/// Refuses what a server of the folder `root` does not follow.
fn check_inside(root: &Path, path: &Path) -> io::Result<()> {
    if !root.is_dir() || path.canonicalize()?.starts_with(root.canonicalize()?) {
        return Ok(());
    }
    let shown = root.display();
    let problem =
        format!("a symbolic link leads out of `{shown}`, where the server does not follow it");
    Err(io::Error::other(problem))
}

fn config(args: &CheckArgs) -> anyhow::Result<Config> {
    let Some(file) = ConfigFile::of(&args.config)? else {
        return Ok(Config::default());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let read = runtime.block_on(file.read(None))?;
    Ok(read.map_or_else(Config::default, |(_, config)| config))
}
