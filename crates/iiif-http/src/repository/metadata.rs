//! What is told of an image besides its pixels: its dimensions, and EXIF tags that are allowed.

use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

use bytes::Bytes;
use exif::experimental::Writer as ExifWriter;
use exif::{Context, Field, In, Reader as ExifReader, Tag, Value as ExifValue};
use iiif_storage::BlockingReader;
use img_parts::{DynImage, ImageEXIF as _};
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;

use super::RepositoryOptions;
use crate::Problem;
use crate::images::Images;
use crate::sources::{Source, Version};

/// What is read of a file in search of EXIF. It stands at the start of files, but for those of some
/// writers.
const MAX_READ_BYTES: u64 = 32 << 20;

/// Parts of a file that are read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Longer texts are cut.
const MAX_TEXT_CHARS: usize = 1000;

/// What derivatives have otherwise: they stand upright, and are in sRGB.
const OF_PIXELS: [Tag; 6] = [
    Tag::ColorSpace,
    Tag::ImageLength,
    Tag::ImageWidth,
    Tag::Orientation,
    Tag::PixelXDimension,
    Tag::PixelYDimension,
];

/// Returns what is told of an image, as JSON.
pub(super) async fn of(
    images: &Images,
    version: Version,
    name: &str,
    options: &RepositoryOptions,
) -> Result<Value, Problem> {
    let source = images.sources.open(version).await?;
    let exif = exif(images, &source, &options.metadata_tags).await?;
    let dimensions = source.image.dimensions();
    let modified = source
        .version
        .info
        .last_modified
        .map(httpdate::fmt_http_date);
    Ok(json!({
        "name": name,
        "width": dimensions.width(),
        "height": dimensions.height(),
        "format": source.image.format().to_string(),
        "size_bytes": source.image.len_bytes(),
        "last_modified": modified,
        "exif": exif,
    }))
}

/// Returns a derivative with the tags that are allowed, where its format takes them.
pub(super) async fn carried(
    images: &Images,
    version: Version,
    derivative: Bytes,
    options: &RepositoryOptions,
) -> Result<Bytes, Problem> {
    let source = images.sources.open(version).await?;
    let write = |fields: Vec<Field>| write(&fields);
    let Some(block) = read(images, &source, &options.metadata_tags, write).await? else {
        return Ok(derivative);
    };
    let image = DynImage::from_bytes(derivative.clone()).ok().flatten();
    let with_exif = image.map(|mut image| {
        image.set_exif(Some(block.into()));
        image.encoder().bytes()
    });
    Ok(with_exif.unwrap_or(derivative))
}

/// Returns the first of some names that no tag of EXIF has.
pub(super) fn unknown_tag(names: &[String]) -> Option<&str> {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.retain(|name| !RepositoryOptions::DEFAULT_TAGS.contains(name));
    if names.is_empty() {
        return None;
    }
    // No list of them is public, so all numbers are looked up.
    for context in [Context::Tiff, Context::Exif, Context::Gps, Context::Interop] {
        let tags = (0..=u16::MAX).map(|number| Tag(context, number));
        for tag in tags.filter(|tag| tag.description().is_some()) {
            names.retain(|name| *name != tag.to_string());
        }
    }
    names.first().copied()
}

async fn exif(
    images: &Images,
    source: &Source,
    tags: &[String],
) -> Result<Map<String, Value>, Problem> {
    let tell = |fields: Vec<Field>| {
        let told = fields.iter();
        told.map(|field| (field.tag.to_string(), value(field)))
            .collect()
    };
    read(images, source, tags, tell).await
}

/// Reads the fields of `tags` and makes something of them.
async fn read<T: Send + 'static>(
    images: &Images,
    source: &Source,
    tags: &[String],
    make: impl FnOnce(Vec<Field>) -> T + Send + 'static,
) -> Result<T, Problem> {
    let sources = &images.sources;
    let object = sources.open_object(&source.version).await?;
    let reader = object.blocking_reader(Handle::current());
    let bytes = reader.len_bytes().min(MAX_READ_BYTES);
    let tags = tags.to_vec();
    let read = move || make(fields(reader, &tags));
    Ok(images.memory.admission.read(bytes, read).await?.value)
}

/// Returns the fields; none where there are none, or they are damaged: the picture matters more.
fn fields(reader: BlockingReader, tags: &[String]) -> Vec<Field> {
    let object = Object {
        reader,
        position: 0,
        left: MAX_READ_BYTES,
    };
    let mut object = BufReader::with_capacity(BUFFER_BYTES, object);
    let exif = ExifReader::new()
        .continue_on_error(true)
        .read_from_container(&mut object)
        .or_else(|error| error.distill_partial_result(|_| {}));
    let Ok(exif) = exif else {
        return Vec::new();
    };
    let allowed = exif.fields().filter(|field| {
        // The second picture of a file is its thumbnail.
        field.ifd_num == In::PRIMARY && tags.contains(&field.tag.to_string())
    });
    allowed.cloned().collect()
}

/// Writes fields as a block of EXIF; none if there are none, or some cannot be written.
fn write(fields: &[Field]) -> Option<Vec<u8>> {
    let mut writer = ExifWriter::new();
    let mut is_empty = true;
    for field in fields
        .iter()
        .filter(|field| !OF_PIXELS.contains(&field.tag))
    {
        writer.push_field(field);
        is_empty = false;
    }
    let mut block = Cursor::new(Vec::new());
    writer.write(&mut block, false).ok()?;
    (!is_empty).then(|| block.into_inner())
}

/// Returns numbers as numbers, and everything else as text.
fn value(field: &Field) -> Value {
    let number = match &field.value {
        ExifValue::Rational(parts) => match &parts[..] {
            [part] => Some(part.to_f64()),
            _ => None,
        },
        ExifValue::SRational(parts) => match &parts[..] {
            [part] => Some(part.to_f64()),
            _ => None,
        },
        value => match (value.get_uint(0), value.get_uint(1)) {
            (Some(number), None) => return number.into(),
            _ => None,
        },
    };
    // Not a number of JSON: 0/0, which becomes text.
    if let Some(number) = number.filter(|number| number.is_finite()) {
        return number.into();
    }
    let text = match &field.value {
        ExifValue::Ascii(parts) => {
            let parts = parts.iter().map(|part| String::from_utf8_lossy(part));
            let parts: Vec<String> = parts.map(|part| part.trim().to_owned()).collect();
            parts.join(", ")
        }
        _ => field.display_value().to_string(),
    };
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(MAX_TEXT_CHARS).collect::<String>().into()
}

/// An object as a file, of which so much is read and no more.
struct Object {
    reader: BlockingReader,
    position: u64,
    left: u64,
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.reader.len_bytes().saturating_sub(self.position);
        let length = rest.min(self.left).min(buffer.len() as u64) as usize;
        if length == 0 {
            return Ok(0);
        }
        let part = self.reader.read_at(self.position, length)?;
        let (start, _) = buffer.split_at_mut(length);
        start.copy_from_slice(&part);
        self.position += length as u64;
        self.left -= length as u64;
        Ok(length)
    }
}

impl Seek for Object {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.reader.len_bytes().checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_tag_has_are_found() {
        let unknown = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            unknown_tag(&names).map(str::to_owned)
        };
        assert_eq!(unknown(&RepositoryOptions::DEFAULT_TAGS), None);
        assert_eq!(unknown(&["Software", "GPSMapDatum", "LensModel"]), None);
        assert_eq!(unknown(&["Make", "make"]).as_deref(), Some("make"));
        assert_eq!(unknown(&["Tag(Tiff, 1)"]).as_deref(), Some("Tag(Tiff, 1)"));
        assert_eq!(unknown(&[""]).as_deref(), Some(""));
    }
}
