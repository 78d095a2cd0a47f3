//! What is in the photo: sky over land, a house, a person. All positions are shares of the sides.

use iiif_image_api::{Dimensions, PixelRect};

use super::noise::{Noise, hash};

/// Positions and sizes in the scene are given in thousandths of a side.
const WHOLE: i64 = 1000;

/// Below this many pixels a side has no room for a face.
const MIN_FACE_SIDE_PX: u32 = 8;

/// Center of the face, in thousandths of width and height.
const FACE_CENTER: (i64, i64) = (700, 540);

/// Half the width and half the height of the face, in thousandths of the shorter side.
const FACE_RADII: (i64, i64) = (105, 140);

const SKIN: [i32; 3] = [222, 163, 126];
const ZENITH: [i32; 3] = [58, 108, 182];
const HAZE: [i32; 3] = [204, 219, 232];
const CLOUD: [i32; 3] = [248, 249, 252];
const MEADOW: [i32; 3] = [128, 142, 84];
const FOREGROUND: [i32; 3] = [66, 70, 38];
const WALL: [i32; 3] = [206, 200, 190];
const ROOF: [i32; 3] = [122, 58, 46];
const WINDOW: [i32; 3] = [38, 46, 58];

/// A picture of one size, painted row by row.
#[derive(Debug)]
pub(super) struct Scene {
    width: u32,
    height: u32,
    clouds: Noise,
    ground: Noise,
    ridge: Vec<i64>,
    figure: Vec<Ellipse>,
}

impl Scene {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let longer = width.max(height);
        let rise = i64::from(height) * 60 / WHOLE;
        let horizon = i64::from(height) * 480 / WHOLE;
        let ridge = Noise::new(width, longer, 5, 6, 300)
            .row(0)
            .iter()
            .map(|&value| horizon + rise * i64::from(value) / 128)
            .collect();
        Self {
            width,
            height,
            clouds: Noise::new(width, longer, 4, 5, 100),
            ground: Noise::new(width, longer, 12, 7, 200),
            ridge,
            figure: figure(width, height),
        }
    }

    /// Paints row `y` of the picture: `row` is its red, green and blue bytes.
    pub(super) fn paint_row(&mut self, y: u32, row: &mut [u8]) {
        self.paint_landscape(y, row);
        self.paint_house(y, row);
        for ellipse in &self.figure {
            ellipse.paint_row(i64::from(y), row);
        }
    }

    fn paint_landscape(&mut self, y: u32, row: &mut [u8]) {
        let down = (u64::from(y) * 256 / u64::from(self.height)) as i32;
        let sky = mix(ZENITH, HAZE, (down * 2).min(256));
        let land = mix(MEADOW, FOREGROUND, ((down - 110) * 2).clamp(0, 256));
        let clouds = self.clouds.row(y);
        let ground = self.ground.row(y);
        let columns = (0..).zip(row.chunks_exact_mut(3)).zip(&self.ridge);
        for (((x, pixel), &ridge), (&cloud, &earth)) in columns.zip(clouds.iter().zip(ground)) {
            let grain = grain(x, y);
            if i64::from(y) < ridge {
                let color = mix(sky, CLOUD, (cloud * 4 - 40).clamp(0, 230));
                put(pixel, color, grain / 2);
            } else {
                put(pixel, land, earth / 2 + grain);
            }
        }
    }

    fn paint_house(&self, y: u32, row: &mut [u8]) {
        let (width, height) = (i64::from(self.width), i64::from(self.height));
        let down = i64::from(y) * WHOLE / height;
        if !(300..620).contains(&down) {
            return;
        }
        let (from, to) = (width * 90 / WHOLE, width * 270 / WHOLE);
        for x in from..to {
            let across = x * WHOLE / width;
            let color = if down >= 390 {
                // Three windows in each of two floors.
                let pane = (11..49).contains(&((across - 90) % 60)) && (down - 390) % 110 >= 50;
                if pane { WINDOW } else { WALL }
            } else if (down - 300) >= (across - 180).abs() {
                ROOF
            } else {
                continue;
            };
            let at = x as usize * 3;
            put(&mut row[at..at + 3], color, grain(x as u32, y));
        }
    }
}

/// The face of the scene, or `None` if a side is too short for one.
pub(super) fn face_rect(width: u32, height: u32) -> Option<PixelRect> {
    if width.min(height) < MIN_FACE_SIDE_PX {
        return None;
    }
    let face = Ellipse::new((width, height), FACE_CENTER, FACE_RADII, SKIN);
    let corner = (
        (face.x - face.radius_x) as u64,
        (face.y - face.radius_y) as u64,
    );
    let sides = (
        (2 * face.radius_x + 1) as u64,
        (2 * face.radius_y + 1) as u64,
    );
    PixelRect::clipped(corner, sides, Dimensions::new(width, height).ok()?)
}

/// From back to front: shoulders, neck, hair, face, eyes, mouth.
fn figure(width: u32, height: u32) -> Vec<Ellipse> {
    if width.min(height) < MIN_FACE_SIDE_PX {
        return Vec::new();
    }
    let (x, y) = FACE_CENTER;
    let shorter = i64::from(width.min(height));
    // Steps from the center of the face are shares of the shorter side, as its radii are.
    let across = |step: i64| x + step * shorter / i64::from(width);
    let down = |step: i64| y + step * shorter / i64::from(height);
    let part = |step: (i64, i64), radii, color| {
        Ellipse::new(
            (width, height),
            (across(step.0), down(step.1)),
            radii,
            color,
        )
    };
    vec![
        part((0, 400), (230, 230), [52, 66, 98]),
        part((0, 150), (55, 70), [196, 140, 106]),
        part((0, -35), (125, 150), [58, 40, 30]),
        Ellipse::new((width, height), FACE_CENTER, FACE_RADII, SKIN),
        part((-42, -25), (16, 9), [44, 34, 32]),
        part((42, -25), (16, 9), [44, 34, 32]),
        part((0, 72), (36, 10), [164, 74, 70]),
    ]
}

/// A filled ellipse that darkens to the right, as a round thing lit from the left does.
#[derive(Clone, Copy, Debug)]
struct Ellipse {
    x: i64,
    y: i64,
    radius_x: i64,
    radius_y: i64,
    color: [i32; 3],
}

impl Ellipse {
    /// `center` in thousandths of width and height, `radii` in thousandths of the shorter side.
    fn new(
        (width, height): (u32, u32),
        center: (i64, i64),
        radii: (i64, i64),
        color: [i32; 3],
    ) -> Self {
        let shorter = i64::from(width.min(height));
        Self {
            x: i64::from(width) * center.0 / WHOLE,
            y: i64::from(height) * center.1 / WHOLE,
            radius_x: (shorter * radii.0 / WHOLE).max(1),
            radius_y: (shorter * radii.1 / WHOLE).max(1),
            color,
        }
    }

    fn paint_row(&self, y: i64, row: &mut [u8]) {
        let dy = y - self.y;
        if dy.abs() > self.radius_y {
            return;
        }
        let (rx2, ry2) = (self.radius_x * self.radius_x, self.radius_y * self.radius_y);
        let width = row.len() as i64 / 3;
        let from = (self.x - self.radius_x).max(0);
        let to = (self.x + self.radius_x + 1).min(width);
        for x in from..to {
            let dx = x - self.x;
            if dx * dx * ry2 + dy * dy * rx2 > rx2 * ry2 {
                continue;
            }
            let shade = (-24 * dx / self.radius_x - 8 * dy / self.radius_y) as i32;
            let at = x as usize * 3;
            put(
                &mut row[at..at + 3],
                self.color,
                shade + grain(x as u32, y as u32) / 2,
            );
        }
    }
}

/// Sensor noise of one pixel: -6 to 6, small values more often.
fn grain(x: u32, y: u32) -> i32 {
    let bits = hash(x, y, 400);
    ((bits & 7) + (bits >> 8 & 7)) as i32 - 7
}

/// `from` at weight 0, `to` at weight 256.
fn mix(from: [i32; 3], to: [i32; 3], weight: i32) -> [i32; 3] {
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * weight / 256)
}

fn put(pixel: &mut [u8], color: [i32; 3], brighter: i32) {
    for (byte, value) in pixel.iter_mut().zip(color) {
        *byte = (value + brighter).clamp(0, 255) as u8;
    }
}
