//! The files of a path: itself, or the images in a folder and those below it.

use std::io;
use std::path::{Path, PathBuf};

use iiif_config::has_image_extension;

/// The files of a path, in the order of their names. A folder that cannot be read is one of them.
pub(super) struct Files {
    /// What comes next is last.
    waiting: Vec<PathBuf>,
}

impl Files {
    pub(super) fn of(path: &Path) -> Self {
        let waiting = vec![path.to_owned()];
        Self { waiting }
    }

    fn open(&mut self, folder: &Path) -> io::Result<()> {
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // Links to folders may lead around in circles. The server keeps derivatives in a hidden one.
            let is_folder = entry.file_type()?.is_dir() && !name.starts_with('.');
            if is_folder || has_image_extension(&name) && !entry.path().is_dir() {
                inside.push(entry.path());
            }
        }
        inside.sort_unstable_by(|a, b| b.cmp(a));
        self.waiting.append(&mut inside);
        Ok(())
    }
}

impl Iterator for Files {
    type Item = Result<PathBuf, (PathBuf, io::Error)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let path = self.waiting.pop()?;
            if !path.is_dir() {
                return Some(Ok(path));
            }
            if let Err(error) = self.open(&path) {
                return Some(Err((path, error)));
            }
        }
    }
}
