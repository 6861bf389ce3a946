//! The kernels: sums of products of the filter's taps with the samples under them.
//!
//! | file | taps | lanes of a vector | used |
//! |---|---|---|---|
//! | `few_periods` | every phase | 16 outputs of a period | below 16 whole periods or without AVX-512 |
//! | `many_periods` | every phase | one output of 16 periods | from 16 whole periods on, with AVX-512 |
//! | `alone` | every phase | none: one output | for outputs that are not finite |
//! | `interpolated` | float32, some phases | 16 neighbouring taps of an output | for ratios with too many phases |
//! | `reference` | float64, computed for each output | none: one output at a time | the same ratios in float64 |
//!
//! A period is L outputs, made from M new samples, or a small multiple of both (`PhaseBlocks`). Periods share their
//! taps. `many_periods` loads less for each multiply-add and skips more zeros, but it needs whole periods to fill its
//! lanes, 32 registers, and a span short enough for its rows to stay in the cache. `few_periods` computes everything
//! else: parts of periods, short ranges, small chunks of streams, long windows.
//!
//! Each output is summed in an order that depends on its phase and the plan alone: sample by sample, in the plan's
//! segments. At one SIMD level these kernels give the same bits, with any number of periods at once. Samples beyond the
//! source count as zeros.
//!
//! The kernels are built on fearless_simd. Each has one source for all SIMD levels, and those for few and many periods
//! one for float32 and float64.

mod alone;
mod few_periods;
mod input;
mod interpolated;
mod many_periods;
mod outputs;
mod reference;
mod scratch;
mod vector;

use fearless_simd::{Simd, dispatch, prelude::*};

use self::few_periods::periods_at_once;
use self::input::Input;
use self::many_periods::Tile;
use self::outputs::Outputs;
pub(super) use self::scratch::Engine;
use self::scratch::{Copies, MAX_AT_EDGE, Scratch, VECTORS};
use self::vector::Element;
use crate::batch::Source;
use crate::filter::bands::LANES;
use crate::filter::blocks::PhaseBlocks;
use crate::num::{index_at, overlap, to_index, to_position};
use crate::plan::{Bank, Plan};

/// Float type that outputs are computed in.
pub(crate) trait Kernel: Element {
    /// Taps of every phase; `None` if the plan has none, or none in this type.
    fn blocks(plan: &Plan) -> Option<&PhaseBlocks<Self>>;

    /// Memory for copies of samples.
    fn copies(scratch: &mut Scratch) -> &mut Copies<Self>;

    /// Fills `output` with the outputs from `first` on, for plans without `blocks`. Returns false if an output is not
    /// finite.
    fn convolve_otherwise(
        engine: &mut Engine,
        plan: &Plan,
        source: Source<'_, Self>,
        first: u64,
        output: &mut [Self],
    ) -> bool;

    /// Computes output `n` from the samples under its taps alone, for plans without `blocks`.
    fn output_otherwise(engine: &mut Engine, plan: &Plan, source: Source<'_, Self>, n: u64) -> Self;

    /// Reserves the memory that plans without `blocks` take from the engine.
    fn reserve_otherwise(engine: &mut Engine, plan: &Plan);

    /// Fills `output` with the outputs from `first` on. Samples beyond the source count as zeros.
    ///
    /// Returns false if an output is not finite. It may be so because of a NaN or an infinity that its taps do not
    /// touch.
    fn convolve(engine: &mut Engine, plan: &Plan, source: Source<'_, Self>, first: u64, output: &mut [Self]) -> bool {
        match Self::blocks(plan) {
            Some(blocks) => {
                let (input, copies) = (Input { blocks, source }, Self::copies(&mut engine.scratch));
                let far = engine.stores_far;
                dispatch!(engine.level.simd(), simd => input.convolve(simd, first, output, copies, far))
            }
            None => Self::convolve_otherwise(engine, plan, source, first, output),
        }
    }

    /// Computes output `n` from the samples under its taps alone, with the bits that `convolve` gives it if these are
    /// finite.
    #[cold]
    fn output(engine: &mut Engine, plan: &Plan, source: Source<'_, Self>, n: u64) -> Self {
        match Self::blocks(plan) {
            Some(blocks) => dispatch!(engine.level.simd(), simd => Input { blocks, source }.output(simd, n)),
            None => Self::output_otherwise(engine, plan, source, n),
        }
    }

    /// Reserves the memory that `convolve` and `output` take from the engine with this plan.
    fn reserve(engine: &mut Engine, plan: &Plan) {
        match Self::blocks(plan) {
            Some(blocks) => Self::copies(&mut engine.scratch).reserve(blocks.span()),
            None => Self::reserve_otherwise(engine, plan),
        }
    }

    /// Designs all taps that `convolve` uses with this plan, unless they have been designed already.
    fn design(plan: &Plan) {
        if let Some(blocks) = Self::blocks(plan) {
            blocks.design_all();
        }
    }
}

impl Kernel for f32 {
    fn blocks(plan: &Plan) -> Option<&PhaseBlocks<Self>> {
        if let Bank::Exact(blocks) = plan.bank() { Some(blocks) } else { None }
    }

    fn copies(scratch: &mut Scratch) -> &mut Copies<Self> {
        &mut scratch.single
    }

    fn convolve_otherwise(
        engine: &mut Engine,
        plan: &Plan,
        source: Source<'_, Self>,
        first: u64,
        output: &mut [Self],
    ) -> bool {
        let Bank::Interpolated(bank) = plan.bank() else { return copy(source, first, output) };
        dispatch!(engine.level.simd(), simd => interpolated::convolve(simd, bank, source, first, output))
    }

    fn output_otherwise(engine: &mut Engine, plan: &Plan, source: Source<'_, Self>, n: u64) -> Self {
        let Bank::Interpolated(bank) = plan.bank() else { return source.at(to_position(n)) };
        dispatch!(engine.level.simd(), simd => interpolated::output(simd, bank, plan.shape(), source, n))
    }

    fn reserve_otherwise(_: &mut Engine, _: &Plan) {}
}

impl Kernel for f64 {
    fn blocks(plan: &Plan) -> Option<&PhaseBlocks<Self>> {
        plan.f64_blocks()
    }

    fn copies(scratch: &mut Scratch) -> &mut Copies<Self> {
        &mut scratch.double
    }

    fn convolve_otherwise(
        engine: &mut Engine,
        plan: &Plan,
        source: Source<'_, Self>,
        first: u64,
        output: &mut [Self],
    ) -> bool {
        if let Bank::Copy = plan.bank() {
            return copy(source, first, output);
        }
        reference::convolve(engine.scratch.on_demand(plan.shape()), plan.shape(), source, first, output)
    }

    fn output_otherwise(engine: &mut Engine, plan: &Plan, source: Source<'_, Self>, n: u64) -> Self {
        if let Bank::Copy = plan.bank() {
            return source.at(to_position(n));
        }
        reference::output(engine.scratch.on_demand(plan.shape()), plan.shape(), source, n)
    }

    fn reserve_otherwise(engine: &mut Engine, plan: &Plan) {
        engine.scratch.reserve_on_demand(plan.shape());
    }
}

/// Largest number of outputs, up to `max`, that fills whole tiles of `many_periods`; failing that, whole periods;
/// failing that, `max`.
pub(super) fn whole_tiles(plan: &Plan, max: usize) -> usize {
    let Bank::Exact(blocks) = plan.bank() else { return max };
    let period_len = to_index(blocks.period_len());
    let multiples = [VECTORS * LANES, 1].map(|periods| period_len.saturating_mul(periods));
    multiples.into_iter().find(|&len| len <= max).map_or(max, |len| max / len * len)
}

/// Computes outputs at equal rates: output n is sample n, which no other sample can contaminate.
fn copy<T: Copy + Default>(source: Source<'_, T>, first: u64, output: &mut [T]) -> bool {
    let start = to_position(first);
    let inside = overlap(start, output.len(), source.origin, source.samples.len());
    output.fill(T::default());
    let samples = source.samples.get(index_at(start.saturating_sub(source.origin))..).unwrap_or_default();
    output[inside.clone()].copy_from_slice(&samples[..inside.len()]);
    true
}

impl<T: Element> Input<'_, T> {
    /// Fills `output` with the outputs from `first` on, by the kernel that suits the periods that are left. `far` tells
    /// whether `output` lies beyond the caches.
    #[inline(always)]
    fn convolve<S: Simd>(self, simd: S, first: u64, output: &mut [T], copies: &mut Copies<T>, far: bool) -> bool {
        let period_len = self.blocks.period_len();
        let end = first + output.len() as u64;
        let mut outputs = Outputs::<S, T>::new(simd, first, output);
        let mut period = first / period_len;
        let inner = self.blocks.periods_within(self.source.origin, self.source.end());
        let max_periods = periods_at_once(S::f32s::LEN * size_of::<f32>() / size_of::<T>());
        let needed = max_periods.saturating_mul(to_index(self.blocks.stride())).saturating_add(self.blocks.span());
        let may_copy = needed <= MAX_AT_EDGE;
        while period.saturating_mul(period_len) < end {
            // Number of periods, from this one on, of which all outputs are wanted.
            let whole = if period * period_len < first { 0 } else { (end / period_len).saturating_sub(period) };
            if S::f32s::LEN == LANES
                && let Some(tile) = Tile::choose(whole, self.blocks.stride(), self.blocks.span())
            {
                let rows = &mut copies.rows;
                if far {
                    outputs.fetch(period * period_len, to_index(tile.periods() * period_len));
                }
                match tile.vectors {
                    1 => self.convolve_many::<S, 1>(simd, tile, period, &mut outputs, rows),
                    2 => self.convolve_many::<S, 2>(simd, tile, period, &mut outputs, rows),
                    _ => self.convolve_many::<S, 3>(simd, tile, period, &mut outputs, rows),
                }
                period += tile.periods();
                continue;
            }
            // Periods at an edge of the source are computed together only if the copy of their samples is small.
            let whole = match (may_copy, inner.contains(&period)) {
                (true, _) => whole,
                (false, true) => whole.min(inner.end - period),
                (false, false) => 1,
            };
            let edge = &mut copies.edge;
            let periods = match whole.min(max_periods as u64) {
                12.. => self.convolve_few::<S, 12>(simd, period, &mut outputs, edge),
                6.. => self.convolve_few::<S, 6>(simd, period, &mut outputs, edge),
                3.. => self.convolve_few::<S, 3>(simd, period, &mut outputs, edge),
                _ => self.convolve_few::<S, 1>(simd, period, &mut outputs, edge),
            };
            period += periods;
        }
        outputs.are_finite()
    }
}
