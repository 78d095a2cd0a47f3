//! Pictures made by arithmetic: the same pixels on every machine, and no files in the repository.
//!
//! [`photo`] looks enough like a photograph to be cropped, scaled and compressed as one;
//! [`quadrants`] tells all eight EXIF orientations apart; [`gradient`] shows banding.

mod noise;
mod scene;

use iiif_image_api::PixelRect;
use image::{Rgb, RgbImage, Rgba, RgbaImage};

use self::scene::Scene;

/// The top-left quarter of [`quadrants`].
pub const TOP_LEFT: Rgb<u8> = Rgb([255, 0, 0]);
/// The top-right quarter of [`quadrants`].
pub const TOP_RIGHT: Rgb<u8> = Rgb([0, 255, 0]);
/// The bottom-left quarter of [`quadrants`].
pub const BOTTOM_LEFT: Rgb<u8> = Rgb([0, 0, 255]);
/// The bottom-right quarter of [`quadrants`].
pub const BOTTOM_RIGHT: Rgb<u8> = Rgb([255, 255, 0]);

/// Returns a landscape with a house and a person, in pixels `width` by `height`.
///
/// It has what photographs have: soft gradients (sky, land), detail at every scale (seven octaves
/// of noise), hard edges (ridge, house, windows), grain, and a skin-toned face right of the center
/// for smart crop to find (see [`photo_face`]). The same scene is drawn at every size, so a
/// smaller photo resembles a reduced larger one without being equal to it. Integer arithmetic
/// only. A side of zero gives an empty picture.
#[must_use]
pub fn photo(width: u32, height: u32) -> RgbImage {
    let mut scene = Scene::new(width, height);
    let mut picture = RgbImage::new(width, height);
    let row_bytes = (width as usize * 3).max(1);
    for (y, row) in (0..).zip(picture.chunks_exact_mut(row_bytes)) {
        scene.paint_row(y, row);
    }
    picture
}

/// Returns the smallest rectangle around the face of [`photo`], in pixels of that picture.
///
/// `None` where the picture is too small to have a face (a side under 8 pixels).
#[must_use]
pub fn photo_face(width: u32, height: u32) -> Option<PixelRect> {
    scene::face_rect(width, height)
}

/// Returns four quarters: red and green above, blue and yellow below.
///
/// No two of the eight EXIF orientations of it are equal. The first half of an odd side is the
/// shorter one.
#[must_use]
pub fn quadrants(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        match (x < width / 2, y < height / 2) {
            (true, true) => TOP_LEFT,
            (false, true) => TOP_RIGHT,
            (true, false) => BOTTOM_LEFT,
            (false, false) => BOTTOM_RIGHT,
        }
    })
}

/// Returns a smooth ramp: red grows to the right, green downward, blue against red.
///
/// The first column has red 0 and the last 255 (a picture one pixel wide has 0); rows likewise.
#[must_use]
pub fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let red = ramp(x, width);
        Rgb([red, ramp(y, height), 255 - red])
    })
}

/// Returns the picture with an alpha that grows from 0 in the first column to 255 in the last.
///
/// The colors stay as they are, also where they cannot be seen. One column alone gets alpha 0.
#[must_use]
pub fn with_alpha(picture: &RgbImage) -> RgbaImage {
    let (width, height) = picture.dimensions();
    RgbaImage::from_fn(width, height, |x, y| {
        let Rgb([red, green, blue]) = *picture.get_pixel(x, y);
        Rgba([red, green, blue, ramp(x, width)])
    })
}

/// `position` of `0..length` as a byte: 0 at the first, 255 at the last, rounded down between.
fn ramp(position: u32, length: u32) -> u8 {
    (u64::from(position) * 255 / u64::from(length.max(2) - 1)) as u8
}

#[cfg(test)]
mod tests {
    use image::imageops;

    use super::*;

    #[test]
    fn quadrants_look_different_in_every_orientation() {
        let upright = quadrants(7, 7);
        let mirrored = imageops::flip_horizontal(&upright);
        let turns = |picture: &RgbImage| {
            let quarter = imageops::rotate90(picture);
            let half = imageops::rotate180(picture);
            let three_quarters = imageops::rotate270(picture);
            [picture.clone(), quarter, half, three_quarters]
        };
        let all = [turns(&upright), turns(&mirrored)].concat();
        for (index, one) in all.iter().enumerate() {
            for (other_index, other) in all.iter().enumerate().skip(index + 1) {
                assert_ne!(one, other, "orientations {index} and {other_index}");
            }
        }
    }

    #[test]
    fn quadrants_have_their_colors_in_the_corners() {
        let picture = quadrants(10, 6);
        let corners = [(0, 0), (9, 0), (0, 5), (9, 5)].map(|(x, y)| picture.get_pixel(x, y).0);
        let expected = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]];
        assert_eq!(corners, expected);
    }

    #[test]
    fn ramps_reach_both_ends() {
        let picture = gradient(300, 200);
        assert_eq!(picture.get_pixel(0, 0).0, [0, 0, 255]);
        assert_eq!(picture.get_pixel(299, 199).0, [255, 255, 0]);
        let transparent = with_alpha(&picture);
        assert_eq!(transparent.get_pixel(0, 7).0[3], 0);
        assert_eq!(transparent.get_pixel(299, 7).0[3], 255);
        assert_eq!(gradient(1, 1).get_pixel(0, 0).0, [0, 0, 255]);
    }

    #[test]
    fn photos_of_any_size_can_be_drawn() {
        for (width, height) in [
            (0, 0),
            (0, 5),
            (5, 0),
            (1, 1),
            (1, 90),
            (90, 1),
            (7, 9),
            (333, 2),
        ] {
            assert_eq!(photo(width, height).dimensions(), (width, height));
        }
    }

    #[test]
    fn photos_have_gradients_texture_and_edges() {
        let picture = photo(320, 240);
        let luma = image::DynamicImage::from(picture).to_luma8();
        let mut steps = [0_u32; 3]; // of neighbors: nearly equal, textured, an edge
        for (left, right) in luma.as_raw().iter().zip(&luma.as_raw()[1..]) {
            match left.abs_diff(*right) {
                0..=2 => steps[0] += 1,
                3..=39 => steps[1] += 1,
                _ => steps[2] += 1,
            }
        }
        assert!(steps[0] > 10_000, "smooth steps: {steps:?}");
        assert!(steps[1] > 10_000, "textured steps: {steps:?}");
        assert!(steps[2] > 300, "edges: {steps:?}");
    }

    #[test]
    fn the_face_is_skin_and_off_center() {
        let (width, height) = (640, 480);
        let face = photo_face(width, height).expect("large enough for a face");
        let (x, y) = (face.x() + face.width() / 2, face.y() + face.height() / 2);
        let [red, green, blue] = photo(width, height).get_pixel(x, y).0;
        assert!(
            red > green && green > blue && red > 150,
            "{red} {green} {blue}"
        );
        assert!(face.x() > width / 2, "{face:?}");
        assert_eq!(photo_face(7, 400), None);
    }
}
