//! [`Tables`]: the tables of a job before they are on the GPU. Plain data, computed without a device.

use std::ops::Range;
use std::sync::Arc;

use super::abi::{ClipEntry, InterpolatedEntry, PlaceEntry, PlanEntry, TileEntry};
use super::bank::{Bank, Form, place};
use super::cache::BankCache;
use super::shader::{GpuKernel as Kernel, Shader, WORKGROUP, padding_code, to_i32, to_u32};
use crate::error::{Error, Result};
use crate::filter::shape::FilterShape;
use crate::options::Padding;
use crate::plan::Plan;

/// Outputs of one clip and the samples under them, in the buffers of a job. Offsets and lengths are in samples.
#[derive(Debug, Clone)]
pub(crate) struct PlacedRun {
    pub(crate) plan: Plan,
    /// Normalised filter of which the plan is the transpose, if it is one, see [`Bank::new`].
    pub(crate) forward: Option<FilterShape>,
    /// Offset of the samples in the input buffer.
    pub(crate) input_offset: u64,
    /// Number of the samples.
    pub(crate) input_len: u64,
    /// Position of the first of the samples in the clip.
    pub(crate) origin: u64,
    /// Length of the whole clip, beyond whose ends the plan's padding applies.
    pub(crate) clip_len: u64,
    /// Offset of the outputs in the output buffer.
    pub(crate) output_offset: u64,
    /// Numbers of the outputs. The first begins a period, except with an interpolated bank.
    pub(crate) outputs: Range<u64>,
}

impl PlacedRun {
    /// The first `output_len` outputs of a clip whose samples are all in the buffer.
    pub(crate) fn whole(plan: &Plan, input_offset: u64, clip_len: u64, output_offset: u64, output_len: u64) -> Self {
        Self {
            plan: plan.clone(),
            forward: None,
            input_offset,
            input_len: clip_len,
            origin: 0,
            clip_len,
            output_offset,
            outputs: 0..output_len,
        }
    }

    pub(crate) fn output_len(&self) -> u64 {
        self.outputs.end - self.outputs.start
    }

    /// True if both runs can share an entry in the table of plans. (Clones of a plan share one shape.)
    fn shares_bank_with(&self, other: &Self) -> bool {
        std::ptr::eq(self.plan.shape(), other.plan.shape()) && self.forward == other.forward
    }
}

/// Tables of a job: one dispatch for each shader that its plans need.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tables {
    pub(crate) dispatches: Vec<Dispatch>,
    /// Number of samples that the input buffer must hold.
    pub(crate) input_end: u64,
    /// Number of samples that the output buffer must hold.
    pub(crate) output_end: u64,
}

/// Tables of one dispatch.
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

/// Contents of bindings 3 and 4 of the shaders.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plans {
    Phases { plans: Vec<PlanEntry>, starts: Vec<i32> },
    Interpolated { plans: Vec<InterpolatedEntry>, places: Vec<PlaceEntry> },
}

impl Tables {
    /// Lays out the tables of a job.
    ///
    /// # Errors
    /// [`Error::GpuLimit`] for offsets and sizes beyond the 32-bit integers of the shaders, or for more workgroups than
    /// a grid of `max_workgroups` on each side has, and [`Error::GpuBuffer`] for clips whose outputs overlap.
    pub(crate) fn new<'a>(
        runs: impl IntoIterator<Item = &'a PlacedRun>,
        kernel: Kernel,
        max_workgroups: u32,
        cache: &BankCache,
    ) -> Result<Self> {
        let (mut input_end, mut output_end) = (0, 0);
        let mut outputs = Vec::new();
        let mut known: Vec<(&PlacedRun, Arc<Bank>, usize)> = Vec::new();
        let mut builders = Shader::ALL.map(Builder::new);
        for run in runs.into_iter().filter(|run| run.output_len() > 0) {
            input_end = input_end.max(run.input_offset.saturating_add(run.input_len));
            output_end = output_end.max(run.output_offset.saturating_add(run.output_len()));
            outputs.push((run.output_offset, run.output_len()));
            let index = match known.iter().rposition(|(other, ..)| other.shares_bank_with(run)) {
                Some(index) => index,
                None => {
                    let bank = cache.bank(&run.plan, kernel, run.forward.as_ref())?;
                    let plan = builders[bank.recipe.shader as usize].add_plan(&run.plan, &bank)?;
                    known.push((run, bank, plan));
                    known.len() - 1
                }
            };
            let (_, bank, plan) = &known[index];
            builders[bank.recipe.shader as usize].add_run(run, bank, *plan)?;
        }
        to_u32("samples of the input", input_end)?;
        to_u32("samples of the output", output_end)?;
        refuse_overlaps(outputs)?;
        let dispatches = builders.into_iter().filter(|builder| !builder.tiles.is_empty());
        let dispatches = dispatches.map(|builder| builder.finish(max_workgroups)).collect::<Result<_>>()?;
        Ok(Self { dispatches, input_end, output_end })
    }
}

/// Tables of one dispatch, to which runs are added one by one.
struct Builder {
    shader: Shader,
    splits_sums: bool,
    pads: bool,
    tiles: Vec<TileEntry>,
    clips: Vec<ClipEntry>,
    plans: Vec<PlanEntry>,
    starts: Vec<i32>,
    interpolated: Vec<InterpolatedEntry>,
    /// Place of the first output of each tile.
    places: Vec<PlaceEntry>,
    /// Distances of the lanes of each interpolated plan. They go after the places of the tiles.
    distances: Vec<PlaceEntry>,
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
            distances: Vec::new(),
            taps: Vec::new(),
        }
    }

    /// Adds the bank of a plan, and returns the index of its entry.
    fn add_plan(&mut self, plan: &Plan, bank: &Bank) -> Result<usize> {
        let padding = plan.shape().padding();
        self.pads |= padding != Padding::Zero;
        let padding = padding_code(padding);
        let margin = to_u32("the reach of the filter", plan.shape().margin() as u64)?;
        let first_tap = to_u32("taps", (self.taps.len() / self.shader.tap_unit()) as u64)?;
        self.taps.extend(&bank.taps);
        match &bank.form {
            Form::Phases { entry, starts } => {
                self.splits_sums |= entry.taps_per_sum != 0;
                let first_start = to_u32("starts", self.starts.len() as u64)?;
                self.plans.push(PlanEntry { starts: first_start, taps: first_tap, padding, margin, ..*entry });
                self.starts.extend(starts);
                Ok(self.plans.len() - 1)
            }
            Form::Interpolated { entry, distances } => {
                // `finish` adds the number of tiles, whose places come first.
                let first_place = to_u32("plans", self.distances.len() as u64)?;
                self.interpolated.push(InterpolatedEntry { first_tap, first_place, padding, margin, ..*entry });
                self.distances.extend(distances);
                Ok(self.interpolated.len() - 1)
            }
        }
    }

    fn add_run(&mut self, run: &PlacedRun, bank: &Bank, plan: usize) -> Result<()> {
        let ratio = run.plan.ratio();
        let end = u128::from(run.outputs.end) * u128::from(ratio.stride()) / u128::from(ratio.phases());
        let end = u64::try_from(end.saturating_sub(run.origin.into())).unwrap_or(u64::MAX);
        to_u32("the position of an output", end)?;
        let count = to_u32("tiles of a clip", bank.recipe.tiles(run.output_len()))?;
        let index = to_u32("clips", self.clips.len() as u64)?;
        let mut shift = 0;
        if let Form::Interpolated { .. } = bank.form {
            for tile in 0..u64::from(count) {
                let output = run.outputs.start + tile * u64::from(WORKGROUP);
                self.places.push(place(&run.plan, output, run.origin)?);
            }
        } else {
            let period = i128::from(run.outputs.start / ratio.phases()) * i128::from(ratio.stride());
            shift = to_i32("the shift of a clip", period - i128::from(run.origin))?;
        }
        self.tiles.extend((0..count).map(|tile| TileEntry { clip: index, tile }));
        self.clips.push(ClipEntry {
            input_offset: to_u32("the offset of a clip", run.input_offset)?,
            input_len: to_u32("the length of a clip", run.input_len)?,
            output_offset: to_u32("the offset of an output", run.output_offset)?,
            output_len: to_u32("the length of an output", run.output_len())?,
            shift,
            plan: to_u32("plans", plan as u64)?,
            first: clip_end(-i128::from(run.origin)),
            last: clip_end(i128::from(run.clip_len) - 1 - i128::from(run.origin)),
        });
        Ok(())
    }

    fn finish(mut self, max_workgroups: u32) -> Result<Dispatch> {
        let plans = if self.shader == Shader::Interpolated {
            let tiles = to_u32("tiles", self.places.len() as u64)?;
            self.interpolated.iter_mut().for_each(|plan| plan.first_place += tiles);
            self.places.append(&mut self.distances);
            Plans::Interpolated { plans: self.interpolated, places: self.places }
        } else {
            Plans::Phases { plans: self.plans, starts: self.starts }
        };
        let Self { shader, splits_sums, pads, tiles, clips, taps, .. } = self;
        let splits_sums = splits_sums && shader == Shader::Banded;
        let grid = grid(tiles.len() as u64, max_workgroups)?;
        Ok(Dispatch { shader, splits_sums, pads, grid, tiles, clips, plans, taps })
    }
}

/// Position of a clip's first or last sample, clamped to ±(2³⁰ − 1), beyond which no window of the run reaches.
fn clip_end(position: i128) -> i32 {
    const FAR: i32 = (1 << 30) - 1;
    i32::try_from(position).unwrap_or(if position < 0 { -FAR } else { FAR }).clamp(-FAR, FAR)
}

/// Width and height of the smallest grid that has at least `workgroups` workgroups, and at most `max` on each side.
fn grid(workgroups: u64, max: u32) -> Result<(u32, u32)> {
    let height = workgroups.div_ceil(u64::from(max).max(1)).max(1);
    let width = workgroups.div_ceil(height);
    let limit = u64::from(max) * u64::from(max);
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) if height <= max => Ok((width, height)),
        _ => Err(Error::GpuLimit { what: "workgroups of a dispatch", needed: workgroups, limit }),
    }
}

/// Refuses ranges of (offset, length) that overlap. Offsets and lengths must have passed [`to_u32`].
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
        for max in [1, 2, 64, 65_535_u32] {
            let limit = u64::from(max) * u64::from(max);
            for workgroups in [1, u64::from(max) - 1, max.into(), u64::from(max) + 1, limit - 1, limit] {
                if workgroups <= limit {
                    let (width, height) = grid(workgroups, max).expect("it fits");
                    assert!(width <= max && height <= max);
                    // Fewer workgroups than the grid has rows are without a tile.
                    let held = u64::from(width) * u64::from(height);
                    assert!(
                        held >= workgroups && held - workgroups < u64::from(height),
                        "{workgroups} in {width} × {height}"
                    );
                }
            }
            let what = "workgroups of a dispatch";
            assert_eq!(grid(limit + 1, max), Err(Error::GpuLimit { what, needed: limit + 1, limit }));
        }
    }
}
