//! A folder with images, a config and instructions, and the program run in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use iiif_testkit::encode::{JpegOptions, jpeg};
use iiif_testkit::pattern::photo;
use image::DynamicImage;
use serde_json::{Value, json};

/// A temporary folder: `images`, `derivatives`, `config`.
pub(crate) struct Studio {
    root: tempfile::TempDir,
}

/// The instructions that the documents of go-iiif-aws show.
pub(crate) fn documented_instructions() -> Value {
    json!({
        "o": { "size": "full", "format": "", "rotation": "-1" },
        "b": { "size": "!2048,1536", "format": "png" },
        "d": { "size": "full", "quality": "dither", "region": "-1,-1,320,320", "format": "jpg" }
    })
}

/// A JPEG with photographic detail.
pub(crate) fn photo_jpeg(width: u32, height: u32) -> Vec<u8> {
    jpeg(
        &DynamicImage::ImageRgb8(photo(width, height)),
        &JpegOptions::default(),
    )
}

impl Studio {
    /// Returns a studio with the documented instructions and a config in the style of go-iiif-aws.
    pub(crate) fn new() -> Self {
        let studio = Self {
            root: tempfile::tempdir().unwrap(),
        };
        for folder in ["images", "config"] {
            std::fs::create_dir(studio.path(folder)).unwrap();
        }
        studio.write_config(&json!({
            "level": { "compliance": "2" },
            "graphics": { "source": { "name": "VIPS" } },
            "features": {
                "enable": { "rotation": ["noAutoRotate"] },
                "append": { "quality": {
                    "dither": { "syntax": "dither", "required": false, "supported": true, "match": "^dither$" }
                } }
            },
            "images": {
                "source": { "name": "Disk", "path": studio.path("images") },
                "cache": { "name": "Memory", "ttl": 300, "limit": 100 }
            },
            "derivatives": { "cache": { "name": "Disk", "path": studio.path("derivatives") } },
            "palette": {
                "extruder": { "name": "vibrant", "count": 5 },
                "grid": { "name": "euclidian" },
                "palette": [{ "name": "crayola" }, { "name": "css4" }]
            }
        }));
        studio.write_instructions(&documented_instructions());
        studio
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn write_config(&self, config: &Value) {
        self.write("config/config.json", config.to_string().as_bytes());
    }

    pub(crate) fn write_instructions(&self, instructions: &Value) {
        self.write(
            "config/instructions.json",
            instructions.to_string().as_bytes(),
        );
    }

    /// Writes a file below the studio.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Writes an image of photographic detail among the sources.
    pub(crate) fn write_photo(&self, name: &str, width: u32, height: u32) {
        self.write(&format!("images/{name}"), &photo_jpeg(width, height));
    }

    /// Returns the program, in the studio's folder and without the variables of this process.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iiif-process"));
        command
            .current_dir(self.root.path())
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    /// Runs the program with the studio's config and instructions.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_bare(&[&Self::files(), args].concat())
    }

    /// Runs the program with nothing but these arguments.
    pub(crate) fn run_bare(&self, args: &[&str]) -> Run {
        Run::of(&self.command().args(args).output().unwrap())
    }

    /// Starts the program with the studio's config and instructions, its streams piped.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command();
        command
            .args(Self::files())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn files() -> [&'static str; 4] {
        [
            "-config-source",
            "file://./config",
            "-instructions-source",
            "file://./config",
        ]
    }

    /// Returns every file below `folder`, relative to it, sorted.
    pub(crate) fn files_in(&self, folder: &str) -> Vec<String> {
        let root = self.path(folder);
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(relative(&path, &root));
                }
            }
        }
        files.sort();
        files
    }

    /// Opens a derivative.
    pub(crate) fn derivative(&self, key: &str) -> DynamicImage {
        let bytes = std::fs::read(self.path("derivatives").join(key)).unwrap();
        image::load_from_memory(&bytes).unwrap()
    }
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

/// What a run of the program said.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Returns the report of an origin, after a check that stdout is one line of JSON.
    #[track_caller]
    pub(crate) fn report(&self, origin: &str) -> Value {
        assert_eq!(
            self.stdout.lines().count(),
            1,
            "stdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        let reports: Value = serde_json::from_str(&self.stdout).unwrap();
        reports
            .get(origin)
            .unwrap_or_else(|| panic!("no `{origin}` in {reports}"))
            .clone()
    }

    #[track_caller]
    pub(crate) fn assert_code(&self, expected: i32) {
        assert_eq!(
            self.code,
            Some(expected),
            "stdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
    }
}
