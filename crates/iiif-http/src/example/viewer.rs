//! OpenSeadragon, as its package has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::{fmt, fs, io};

use bytes::Bytes;

/// The files of OpenSeadragon, read from a folder.
#[derive(Clone)]
pub struct Viewer(Arc<BTreeMap<String, Bytes>>);

/// The script, and the licence that has to come along with it.
const NEEDED: [&str; 2] = ["openseadragon.min.js", "LICENSE.txt"];

/// The folder of the pictures on its buttons.
const BUTTONS: &str = "images";

impl Viewer {
    /// Reads `openseadragon.min.js`, `LICENSE.txt` and the PNG files of `images` from `folder`; they
    /// stay in memory, some 400 KB.
    ///
    /// # Errors
    ///
    /// If one of the former or the folder of the latter is not there, or cannot be read.
    pub fn read(folder: &std::path::Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for name in NEEDED {
            files.insert(name.to_owned(), fs::read(folder.join(name))?.into());
        }
        for entry in fs::read_dir(folder.join(BUTTONS))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(name) = name.filter(|_| path.extension() == Some("png".as_ref())) {
                files.insert(format!("{BUTTONS}/{name}"), fs::read(&path)?.into());
            }
        }
        Ok(Self(Arc::new(files)))
    }

    /// Returns a file with its media type.
    pub(super) fn file(&self, name: &str) -> Option<(&'static str, Bytes)> {
        let media_type = match name.rsplit_once('.')?.1 {
            "js" => "text/javascript; charset=utf-8",
            "txt" => "text/plain; charset=utf-8",
            _ => "image/png",
        };
        Some((media_type, self.0.get(name)?.clone()))
    }
}

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
