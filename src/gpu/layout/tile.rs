//! [`Tile`]: how the banded kernels divide a plan's outputs into tiles. Plain data, computed without a device.

use super::shader::{
    BLOCK_PHASES, MAX_STAGED, MAX_TAPS_IN_ONE_SUM, QUAD_PERIODS, STAGED, STEP, Shader, WAVE, check_steps, to_u32,
};
use crate::error::Result;
use crate::filter::ratio::{Ratio, gcd};
use crate::plan::Plan;

/// Largest number of polyphase components.
pub(super) const MAX_COMPONENTS: u64 = 8;

/// Number of lanes that llvmpipe computes together.
const SOFTWARE_WAVE: u64 = 8;

/// Division of a tile's outputs among the lanes of a workgroup: each lane computes one block of some quads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lanes {
    /// Number of lanes of a workgroup.
    count: u64,
    /// Number of quads of a lane.
    quads: u64,
}

impl Lanes {
    /// Lanes of one of the banded kernels.
    pub(super) fn of(shader: Shader) -> Self {
        Self { count: shader.workgroup().into(), quads: if shader == Shader::Paired { 2 } else { 1 } }
    }

    /// Largest number of blocks in a tile times its quads.
    fn max_blocks(self) -> u64 {
        self.count * self.quads
    }
}

/// Division of a plan's outputs into tiles of a banded kernel, all of them alike. See `shaders/banded.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tile {
    /// Lanes of the kernel that the tile is for.
    lanes: Lanes,
    /// Number of the ratio's periods in one period of blocks: (M, L) becomes (M · repeats, L · repeats). It is more
    /// than one where the ratio has too few phases to fill blocks.
    pub(crate) repeats: u64,
    /// Number of blocks of 8 phases in a tile.
    pub(crate) blocks_in_tile: u64,
    /// Number of quads of 4 periods in a tile, an even number.
    pub(crate) quads: u64,
    /// See [`PlanSize::components`].
    pub(crate) components: u64,
    /// Number of vec4s of workgroup memory for each quad. It is odd, so that neighbouring quads lie in different memory
    /// banks.
    pub(crate) pitch: u64,
    /// Base-2 logarithm of the number of lanes that stage neighbouring rows of a quad.
    pub(crate) log2_rows_in_flight: u32,
    /// Number of rows of a component under a block, from the first of its first phase to the last of its last phase: a
    /// multiple of [`STEP`].
    pub(crate) span: u64,
    /// Number of rows of the span that are computed at a time: all, or a multiple of [`STEP`] of which each lane loads
    /// one row ahead.
    pub(crate) chunk: u64,
}

/// Size of a plan: L, M and the number of samples under a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlanSize {
    pub(crate) phases: u64,
    pub(crate) stride: u64,
    pub(crate) taps: u64,
}

impl PlanSize {
    pub(super) fn of(plan: &Plan) -> Self {
        Self { phases: plan.ratio().phases(), stride: plan.ratio().stride(), taps: plan.shape().window_len() as u64 }
    }

    /// Number of polyphase components into which the kernels divide the samples, and sum one after the other: the
    /// divisor of M that is nearest to M / L, so that rows are about as far apart as outputs, and that all periods
    /// begin with the same component.
    pub(super) fn components(self) -> u64 {
        let divisors = (1..=MAX_COMPONENTS).filter(|&divisor| self.stride.is_multiple_of(divisor));
        divisors.min_by_key(|&divisor| (divisor * self.phases).abs_diff(self.stride)).unwrap_or(1)
    }

    /// Largest number of samples from the first sample under a phase to that under the phase `steps` later.
    fn samples_across(self, steps: u64) -> u64 {
        (steps * self.stride).div_ceil(self.phases)
    }
}

impl Tile {
    /// Chooses the tile with the least estimated time per output, for [`MAX_STAGED`] vec4s of workgroup memory.
    pub(crate) fn choose(plan: PlanSize, lanes: Lanes) -> Self {
        // From about 500 phases on, the empty phases of the last block are negligible, and repeats would only enlarge
        // the tables.
        let most = (512 / plan.phases).clamp(1, 128);
        let repeats = (0..8).flat_map(|log2| [1_u64 << log2, 3 << log2]).filter(|&repeats| repeats <= most);
        let candidates = repeats.flat_map(|repeats| {
            let blocks = (plan.phases * repeats).div_ceil(BLOCK_PHASES.into());
            (1..=blocks.min(lanes.max_blocks()))
                // Among sizes that give the same number of tiles in a period, the smallest wastes the fewest blocks.
                .filter(move |&size| size == 1 || blocks.div_ceil(size) < blocks.div_ceil(size - 1))
                // Even numbers of quads, for threads that compute two.
                .flat_map(|size| [4, 8, 16].map(|quads| (size, quads)))
                .filter(move |(size, quads)| size * quads <= lanes.max_blocks())
                .flat_map(move |(size, quads)| {
                    [true, false].map(|whole| Self::with(plan, lanes, repeats, size, quads, whole))
                })
        });
        let fitting = candidates.flatten().filter(|tile| tile.memory() <= MAX_STAGED.into());
        // A tile of one block and 16 quads always fits: it stages 4 or 8 rows at a time, whatever its span.
        fitting.min_by(|a, b| a.cost(plan).total_cmp(&b.cost(plan))).expect("a tile that fits")
    }

    /// Tile of `size` blocks and `quads` quads that computes its `whole` span at a time, or chunks of it; `None` if the
    /// span has a single chunk anyway, or must not have one.
    fn with(plan: PlanSize, lanes: Lanes, repeats: u64, size: u64, quads: u64, whole: bool) -> Option<Self> {
        let (block, step) = (u64::from(BLOCK_PHASES), u64::from(STEP));
        let components = plan.components();
        let alignment = components * if whole { 1 } else { step };
        // Blocks begin up to `alignment - 1` samples before their first window.
        let across_block = plan.samples_across((block - 1).min(plan.phases * repeats - 1)) + alignment - 1;
        let span = (plan.taps + across_block).div_ceil(components).next_multiple_of(step);
        let spread = plan.samples_across((size - 1) * block).next_multiple_of(alignment) / components;
        let ahead = lanes.count / quads / step * step;
        // A chain of sums ends with a chunk.
        let chunk = if whole { span } else { ahead };
        let is_long = plan.taps > MAX_TAPS_IN_ONE_SUM as u64;
        if !whole && chunk >= span || whole && is_long {
            return None;
        }
        let rows = chunk + spread;
        let passes = |log2_rows_in_flight: u32| {
            quads.div_ceil(lanes.count >> log2_rows_in_flight) * rows.div_ceil(1 << log2_rows_in_flight)
        };
        // Many lanes along one quad read neighbouring samples. Fewer are chosen only where that leaves fewer lanes
        // idle.
        let log2_rows_in_flight =
            (3..=lanes.count.ilog2()).rev().min_by_key(|&log2_rows_in_flight| passes(log2_rows_in_flight))?;
        let pitch = rows | 1;
        Some(Self { lanes, repeats, blocks_in_tile: size, quads, components, pitch, log2_rows_in_flight, span, chunk })
    }

    /// Estimated time for one output, by which tiles of one kernel are compared.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn cost(self, plan: PlanSize) -> f64 {
        let (tile, memory) = match self.lanes.quads {
            // Less workgroup memory lets a GPU hide more of the time that loads take.
            1 => (self.gpu_cost(plan), f64::from(self.staged()).powf(0.15)),
            _ => (self.software_cost(), 1.0),
        };
        let tiles = (plan.phases * self.repeats).div_ceil(BLOCK_PHASES.into()).div_ceil(self.blocks_in_tile);
        let outputs = self.quads * u64::from(QUAD_PERIODS) * plan.phases * self.repeats;
        (tile * tiles) as f64 / outputs as f64 * memory
    }

    /// Estimated time for a tile on an H100 in units of 0.01 ns, before the factor for its workgroup memory.
    ///
    /// The coefficients were fitted to the times of 1000 tiles of 32 plans on an H100 (2026-11): six pairs of rates of
    /// the bench, 16 to 48 and 48 to 32 kHz, with 13 to 405 taps. The tiles that they choose take 5 % longer than the
    /// best of each plan in the geometric mean, and at most 25 %.
    fn gpu_cost(self, plan: PlanSize) -> u64 {
        let rows = self.components * self.span;
        let multiply_adds = 90 * rows * self.active_lanes().div_ceil(WAVE.into());
        // Taps that do not stay in the first cache.
        let bank_bytes = self.tap_blocks(plan) * rows * u64::from(BLOCK_PHASES) * 4;
        let taps = if bank_bytes > 192 << 10 { 3 * rows * self.blocks_in_tile } else { 0 };
        multiply_adds + taps + 1800 * self.staging_passes() + 1400 * self.chunks()
    }

    /// Estimated time for a tile, in nanoseconds on lavapipe, apart from a time for each output.
    ///
    /// The coefficients were fitted to the times of 1973 tiles of 12 plans on lavapipe of Mesa 22.3.6, with vectors of 256
    /// bits (2026-11): six pairs of rates of the bench, with 13 to 405 taps. The tiles that they choose take 1 % longer
    /// than the best of each plan in the geometric mean, and at most 5 %.
    fn software_cost(self) -> u64 {
        let multiply_adds = 50 * self.components * self.span * self.active_lanes().div_ceil(SOFTWARE_WAVE);
        multiply_adds + 500 * self.staging_passes() + 2400 * self.chunks() + 4700
    }

    /// Number of lanes that compute outputs.
    fn active_lanes(self) -> u64 {
        self.blocks_in_tile * self.quads / self.lanes.quads
    }

    /// Number of passes in which the lanes of a workgroup stage the rows of the first chunk of each component.
    fn staging_passes(self) -> u64 {
        let (quads, rows) = (self.lanes.count >> self.log2_rows_in_flight, 1 << self.log2_rows_in_flight);
        self.components * self.quads.div_ceil(quads) * self.pitch.div_ceil(rows)
    }

    /// Distance in samples of which the positions of all first samples under blocks are multiples. With several chunks,
    /// blocks begin a multiple of [`STEP`] rows apart.
    pub(super) fn alignment(self) -> u64 {
        self.components * if self.chunk == self.span { 1 } else { u64::from(STEP) }
    }

    /// Number of blocks after which their taps repeat.
    pub(super) fn tap_blocks(self, plan: PlanSize) -> u64 {
        let blocks = (plan.phases * self.repeats).div_ceil(BLOCK_PHASES.into());
        // After so many blocks the phases repeat, `shift` samples later. The taps repeat if blocks begin at the same
        // distance before their first windows.
        let cycle = plan.phases / gcd(plan.phases, BLOCK_PHASES.into());
        let shift = (cycle * u64::from(BLOCK_PHASES) / plan.phases).saturating_mul(plan.stride);
        blocks.min(cycle.saturating_mul(self.alignment() / gcd(self.alignment(), shift)))
    }

    /// Number of phases and stride of a period of blocks.
    ///
    /// # Errors
    /// [`GpuLimit`](crate::Error::GpuLimit) for a tile that the shader cannot address.
    pub(super) fn check(self, ratio: Ratio) -> Result<(u32, u32)> {
        let phases = to_u32("phases", ratio.phases().saturating_mul(self.repeats))?;
        let stride = to_u32("stride", ratio.stride().saturating_mul(self.repeats))?;
        let rows = (self.span + 2 * self.pitch).saturating_mul(self.components);
        let spread = (u64::from(stride) * u64::from(QUAD_PERIODS) * self.quads).saturating_add(rows);
        to_u32("samples under a tile", spread)?;
        to_u32("outputs of a tile", u64::from(phases) * u64::from(QUAD_PERIODS) * self.quads)?;
        check_steps(self.steps(1))?;
        Ok((phases, stride))
    }

    /// Number of chunks that are computed, of all components.
    pub(super) fn chunks(self) -> u64 {
        self.components * self.span.div_ceil(self.chunk)
    }

    /// Number of vec4s of workgroup memory that the tile needs: for its rows, and for the sums of half of its quads when
    /// they are transposed.
    fn memory(self) -> u64 {
        let transposed = (self.quads.div_ceil(2) | 1) * self.blocks_in_tile * u64::from(BLOCK_PHASES);
        (self.quads * self.pitch).max(transposed)
    }

    /// The least of [`STAGED`] that holds the [memory](Self::memory) of the tile.
    pub(super) fn staged(self) -> u32 {
        STAGED.into_iter().find(|&size| u64::from(size) >= self.memory()).unwrap_or(MAX_STAGED)
    }

    /// Number of multiply-adds of the shader for one tile, of which a clip may fill a part.
    pub(super) fn multiply_adds(self) -> u64 {
        let blocks = self.blocks_in_tile * self.quads;
        (blocks * u64::from(BLOCK_PHASES * QUAD_PERIODS)).saturating_mul(self.span.saturating_mul(self.components))
    }

    /// Number of loop iterations of one thread in the shader, for clips that are the mean of so many channels, as llvmpipe
    /// counts them: the test that ends a loop is one, and loops in a branch that is not taken have one each.
    pub(super) fn steps(self, channels: u64) -> u64 {
        // A loop over the channels for each of the four samples of a row.
        let loops = if channels > 1 { u64::from(QUAD_PERIODS) } else { 0 };
        let load = loops.saturating_mul(channels);
        let quads = self.quads.div_ceil(self.lanes.count >> self.log2_rows_in_flight);
        let rows = self.pitch.div_ceil(1 << self.log2_rows_in_flight);
        let all_rows = quads.saturating_mul(rows.saturating_mul(load.saturating_add(1)).saturating_add(1)) + 1;
        // The two loops that stage all rows, and the loops over channels in their three loads.
        let not_taken = 2 + 3 * loops;
        let chunk = load.saturating_add(self.chunk / u64::from(STEP) + 2 + not_taken);
        self.components.saturating_mul(all_rows).saturating_add(self.chunks().saturating_mul(chunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Preset;

    #[test]
    fn few_phases_are_repeated() {
        for lanes in [Shader::Banded, Shader::Paired].map(Lanes::of) {
            let repeats = |orig_freq, new_freq| {
                let plan = Plan::new(orig_freq, new_freq, Preset::KaiserBest).expect("a plan");
                Tile::choose(PlanSize::of(&plan), lanes).repeats
            };
            assert!(repeats(44_100, 48_000) <= 3);
            assert!(repeats(16_000, 8_000) >= 64);
            assert!(repeats(8_000, 16_000) >= 32);
        }
    }

    /// Every plan has a tile that fits, and each of its rows and sums has a lane.
    #[test]
    fn every_plan_has_a_tile() {
        let sizes = [1, 2, 3, 5, 8, 13, 147, 160, 441, 1009, 65_537, 1 << 20];
        let taps = [1, 2, 13, 37, 136, 256, 257, 405, 5000, 100_000];
        let plans = sizes.into_iter().flat_map(|phases| sizes.map(|stride| (phases, stride)));
        for (phases, stride) in plans {
            for plan in taps.map(|taps| PlanSize { phases, stride, taps }) {
                for lanes in [Shader::Banded, Shader::Paired].map(Lanes::of) {
                    let tile = Tile::choose(plan, lanes);
                    assert!(tile.memory() <= MAX_STAGED.into(), "{plan:?}: {tile:?}");
                    assert!(tile.quads.is_multiple_of(2) && tile.active_lanes() <= lanes.count, "{plan:?}: {tile:?}");
                    let is_whole = tile.chunk == tile.span;
                    assert!(is_whole || tile.quads * tile.chunk <= lanes.count, "{plan:?}: {tile:?}");
                    assert!(1 << tile.log2_rows_in_flight <= lanes.count, "{plan:?}: {tile:?}");
                    assert!(!is_whole || plan.taps <= MAX_TAPS_IN_ONE_SUM as u64, "{plan:?}: {tile:?}");
                }
            }
        }
    }
}
