//! [`Tables`]: the tables of a job before they are on the GPU. Plain data, computed without a device.

use std::ops::Range;
use std::sync::Arc;

use super::abi::{ClipEntry, InterpolatedEntry, NO_COUNTER, PlaceEntry, PlanEntry, TileEntry};
use super::bank::{Bank, Form, Recipe, place};
use super::cache::BankCache;
use super::placed::{PlacedRun, Strides, refuse_overlaps};
use super::shader::{GpuKernel as Kernel, Needs, Shader, WORKGROUP, padding_code, to_i32, to_u32};
use crate::error::{Error, Result};
use crate::options::Padding;
use crate::plan::Plan;

/// Limits of the dispatches of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DispatchLimits {
    /// Largest number of workgroups on each side of a grid.
    pub(crate) workgroups: u32,
    /// Largest number of multiply-adds of a part, unless it is a single tile.
    pub(crate) multiply_adds: u64,
}

/// Tables of a job: one dispatch for each kind of work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tables {
    pub(crate) dispatches: Vec<Dispatch>,
    /// Number of samples that the input buffer must hold.
    pub(crate) input_end: u64,
    /// Number of samples that the output buffer must hold.
    pub(crate) output_end: u64,
    /// Number of u32s that the output buffer must hold for the counters of clamped integers.
    pub(crate) counters_end: u64,
    pub(crate) multiply_adds: u64,
}

/// Kind of work: plans of one kind share a dispatch, which runs as fast for each as alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) shader: Shader,
    /// Number of vec4s of workgroup memory.
    pub(crate) staged: u32,
    /// Number of chunks, rounded up to a power of two if it is up to [`MAX_SHARED_CHUNKS`]: threads iterate over as many
    /// as the plan with the most chunks has.
    chunks: u32,
    /// True if products are summed in several chains.
    splits_sums: bool,
}

/// Largest number of chunks of plans that share a dispatch with plans of fewer chunks. The iterations that the others
/// add, some thousands at most, leave a thread below the limit of llvmpipe, see `MAX_STEPS`.
const MAX_SHARED_CHUNKS: u32 = 64;

impl Kind {
    pub(crate) fn of(recipe: &Recipe) -> Self {
        let chunks = recipe.chunks();
        let chunks = if chunks > MAX_SHARED_CHUNKS { chunks } else { chunks.next_power_of_two() };
        Self { shader: recipe.shader, staged: recipe.staged(), chunks, splits_sums: recipe.splits_sums }
    }
}

/// Tables of one dispatch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dispatch {
    pub(crate) kind: Kind,
    pub(crate) needs: Needs,
    /// Largest number of chunks of a plan.
    pub(crate) chunks: u32,
    pub(crate) parts: Vec<Part>,
    pub(crate) tiles: Vec<TileEntry>,
    pub(crate) clips: Vec<ClipEntry>,
    pub(crate) plans: Plans,
    /// Banks of the plans, whose taps follow each other in binding 5.
    pub(crate) banks: Vec<Arc<Bank>>,
}

/// Tiles that are dispatched together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) tiles: Range<u32>,
    pub(crate) grid: (u32, u32),
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
    /// a grid has, and [`Error::GpuBuffer`] for clips whose outputs overlap.
    pub(crate) fn new<'a>(
        runs: impl IntoIterator<Item = &'a PlacedRun>,
        kernel: Kernel,
        limits: DispatchLimits,
        cache: &BankCache,
    ) -> Result<Self> {
        let (mut input_end, mut output_end, mut counters_end) = (0, 0, 0);
        let mut multiply_adds = 0_u64;
        let mut outputs = Vec::new();
        let mut known: Vec<Known<'_>> = Vec::new();
        let mut builders: Vec<Builder> = Vec::new();
        for run in runs.into_iter().filter(|run| run.output_len() > 0) {
            let progression = run.progression()?;
            input_end = input_end.max(run.input_end()?);
            output_end = output_end.max(progression.last + 1);
            counters_end = counters_end.max(run.counter.map_or(0, |counter| counter.saturating_add(1)));
            multiply_adds = multiply_adds.saturating_add(run.output_len().saturating_mul(run.plan.multiply_adds()));
            outputs.push(progression);
            let index = match known.iter().rposition(|known| known.run.shares_bank_with(run)) {
                Some(index) => index,
                None => {
                    known.push(Known::new(
                        run,
                        cache.bank(&run.plan, kernel, run.forward.as_ref())?,
                        &known,
                        &mut builders,
                    )?);
                    known.len() - 1
                }
            };
            let Known { bank, builder, plan, .. } = &known[index];
            builders[*builder].add_run(run, bank, *plan, limits.multiply_adds)?;
        }
        to_u32("counters", counters_end)?;
        refuse_overlaps(outputs)?;
        let dispatches =
            builders.into_iter().map(|builder| builder.finish(limits.workgroups)).collect::<Result<_>>()?;
        Ok(Self { dispatches, input_end, output_end, counters_end, multiply_adds })
    }
}

/// A plan of the job, the first run that has it, and its places in the tables.
struct Known<'a> {
    run: &'a PlacedRun,
    bank: Arc<Bank>,
    builder: usize,
    /// Index of its entry.
    plan: usize,
}

impl<'a> Known<'a> {
    /// Finds the entry of an equal plan, or adds one.
    fn new(run: &'a PlacedRun, bank: Arc<Bank>, known: &[Self], builders: &mut Vec<Builder>) -> Result<Self> {
        let padding = run.plan.shape().padding();
        let is_equal = |other: &&Self| Arc::ptr_eq(&other.bank, &bank) && other.run.plan.shape().padding() == padding;
        if let Some(&Self { builder, plan, .. }) = known.iter().find(is_equal) {
            return Ok(Self { run, bank, builder, plan });
        }
        let kind = Kind::of(&bank.recipe);
        let builder = builders.iter().position(|builder| builder.kind == kind).unwrap_or_else(|| {
            builders.push(Builder::new(kind));
            builders.len() - 1
        });
        let plan = builders[builder].add_plan(&run.plan, &bank)?;
        Ok(Self { run, bank, builder, plan })
    }
}

/// Tables of one dispatch, to which runs are added one by one.
struct Builder {
    kind: Kind,
    needs: Needs,
    chunks: u32,
    /// Numbers of the tiles at which parts begin, and the multiply-adds of the last part.
    part_starts: Vec<u32>,
    part_multiply_adds: u64,
    tiles: Vec<TileEntry>,
    clips: Vec<ClipEntry>,
    plans: Vec<PlanEntry>,
    starts: Vec<i32>,
    interpolated: Vec<InterpolatedEntry>,
    /// Place of the first output of each tile.
    places: Vec<PlaceEntry>,
    /// Distances of the lanes of each interpolated plan. They go after the places of the tiles.
    distances: Vec<PlaceEntry>,
    banks: Vec<Arc<Bank>>,
    /// Number of taps of the banks.
    taps: usize,
}

impl Builder {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            needs: Needs { splits_sums: kind.splits_sums, ..Needs::default() },
            chunks: 0,
            part_starts: vec![0],
            part_multiply_adds: 0,
            tiles: Vec::new(),
            clips: Vec::new(),
            plans: Vec::new(),
            starts: Vec::new(),
            interpolated: Vec::new(),
            places: Vec::new(),
            distances: Vec::new(),
            banks: Vec::new(),
            taps: 0,
        }
    }

    /// Adds the bank of a plan, and returns the index of its entry.
    fn add_plan(&mut self, plan: &Plan, bank: &Arc<Bank>) -> Result<usize> {
        let padding = plan.shape().padding();
        self.needs.pads |= padding != Padding::Zero;
        self.chunks = self.chunks.max(bank.recipe.chunks());
        let padding = padding_code(padding);
        let margin = to_u32("the reach of the filter", plan.shape().margin() as u64)?;
        let first_tap = to_u32("taps", (self.taps / self.kind.shader.tap_unit()) as u64)?;
        self.taps += bank.taps.len();
        self.banks.push(Arc::clone(bank));
        match &bank.form {
            Form::Phases { entry, starts } => {
                let first_start = to_u32("starts", self.starts.len() as u64)?;
                self.plans.push(PlanEntry { starts: first_start, taps: first_tap, padding, margin, ..*entry });
                self.starts.extend(starts);
                Ok(self.plans.len() - 1)
            }
            Form::Interpolated { entry, distances } => {
                // `finish` adds the number of tiles, whose places come first.
                let first_place = to_u32("places", self.distances.len() as u64)?;
                self.interpolated.push(InterpolatedEntry { first_tap, first_place, padding, margin, ..*entry });
                self.distances.extend(distances);
                Ok(self.interpolated.len() - 1)
            }
        }
    }

    fn add_run(&mut self, run: &PlacedRun, bank: &Bank, plan: usize, max_multiply_adds: u64) -> Result<()> {
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
        self.add_tiles(index, count, bank.recipe.tile_multiply_adds(&run.plan), max_multiply_adds)?;
        let Strides { input, output, channels, channel } = run.strides.of(run.input_len, run.output_len());
        self.needs.strides |= (input, output) != (1, 1);
        self.needs.mixes |= channels != 1;
        bank.recipe.check_channels(&run.plan, channels)?;
        self.clips.push(ClipEntry {
            input_offset: to_u32("the offset of a clip", run.input_offset)?,
            input_len: to_u32("the length of a clip", run.input_len)?,
            output_offset: to_u32("the offset of an output", run.output_offset)?,
            output_len: to_u32("the length of an output", run.output_len())?,
            shift,
            plan: to_u32("plans", plan as u64)?,
            first: clip_end(-i128::from(run.origin)),
            last: clip_end(i128::from(run.clip_len) - 1 - i128::from(run.origin)),
            counter: run.counter.map_or(Ok(NO_COUNTER), |counter| to_u32("counters", counter))?,
            input_stride: to_i32("a stride", input.into())?,
            output_stride: to_i32("a stride", output.into())?,
            channels: to_u32("channels", channels)?,
            channel_stride: to_i32("a stride", channel.into())?,
        });
        Ok(())
    }

    /// Adds the tiles of a clip, and begins a part where the last one would have too many multiply-adds.
    fn add_tiles(&mut self, clip: u32, count: u32, of_a_tile: u64, max_multiply_adds: u64) -> Result<()> {
        let first = to_u32("tiles", self.tiles.len() as u64)?;
        self.tiles.extend((0..count).map(|tile| TileEntry { clip, tile }));
        to_u32("tiles", self.tiles.len() as u64)?;
        let of_a_tile = of_a_tile.max(1);
        let mut tile = 0;
        while tile < count {
            let fits = max_multiply_adds.saturating_sub(self.part_multiply_adds) / of_a_tile;
            let part_is_empty = self.part_starts.last() == Some(&(first + tile));
            if fits == 0 && !part_is_empty {
                self.part_starts.push(first + tile);
                self.part_multiply_adds = 0;
                continue;
            }
            let taken = u32::try_from(fits.max(1)).unwrap_or(u32::MAX).min(count - tile);
            self.part_multiply_adds = self.part_multiply_adds.saturating_add(of_a_tile.saturating_mul(taken.into()));
            tile += taken;
        }
        Ok(())
    }

    fn finish(mut self, max_workgroups: u32) -> Result<Dispatch> {
        let end = to_u32("tiles", self.tiles.len() as u64)?;
        let plans = if self.kind.shader == Shader::Interpolated {
            self.interpolated.iter_mut().for_each(|plan| plan.first_place += end);
            self.places.append(&mut self.distances);
            Plans::Interpolated { plans: self.interpolated, places: self.places }
        } else {
            Plans::Phases { plans: self.plans, starts: self.starts }
        };
        let ends = self.part_starts.iter().skip(1).chain([&end]);
        let part = |(&start, &end): (&u32, &u32)| {
            let grid = grid((end - start).into(), max_workgroups)?;
            Ok(Part { tiles: start..end, grid })
        };
        let parts = self.part_starts.iter().zip(ends).map(part).collect::<Result<_>>()?;
        let Self { kind, needs, chunks, tiles, clips, banks, .. } = self;
        Ok(Dispatch { kind, needs, chunks, parts, tiles, clips, plans, banks })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ResampleOptions;

    /// Plans that are made anew for each clip share the entry and the taps of the first.
    #[test]
    fn equal_plans_have_one_entry_and_one_bank() {
        let options = ResampleOptions::default();
        let runs: Vec<_> = (0..100)
            .map(|i| {
                let padding = if i % 2 == 0 { Padding::Zero } else { Padding::Edge };
                let plan = Plan::new(3, 2, options.padding(padding)).expect("a plan");
                PlacedRun::whole(&plan, 0, 300, 200 * i, 200)
            })
            .collect();
        let limits = DispatchLimits { workgroups: 1000, multiply_adds: u64::MAX };
        let tables = Tables::new(&runs, Kernel::Banded, limits, &BankCache::default()).expect("within the limits");
        let [dispatch] = &tables.dispatches[..] else { panic!("{tables:?}") };
        let Plans::Phases { plans, .. } = &dispatch.plans else { panic!("exact banks") };
        assert_eq!((plans.len(), dispatch.banks.len(), dispatch.clips.len()), (2, 2, 100));
        assert!(dispatch.clips.iter().zip([0, 1].into_iter().cycle()).all(|(clip, plan)| clip.plan == plan));
    }

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
