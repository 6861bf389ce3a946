//! [`Tile`]: how the banded kernel divides a plan's outputs into tiles. Plain data, computed without a device.

use super::shader::{
    BLOCK_PHASES, MAX_STAGED, MAX_TAPS_IN_ONE_SUM, QUAD_PERIODS, STAGED, STEP, TAPS_PER_SUM, WAVE, WORKGROUP,
    check_steps, to_u32,
};
use crate::error::Result;
use crate::filter::ratio::Ratio;

/// Division of a plan's outputs into tiles of the banded kernel, all of them alike. See `shaders/banded.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tile {
    /// Number of the ratio's periods in one period of blocks: (M, L) becomes (M · repeats, L · repeats). It is more
    /// than one where the ratio has too few phases to fill blocks.
    pub(crate) repeats: u64,
    /// Number of blocks of 8 phases in a tile. A workgroup has a lane for each block of each quad.
    pub(crate) blocks_in_tile: u64,
    /// Number of quads of 4 periods in a tile.
    pub(crate) quads: u64,
    /// Number of vec4s of workgroup memory for each quad. It is odd, so that neighbouring quads lie in different memory
    /// banks.
    pub(crate) pitch: u64,
    /// Base-2 logarithm of the number of lanes that stage neighbouring rows of a quad.
    pub(crate) log2_rows_in_flight: u32,
    /// Number of samples under a block, from the first of its first phase to the last of its last phase: a multiple of
    /// [`STEP`].
    pub(crate) span: u64,
    /// Number of samples of the span that are staged at a time: a multiple of [`STEP`].
    pub(crate) chunk: u64,
}

impl Tile {
    /// Number of phases and stride of a period of blocks.
    ///
    /// # Errors
    /// [`GpuLimit`](crate::Error::GpuLimit) for a tile that the shader cannot address.
    pub(super) fn check(self, ratio: Ratio) -> Result<(u32, u32)> {
        let phases = to_u32("phases", ratio.phases().saturating_mul(self.repeats))?;
        let stride = to_u32("stride", ratio.stride().saturating_mul(self.repeats))?;
        let spread = u64::from(stride) * u64::from(QUAD_PERIODS) * self.quads + self.span + self.pitch;
        to_u32("samples under a tile", spread)?;
        to_u32("outputs of a tile", u64::from(phases) * u64::from(QUAD_PERIODS) * self.quads)?;
        check_steps(self.steps(1))?;
        Ok((phases, stride))
    }

    /// Number of chunks in which the span is staged.
    pub(super) fn chunks(self) -> u64 {
        self.span.div_ceil(self.chunk)
    }

    /// Number of vec4s of workgroup memory that the tile needs, rounded up to one of [`STAGED`]: for its rows, and for
    /// its sums when they are transposed.
    pub(super) fn staged(self) -> u32 {
        let needed = (self.quads * self.pitch).max((self.quads | 1) * self.blocks_in_tile * u64::from(BLOCK_PHASES));
        STAGED.into_iter().find(|&size| u64::from(size) >= needed).unwrap_or(MAX_STAGED)
    }

    /// Number of multiply-adds of the shader for one tile, of which a clip may fill a part.
    pub(super) fn multiply_adds(self) -> u64 {
        let lanes = self.blocks_in_tile * self.quads;
        (lanes * u64::from(BLOCK_PHASES * QUAD_PERIODS)).saturating_mul(self.span)
    }

    /// Number of loop iterations of one thread in the shader, for clips that are the mean of so many channels. The test
    /// that ends a loop counts as one.
    pub(super) fn steps(self, channels: u64) -> u64 {
        // A loop over the channels for each of the four samples of a row.
        let row = if channels > 1 { 1 + u64::from(QUAD_PERIODS).saturating_mul(channels) } else { 1 };
        let quads = self.quads.div_ceil(u64::from(WORKGROUP) >> self.log2_rows_in_flight);
        let rows = self.pitch.div_ceil(1 << self.log2_rows_in_flight);
        let staging = quads.saturating_mul(rows.saturating_mul(row).saturating_add(1));
        let chunk = staging.saturating_add((quads + 1) + (self.chunk / u64::from(STEP) + 1) + 1);
        self.chunks().saturating_mul(chunk)
    }

    /// Chooses the tile with the least estimated work per output, for `staged` vec4s of workgroup memory.
    pub(crate) fn choose(phases: u64, stride: u64, taps: u64, staged: u64) -> Self {
        // From about 500 phases on, the empty phases of the last block are negligible, and repeats would only enlarge
        // the tables.
        let max_repeats = (512 / phases).clamp(1, 64);
        let candidates = (1..=max_repeats).flat_map(|repeats| {
            let blocks = (phases * repeats).div_ceil(BLOCK_PHASES.into());
            (1..=blocks.min(WORKGROUP.into()))
                // Among sizes that give the same number of tiles in a period, the smallest wastes the fewest blocks.
                .filter(move |&size| size == 1 || blocks.div_ceil(size) < blocks.div_ceil(size - 1))
                // Lanes with outputs: the whole workgroup, or one wave of it. Half the quads have twice the rows each,
                // which filters that decimate need: at 44.1 to 16 kHz with kaiser_best, a chunk has 100 taps instead of
                // 12, and 10 s take 20 ms instead of 48 (lavapipe, 2 cores, 2026-11).
                .flat_map(|size| [WORKGROUP, WAVE].map(|lanes| (size, u64::from(lanes) / size)))
                .filter_map(move |(size, quads)| Self::with(phases, stride, taps, staged, repeats, size, quads))
        });
        let best = candidates.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(tile, _)| tile);
        // One block of one quad always fits, since it stages the rows of one block only.
        best.unwrap_or(Self {
            repeats: 1,
            blocks_in_tile: 1,
            quads: 1,
            pitch: 5,
            log2_rows_in_flight: 2,
            span: taps.next_multiple_of(STEP.into()),
            chunk: STEP.into(),
        })
    }

    /// Tile with `repeats`, `size` blocks and `quads` quads, and its estimated instructions per output of a workgroup;
    /// `None` if it does not fit `staged` vec4s of workgroup memory.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn with(
        phases: u64,
        stride: u64,
        taps: u64,
        staged: u64,
        repeats: u64,
        size: u64,
        quads: u64,
    ) -> Option<(Self, f64)> {
        let samples_across = |phase_steps: u64| (phase_steps * stride).div_ceil(phases);
        let (block, lanes, step) = (u64::from(BLOCK_PHASES), u64::from(WORKGROUP), u64::from(STEP));
        let span = (taps + samples_across((block - 1).min(phases * repeats - 1))).next_multiple_of(step);
        let spread = samples_across((size - 1) * block);
        // Largest odd number of rows that fits `quads` times.
        let highest = staged.checked_div(quads)?.checked_sub(1)? | 1;
        // A chunk ends no later than a chain of sums does.
        let max_chunk = if taps > MAX_TAPS_IN_ONE_SUM as u64 { span.min(TAPS_PER_SUM.into()) } else { span };
        let chunk = (highest.checked_sub(spread)? / step * step).min(max_chunk);
        if chunk == 0 {
            return None;
        }
        let rows = chunk + spread;
        let pitch = rows | 1;
        if (quads | 1) * size * block > staged {
            return None;
        }
        let passes = |log2_rows_in_flight: u32| {
            quads.div_ceil(lanes >> log2_rows_in_flight) * rows.div_ceil(1 << log2_rows_in_flight)
        };
        // Many lanes along one quad read neighbouring samples. Fewer are chosen only where that leaves fewer lanes
        // idle.
        let log2_rows_in_flight =
            (3..=lanes.ilog2()).rev().min_by_key(|&log2_rows_in_flight| passes(log2_rows_in_flight))?;
        let passes = passes(log2_rows_in_flight);
        let waves = (size * quads).div_ceil(WAVE.into());
        // Cost model, in RDNA2 instructions per workgroup: 42 per tap of a block (32 multiply-adds), 24 per staged
        // vec4, 30 per chunk, 250 per tile. The 32 bytes of a block's tap are loaded once per block of a wave, and
        // charged at half, since loads overlap with arithmetic. Without the charge, tiles of one quad win on llvmpipe,
        // where loads are free; on GPUs their taps would come from beyond the first cache. The 24 is fitted to
        // llvmpipe's ranking of tiles.
        let hot = (42 * span + 16 * span / quads) * waves / lanes.div_ceil(WAVE.into());
        let work = hot + span.div_ceil(chunk) * (24 * passes + 30) + 250;
        let blocks = (phases * repeats).div_ceil(block);
        let outputs = quads * u64::from(QUAD_PERIODS) * phases * repeats;
        let tile = Self { repeats, blocks_in_tile: size, quads, pitch, log2_rows_in_flight, span, chunk };
        Some((tile, (work * blocks.div_ceil(size)) as f64 / outputs as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Preset;
    use crate::plan::Plan;

    #[test]
    fn few_phases_are_repeated() {
        let tile = |orig, new| {
            let plan = Plan::new(orig, new, Preset::KaiserBest.options()).expect("a plan");
            let taps = plan.taps() as u64;
            Tile::choose(plan.ratio().phases(), plan.ratio().stride(), taps, MAX_STAGED.into())
        };
        assert!(tile(44_100, 48_000).repeats <= 3);
        assert!(tile(16_000, 8_000).repeats >= 16);
        assert!(tile(8_000, 16_000).repeats >= 8);
        // At least 90 % of the factors of a thread are taps, not zeros outside the windows of a block's phases.
        for (orig, new) in [(48_000, 44_100), (44_100, 48_000), (16_000, 8_000), (44_100, 16_000)] {
            let plan = Plan::new(orig, new, Preset::KaiserBest.options()).expect("a plan");
            assert!(plan.taps() as u64 * 100 >= tile(orig, new).span * 90, "{orig}→{new}");
        }
    }
}
