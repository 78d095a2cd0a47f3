use super::super::pure;
use super::*;
use iiif_testkit::encode::{JpegColor, JpegOptions, SamplingFactor, jpeg};
use iiif_testkit::pattern;
use image::{DynamicImage, RgbImage};

#[test]
fn measure() {
    let pictures: [(&str, RgbImage); 3] = [
        ("photo", pattern::photo(331, 247)),
        ("gradient", pattern::gradient(331, 247)),
        ("quadrants", pattern::quadrants(331, 247)),
    ];
    for (name, p) in &pictures {
        for sampling in [
            SamplingFactor::F_1_1,
            SamplingFactor::F_2_1,
            SamplingFactor::F_2_2,
            SamplingFactor::F_1_2,
            SamplingFactor::F_4_1,
            SamplingFactor::F_4_2,
            SamplingFactor::F_1_4,
            SamplingFactor::F_2_4,
        ] {
            for progressive in [false, true] {
                for q in [50, 80, 95] {
                    for color in [JpegColor::Rgb, JpegColor::Gray] {
                        let options = JpegOptions {
                            quality: q,
                            progressive,
                            sampling,
                            color,
                            ..JpegOptions::default()
                        };
                        let file = jpeg(&DynamicImage::from(p.clone()), &options);
                        let frame = Frame::read(&file).unwrap();
                        let a = match pure::read_samples(&file, &frame, 1) {
                            Ok(a) => a,
                            Err(e) => {
                                println!("{name} {sampling:?} {progressive} pure: {:?}", e);
                                continue;
                            }
                        };
                        let b = match read_samples(&file, &frame, 1) {
                            Ok(a) => a,
                            Err(e) => {
                                println!("{name} {sampling:?} {progressive} turbo: {:?}", e);
                                continue;
                            }
                        };
                        let sum: u64 = a
                            .iter()
                            .zip(&b)
                            .map(|(a, b)| u64::from(a.abs_diff(*b)))
                            .sum();
                        let max = a.iter().zip(&b).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                        println!(
                            "{name} {color:?} {sampling:?} progressive {progressive} q{q}: mean {:.3} max {max}",
                            sum as f64 / a.len() as f64
                        );
                    }
                }
            }
        }
    }
}

/// Box.
fn boxed(samples: &[u8], w: usize, h: usize, c: usize, d: usize) -> Vec<u8> {
    let (ow, oh) = (w.div_ceil(d), h.div_ceil(d));
    let mut out = Vec::new();
    for y in 0..oh {
        for x in 0..ow {
            for k in 0..c {
                let (mut sum, mut n) = (0u64, 0u64);
                for yy in y * d..((y + 1) * d).min(h) {
                    for xx in x * d..((x + 1) * d).min(w) {
                        sum += u64::from(samples[(yy * w + xx) * c + k]);
                        n += 1;
                    }
                }
                out.push(((sum + n / 2) / n) as u8);
            }
        }
    }
    out
}

#[test]
fn measure4() {
    let pictures: [(&str, RgbImage); 3] = [
        ("photo", pattern::photo(331, 247)),
        ("gradient", pattern::gradient(331, 247)),
        ("quadrants", pattern::quadrants(331, 247)),
    ];
    for (name, p) in &pictures {
        for sampling in [
            SamplingFactor::F_1_1,
            SamplingFactor::F_2_1,
            SamplingFactor::F_2_2,
            SamplingFactor::F_1_2,
            SamplingFactor::F_4_1,
        ] {
            for q in [80, 95] {
                let options = JpegOptions {
                    quality: q,
                    sampling,
                    ..JpegOptions::default()
                };
                let file = jpeg(&DynamicImage::from(p.clone()), &options);
                let frame = Frame::read(&file).unwrap();
                let a = read_samples(&file, &frame, 1).unwrap();
                for d in [2, 4, 8] {
                    let b = read_samples(&file, &frame, d).unwrap();
                    let a = boxed(&a, 331, 247, 3, d as usize);
                    assert_eq!(a.len(), b.len());
                    let sum: u64 = a
                        .iter()
                        .zip(&b)
                        .map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2))
                        .sum();
                    let max = a.iter().zip(&b).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                    println!(
                        "PSNR {name} {sampling:?} q{q} 1/{d}: {:.2} max {max}",
                        10.0 * (255.0 * 255.0 * a.len() as f64 / sum as f64).log10()
                    );
                }
            }
        }
    }
}

#[test]
fn measure5() {
    for (w, h) in [(64, 48), (640, 480)] {
        for progressive in [false, true] {
            let options = JpegOptions {
                progressive,
                sampling: SamplingFactor::F_2_2,
                ..JpegOptions::default()
            };
            let file = jpeg(&DynamicImage::from(pattern::photo(w, h)), &options);
            let scan = file.windows(2).position(|p| p == [0xff, 0xda]).unwrap() + 14;
            let mut counts = [[0; 2]; 2];
            let mut nons = [0; 2];
            for seed in 0..300u64 {
                let mut damaged = file[..scan].to_vec();
                damaged.extend(iiif_testkit::damage::byte_flips(
                    &file[scan..file.len() - 2],
                    seed,
                    1,
                ));
                damaged.extend([0xff, 0xd9]);
                let Ok(frame) = Frame::read(&damaged) else {
                    continue;
                };
                let a = pure::read_samples(&damaged, &frame, 1).is_ok();
                let b = read_samples(&damaged, &frame, 1).is_ok();
                counts[usize::from(a)][usize::from(b)] += 1;
                let at = scan + (seed as usize * 7919) % (file.len() - scan - 40);
                let mut damaged = file.clone();
                for pair in damaged[at..at + 32].as_chunks_mut::<2>().0 {
                    *pair = [0xff, 0];
                }
                let frame = Frame::read(&damaged).unwrap();
                if pure::read_samples(&damaged, &frame, 1).is_ok() {
                    nons[0] += 1;
                }
                if read_samples(&damaged, &frame, 1).is_ok() {
                    nons[1] += 1;
                }
            }
            println!(
                "DAMAGE {w} progressive {progressive}: pure err/turbo err {} pure err/turbo ok {} pure ok/turbo err {} both ok {}; ones ok of 300: {nons:?}",
                counts[0][0], counts[0][1], counts[1][0], counts[1][1]
            );
        }
    }
}
