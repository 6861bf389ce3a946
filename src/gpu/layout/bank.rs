//! [`Recipe`] and [`Bank`]: the taps of a plan in the layout of each shader. Plain data, computed without a device.

use super::abi::{InterpolatedEntry, PlaceEntry, PlanEntry, halves};
use super::banded;
use super::phase_taps::PhaseTaps;
use super::shader::{
    BLOCK_PHASES, COPIED, GpuKernel as Kernel, MAX_TAPS_IN_ONE_SUM, QUAD_PERIODS, SEGMENT, Shader, TAPS_PER_SUM,
    WORKGROUP, check_steps, to_i32, to_u32,
};
use super::tile::{Lanes, MAX_COMPONENTS, PlanSize, Tile};
use crate::error::{Error, Result};
use crate::filter::interpolated::{InterpolatedBank, VECTOR};
use crate::filter::prototype::phase_sums;
use crate::filter::shape::FilterShape;
use crate::plan::{Bank as PlanBank, Plan};

/// Decisions on how to compute a plan, which need no taps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Recipe {
    pub(crate) shader: Shader,
    /// Number of outputs from one point where a clip can be cut, without changing a bit of the outputs, to the next.
    pub(crate) granularity: u64,
    /// True if products are summed in several chains.
    pub(crate) splits_sums: bool,
    /// Tile of the banded kernel; `None` for the other kernels.
    tile: Option<Tile>,
}

impl Recipe {
    /// Recipe of a plan with a kernel for exact banks.
    ///
    /// # Errors
    /// [`Error::GpuLimit`] for a plan whose positions do not fit the 32-bit integers of the shaders, or whose filter is
    /// too long for their loops.
    pub(crate) fn new(plan: &Plan, kernel: Kernel) -> Result<Self> {
        let exact = match kernel {
            Kernel::Plain => Shader::Plain,
            Kernel::Banded => Shader::Banded,
            Kernel::Paired => Shader::Paired,
        };
        let ratio = plan.ratio();
        let shader = match plan.bank() {
            PlanBank::Copy => {
                return Ok(Self { shader: Shader::Copied, granularity: 1, splits_sums: false, tile: None });
            }
            PlanBank::Interpolated(_) => Shader::Interpolated,
            PlanBank::Exact(_) => exact,
        };
        to_u32("the reach of the filter", plan.look_ahead() as u64)?;
        let taps = plan.shape().window_len() as u64;
        let (granularity, tile) = match shader {
            Shader::Copied => (1, None),
            Shader::Plain => {
                check_steps(taps + MAX_COMPONENTS)?;
                to_u32("phases", ratio.phases())?;
                to_u32("stride", ratio.stride())?;
                (ratio.phases(), None)
            }
            Shader::Banded | Shader::Paired => {
                let tile = Tile::choose(PlanSize::of(plan), Lanes::of(shader));
                let (phases, _) = tile.check(ratio)?;
                (phases.into(), Some(tile))
            }
            // A granule is one tile: the place of its first output comes from the host, the others are computed from
            // it.
            Shader::Interpolated => {
                check_steps(taps.div_ceil(4) + taps.div_ceil(u64::from(4 * SEGMENT)) + 2)?;
                (WORKGROUP.into(), None)
            }
        };
        let splits_sums = tile.is_some() && plan.shape().window_len() > MAX_TAPS_IN_ONE_SUM;
        Ok(Self { shader, granularity, splits_sums, tile })
    }

    /// Number of tiles of `outputs` outputs, and thus of workgroups.
    pub(crate) fn tiles(&self, outputs: u64) -> u64 {
        match self.tile {
            Some(tile) => {
                let across = self.granularity.div_ceil(BLOCK_PHASES.into()).div_ceil(tile.blocks_in_tile);
                outputs.div_ceil(self.granularity).div_ceil(tile.quads * u64::from(QUAD_PERIODS)) * across
            }
            None if self.shader == Shader::Copied => outputs.div_ceil(COPIED.into()),
            None => outputs.div_ceil(WORKGROUP.into()),
        }
    }

    /// Refuses clips that are the mean of so many channels that the loops of a thread would be cut short.
    ///
    /// # Errors
    /// [`Error::GpuLimit`].
    pub(crate) fn check_channels(&self, plan: &Plan, channels: u64) -> Result<()> {
        // The mean is computed for each sample that is loaded, once for each tap except in the banded kernel.
        let (taps, loop_over_channels) = (plan.shape().window_len() as u64, channels.saturating_add(1));
        match self.tile {
            _ if channels == 1 => Ok(()),
            Some(tile) => check_steps(tile.steps(channels)),
            None if self.shader == Shader::Copied => {
                check_steps(u64::from(COPIED / WORKGROUP).saturating_mul(loop_over_channels))
            }
            None => check_steps((taps + 8).saturating_mul(loop_over_channels)),
        }
    }

    /// Number of multiply-adds of the shader for one tile, of which a clip may fill a part.
    pub(crate) fn tile_multiply_adds(&self, plan: &Plan) -> u64 {
        match self.tile {
            Some(tile) => tile.multiply_adds(),
            None if self.shader == Shader::Copied => COPIED.into(),
            None => plan.multiply_adds().saturating_mul(WORKGROUP.into()),
        }
    }

    /// Number of vec4s of workgroup memory of the banded kernel; 0 for the others.
    pub(crate) fn staged(&self) -> u32 {
        self.tile.map_or(0, Tile::staged)
    }

    /// Number of chunks of the banded kernel; 0 for the others.
    pub(crate) fn chunks(&self) -> u32 {
        self.tile.map_or(0, |tile| u32::try_from(tile.chunks()).unwrap_or(u32::MAX))
    }
}

/// Part of a job's tables that depends on one plan alone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bank {
    pub(crate) recipe: Recipe,
    pub(crate) form: Form,
    pub(crate) taps: Vec<f32>,
}

/// Entry of a bank in the table of plans, and the starts or places that belong to it. The tables of a job add to the
/// entry its padding and the indices of its first start, place and tap.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    Phases {
        entry: PlanEntry,
        starts: Vec<i32>,
    },
    /// `distances`: from the first output of a tile to that of each lane.
    Interpolated {
        entry: InterpolatedEntry,
        distances: Vec<PlaceEntry>,
    },
}

impl Bank {
    /// Lays out the bank of a plan.
    ///
    /// `forward` is the normalised filter of which the plan is the transpose, if it is one. The forward filter divides
    /// output n by S\[n mod L\], the sum of the taps of its phase. Its outputs are the input samples of the transpose,
    /// whose tap for sample n is therefore divided by S\[n mod L\].
    ///
    /// # Errors
    /// [`Error::GpuLimit`] as [`Recipe::new`], [`Error::GpuUnsupported`] for the transpose of a normalised interpolated
    /// bank.
    pub(crate) fn new(plan: &Plan, recipe: Recipe, forward: Option<&FilterShape>) -> Result<Self> {
        match plan.bank() {
            PlanBank::Copy => {
                let entry = PlanEntry { phases: 1, stride: 1, components: 1, ..PlanEntry::default() };
                Ok(Self { recipe, form: Form::Phases { entry, starts: vec![0] }, taps: vec![0.0; 4] })
            }
            PlanBank::Interpolated(_) if forward.is_some() => Err(Error::GpuUnsupported {
                what: "the adjoint of a normalised filter with an interpolated bank, in buffers",
            }),
            PlanBank::Interpolated(bank) => interpolated(plan, bank, recipe),
            PlanBank::Exact(_) => {
                let mut phase_taps = PhaseTaps::new(plan);
                if let Some(forward) = forward {
                    phase_taps.divide(&phase_sums(forward));
                }
                match recipe.tile {
                    None => plain(plan, &phase_taps, recipe),
                    Some(tile) => {
                        let (entry, starts, taps) = banded::lay_out(plan, &phase_taps, tile)?;
                        Ok(Self { recipe, form: Form::Phases { entry, starts }, taps })
                    }
                }
            }
        }
    }

    /// Size in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let places = match &self.form {
            Form::Phases { starts, .. } => size_of_val(&**starts),
            Form::Interpolated { distances, .. } => size_of_val(&**distances),
        };
        size_of_val(&*self.taps) + places + size_of::<Self>()
    }
}

fn plain(plan: &Plan, phase_taps: &PhaseTaps, recipe: Recipe) -> Result<Bank> {
    let phases = to_u32("phases", plan.ratio().phases())?;
    let taps = plan.shape().window_len();
    let entry = PlanEntry {
        phases,
        stride: to_u32("stride", plan.ratio().stride())?,
        components: to_u32("components", PlanSize::of(plan).components())?,
        span: to_u32("taps", taps as u64)?,
        taps_per_sum: if taps > MAX_TAPS_IN_ONE_SUM { TAPS_PER_SUM } else { 0 },
        ..PlanEntry::default()
    };
    let starts = (0..phases).map(|phase| phase_taps.start(phase)).collect::<Result<_>>()?;
    let mut taps: Vec<_> = (0..phases).flat_map(|phase| phase_taps.taps(phase).iter().copied()).collect();
    // The smallest binding of taps is one vec4, which the other shaders read.
    taps.resize(taps.len().max(4), 0.0);
    Ok(Bank { recipe, form: Form::Phases { entry, starts }, taps })
}

#[expect(clippy::cast_possible_truncation, reason = "sums near 1, to divide by in float32")]
fn interpolated(plan: &Plan, bank: &InterpolatedBank, recipe: Recipe) -> Result<Bank> {
    let (grid, shape, phases) = (bank.grid, plan.shape(), plan.ratio().phases());
    let small = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    // A sample is inside the window if |distance · L − rest| ≤ reach. With R = reach / L, the rest decides this for two
    // samples: the one ⌊R⌋ samples before the output's own, and the one ⌊R⌋ + 1 samples after it.
    let rest = u64::try_from(shape.reach.rem_euclid(phases.into())).unwrap_or(0);
    let entry = InterpolatedEntry {
        phases: halves(phases),
        before: halves(rest),
        after: halves(phases - rest),
        nodes: small(grid.nodes),
        taps: small(grid.taps()),
        normalized: u32::from(shape.is_normalized()),
        ..InterpolatedEntry::default()
    };
    let mut taps = Vec::with_capacity((grid.nodes + 3) * (grid.taps().next_multiple_of(4) + 4));
    let padded = grid.taps().next_multiple_of(VECTOR);
    for (g, (ends, &sum)) in bank.ends.iter().zip(&bank.sums).enumerate() {
        taps.extend([ends[0], ends[1], sum as f32, 0.0]);
        taps.extend(&bank.taps[g * padded..][..grid.taps()]);
        taps.resize(taps.len().next_multiple_of(4), 0.0);
    }
    let distances = (0..WORKGROUP).map(|lane| place(plan, lane.into(), 0)).collect::<Result<_>>()?;
    Ok(Bank { recipe, form: Form::Interpolated { entry, distances }, taps })
}

/// Place of an output, as a distance from the sample at position `origin`.
///
/// # Errors
/// [`Error::GpuLimit`] for a place that 32 bits do not hold.
pub(crate) fn place(plan: &Plan, output: u64, origin: u64) -> Result<PlaceEntry> {
    let (stride, phases) = (u128::from(plan.ratio().stride()), u128::from(plan.ratio().phases()));
    let position = u128::from(output) * stride;
    let (sample, rest) = (position / phases, position % phases);
    let sample = i128::try_from(sample).unwrap_or(i128::MAX) - i128::from(origin);
    Ok(PlaceEntry {
        sample: to_i32("the position of an output", sample)?,
        rest: halves(u64::try_from(rest).unwrap_or(u64::MAX)),
        fraction: halves(u64::try_from((rest << 64) / phases).unwrap_or(u64::MAX)),
    })
}
