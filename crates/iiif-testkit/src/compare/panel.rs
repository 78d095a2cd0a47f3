//! The file that a failed comparison leaves behind.

use std::panic::Location;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use image::{ImageFormat, Rgba, RgbaImage, imageops};

/// Space between two panels, in pixels.
const GAP_PX: u32 = 8;

/// Differences are multiplied by this to be seen.
const GAIN: u8 = 8;

/// Writes actual, expected and their difference side by side; returns the path of the PNG.
pub(super) fn write(
    actual: &RgbaImage,
    expected: &RgbaImage,
    caller: &Location<'_>,
) -> io::Result<PathBuf> {
    let folder = target_folder()?.join("test-diffs");
    fs::create_dir_all(&folder)?;
    let stem = Path::new(caller.file()).with_extension("");
    let stem = stem
        .to_string_lossy()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let path = folder.join(format!("{stem}-{}.png", caller.line()));
    let panels = panels(actual, expected);
    panels
        .save_with_format(&path, ImageFormat::Png)
        .map_err(io::Error::other)?;
    Ok(path)
}

/// The folder of this build: test programs run from `target/<profile>/deps`.
fn target_folder() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let deps = program.ancestors().find(|path| path.ends_with("deps"));
    let profile = deps.or(Some(&program)).and_then(Path::parent);
    let target = profile.and_then(Path::parent);
    target
        .map(Path::to_owned)
        .ok_or_else(|| io::Error::other("the program is in no folder"))
}

fn panels(actual: &RgbaImage, expected: &RgbaImage) -> RgbaImage {
    let width = actual.width().max(expected.width());
    let height = actual.height().max(expected.height());
    let difference = RgbaImage::from_fn(width, height, |x, y| {
        let pair = (
            actual.get_pixel_checked(x, y),
            expected.get_pixel_checked(x, y),
        );
        let (Some(actual), Some(expected)) = pair else {
            return Rgba([255, 0, 255, 255]);
        };
        let [red, green, blue, alpha] =
            [0, 1, 2, 3].map(|channel| actual.0[channel].abs_diff(expected.0[channel]));
        // A difference of alpha alone shows as gray.
        let [red, green, blue] =
            [red, green, blue].map(|delta| delta.max(alpha).saturating_mul(GAIN));
        Rgba([red, green, blue, 255])
    });
    let mut panels = RgbaImage::new(3 * width + 2 * GAP_PX, height);
    for (x, panel) in (0..)
        .step_by((width + GAP_PX) as usize)
        .zip([actual, expected, &difference])
    {
        imageops::replace(&mut panels, panel, x, 0);
    }
    panels
}
