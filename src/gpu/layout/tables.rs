//! The tables of a dispatch, before they are on the GPU: plain data, computed without a device.

use std::sync::Arc;

use super::abi::{ClipEntry, InterpolatedEntry, PlaceEntry, PlanEntry, TileEntry};
use super::bank::{Bank, Form, place};
use super::cache::BankCache;
use super::shader::{GpuKernel as Kernel, Shader, WORKGROUP, to_u32};
use crate::error::{Error, Result};
use crate::gpu::clip::GpuClip;
use crate::options::Padding;

/// The tables of a job: one dispatch for each shader that its plans need.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tables {
    pub(crate) dispatches: Vec<Dispatch>,
    pub(crate) input_end: u64,
    pub(crate) output_end: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dispatch {
    pub(crate) shader: Shader,
    pub(crate) splits_sums: bool,
    pub(crate) pads: bool,
    pub(crate) grid: (u32, u32),
    pub(crate) tiles: Vec<TileEntry>,
    pub(crate) clips: Vec<ClipEntry>,
    pub(crate) plans: Plans,
    pub(crate) taps: Vec<f32>,
}

/// What the shaders have in bindings 3 and 4.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plans {
    Phases { plans: Vec<PlanEntry>, starts: Vec<i32> },
    Interpolated { plans: Vec<InterpolatedEntry>, places: Vec<PlaceEntry> },
}

impl Tables {
    /// # Errors
    /// [`Error::GpuLimit`] for offsets and sizes beyond the 32-bit integers of the shaders, or beyond the grid of `widest`
    /// workgroups a side, and [`Error::GpuBuffer`] for clips whose outputs overlap.
    pub(crate) fn new(clips: &[GpuClip], kernel: Kernel, widest: u32, cache: &BankCache) -> Result<Self> {
        let (mut input_end, mut output_end) = (0, 0);
        let mut outputs = Vec::with_capacity(clips.len());
        let mut known: Vec<(&GpuClip, Arc<Bank>, usize)> = Vec::new();
        let mut builders = [Shader::Banded, Shader::Simple, Shader::Interpolated].map(Builder::new);
        for clip in clips.iter().filter(|clip| clip.output_len > 0) {
            input_end = input_end.max(clip.input_offset.saturating_add(clip.input_len));
            output_end = output_end.max(clip.output_offset.saturating_add(clip.output_len));
            outputs.push((clip.output_offset, clip.output_len));
            let at = match known.iter().rposition(|(other, ..)| other.has_bank_of(clip)) {
                Some(at) => at,
                None => {
                    let bank = cache.bank(&clip.plan, kernel, clip.divided_by.as_ref())?;
                    let plan = builders[bank.recipe.shader as usize].add_plan(clip, &bank)?;
                    known.push((clip, bank, plan));
                    known.len() - 1
                }
            };
            let (_, bank, plan) = &known[at];
            builders[bank.recipe.shader as usize].add_clip(clip, bank, *plan)?;
        }
        to_u32("samples of the input", input_end)?;
        to_u32("samples of the output", output_end)?;
        refuse_overlaps(outputs)?;
        let dispatches = builders.into_iter().filter(|builder| !builder.tiles.is_empty());
        let dispatches = dispatches.map(|builder| builder.finish(widest)).collect::<Result<_>>()?;
        Ok(Self { dispatches, input_end, output_end })
    }
}

/// A dispatch in the making.
struct Builder {
    shader: Shader,
    splits_sums: bool,
    pads: bool,
    tiles: Vec<TileEntry>,
    clips: Vec<ClipEntry>,
    plans: Vec<PlanEntry>,
    starts: Vec<i32>,
    interpolated: Vec<InterpolatedEntry>,
    /// Of the tiles, and of the threads.
    places: Vec<PlaceEntry>,
    steps: Vec<PlaceEntry>,
    taps: Vec<f32>,
}

impl Builder {
    fn new(shader: Shader) -> Self {
        Self {
            shader,
            splits_sums: false,
            pads: false,
            tiles: Vec::new(),
            clips: Vec::new(),
            plans: Vec::new(),
            starts: Vec::new(),
            interpolated: Vec::new(),
            places: Vec::new(),
            steps: Vec::new(),
            taps: Vec::new(),
        }
    }

    /// Returns the plan's index.
    fn add_plan(&mut self, clip: &GpuClip, bank: &Bank) -> Result<usize> {
        let padding = match clip.plan.shape().padding() {
            Padding::Zero => 0,
            Padding::Edge => 1,
            Padding::Reflect => 2,
        };
        let margin = clip.plan.shape().margin();
        let margin = to_u32("the reach of the filter", margin as u64)?;
        self.pads |= padding != 0;
        // Taps are counted in what the shader's array holds: single ones, or vec4s.
        let unit = if self.shader == Shader::Simple { 1 } else { 4 };
        let first_tap = to_u32("taps", (self.taps.len() / unit) as u64)?;
        self.taps.extend(&bank.taps);
        match &bank.form {
            Form::Phases { entry, starts } => {
                self.splits_sums |= entry.taps_per_sum != 0;
                let first_start = to_u32("starts", self.starts.len() as u64)?;
                self.plans.push(PlanEntry { starts: first_start, taps: first_tap, padding, margin, ..*entry });
                self.starts.extend(starts);
                Ok(self.plans.len() - 1)
            }
            Form::Interpolated { entry, steps } => {
                // From the first of the steps on, until it is known how many tiles there are before them.
                let first_place = to_u32("plans", self.steps.len() as u64)?;
                self.interpolated.push(InterpolatedEntry { first_tap, first_place, padding, margin, ..*entry });
                self.steps.extend(steps);
                Ok(self.interpolated.len() - 1)
            }
        }
    }

    fn add_clip(&mut self, clip: &GpuClip, bank: &Bank, plan: usize) -> Result<()> {
        let part = clip.part();
        let ratio = clip.plan.ratio();
        let position = |output: u64| u128::from(output) * u128::from(ratio.stride()) / u128::from(ratio.phases());
        let last = position(part.first_output.saturating_add(clip.output_len)).saturating_sub(part.first_sample.into());
        to_u32("the position of an output", u64::try_from(last).unwrap_or(u64::MAX))?;
        let count = to_u32("tiles of a clip", bank.recipe.tiles(clip.output_len))?;
        let index = to_u32("clips", self.clips.len() as u64)?;
        let mut shift = 0;
        if let Form::Interpolated { .. } = bank.form {
            for tile in 0..u64::from(count) {
                let output = part.first_output + tile * u64::from(WORKGROUP);
                self.places.push(place(&clip.plan, output, part.first_sample)?);
            }
        } else {
            let period = i128::from(part.first_output / ratio.phases()) * i128::from(ratio.stride());
            let from_first = period - i128::from(part.first_sample);
            shift = i32::try_from(from_first).map_err(|_| Error::GpuLimit {
                what: "the shift of a clip",
                needed: u64::try_from(from_first.unsigned_abs()).unwrap_or(u64::MAX),
                limit: i32::MAX as u64,
            })?;
        }
        self.tiles.extend((0..count).map(|tile| TileEntry { clip: index, tile }));
        self.clips.push(ClipEntry {
            input_offset: to_u32("the offset of a clip", clip.input_offset)?,
            input_len: to_u32("the length of a clip", clip.input_len)?,
            output_offset: to_u32("the offset of an output", clip.output_offset)?,
            output_len: to_u32("the length of an output", clip.output_len)?,
            shift,
            plan: to_u32("plans", plan as u64)?,
            first: near(-i128::from(part.first_sample)),
            last: near(i128::from(part.clip_len) - 1 - i128::from(part.first_sample)),
        });
        Ok(())
    }

    fn finish(mut self, widest: u32) -> Result<Dispatch> {
        let plans = if self.shader == Shader::Interpolated {
            let tiles = to_u32("tiles", self.places.len() as u64)?;
            self.interpolated.iter_mut().for_each(|plan| plan.first_place += tiles);
            self.places.append(&mut self.steps);
            Plans::Interpolated { plans: self.interpolated, places: self.places }
        } else {
            Plans::Phases { plans: self.plans, starts: self.starts }
        };
        let Self { shader, splits_sums, pads, tiles, clips, taps, .. } = self;
        let splits_sums = splits_sums && shader == Shader::Banded;
        Ok(Dispatch { shader, splits_sums, pads, grid: grid(tiles.len() as u64, widest)?, tiles, clips, plans, taps })
    }
}

/// An end of a clip, as a position: one so far away that no window gets there may be nearer.
fn near(position: i128) -> i32 {
    const FAR: i32 = (1 << 30) - 1;
    i32::try_from(position).unwrap_or(if position < 0 { -FAR } else { FAR }).clamp(-FAR, FAR)
}

/// Width and height of the grid for so many workgroups, of which at most `widest` in a row.
fn grid(workgroups: u64, widest: u32) -> Result<(u32, u32)> {
    let height = workgroups.div_ceil(u64::from(widest).max(1)).max(1);
    let width = workgroups.div_ceil(height);
    let limit = u64::from(widest) * u64::from(widest);
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) if height <= widest => Ok((width, height)),
        _ => Err(Error::GpuLimit { what: "workgroups of a dispatch", needed: workgroups, limit }),
    }
}

/// Offsets and lengths must have been found to be small.
fn refuse_overlaps(mut ranges: Vec<(u64, u64)>) -> Result<()> {
    ranges.sort_unstable();
    match ranges.windows(2).find(|pair| pair[0].0 + pair[0].1 > pair[1].0) {
        None => Ok(()),
        Some(pair) => {
            let problem =
                format!("is written twice: {} outputs at {} reach beyond {}", pair[0].1, pair[0].0, pair[1].0);
            Err(Error::GpuBuffer { buffer: "output", problem })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_hold_every_workgroup_up_to_their_limit_and_refuse_one_more() {
        for widest in [1, 2, 64, 65_535_u32] {
            let most = u64::from(widest) * u64::from(widest);
            for workgroups in [1, u64::from(widest) - 1, widest.into(), u64::from(widest) + 1, most - 1, most] {
                if workgroups <= most {
                    let (width, height) = grid(workgroups, widest).expect("it fits");
                    assert!(width <= widest && height <= widest);
                    // Less than a row is left over, for the shader to pass by.
                    let held = u64::from(width) * u64::from(height);
                    assert!(
                        held >= workgroups && held - workgroups < u64::from(height),
                        "{workgroups} in {width} × {height}"
                    );
                }
            }
            assert!(matches!(grid(most + 1, widest), Err(Error::GpuLimit { limit, .. }) if limit == most));
        }
    }
}
