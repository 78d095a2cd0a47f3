//! The smaller sizes in which a file holds its picture.
//!
//! They are pages that say so (tag 254, bit 0), behind the picture, in front of it or in its field
//! of further directories (tag 330: TIFF technical note 1). Older writers say nothing; tiled pages
//! behind a tiled picture, each half the size of the one before, are taken for its levels too.
//! Any other page is another picture.

use iiif_image_api::Dimensions;

use super::coding::Photometric;
use super::directory::Directory;
use super::file::File;
use super::page::Page;
use super::{Damage, FORMAT, check_plausible, tag};
use crate::decode::corrupt;
use crate::{Error, Result};

/// The most directories that are looked through. Also ends a cycle.
const MAX_DIRECTORIES: usize = 256;

/// The most levels: each is at least a little smaller, and usually a half.
const MAX_LEVELS: usize = 32;

/// The directories of a picture.
pub(super) struct Pyramid {
    /// The main picture: the first that is neither a reduced version nor a mask of another, or the
    /// first of all.
    pub(super) main: Directory,
    /// What may be smaller versions of it.
    candidates: Vec<Directory>,
}

impl Pyramid {
    pub(super) fn find(file: &File<'_>) -> Result<Self> {
        if file.first_directory == 0 {
            return Err(corrupt(FORMAT, Damage::NoDirectory));
        }
        let first = file.directory(file.first_directory)?;
        let mut seen = vec![first.offset];
        let mut in_front = Vec::new();
        let mut main = first.clone();
        let mut kind = Kind::of(file, &main)?;
        while kind != Kind::Main {
            let Some(next) = follow(file, main.next, &mut seen)? else {
                // All are reduced: the first is as good as any.
                in_front.clear();
                main = first;
                break;
            };
            if kind == Kind::Reduced {
                in_front.push(main);
            }
            main = next;
            kind = Kind::of(file, &main)?;
        }
        let mut pyramid = Self {
            main,
            candidates: in_front,
        };
        pyramid.add_chain(file, &mut seen)?;
        pyramid.add_sub_directories(file, &mut seen)?;
        Ok(pyramid)
    }

    /// Returns the pages that are the picture in smaller, the largest first. What is unlike the
    /// picture, or cannot be read, is none.
    pub(super) fn levels(&self, file: &File<'_>, full: &Page) -> Result<Vec<(&Directory, Page)>> {
        // A mean of palette colors or of black and white is mostly in no palette: such levels are
        // not what the picture looks like from afar.
        if full.photometric == Photometric::Palette || full.bits < 8 {
            return Ok(Vec::new());
        }
        let mut levels = Vec::new();
        for directory in &self.candidates {
            match level(file, directory, full) {
                Ok(Some(page)) => levels.push((directory, page)),
                Err(error @ Error::Read { .. }) => return Err(error),
                Ok(None) | Err(_) => {}
            }
        }
        levels.sort_by_key(|(_, page)| std::cmp::Reverse(page.dimensions.area()));
        levels.dedup_by_key(|(_, page)| page.dimensions);
        levels.truncate(MAX_LEVELS);
        Ok(levels)
    }

    /// Adds what follows the picture up to the next picture.
    fn add_chain(&mut self, file: &File<'_>, seen: &mut Vec<u64>) -> Result<()> {
        let mut above = self.main.clone();
        let mut offset = self.main.next;
        while let Some(directory) = follow(file, offset, seen)? {
            offset = directory.next;
            match Kind::of(file, &directory)? {
                Kind::Other => {}
                Kind::Reduced => {
                    above = directory.clone();
                    self.candidates.push(directory);
                }
                Kind::Main if is_half(file, &directory, &above) => {
                    above = directory.clone();
                    self.candidates.push(directory);
                }
                Kind::Main => break,
            }
        }
        Ok(())
    }

    fn add_sub_directories(&mut self, file: &File<'_>, seen: &mut Vec<u64>) -> Result<()> {
        let offsets = self.main.numbers(file, tag::SUB_IFDS, MAX_LEVELS as u64)?;
        let mut above = self.main.clone();
        for offset in offsets.unwrap_or_default() {
            let Some(directory) = follow(file, offset, seen)? else {
                continue;
            };
            let is_level = match Kind::of(file, &directory)? {
                Kind::Reduced => true,
                Kind::Main => is_half(file, &directory, &above),
                Kind::Other => false,
            };
            if is_level {
                above = directory.clone();
                self.candidates.push(directory);
            }
        }
        Ok(())
    }
}

/// What a page is to others: tags 254 and 255 of TIFF 6.0 §8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Main,
    Reduced,
    /// A mask, of the picture or a smaller version.
    Other,
}

impl Kind {
    fn of(file: &File<'_>, directory: &Directory) -> Result<Self> {
        /// Bits of `NewSubfileType`: a reduced version, a transparency mask.
        const REDUCED: u64 = 1;
        const MASK: u64 = 4;
        /// The old `SubfileType` of a reduced version.
        const OLD_REDUCED: u64 = 2;
        let new = directory.number(file, tag::NEW_SUBFILE_TYPE)?.unwrap_or(0);
        let old = directory.number(file, tag::SUBFILE_TYPE)?;
        Ok(if new & MASK != 0 {
            Self::Other
        } else if new & REDUCED != 0 || old == Some(OLD_REDUCED) {
            Self::Reduced
        } else {
            Self::Main
        })
    }
}

/// Returns the directory at `offset`, unless there is none or it was seen already.
fn follow(file: &File<'_>, offset: u64, seen: &mut Vec<u64>) -> Result<Option<Directory>> {
    if offset == 0 || seen.contains(&offset) || seen.len() >= MAX_DIRECTORIES {
        return Ok(None);
    }
    seen.push(offset);
    match file.directory(offset) {
        Ok(directory) => Ok(Some(directory)),
        Err(error @ Error::Read { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Returns whether both are tiled, and each side is half of that of the one above.
fn is_half(file: &File<'_>, directory: &Directory, above: &Directory) -> bool {
    let is_tiled = |directory: &Directory| directory.count(tag::TILE_OFFSETS).is_some();
    let (Ok(size), Ok(above_size)) = (directory.size(file), above.size(file)) else {
        return false;
    };
    let is_half_side =
        |side: u32, above: u32| side == (above / 2).max(1) || side == above.div_ceil(2);
    is_tiled(directory)
        && is_tiled(above)
        && size != above_size
        && is_half_side(size.0, above_size.0)
        && is_half_side(size.1, above_size.1)
}

/// Reads a page, if it is `full` in smaller.
fn level(file: &File<'_>, directory: &Directory, full: &Page) -> Result<Option<Page>> {
    let (width, height) = directory.size(file)?;
    let dimensions = Dimensions::new(width, height).map_err(|error| corrupt(FORMAT, error))?;
    if !is_reduction(full.dimensions, dimensions) {
        return Ok(None);
    }
    let page = Page::read(file, directory, dimensions)?;
    check_plausible(file, &page)?;
    let samples = |page: &Page| (page.photometric, page.bits, page.samples, page.alpha);
    Ok((samples(&page) == samples(full)).then_some(page))
}

/// Returns whether the sides of `level` are those of `full` divided by one number above 1, give or
/// take a pixel.
fn is_reduction(full: Dimensions, level: Dimensions) -> bool {
    let [width, height] = [full.width(), full.height()].map(i128::from);
    let [level_width, level_height] = [level.width(), level.height()].map(i128::from);
    if level_width > width || level_height > height || full == level {
        return false;
    }
    // Where the ratio of the widths is r, |level_height - height / r| is at most the one pixel that
    // the height was rounded by, and what the rounding of the width does to the height.
    let apart = (level_height * width - height * level_width).abs();
    apart <= width + height
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reductions_have_the_shape_of_the_picture() {
        let cases = [
            ((5120, 2880), (2560, 1440), true),
            ((5120, 2880), (160, 90), true),
            // Halved again and again, rounded down or up.
            ((1001, 667), (500, 333), true),
            ((1001, 667), (126, 84), true),
            ((1001, 667), (125, 83), true),
            // A third.
            ((1000, 700), (333, 233), true),
            ((1000, 700), (334, 234), true),
            ((4000, 9), (500, 1), true),
            // The same size, a larger one, other shapes.
            ((1000, 700), (1000, 700), false),
            ((1000, 700), (2000, 1400), false),
            ((1000, 700), (700, 1000), false),
            ((1000, 700), (500, 347), false),
            ((1000, 700), (500, 400), false),
            ((1000, 700), (495, 350), false),
        ];
        for ((width, height), (level_width, level_height), expected) in cases {
            let full = Dimensions::new(width, height).unwrap();
            let level = Dimensions::new(level_width, level_height).unwrap();
            assert_eq!(is_reduction(full, level), expected, "{full} and {level}");
        }
    }
}
