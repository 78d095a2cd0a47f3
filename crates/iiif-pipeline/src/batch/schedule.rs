//! Which decodes serve a batch, what is rendered from each, and in what order.

use std::cmp::Reverse;

use iiif_image_api::{Crop, Format, RenderPlan};

use crate::decode::{self, Decoding, Need};
use crate::passthrough::{self, Stripped};
use crate::render::RenderSource;
use crate::{EncodeOptions, Error, SourceImage, encode};

/// How many pixels are scaled in the time in which one is decompressed: measured with deflated tiles,
/// on all cores.
const SCALED_PER_DECOMPRESSED: u64 = 4;

/// What share of the memory limit, as a divisor, the raster of a joint decode may take: the rest is
/// left for rendering.
const JOINT_RASTER_DIVISOR: u64 = 2;

/// How plans may be served.
#[derive(Clone, Copy)]
struct Ways {
    /// By the source's own data, which is held until all is done.
    copies: bool,
    /// By one decode for plans that need different ones, which is less work and holds more.
    joins: bool,
}

/// All that can be tried, the least work first.
const WAYS: [Ways; 4] = [
    Ways {
        copies: true,
        joins: true,
    },
    Ways {
        copies: true,
        joins: false,
    },
    Ways {
        copies: false,
        joins: true,
    },
    Ways {
        copies: false,
        joins: false,
    },
];

/// What a run does, in order.
pub(super) struct Schedule {
    /// Plans that the source's own data serves, with that data.
    pub(super) copied: Vec<(usize, Stripped)>,
    pub(super) passes: Vec<Pass>,
    /// Plans that do not fit into the memory limit, with the bytes that they need.
    pub(super) refused: Vec<(usize, u64)>,
    /// The peak of all.
    pub(super) memory_bytes: u64,
    /// What the analyses need, where they do not fit.
    unanalyzed_bytes: Option<u64>,
}

/// One decode and what is made of it.
pub(super) struct Pass {
    pub(super) decoding: Decoding,
    /// Plans that are rendered together, the largest first.
    pub(super) waves: Vec<Vec<usize>>,
    /// How many halved copies of the raster the plans share.
    pub(super) copies: u32,
    /// Whether the analyses look at this decode.
    pub(super) analyzes: bool,
    /// Whether something looks at the small reduction of it: analyses, smart crops.
    pub(super) needs_reduction: bool,
}

/// What a schedule is made from.
pub(super) struct Planner<'a> {
    pub(super) source: &'a SourceImage,
    pub(super) plans: &'a [RenderPlan],
    pub(super) analyzes: bool,
    pub(super) limit_bytes: u64,
}

/// Plans that one decode may serve.
struct Group {
    need: Need,
    decoding: Decoding,
    plans: Vec<usize>,
    analyzes: bool,
}

impl Schedule {
    /// Returns the error of a source of which nothing can be made.
    pub(super) fn refusal(&self, limit_bytes: u64) -> Option<Error> {
        if !(self.passes.is_empty() && self.copied.is_empty()) {
            return None;
        }
        let first_refused = self.refused.first().map(|(_, needed)| *needed);
        let needed = first_refused.or(self.unanalyzed_bytes)?;
        Some(Error::over_memory_limit(needed, limit_bytes))
    }

    /// Returns the error of analyses that do not fit.
    pub(super) fn unanalyzed(&self, limit_bytes: u64) -> Option<Error> {
        let needed_bytes = self.unanalyzed_bytes?;
        Some(Error::AnalysesOverMemoryLimit {
            needed_bytes,
            limit_bytes,
        })
    }

    /// Returns how much of what was asked is left out.
    fn left_out(&self) -> usize {
        self.refused.len() + usize::from(self.unanalyzed_bytes.is_some())
    }
}

impl Group {
    fn work_px(&self) -> u64 {
        work_px(&self.decoding, self.plans.len())
    }
}

impl Planner<'_> {
    /// Returns the schedule of the least work among those that leave the least out.
    pub(super) fn schedule(&self, encoding: &EncodeOptions) -> Schedule {
        let copied: Vec<(usize, Stripped)> = (self.plans.iter().enumerate())
            .filter_map(|(index, plan)| Some((index, self.passed_through(plan, encoding)?)))
            .collect();
        let mut best = self.schedule_as(WAYS[0], copied.clone());
        for ways in &WAYS[1..] {
            if best.left_out() == 0 {
                break;
            }
            let copied = copied.iter().filter(|_| ways.copies).cloned().collect();
            let other = self.schedule_as(*ways, copied);
            if other.left_out() < best.left_out() {
                best = other;
            }
        }
        best
    }

    fn schedule_as(&self, ways: Ways, copied: Vec<(usize, Stripped)>) -> Schedule {
        let is_copied = |index: &usize| copied.iter().any(|(copied, _)| copied == index);
        let mut rendered: Vec<usize> = (0..self.plans.len())
            .filter(|index| !is_copied(index))
            .collect();
        // The largest decides how long all take.
        rendered.sort_by_key(|index| Reverse(self.plans[*index].output().area()));
        let mut kept_bytes = sum(copied.iter().map(|(_, file)| file.len_bytes()));
        let mut schedule = Schedule {
            copied,
            passes: Vec::new(),
            refused: Vec::new(),
            memory_bytes: kept_bytes,
            unanalyzed_bytes: None,
        };
        for group in self.groups(&rendered, ways) {
            self.add_pass(group, &mut kept_bytes, &mut schedule);
        }
        schedule
    }

    fn passed_through(&self, plan: &RenderPlan, encoding: &EncodeOptions) -> Option<Stripped> {
        // What cannot be read is decoded, which says why it cannot.
        let passed = passthrough::derivative(self.source, plan, encoding, self.limit_bytes);
        passed.ok().flatten()
    }

    /// Puts plans together where one decode for all is no more work than several.
    fn groups(&self, rendered: &[usize], ways: Ways) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let analysis = self.analyzes.then(|| {
            let need = Need::of_reduction(self.source.geometry().stored);
            self.group(need, Vec::new(), true)
        });
        let plans = rendered
            .iter()
            .map(|index| {
                (
                    decode::need(self.source.format(), &self.plans[*index]),
                    *index,
                )
            })
            .map(|(need, index)| self.group(need, vec![index], false));
        for group in plans.chain(analysis) {
            match groups
                .iter_mut()
                .find(|other| self.is_cheaper(other, &group, ways))
            {
                Some(other) => {
                    other.need = other.need.and(group.need);
                    other.decoding = self.source.choose(other.need);
                    other.plans.extend(group.plans);
                    other.analyzes |= group.analyzes;
                }
                None => groups.push(group),
            }
        }
        groups
    }

    fn group(&self, need: Need, plans: Vec<usize>, analyzes: bool) -> Group {
        Group {
            need,
            decoding: self.source.choose(need),
            plans,
            analyzes,
        }
    }

    /// Returns whether one decode for both is no more work than two, and its raster leaves room
    /// for rendering. Does not depend on the number of threads, as nothing that pixels depend on may.
    fn is_cheaper(&self, a: &Group, b: &Group, ways: Ways) -> bool {
        let joint = self.source.choose(a.need.and(b.need));
        let (raster_bytes, _) = self.source.bytes_of(&joint);
        let apart = a.work_px().saturating_add(b.work_px());
        let together = work_px(&joint, a.plans.len() + b.plans.len());
        joint == a.decoding && joint == b.decoding
            || ways.joins
                && together <= apart
                && raster_bytes <= self.limit_bytes / JOINT_RASTER_DIVISOR
    }

    /// Adds the pass of a group, in as many waves as fit into the limit.
    fn add_pass(&self, mut group: Group, kept_bytes: &mut u64, schedule: &mut Schedule) {
        let (raster_bytes, scratch_bytes) = self.source.bytes_of(&group.decoding);
        let decoding_bytes = sum([*kept_bytes, raster_bytes, scratch_bytes].into_iter());
        if decoding_bytes > self.limit_bytes {
            let source = self.render_source(&group, *kept_bytes);
            let held_bytes = kept_bytes.saturating_add(raster_bytes);
            let refused = group.plans.iter().map(|index| {
                let rendering_bytes = self.wave_bytes(&source, &[*index], held_bytes);
                (*index, decoding_bytes.max(rendering_bytes))
            });
            schedule.refused.extend(refused);
            if group.analyzes {
                schedule.unanalyzed_bytes = Some(decoding_bytes);
            }
            return;
        }
        let mut source = self.render_source(&group, *kept_bytes);
        let analyzing_bytes = sum([*kept_bytes, raster_bytes, source.copies_bytes()].into_iter());
        if group.analyzes && analyzing_bytes > self.limit_bytes {
            schedule.unanalyzed_bytes = Some(analyzing_bytes);
            group.analyzes = false;
            source = self.render_source(&group, *kept_bytes);
        }
        let needs_reduction = self.needs_reduction(&group);
        let held_bytes = raster_bytes.saturating_add(source.copies_bytes());
        let mut peak = decoding_bytes.max(kept_bytes.saturating_add(held_bytes));
        let mut waves = Vec::new();
        let mut wave = Vec::new();
        for index in group.plans {
            wave.push(index);
            let mut bytes = self.wave_bytes(&source, &wave, kept_bytes.saturating_add(held_bytes));
            if bytes > self.limit_bytes && wave.len() > 1 {
                wave.pop();
                *kept_bytes = kept_bytes.saturating_add(self.files_bytes(&wave));
                waves.push(std::mem::replace(&mut wave, vec![index]));
                bytes = self.wave_bytes(&source, &wave, kept_bytes.saturating_add(held_bytes));
            }
            if bytes > self.limit_bytes {
                wave.pop();
                schedule.refused.push((index, bytes));
            } else {
                peak = peak.max(bytes);
            }
        }
        *kept_bytes = kept_bytes.saturating_add(self.files_bytes(&wave));
        if !wave.is_empty() {
            waves.push(wave);
        }
        if !waves.is_empty() || group.analyzes {
            schedule.memory_bytes = schedule.memory_bytes.max(peak);
            schedule.passes.push(Pass {
                decoding: group.decoding,
                waves,
                copies: source.copies,
                analyzes: group.analyzes,
                needs_reduction,
            });
        }
    }

    /// Returns what the plans of a group are rendered from: with halved copies, if that is worth it
    /// and they fit into the limit.
    fn render_source(&self, group: &Group, kept_bytes: u64) -> RenderSource {
        let alone = RenderSource {
            placement: group.decoding.placement(),
            dimensions: group.decoding.dimensions(),
            layout: self.source.pixel_layout(),
            copies: 0,
        };
        let plans = group.plans.iter().map(|index| &self.plans[*index]);
        let needs_reduction = self.needs_reduction(group);
        let sharing = alone.with_copies(plans, needs_reduction);
        let (raster_bytes, _) = self.source.bytes_of(&group.decoding);
        let bytes = sum([kept_bytes, raster_bytes, sharing.copies_bytes()].into_iter());
        // The reduction is made from copies in any case.
        if needs_reduction || bytes <= self.limit_bytes {
            sharing
        } else {
            alone
        }
    }

    fn needs_reduction(&self, group: &Group) -> bool {
        let is_smart = |index: &usize| matches!(self.plans[*index].crop(), Crop::Smart(_));
        group.analyzes || group.plans.iter().any(is_smart)
    }

    /// Returns the bytes that are held while a wave is rendered and encoded: what is there already,
    /// the largest plans that can be under way together, and all files.
    fn wave_bytes(&self, source: &RenderSource, wave: &[usize], held_bytes: u64) -> u64 {
        let mut rendering: Vec<u64> = wave
            .iter()
            .map(|index| source.memory_bytes(&self.plans[*index]))
            .collect();
        rendering.sort_unstable_by_key(|bytes| Reverse(*bytes));
        rendering.truncate(rayon::current_num_threads());
        let encoding = wave.iter().map(|index| self.encoding_bytes(*index));
        sum([held_bytes].into_iter().chain(rendering).chain(encoding))
    }

    fn encoding_bytes(&self, index: usize) -> u64 {
        let plan = &self.plans[index];
        let pixel_bytes = self.source.pixel_layout().bytes_per_pixel();
        encode::memory_bytes(plan.format(), plan.output().area(), pixel_bytes)
    }

    /// Returns the bytes of the files of a wave, if they hardly compress.
    fn files_bytes(&self, wave: &[usize]) -> u64 {
        let file = |index: &usize| match self.plans[*index].format() {
            Format::Jpg => self.sample_bytes(*index) / 2,
            _ => self.sample_bytes(*index),
        };
        sum(wave.iter().map(file))
    }

    fn sample_bytes(&self, index: usize) -> u64 {
        let pixel_bytes = self.source.pixel_layout().bytes_per_pixel();
        let area = self.plans[index].output().area();
        area.saturating_mul(pixel_bytes)
    }
}

/// Returns the work of a decode and of `plans` that are scaled from it, in pixels decompressed.
fn work_px(decoding: &Decoding, plans: usize) -> u64 {
    let scaling = decoding.dimensions().area() / SCALED_PER_DECOMPRESSED;
    decoding
        .work_px
        .saturating_add(scaling.saturating_mul(plans as u64))
}

fn sum(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}

#[cfg(all(test, feature = "jpeg", feature = "tiff"))]
mod tests;
