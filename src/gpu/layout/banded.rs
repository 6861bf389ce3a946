//! [`lay_out`]: the taps of a plan in the order in which the banded kernel reads them.

use super::abi::PlanEntry;
use super::phase_taps::PhaseTaps;
#[cfg(any(test, fuzzing))]
use super::shader::Shader;
use super::shader::{BLOCK_PHASES, MAX_TAPS_IN_ONE_SUM, TAPS_PER_SUM, to_u32};
use super::tile::{PlanSize, Tile};
use crate::error::Result;
use crate::plan::Plan;

/// Entry of a plan, starts of its blocks, and taps\[block\]\[component\]\[k\]\[8\], as `shaders/banded.wgsl` has them. The
/// taps are those of the first [`tap_blocks`](Tile::tap_blocks) blocks, which the others repeat.
pub(super) fn lay_out(plan: &Plan, phase_taps: &PhaseTaps, tile: Tile) -> Result<(PlanEntry, Vec<i32>, Vec<f32>)> {
    let (phases, stride) = tile.check(plan.ratio())?;
    let blocks = phases.div_ceil(BLOCK_PHASES);
    let alignment = i32::try_from(tile.alignment()).unwrap_or(i32::MAX);
    let start = |block: u32| {
        let start = phase_taps.start(block * BLOCK_PHASES)?;
        Ok(start.div_euclid(alignment) * alignment)
    };
    let starts = (0..blocks).map(start).collect::<Result<Vec<_>>>()?;

    let (span, components) = (to_u32("taps", tile.span)?, to_u32("components", tile.components)?);
    let tap_blocks = to_u32("blocks", tile.tap_blocks(PlanSize::of(plan)))?;
    let block_len = (span * components * BLOCK_PHASES) as usize;
    let mut taps = vec![0.0; tap_blocks as usize * block_len];
    for ((block, &first), block_taps) in (0..).zip(&starts).zip(taps.chunks_exact_mut(block_len)) {
        for phase in block * BLOCK_PHASES..phases.min((block + 1) * BLOCK_PHASES) {
            let offset = phase_taps.start(phase)?.abs_diff(first);
            for (position, &tap) in (offset..).zip(phase_taps.taps(phase)) {
                let (k, component) = (position / components, position % components);
                block_taps[((component * span + k) * BLOCK_PHASES + phase % BLOCK_PHASES) as usize] = tap;
            }
        }
    }
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let (blocks_in_tile, chunk) = (small(tile.blocks_in_tile), small(tile.chunk));
    let entry = PlanEntry {
        phases,
        stride,
        blocks,
        blocks_in_tile,
        tiles_across: blocks.div_ceil(blocks_in_tile),
        quads: small(tile.quads),
        tap_blocks,
        pitch: small(tile.pitch),
        log2_rows_in_flight: tile.log2_rows_in_flight,
        components,
        span,
        chunk,
        taps_per_sum: if plan.shape().window_len() > MAX_TAPS_IN_ONE_SUM { TAPS_PER_SUM / chunk * chunk } else { 0 },
        ..PlanEntry::default()
    };
    Ok((entry, starts, taps))
}

/// Checks that the plan's tiles fit a workgroup, and that their rows and transposed sums fit its memory.
#[cfg(any(test, fuzzing))]
pub(crate) fn check_tile(plan: &PlanEntry, starts: &[i32], shader: Shader) {
    use super::shader::{MAX_STAGED, STEP};

    let (lanes, lane_quads) = (shader.workgroup(), if shader == Shader::Paired { 2 } else { 1 });
    assert!(plan.quads.is_multiple_of(lane_quads), "{plan:?}");
    assert!(plan.blocks_in_tile * plan.quads / lane_quads <= lanes, "{plan:?}");
    assert!(plan.pitch % 2 == 1 && plan.pitch * plan.quads <= MAX_STAGED, "{plan:?}");
    assert!((plan.quads.div_ceil(2) | 1) * plan.blocks_in_tile * BLOCK_PHASES <= MAX_STAGED, "{plan:?}");
    assert!(plan.span.is_multiple_of(STEP) && plan.chunk.is_multiple_of(STEP) && plan.chunk > 0, "{plan:?}");
    assert!(plan.taps_per_sum.is_multiple_of(plan.chunk), "{plan:?}");
    // With several chunks, each lane loads at most one row ahead, and no step crosses the end of a ring.
    let (chunks, step) = if plan.chunk < plan.span { (true, STEP) } else { (false, 1) };
    assert!(!chunks || plan.quads * plan.chunk <= lanes, "{plan:?}");
    for tile in starts.chunks(plan.blocks_in_tile as usize) {
        for start in tile {
            assert!(start.abs_diff(tile[0]).is_multiple_of(plan.components * step), "{plan:?}");
        }
        let spread = tile[tile.len() - 1].abs_diff(tile[0]) / plan.components;
        assert!(plan.chunk + spread <= plan.pitch, "{plan:?}: {spread}");
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "small numbers")]
mod tests {
    use super::super::bank::{Bank, Form, Recipe};
    use super::super::shader::GpuKernel as Kernel;
    use super::*;
    use crate::filter::bank::FilterBank;
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
            [Preset::Default, Preset::KaiserBest].map(|preset| Plan::new(orig, new, preset.options()).expect("a plan"))
        })
    }

    /// Plans with the banks of both banded kernels.
    fn plans_with_banks() -> impl Iterator<Item = (Plan, Bank)> {
        plans().flat_map(|plan| {
            [Kernel::Banded, Kernel::Paired].map(|kernel| {
                let recipe = Recipe::new(&plan, kernel).expect("within the limits");
                (plan.clone(), Bank::new(&plan, recipe, None).expect("within the limits"))
            })
        })
    }

    /// Each tap of a block is the tap of its phase at that sample, or zero outside the window of the phase. No tap is
    /// missing.
    #[test]
    fn bands_hold_the_taps_of_the_plan() {
        for (plan, bank) in plans_with_banks() {
            let filter = FilterBank::<f32>::design(plan.shape());
            let Form::Phases { entry: PlanEntry { phases, span, components, tap_blocks, .. }, starts } = bank.form
            else {
                panic!()
            };
            assert_eq!(bank.taps.len(), (tap_blocks * components * span * BLOCK_PHASES) as usize);
            let mut nonzero = 0;
            for j in 0..phases {
                let (block, lane) = (j / BLOCK_PHASES, j % BLOCK_PHASES);
                let (phase, repeat) = (u64::from(j) % plan.ratio().phases(), u64::from(j) / plan.ratio().phases());
                let phase_taps = filter.taps(phase as usize);
                let first = filter.start(phase as usize) + (repeat * plan.ratio().stride()) as i64;
                for (component, k) in (0..components).flat_map(|component| (0..span).map(move |k| (component, k))) {
                    let row = (block % tap_blocks * components + component) * span + k;
                    let tap = bank.taps[(row * BLOCK_PHASES + lane) as usize];
                    let position = i64::from(starts[block as usize]) + i64::from(k * components + component);
                    let expected = usize::try_from(position - first).ok().and_then(|k| phase_taps.get(k));
                    assert_eq!(tap.to_bits(), expected.copied().unwrap_or(0.0).to_bits(), "phase {j}, tap {k}");
                    nonzero += usize::from(tap != 0.0);
                }
            }
            let repeats = (phases as u64 / plan.ratio().phases()) as usize;
            let all = (0..filter.phases()).flat_map(|phase| filter.taps(phase)).filter(|&&tap| tap != 0.0);
            assert_eq!(nonzero, repeats * all.count());
        }
    }

    /// A NaN reaches all outputs of the blocks over it: also outputs beside those whose window holds it, but none more
    /// than 16 outputs or 8 samples away, as the documentation of `GpuResampler` says.
    #[test]
    fn blocks_end_near_their_windows() {
        for (plan, bank) in plans_with_banks() {
            let filter = FilterBank::<f32>::design(plan.shape());
            let Form::Phases { entry, starts } = bank.form else { panic!() };
            let (phases, stride) = (plan.ratio().phases(), plan.ratio().stride());
            let most = (16 * stride).div_ceil(phases).max(8) as i64;
            for j in 0..entry.phases {
                let (phase, repeat) = (u64::from(j) % phases, u64::from(j) / phases);
                let window = filter.start(phase as usize) + (repeat * stride) as i64;
                let block = i64::from(starts[(j / BLOCK_PHASES) as usize]);
                let beyond =
                    block + i64::from(entry.span * entry.components) - (window + plan.shape().window_len() as i64);
                assert!(window - block <= most && beyond <= most, "{plan:?}: {} and {beyond}", window - block);
            }
        }
    }

    #[test]
    fn tiles_fit() {
        for bank in plans_with_banks().map(|(_, bank)| bank) {
            let Form::Phases { entry, starts } = bank.form else { panic!() };
            check_tile(&entry, &starts, bank.recipe.shader);
        }
    }
}
