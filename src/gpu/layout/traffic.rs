//! Memory traffic of the banded kernel, counted from its tables: the sectors of 32 bytes that the loads and stores of
//! a wave touch, as a GPU's memory system counts them. A lane order that scatters accesses shows here, and not in the
//! time on a software adapter.

use std::collections::HashSet;
use std::ops::Range;

use super::abi::PlanEntry;
use super::bank::{Bank, Form, Recipe};
use super::shader::{BANDED_WORKGROUP, BLOCK_PHASES, GpuKernel, QUAD_PERIODS, SampleFormat, WAVE};
use crate::options::{Preset, ResampleOptions};
use crate::plan::Plan;

const SECTOR: u64 = 32;

/// Traffic of the tiles of one period of blocks, in sectors, and the number of their outputs.
#[derive(Debug, Default)]
struct Traffic {
    loads: usize,
    stores: usize,
    outputs: u64,
}

/// Number of sectors that one instruction touches.
fn sectors(addresses: impl Iterator<Item = u64>) -> usize {
    addresses.map(|address| address / SECTOR).collect::<HashSet<_>>().len()
}

/// Waves of a workgroup, as ranges of lanes.
fn waves() -> impl Iterator<Item = Range<u64>> {
    (0..u64::from(BANDED_WORKGROUP / WAVE)).map(|wave| wave * u64::from(WAVE)..(wave + 1) * u64::from(WAVE))
}

/// Loads of rows by a wave: `row_of` gives the quad and the row that a lane loads, if any.
fn row_loads(plan: &PlanEntry, origin: u64, lanes: &Range<u64>, row_of: impl Fn(u64) -> Option<(u64, u64)>) -> usize {
    let address = |lane, period| {
        let (q, row) = row_of(lane)?;
        let periods = (q * u64::from(QUAD_PERIODS) + period) * u64::from(plan.stride);
        Some(4 * (origin + row * u64::from(plan.components) + periods))
    };
    (0..u64::from(QUAD_PERIODS)).map(|period| sectors(lanes.clone().filter_map(|lane| address(lane, period)))).sum()
}

/// Loads of the samples of a tile, as `banded.wgsl` stages them: all rows of each component, then those ahead.
fn loads(plan: &PlanEntry, origin: u64, rows: u64) -> usize {
    let [quads, chunk, span, components] = [plan.quads, plan.chunk, plan.span, plan.components].map(u64::from);
    let in_flight = 1_u64 << plan.log2_rows_in_flight;
    let mut touched = 0;
    for (origin, lanes) in (origin..origin + components).flat_map(|origin| waves().map(move |lanes| (origin, lanes))) {
        for q in (0..quads).step_by((BANDED_WORKGROUP >> plan.log2_rows_in_flight) as usize) {
            for row in (0..rows).step_by(1 << plan.log2_rows_in_flight) {
                touched += row_loads(plan, origin, &lanes, |lane| {
                    let (q, row) = (q + lane / in_flight, row + lane % in_flight);
                    (q < quads && row < rows).then_some((q, row))
                });
            }
        }
        for first in (rows..rows + span - chunk).step_by(usize::try_from(chunk).expect("small")) {
            touched += row_loads(plan, origin, &lanes, |lane| {
                (lane / chunk < quads).then_some((lane / chunk, first + lane % chunk))
            });
        }
    }
    touched
}

/// Stores of `count` phases of `quads` quads, as `store_tile` of `banded.wgsl` stores them. A half of a word takes two
/// atomic operations.
fn stores(plan: &PlanEntry, quads: u64, first_n: u64, count: u64, format: SampleFormat) -> usize {
    let phases = u64::from(plan.phases);
    let is_word = format == SampleFormat::F32;
    let steps = if is_word { count } else { count / 2 + 1 };
    let mut touched = 0;
    for lanes in waves() {
        let end = (steps * quads).next_multiple_of(u64::from(BANDED_WORKGROUP));
        for first in (0..end).step_by(BANDED_WORKGROUP as usize) {
            for period in 0..u64::from(QUAD_PERIODS) {
                // Index of the word, and the operations on it.
                let store = |lane: u64| {
                    let (step, q) = ((first + lane) % steps, (first + lane) / steps);
                    let n = first_n + (q * u64::from(QUAD_PERIODS) + period) * phases;
                    if q >= quads {
                        return None;
                    }
                    if is_word {
                        return Some((n + step, 1));
                    }
                    let odd = n % 2;
                    let halves = (0..2).filter(|half| (2 * step + half).checked_sub(odd).is_some_and(|j| j < count));
                    match halves.count() {
                        0 => None,
                        halves => Some(((n + 2 * step - odd) / 2, if halves == 2 { 1 } else { 2 })),
                    }
                };
                for operation in 1..=2 {
                    let stored = lanes.clone().filter_map(store).filter(|(_, operations)| *operations == operation);
                    touched += operation * sectors(stored.map(|(word, _)| 4 * word));
                }
            }
        }
    }
    touched
}

/// Traffic in the middle of a long clip.
fn traffic(plan: &Plan, format: SampleFormat) -> Traffic {
    let recipe = Recipe::new(plan, GpuKernel::Banded).expect("within the limits");
    let bank = Bank::new(plan, recipe, None).expect("within the limits");
    let Form::Phases { entry, starts } = bank.form else { panic!("an exact bank") };
    let [phases, stride, quads] = [entry.phases, entry.stride, entry.quads].map(u64::from);
    let mut traffic = Traffic::default();
    let first_period = 100 * quads * u64::from(QUAD_PERIODS);
    for across in 0..entry.tiles_across {
        let first_block = across * entry.blocks_in_tile;
        let last_block = (first_block + entry.blocks_in_tile).min(entry.blocks) - 1;
        let start = |block: u32| i64::from(starts[block as usize]);
        let spread = (start(last_block) - start(first_block)).unsigned_abs();
        let rows = u64::from(entry.chunk) + spread / u64::from(entry.components);
        let origin = (first_period * stride).checked_add_signed(start(first_block)).expect("far from the beginning");
        traffic.loads += loads(&entry, origin, rows);
        let first_phase = u64::from(first_block * BLOCK_PHASES);
        let count = u64::from((last_block + 1) * BLOCK_PHASES).min(phases) - first_phase;
        let half = quads.div_ceil(2);
        for (first_quad, quads) in [(0, half), (half, quads - half)] {
            let first_n = (first_period + first_quad * u64::from(QUAD_PERIODS)) * phases + first_phase;
            traffic.stores += stores(&entry, quads, first_n, count, format);
        }
        traffic.outputs += count * quads * u64::from(QUAD_PERIODS);
    }
    traffic
}

/// A perfectly coalesced store touches 0.125 sectors per output in float32, and 0.0625 in 16 bits. Runs of
/// outputs that do not begin at a sector or at a word add some. Loads depend on the tile, and samples under several
/// tiles are loaded for each: the bounds below are the values of the tiles that are chosen now.
#[test]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn a_wave_touches_few_sectors_for_each_output() {
    let (width6, best) = (ResampleOptions::default(), Preset::KaiserBest.options());
    let cases = [
        (48_000, 44_100, width6, 0.20),
        (16_000, 8_000, width6, 0.71),
        (44_100, 48_000, width6, 0.16),
        (8_000, 16_000, width6, 0.10),
        (48_000, 16_000, width6, 1.42),
        (44_100, 16_000, width6, 1.22),
        (48_000, 44_100, best, 0.37),
        (16_000, 8_000, best, 1.10),
        (44_100, 48_000, best, 0.29),
        (8_000, 16_000, best, 0.16),
        (48_000, 16_000, best, 2.68),
        (44_100, 16_000, best, 2.50),
    ];
    for (orig, new, options, max_loads) in cases {
        let plan = Plan::new(orig, new, options).expect("a plan");
        for (format, max_stores) in [(SampleFormat::F32, 0.159), (SampleFormat::I16, 0.093)] {
            let Traffic { loads, stores, outputs } = traffic(&plan, format);
            let [loads, stores] = [loads, stores].map(|sectors| sectors as f64 / outputs as f64);
            let name = format!("{orig} to {new}, {} taps, {format:?}", plan.taps());
            assert!(loads <= max_loads && stores <= max_stores, "{name}: loads {loads:.3}, stores {stores:.3}");
        }
    }
}
