//! How the banded kernel tiles a plan: plain data, computed without a device.

use super::shader::{
    BLOCK_PHASES, MAX_TAPS_IN_ONE_SUM, QUAD_PERIODS, TAPS_PER_SUM, WAVE, WORKGROUP, check_steps, to_u32,
};
use crate::error::Result;
use crate::filter::ratio::Ratio;

/// How the banded kernel tiles a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tile {
    /// The ratio is taken this many times over, phases and stride alike, where it has too few phases to fill blocks.
    pub(crate) repeats: u64,
    /// Blocks of 8 phases in a tile, and quads of 4 periods: together at most a workgroup.
    pub(crate) blocks_in_tile: u64,
    pub(crate) quads: u64,
    /// Rows of workgroup memory for each quad. Odd: neighbouring quads then lie in other banks.
    pub(crate) pitch: u64,
    pub(crate) log2_rows_in_flight: u32,
    /// Taps from the first of a block's first phase to the last of its last, in steps of 4.
    pub(crate) span: u64,
    pub(crate) chunk: u64,
}

impl Tile {
    /// Phases and stride, taken so many times over, if the shader can address what they come to.
    pub(super) fn check(self, ratio: Ratio) -> Result<(u32, u32)> {
        let phases = to_u32("phases", ratio.phases().saturating_mul(self.repeats))?;
        let stride = to_u32("stride", ratio.stride().saturating_mul(self.repeats))?;
        let spread = u64::from(stride) * u64::from(QUAD_PERIODS) * self.quads + self.span + self.pitch;
        to_u32("samples under a tile", spread)?;
        check_steps(self.steps())?;
        Ok((phases, stride))
    }

    /// Loop iterations of one thread in the shader, including the one that ends each loop.
    fn steps(self) -> u64 {
        let quads = self.quads.div_ceil(u64::from(WORKGROUP) >> self.log2_rows_in_flight);
        let rows = self.pitch.div_ceil(1 << self.log2_rows_in_flight);
        let chunk = (quads + 1) + quads * (rows + 1) + (self.chunk / 4 + 1) + 1;
        self.span.div_ceil(self.chunk) * chunk
    }

    /// The tile with the least estimated work for an output.
    pub(crate) fn choose(phases: u64, stride: u64, taps: u64, staged: u64) -> Self {
        // Beyond some 500 phases a block more or less no longer counts, and the tables only grow.
        let max_repeats = (512 / phases).clamp(1, 64);
        let candidates = (1..=max_repeats).flat_map(|repeats| {
            let blocks = (phases * repeats).div_ceil(BLOCK_PHASES.into());
            (1..=blocks.min(WORKGROUP.into()))
                // Of the sizes that need as many tiles across, the smallest wastes least.
                .filter(move |&size| size == 1 || blocks.div_ceil(size) < blocks.div_ceil(size - 1))
                // Outputs for the whole workgroup, or for one wave of it: half the quads leave twice the rows for each, and
                // filters that decimate need rows (44.1 to 16 kHz, kaiser_best: 100 taps at a time for 12, 20 ms for 48).
                .flat_map(|size| [WORKGROUP, WAVE].map(|lanes| (size, u64::from(lanes) / size)))
                .filter_map(move |(size, quads)| Self::with(phases, stride, taps, staged, repeats, size, quads))
        });
        let best = candidates.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(tile, _)| tile);
        // One block of one quad always fits: its spread is 0.
        best.unwrap_or(Self {
            repeats: 1,
            blocks_in_tile: 1,
            quads: 1,
            pitch: 5,
            log2_rows_in_flight: 2,
            span: taps.next_multiple_of(4),
            chunk: 4,
        })
    }

    /// A tile and its work for an output, in instructions of a workgroup; `None` if it does not fit.
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
        let (block, lanes) = (u64::from(BLOCK_PHASES), u64::from(WORKGROUP));
        let span = (taps + samples_across((block - 1).min(phases * repeats - 1))).next_multiple_of(4);
        let spread = samples_across((size - 1) * block);
        // Odd, and `quads` of them fit.
        let highest = staged.checked_div(quads)?.checked_sub(1)? | 1;
        // A chunk is all within one chain of sums.
        let max_chunk = if taps > MAX_TAPS_IN_ONE_SUM as u64 { span.min(TAPS_PER_SUM.into()) } else { span };
        let chunk = (highest.checked_sub(spread)? / 4 * 4).min(max_chunk);
        if chunk == 0 {
            return None;
        }
        let rows = chunk + spread;
        let pitch = rows | 1;
        let passes = |log2_rows_in_flight: u32| {
            quads.div_ceil(lanes >> log2_rows_in_flight) * rows.div_ceil(1 << log2_rows_in_flight)
        };
        // Long runs of lanes read side by side: shorter ones only where fewer of them are left idle.
        let log2_rows_in_flight =
            (3..=lanes.ilog2()).rev().min_by_key(|&log2_rows_in_flight| passes(log2_rows_in_flight))?;
        let passes = passes(log2_rows_in_flight);
        let waves = (size * quads).div_ceil(WAVE.into());
        // Instructions of a whole workgroup in the machine code (RDNA2): 42 for the 32 multiply-adds of a tap, 30 around a
        // chunk, 250 around a tile. A wave reads the 32 bytes of a tap once for each of its blocks, half of it beside the
        // arithmetic: without that, tiles of one quad win on llvmpipe, where it costs nothing, and would read the taps from
        // beyond the first cache. 24 to stage four samples is what ranks tiles as llvmpipe does (16: 44.1 to 16 kHz
        // kaiser_best, without the taps' term, 21 ms for 18).
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
    use super::super::shader::STAGED;
    use super::*;
    use crate::options::Preset;
    use crate::plan::Plan;

    #[test]
    fn few_phases_are_taken_several_times_over() {
        let tile = |orig, new| {
            let plan = Plan::new(orig, new, &Preset::KaiserBest.options()).expect("a plan");
            let taps = plan.taps() as u64;
            Tile::choose(plan.ratio().phases(), plan.ratio().stride(), taps, STAGED.into())
        };
        assert!(tile(44_100, 48_000).repeats <= 3);
        assert!(tile(16_000, 8_000).repeats >= 16);
        assert!(tile(8_000, 16_000).repeats >= 8);
        // Most of what a thread multiplies is taps, not the zeros between the phases of a block.
        for (orig, new) in [(48_000, 44_100), (44_100, 48_000), (16_000, 8_000), (44_100, 16_000)] {
            let plan = Plan::new(orig, new, &Preset::KaiserBest.options()).expect("a plan");
            assert!(plan.taps() as u64 * 100 >= tile(orig, new).span * 90, "{orig}→{new}");
        }
    }
}
