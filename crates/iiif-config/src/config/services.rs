//! Which services run on every source.

use crate::Error;
use crate::names::{alternatives, named};
use crate::reader::{Field, quoted};

named! {
    /// What is computed from every source beside its derivatives.
    pub enum ServiceName {
        /// The dominant colors, and their names.
        Palette = "palette",
        /// A placeholder of about a hundred characters.
        BlurHash = "blurhash",
        /// Two perceptual hashes.
        ImageHash = "imagehash",
    }
}

impl ServiceName {
    /// Reads `palette`, `palette://` or `palette_service`, in any case.
    pub(crate) fn read(field: &Field<'_>) -> Result<Self, Error> {
        let text = field.string()?;
        let name = text.to_ascii_lowercase();
        let name = name.strip_suffix("://").unwrap_or(&name);
        let name = name.strip_suffix("_service").unwrap_or(name);
        Self::ALL
            .iter()
            .copied()
            .find(|service| service.as_str() == name)
            .ok_or_else(|| {
                let names = alternatives(Self::ALL.iter().map(|service| service.as_str()));
                field.mismatch(quoted(text), names)
            })
    }
}
