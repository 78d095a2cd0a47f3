//! JPEG streams inside other files, made files of their own.

use bytes::Bytes;
use iiif_image_api::Dimensions;

use super::Stripped;
use super::jpeg::COMMON_PRECISION;
use crate::decode::TileColors;
use crate::jpeg_file::{is_frame, marker, scans};

/// A JFIF segment of square pixels without a unit or a thumbnail: JFIF 1.02, page 5. Readers take what
/// has one for `YCbCr`, or gray.
const JFIF_SEGMENT: [u8; 18] = *b"\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0";

/// The segment by which readers know RGB: version 100, no flags, transform 0 (Adobe Technical Note
/// 5116, page 23).
const ADOBE_RGB_SEGMENT: [u8; 16] = *b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0";

/// Returns the file of a stream inside another file, whose tables may be in a stream of their own,
/// without metadata: a JFIF file of `YCbCr` or gray, or one of RGB.
///
/// Nothing if it is not a baseline image of these `colors` in one scan, of exactly `dimensions`, with
/// all its tables; or if it is cut off.
pub(super) fn to_file(
    stream: &Bytes,
    tables: &[u8],
    colors: TileColors,
    dimensions: Dimensions,
) -> Option<Stripped> {
    let mut head = vec![marker::PREFIX, marker::SOI];
    match colors {
        TileColors::Rgb => head.extend_from_slice(&ADOBE_RGB_SEGMENT),
        TileColors::Gray | TileColors::YCbCr => head.extend_from_slice(&JFIF_SEGMENT),
    }
    let mut found = Tables::default();
    for segment in segments(tables) {
        if is_metadata(segment.marker) {
            continue;
        }
        found.add(&segment)?;
        segment.append_to(&mut head)?;
    }
    let mut frame = None;
    let mut scan = None;
    for segment in segments(stream) {
        match segment.marker {
            marker::SOS => scan = Some(segment),
            code if is_frame(code) && frame.is_none() => frame = Some(segment),
            code if is_metadata(code) => continue,
            _ => found.add(&segment)?,
        }
        segment.append_to(&mut head)?;
    }
    let (frame, scan) = frame.zip(scan)?;
    let is_baseline = (marker::SOF0_BASELINE..marker::SOF2_PROGRESSIVE).contains(&frame.marker);
    let is_complete = is_baseline
        && is_frame_of(frame.contents, colors, dimensions)
        && found.suffice(frame.contents, scan.contents);
    if !is_complete {
        return None;
    }
    let start = scan.end;
    let (next, end) = scans::markers(stream, start).next()?;
    (next == marker::EOI).then(|| Stripped {
        head,
        rest: stream.slice(start..end),
    })
}

fn is_metadata(code: u8) -> bool {
    matches!(code, marker::APP0..=marker::APP15 | marker::COM)
}

/// A segment of a stream: ITU-T T.81 §B.1.1.4.
#[derive(Clone, Copy)]
struct Segment<'a> {
    marker: u8,
    contents: &'a [u8],
    /// Where it ends in the stream.
    end: usize,
}

impl Segment<'_> {
    /// Appends the segment, unless its length is more than a segment can say.
    fn append_to(&self, file: &mut Vec<u8>) -> Option<()> {
        let length = u16::try_from(self.contents.len() + 2).ok()?;
        file.extend([marker::PREFIX, self.marker]);
        file.extend(length.to_be_bytes());
        file.extend_from_slice(self.contents);
        Some(())
    }
}

/// Returns the segments of a stream up to its first scan. Ends early where something else than a segment
/// follows.
fn segments(stream: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let is_stream = stream.starts_with(&[marker::PREFIX, marker::SOI]);
    let mut position = is_stream.then_some(2);
    std::iter::from_fn(move || {
        let start = position?;
        let [prefix, code, high, low] = *stream.get(start..)?.first_chunk()?;
        let is_segment = prefix == marker::PREFIX
            && code >= marker::SOF0_BASELINE
            && !matches!(code, marker::RST0..=marker::EOI | marker::PREFIX);
        if !is_segment {
            return None;
        }
        let end = start + 2 + usize::from(u16::from_be_bytes([high, low]));
        let contents = stream.get(start + 4..end)?;
        position = (code != marker::SOS).then_some(end);
        Some(Segment {
            marker: code,
            contents,
            end,
        })
    })
}

/// Returns whether a frame header is of 8 bits, the dimensions and the number of components
/// (ITU-T T.81 §B.2.2), and these are not called `R`, `G` and `B` where they are something else: some
/// readers go by the names.
fn is_frame_of(frame: &[u8], colors: TileColors, dimensions: Dimensions) -> bool {
    let Some(([precision, h1, h0, w1, w0, count], specified)) = frame.split_first_chunk() else {
        return false;
    };
    let size = [[*w1, *w0], [*h1, *h0]].map(|side| u32::from(u16::from_be_bytes(side)));
    let is_rgb = specified
        .chunks(3)
        .map(|component| component[0])
        .eq(*b"RGB");
    (*precision, *count) == (COMMON_PRECISION, colors.components())
        && specified.len() == 3 * usize::from(*count)
        && size == [dimensions.width(), dimensions.height()]
        && (!is_rgb || colors == TileColors::Rgb)
}

/// Which tables there are, by their destinations, 0 to 3.
#[derive(Default)]
struct Tables {
    quantization: [bool; 4],
    /// For DC, and for AC coefficients.
    huffman: [[bool; 4]; 2],
}

impl Tables {
    /// Adds the tables of a segment; nothing if it is damaged or has none.
    fn add(&mut self, segment: &Segment<'_>) -> Option<()> {
        match segment.marker {
            marker::DQT => self.add_quantization(segment.contents),
            marker::DHT => self.add_huffman(segment.contents),
            // An interval of restarts, which nothing depends on here.
            marker::DRI => Some(()),
            _ => None,
        }
    }

    /// ITU-T T.81 §B.2.4.1.
    fn add_quantization(&mut self, mut contents: &[u8]) -> Option<()> {
        while let Some((kind, rest)) = contents.split_first() {
            let length = if kind >> 4 == 0 { 64 } else { 128 };
            *self.quantization.get_mut(usize::from(kind & 15))? = true;
            contents = rest.get(length..)?;
        }
        Some(())
    }

    /// ITU-T T.81 §B.2.4.2.
    fn add_huffman(&mut self, mut contents: &[u8]) -> Option<()> {
        while let Some((kind, rest)) = contents.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let values: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let class = self.huffman.get_mut(usize::from(kind >> 4))?;
            *class.get_mut(usize::from(kind & 15))? = true;
            contents = rest.get(values..)?;
        }
        Some(())
    }

    /// Returns whether all are there that a scan of all components of a frame uses: ITU-T T.81 §B.2.2
    /// and §B.2.3.
    fn suffice(&self, frame: &[u8], scan: &[u8]) -> bool {
        let has = |tables: &[bool; 4], index: u8| tables.get(usize::from(index)) == Some(&true);
        let Some((count, scanned)) = scan.split_first() else {
            return false;
        };
        let specified = frame.get(6..).unwrap_or_default();
        let scanned = scanned.get(..2 * usize::from(*count)).unwrap_or_default();
        let quantized = specified
            .chunks_exact(3)
            .all(|component| has(&self.quantization, component[2]));
        let coded = scanned.chunks_exact(2).all(|component| {
            has(&self.huffman[0], component[1] >> 4) && has(&self.huffman[1], component[1] & 15)
        });
        quantized && coded && 3 * scanned.len() == 2 * specified.len()
    }
}

#[cfg(test)]
mod tests {
    use iiif_testkit::encode::{JpegColor, JpegOptions, jpeg};
    use iiif_testkit::pattern::photo;

    use super::*;

    const SIZE: (u32, u32) = (48, 32);

    fn size(width: u32, height: u32) -> Dimensions {
        Dimensions::new(width, height).expect("not empty")
    }

    fn stream(options: &JpegOptions) -> Bytes {
        jpeg(&photo(SIZE.0, SIZE.1).into(), options).into()
    }

    fn file(stream: &Bytes, colors: TileColors) -> Option<Vec<u8>> {
        let file = to_file(stream, &[], colors, size(SIZE.0, SIZE.1))?;
        Some(file.to_bytes().into())
    }

    #[test]
    fn metadata_gives_way_to_jfif() {
        let plain = stream(&JpegOptions::default());
        let expected = file(&plain, TileColors::YCbCr).expect("baseline");
        let noted = stream(&JpegOptions {
            exif_orientation: Some(6),
            xmp: true,
            gps: true,
            comment: Some("taken at home"),
            icc: Some(iiif_testkit::icc::display_p3()),
            ..JpegOptions::default()
        });
        assert!(noted.len() > plain.len());
        assert_eq!(file(&noted, TileColors::YCbCr), Some(expected.clone()));
        assert_eq!(&expected[2..20], JFIF_SEGMENT);
        // What follows the end of the image goes as well.
        let longer = [&plain[..], b"more"].concat().into();
        assert_eq!(file(&longer, TileColors::YCbCr), Some(expected));
    }

    #[test]
    fn tables_are_put_in_and_have_to_be_there() {
        let whole = stream(&JpegOptions::default());
        let (mut tables, mut rest) = (vec![0xff, 0xd8], vec![0xff, 0xd8]);
        let mut end = 2;
        for segment in segments(&whole) {
            let is_table = matches!(segment.marker, marker::DQT | marker::DHT);
            let target = if is_table { &mut tables } else { &mut rest };
            segment.append_to(target).expect("as it was");
            end = segment.end;
        }
        rest.extend_from_slice(&whole[end..]);
        tables.extend([0xff, 0xd9]);
        let rest = Bytes::from(rest);
        let joined =
            |tables: &[u8]| to_file(&rest, tables, TileColors::YCbCr, size(SIZE.0, SIZE.1));
        let (tables_bytes, rest_bytes) = (tables.len(), rest.len());
        let file = joined(&tables).expect("complete");
        let own_jfif = 18;
        assert_eq!(
            file.to_bytes().len() + own_jfif,
            tables_bytes - 4 + rest_bytes + JFIF_SEGMENT.len(),
        );
        assert!(joined(&[]).is_none());
        // Without the last table, without a byte of it, and with a scan among them.
        for segment in segments(&tables).collect::<Vec<_>>() {
            let cut = &tables[..segment.end];
            let is_last = segment.end + 2 == tables.len();
            assert_eq!(joined(cut).is_some(), is_last);
            assert!(joined(&tables[..segment.end - 1]).is_none());
        }
        assert!(joined(&whole).is_none());
    }

    #[test]
    fn other_streams_than_viewers_show_alike_are_refused() {
        let baseline = stream(&JpegOptions::default());
        let gray = stream(&JpegOptions {
            color: JpegColor::Gray,
            ..JpegOptions::default()
        });
        assert!(file(&gray, TileColors::Gray).is_some());
        assert!(file(&gray, TileColors::YCbCr).is_none());
        assert!(file(&baseline, TileColors::Gray).is_none());
        assert!(to_file(&baseline, &[], TileColors::YCbCr, size(SIZE.0, SIZE.1 - 1)).is_none());
        let progressive = stream(&JpegOptions {
            progressive: true,
            ..JpegOptions::default()
        });
        assert!(file(&progressive, TileColors::YCbCr).is_none());
        // Components that are called R, G and B.
        let mut named = baseline.to_vec();
        let frame = segments(&baseline).find(|segment| is_frame(segment.marker));
        let components = frame.expect("a frame").end - 9;
        for (index, name) in b"RGB".iter().enumerate() {
            named[components + 3 * index] = *name;
        }
        let named = named.into();
        assert!(file(&named, TileColors::YCbCr).is_none());
        let rgb = file(&named, TileColors::Rgb).expect("a file that says so");
        assert_eq!(&rgb[2..18], ADOBE_RGB_SEGMENT);
    }

    #[test]
    fn cut_off_streams_are_refused() {
        let whole = stream(&JpegOptions::default());
        for length in 0..whole.len() {
            assert!(
                file(&whole.slice(..length), TileColors::YCbCr).is_none(),
                "{length} bytes"
            );
        }
    }
}
