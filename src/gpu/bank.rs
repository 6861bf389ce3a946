//! A plan's taps as each kernel wants them, and the shape of its tiles: plain data, computed without a device.

use super::GpuKernel as Kernel;
use super::abi::PlanEntry;
use crate::error::{Error, Result};
use crate::filter::FilterBank;
use crate::plan::Plan;

/// Lanes of a workgroup.
pub(crate) const WORKGROUP: u32 = 64;

/// Lanes that run together, on most GPUs: a wave without outputs costs next to nothing.
const WAVE: u32 = 32;

/// vec4s of workgroup memory that the banded kernel stages samples in: 16 KiB, which every WebGPU device has.
pub(crate) const STAGED: u32 = 1024;

/// Outputs in a tile of a clip that is only copied.
pub(crate) const COPIED: u32 = 2048;

/// Phases that a thread of the banded kernel computes.
const BLOCK: u32 = 8;

/// Frames that a thread of the banded kernel computes.
const QUAD: u32 = 4;

/// Filters of more taps than this add up in several chains of multiply-adds: one chain of 136 taps is some 137 dB below its
/// result, but one of 563 only 129.7 dB.
const LONG: usize = 256;

/// Taps in each of those chains.
const FOLD: u32 = 128;

/// Turns of its loops that one thread may take. llvmpipe ends every loop of a thread after 65,535 of them in all, without a
/// word; filters of tens of thousands of taps come to that.
const MAX_STEPS: u64 = 60_000;

/// One plan's part of the tables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bank {
    /// `starts` and `taps` are 0 until the bank has its place in a job.
    pub(crate) entry: PlanEntry,
    pub(crate) starts: Vec<i32>,
    pub(crate) taps: Vec<f32>,
}

impl Bank {
    /// # Errors
    /// [`Error::GpuLimit`] for a plan whose positions do not fit the 32-bit integers of the shaders.
    pub(crate) fn new(plan: &Plan, kernel: Kernel) -> Result<Self> {
        if plan.ratio().is_identity() {
            let entry = PlanEntry { phases: 1, stride: 1, ..PlanEntry::default() };
            return Ok(Self { entry, starts: vec![0], taps: vec![0.0; 4] });
        }
        match kernel {
            Kernel::Simple => simple(plan),
            Kernel::Banded => banded(plan),
        }
    }

    /// # Errors
    /// As [`new`](Self::new), without computing any taps.
    pub(crate) fn check(plan: &Plan, kernel: Kernel) -> Result<()> {
        if plan.ratio().is_identity() {
            return Ok(());
        }
        to_u32("the reach of the filter", plan.look_ahead() as u64)?;
        match kernel {
            Kernel::Simple => check_steps(plan.taps() as u64),
            Kernel::Banded => tile(plan).check(plan).map(|_| ()),
        }
    }

    /// Outputs from one frame to the next: where a clip can be cut without changing a bit.
    pub(crate) fn frame(plan: &Plan, kernel: Kernel) -> Result<u32> {
        let turns = match kernel {
            Kernel::Banded if !plan.ratio().is_identity() => tile(plan).turns,
            _ => 1,
        };
        to_u32("phases", plan.ratio().phases().saturating_mul(turns))
    }

    /// Workgroups for so many outputs.
    pub(crate) fn tiles(&self, kernel: Kernel, outputs: u64) -> u64 {
        let PlanEntry { phases, quads, tiles_across, band, .. } = self.entry;
        match kernel {
            Kernel::Simple => outputs.div_ceil(WORKGROUP.into()),
            Kernel::Banded if band == 0 => outputs.div_ceil(COPIED.into()),
            Kernel::Banded => {
                outputs.div_ceil(phases.into()).div_ceil(u64::from(quads * QUAD)) * u64::from(tiles_across)
            }
        }
    }
}

fn to_u32(what: &'static str, value: u64) -> Result<u32> {
    // A quarter of the range: sums of two of these are still far from wrapping.
    const LIMIT: u64 = 1 << 30;
    if value >= LIMIT {
        return Err(Error::GpuLimit { what, needed: value, limit: LIMIT });
    }
    u32::try_from(value).map_err(|_| Error::GpuLimit { what, needed: value, limit: LIMIT })
}

/// The plan's taps in float32, a row for each phase.
fn filter_rows(plan: &Plan) -> FilterBank<f32> {
    FilterBank::design(plan.shape())
}

fn start(filter: &FilterBank<f32>, phase: u32) -> Result<i32> {
    let phases = filter.phases() as u64;
    let (turn, phase) = (u64::from(phase) / phases, u64::from(phase) % phases);
    let start = filter.start(usize::try_from(phase).unwrap_or(usize::MAX)) + turn.cast_signed() * filter.stride();
    let out_of_range =
        |_| Error::GpuLimit { what: "the reach of the filter", needed: start.unsigned_abs(), limit: 1 << 31 };
    i32::try_from(start).map_err(out_of_range)
}

fn check_steps(needed: u64) -> Result<()> {
    if needed > MAX_STEPS {
        Err(Error::GpuLimit { what: "steps of a filter", needed, limit: MAX_STEPS })
    } else {
        Ok(())
    }
}

fn simple(plan: &Plan) -> Result<Bank> {
    check_steps(plan.taps() as u64)?;
    let filter = filter_rows(plan);
    let phases = to_u32("phases", plan.ratio().phases())?;
    let taps = plan.taps();
    let entry = PlanEntry {
        phases,
        stride: to_u32("stride", plan.ratio().stride())?,
        band: to_u32("taps", taps as u64)?,
        fold: if taps > LONG { FOLD } else { 0 },
        ..PlanEntry::default()
    };
    let starts = (0..phases).map(|phase| start(&filter, phase)).collect::<Result<_>>()?;
    let rows = (0..phases as usize).flat_map(|phase| filter.row(phase)[..taps].iter().copied());
    Ok(Bank { entry, starts, taps: rows.collect() })
}

fn tile(plan: &Plan) -> Tile {
    Tile::choose(plan.ratio().phases(), plan.ratio().stride(), plan.taps() as u64, STAGED.into())
}

fn banded(plan: &Plan) -> Result<Bank> {
    let tile = tile(plan);
    let (phases, stride) = tile.check(plan)?;
    let filter = filter_rows(plan);
    let blocks = phases.div_ceil(BLOCK);
    let band = to_u32("taps", tile.band)?;

    let starts = (0..blocks).map(|block| start(&filter, block * BLOCK)).collect::<Result<Vec<_>>>()?;
    let mut bank = vec![0.0; blocks as usize * band as usize * BLOCK as usize];
    for (block, &first) in starts.iter().enumerate() {
        let rows = &mut bank[block * (band * BLOCK) as usize..][..(band * BLOCK) as usize];
        for phase in 0..BLOCK {
            let j = u32::try_from(block).unwrap_or(u32::MAX) * BLOCK + phase;
            if j >= phases {
                break;
            }
            let row = filter.row(usize::try_from(u64::from(j) % plan.ratio().phases()).unwrap_or(usize::MAX));
            let offset = start(&filter, j)?.abs_diff(first) as usize;
            for (k, &tap) in row[..plan.taps()].iter().enumerate() {
                rows[(offset + k) * BLOCK as usize + phase as usize] = tap;
            }
        }
    }
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let entry = PlanEntry {
        phases,
        stride,
        blocks,
        blocks_in_tile: small(tile.blocks_in_tile),
        tiles_across: blocks.div_ceil(small(tile.blocks_in_tile)),
        quads: small(tile.quads),
        column: small(tile.column),
        lane_bits: tile.lane_bits,
        band,
        chunk: small(tile.chunk),
        fold: if plan.taps() > LONG { FOLD / small(tile.chunk) } else { 0 },
        starts: 0,
        taps: 0,
    };
    Ok(Bank { entry, starts, taps: bank })
}

/// How the banded kernel tiles a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tile {
    /// The ratio is taken this many times over, phases and stride alike, where it has too few phases to fill blocks.
    pub(crate) turns: u64,
    /// Blocks of 8 phases in a tile, and quads of 4 frames: together at most a workgroup.
    pub(crate) blocks_in_tile: u64,
    pub(crate) quads: u64,
    /// Rows of workgroup memory for each quad. Odd: neighbouring quads then lie in other banks.
    pub(crate) column: u64,
    pub(crate) lane_bits: u32,
    /// Taps from the first of a block's first phase to the last of its last, in steps of 4.
    pub(crate) band: u64,
    pub(crate) chunk: u64,
}

impl Tile {
    /// Phases and stride, taken so many times over, if the shader can address what they come to.
    fn check(self, plan: &Plan) -> Result<(u32, u32)> {
        let phases = to_u32("phases", plan.ratio().phases().saturating_mul(self.turns))?;
        let stride = to_u32("stride", plan.ratio().stride().saturating_mul(self.turns))?;
        let span = u64::from(stride) * u64::from(QUAD) * self.quads + self.band + self.column;
        to_u32("samples under a tile", span)?;
        check_steps(self.steps())?;
        Ok((phases, stride))
    }

    /// Turns of the shader's loops that one thread takes, with the one in which each loop ends.
    fn steps(self) -> u64 {
        let quads = self.quads.div_ceil(u64::from(WORKGROUP) >> self.lane_bits);
        let rows = self.column.div_ceil(1 << self.lane_bits);
        let chunk = (quads + 1) + quads * (rows + 1) + (self.chunk / 4 + 1) + 1;
        self.band.div_ceil(self.chunk) * chunk
    }

    /// The tile with the least estimated work for an output.
    pub(crate) fn choose(phases: u64, stride: u64, taps: u64, staged: u64) -> Self {
        // Beyond some 500 phases a block more or less no longer counts, and the tables only grow.
        let most_turns = (512 / phases).clamp(1, 64);
        let candidates = (1..=most_turns).flat_map(|turns| {
            let blocks = (phases * turns).div_ceil(BLOCK.into());
            (1..=blocks.min(WORKGROUP.into()))
                // Of the sizes that need as many tiles across, the smallest wastes least.
                .filter(move |&size| size == 1 || blocks.div_ceil(size) < blocks.div_ceil(size - 1))
                // Outputs for the whole workgroup, or for one wave of it: half the quads leave twice the rows for each, and
                // filters that decimate need rows (44.1 to 16 kHz, kaiser_best: 100 taps at a time for 12, 20 ms for 48).
                .flat_map(|size| [WORKGROUP, WAVE].map(|lanes| (size, u64::from(lanes) / size)))
                .filter_map(move |(size, quads)| Self::with(phases, stride, taps, staged, turns, size, quads))
        });
        let best = candidates.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(tile, _)| tile);
        // One block of one quad always fits: its span is 0.
        best.unwrap_or(Self {
            turns: 1,
            blocks_in_tile: 1,
            quads: 1,
            column: 5,
            lane_bits: 2,
            band: taps.next_multiple_of(4),
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
        turns: u64,
        size: u64,
        quads: u64,
    ) -> Option<(Self, f64)> {
        let reach = |phase_steps: u64| (phase_steps * stride).div_ceil(phases);
        let (block, lanes) = (u64::from(BLOCK), u64::from(WORKGROUP));
        let band = (taps + reach((block - 1).min(phases * turns - 1))).next_multiple_of(4);
        let span = reach((size - 1) * block);
        // Odd, and `quads` of them fit.
        let highest = staged.checked_div(quads)?.checked_sub(1)? | 1;
        // A chunk is all within one chain of sums.
        let most = if taps > LONG as u64 { band.min(FOLD.into()) } else { band };
        let chunk = (highest.checked_sub(span)? / 4 * 4).min(most);
        if chunk == 0 {
            return None;
        }
        let rows = chunk + span;
        let column = rows | 1;
        let passes = |lane_bits: u32| quads.div_ceil(lanes >> lane_bits) * rows.div_ceil(1 << lane_bits);
        // Long runs of lanes read side by side: shorter ones only where fewer of them are left idle.
        let lane_bits = (3..=lanes.ilog2()).rev().min_by_key(|&lane_bits| passes(lane_bits))?;
        let passes = passes(lane_bits);
        let waves = (size * quads).div_ceil(WAVE.into());
        // Instructions of a whole workgroup in the machine code (RDNA2): 42 for the 32 multiply-adds of a tap, 30 around a
        // chunk, 250 around a tile. A wave reads the 32 bytes of a tap once for each of its blocks, half of it beside the
        // arithmetic: without that, tiles of one quad win on llvmpipe, where it costs nothing, and would read the taps from
        // beyond the first cache. 24 to stage four samples is what ranks tiles as llvmpipe does (16: 44.1 to 16 kHz
        // kaiser_best, without the taps' term, 21 ms for 18).
        let hot = (42 * band + 16 * band / quads) * waves / lanes.div_ceil(WAVE.into());
        let work = hot + band.div_ceil(chunk) * (24 * passes + 30) + 250;
        let blocks = (phases * turns).div_ceil(block);
        let outputs = quads * u64::from(QUAD) * phases * turns;
        let tile = Self { turns, blocks_in_tile: size, quads, column, lane_bits, band, chunk };
        Some((tile, (work * blocks.div_ceil(size)) as f64 / outputs as f64))
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "small numbers")]
mod tests {
    use super::*;
    use crate::options::Preset;

    const PAIRS: [(u32, u32); 9] = [
        (48_000, 44_100),
        (44_100, 48_000),
        (16_000, 8_000),
        (8_000, 16_000),
        (44_100, 16_000),
        (8_000, 192_000),
        (1009, 997),
        (100, 1),
        (1, 1000),
    ];

    fn plans() -> impl Iterator<Item = Plan> {
        PAIRS.into_iter().flat_map(|(orig, new)| {
            [Preset::Default, Preset::KaiserBest].map(|preset| Plan::new(orig, new, &preset.options()).expect("a plan"))
        })
    }

    /// Every tap of every phase stands in the band where the shader looks for it, and nothing else does.
    #[test]
    fn bands_hold_the_taps_of_the_plan() {
        for plan in plans() {
            let filter = filter_rows(&plan);
            let bank = Bank::new(&plan, Kernel::Banded).expect("within the limits");
            let PlanEntry { phases, band, blocks, .. } = bank.entry;
            assert_eq!(bank.taps.len(), (blocks * band * BLOCK) as usize);
            let mut nonzero = 0;
            for j in 0..phases {
                let (block, lane) = (j / BLOCK, j % BLOCK);
                let (phase, turn) = (u64::from(j) % plan.ratio().phases(), u64::from(j) / plan.ratio().phases());
                let row = filter.row(phase as usize);
                let first = filter.start(phase as usize) + (turn * plan.ratio().stride()) as i64;
                for k in 0..band {
                    let tap = bank.taps[((block * band + k) * BLOCK + lane) as usize];
                    let position = i64::from(bank.starts[block as usize]) + i64::from(k);
                    let expected = usize::try_from(position - first).ok().and_then(|k| row.get(k));
                    assert_eq!(tap.to_bits(), expected.copied().unwrap_or(0.0).to_bits(), "phase {j}, tap {k}");
                    nonzero += usize::from(tap != 0.0);
                }
            }
            let turns = (phases as u64 / plan.ratio().phases()) as usize;
            let all = (0..filter.phases()).flat_map(|phase| filter.row(phase)).filter(|&&tap| tap != 0.0);
            assert_eq!(nonzero, turns * all.count());
        }
    }

    /// Tiles fit a workgroup and its memory, with their staged rows and the furthest row that a thread reads.
    #[test]
    fn tiles_fit() {
        for plan in plans() {
            let Bank { entry, starts, .. } = Bank::new(&plan, Kernel::Banded).expect("within the limits");
            assert!(entry.blocks_in_tile * entry.quads <= WORKGROUP, "{entry:?}");
            assert!(entry.column % 2 == 1 && entry.column * entry.quads <= STAGED, "{entry:?}");
            assert!(entry.band % 4 == 0 && entry.chunk % 4 == 0 && entry.chunk > 0, "{entry:?}");
            for tile in starts.chunks(entry.blocks_in_tile as usize) {
                let span = tile[tile.len() - 1].abs_diff(tile[0]);
                assert!(entry.chunk + span <= entry.column, "{entry:?}: {span}");
            }
        }
    }

    #[test]
    fn few_phases_are_taken_several_times_over() {
        let tile = |orig, new| {
            let plan = Plan::new(orig, new, &Preset::KaiserBest.options()).expect("a plan");
            let taps = plan.taps() as u64;
            Tile::choose(plan.ratio().phases(), plan.ratio().stride(), taps, STAGED.into())
        };
        assert!(tile(44_100, 48_000).turns <= 3);
        assert!(tile(16_000, 8_000).turns >= 16);
        assert!(tile(8_000, 16_000).turns >= 8);
        // Most of what a thread multiplies is taps, not the zeros between the phases of a block.
        for (orig, new) in [(48_000, 44_100), (44_100, 48_000), (16_000, 8_000), (44_100, 16_000)] {
            let plan = Plan::new(orig, new, &Preset::KaiserBest.options()).expect("a plan");
            assert!(plan.taps() as u64 * 100 >= tile(orig, new).band * 90, "{orig}→{new}");
        }
    }
}
