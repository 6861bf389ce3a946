//! [`PhaseBlocks`]: the filter bank in the layout of the kernels for few and many periods, with the taps of sixteen
//! outputs in a vector.
//!
//! ```text
//!  block b:  taps[k][lane]                               lane 0 … 15: outputs 16b … 16b + 15 of a period
//!
//!  k = 0            [ tap  0    0   …  0   0  ]          under sample starts[b] of the period
//!  k = 1            [ tap tap   0   …  0   0  ]
//!  ⋮                                                     zeros where the window of an output does not reach
//!  k = span − 1     [  0   0    0   …  0  tap ]
//!                     band 0, 1, 2, 3: four outputs each
//! ```
//!
//! The windows of neighbouring outputs nearly coincide: output n + 1 lies M/L input samples after output n. A block
//! therefore covers few more samples than one window, and one sample times one vector of taps serves sixteen outputs.

use std::ops::Range;
use std::sync::OnceLock;

use super::bands::{self, Bands, BlockSpan, LANES, Needed};
use super::coefficient::Coefficient;
use super::on_demand::OnDemandTaps;
use super::prototype::Prototype;
use super::segments::{STEP, segments};
use super::shape::FilterShape;
use crate::num::{distance, to_index, to_position};

/// Taps of sixteen outputs at one sample, aligned to a cache line.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C, align(64))]
pub(crate) struct Taps<T>(pub(crate) [T; LANES]);

/// The taps of every phase, in blocks.
#[derive(Clone, PartialEq)]
pub(crate) struct PhaseBlocks<T> {
    shape: FilterShape,
    /// Number of periods of the ratio in one period of blocks, see [`repeats`]. Below, `period` means one of blocks.
    repeats: usize,
    /// For each block, the first input sample under it, relative to the period's first.
    starts: Vec<i64>,
    /// Number of samples under a block.
    span: usize,
    /// Ranges of the span that the kernels sum one by one, see [`segments`].
    segments: Vec<Range<usize>>,
    /// Bands of each block.
    bands: Vec<Bands<T>>,
    /// For each block, the samples that any of its outputs needs.
    needed: Vec<Needed>,
    /// Number of blocks in a group, whose taps are designed together.
    group: usize,
    /// For each group, the taps of its blocks: `span` vectors for each block.
    taps: Vec<OnceLock<Vec<Taps<T>>>>,
}

/// Shows the sizes only: the taps are too many to read.
impl<T: Coefficient> std::fmt::Debug for PhaseBlocks<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sizes = f.debug_struct("PhaseBlocks");
        sizes.field("blocks", &self.len()).field("span", &self.span).field("bytes", &self.bytes());
        sizes.finish_non_exhaustive()
    }
}

impl<T: Coefficient> PhaseBlocks<T> {
    /// Lays out the blocks. The taps of a small bank are designed at once, those of a large one group by group on first
    /// use, so that a clip with fewer outputs than there are phases costs only the taps that it needs.
    pub(crate) fn design(shape: &FilterShape) -> Self {
        let phases = usize::try_from(shape.ratio().phases()).expect("the plan bounds phases · 8 bytes");
        let repeats = repeats(phases);
        let outputs = phases * repeats;
        let blocks = outputs.div_ceil(LANES);
        let window_of = |output: usize| shape.window(output as u64);
        let last_of = |block: usize| outputs.min((block + 1) * LANES) - 1;
        let starts: Vec<_> = (0..blocks).map(|block| window_of(block * LANES).start).collect();
        let span = (0..blocks).map(|block| distance(starts[block], window_of(last_of(block)).end)).max().unwrap_or(0);

        let taps_bytes = |span: usize| blocks * span * size_of::<Taps<T>>();
        let padded = span.next_multiple_of(STEP);
        let span = if taps_bytes(padded) <= SMALL_BYTES { padded } else { span };

        let is_small = taps_bytes(span) <= SMALL_BYTES;
        let group = if is_small { blocks } else { (GROUP_BYTES / (span * size_of::<Taps<T>>())).clamp(1, blocks) };
        let taps = vec![OnceLock::new(); blocks.div_ceil(group)];
        let segments = segments(span, shape);
        let (bands, needed) = (Vec::new(), Vec::new());
        let mut bank = Self { shape: *shape, repeats, starts, span, segments, bands, needed, group, taps };
        if is_small {
            // Each value of the prototype serves several taps, which pays when all taps are designed.
            let prototype = Prototype::design(shape);
            let mut taps = vec![Taps::<T>::default(); blocks * span];
            for output in 0..outputs {
                let (taps, lane) = bank.column(&mut taps, 0, output);
                let (falling, rising) = prototype.taps_of(shape, output);
                let (first, rest) = taps.split_at_mut(falling.len());
                first.iter_mut().zip(falling.iter().rev()).for_each(|(taps, &tap)| taps.0[lane] = tap);
                rest.iter_mut().zip(rising).for_each(|(taps, &tap)| taps.0[lane] = tap);
            }
            bank.taps[0].get_or_init(|| taps);
        }
        for block in 0..blocks {
            let outputs = (block * LANES) as u64..last_of(block) as u64 + 1;
            let of_block = BlockSpan { shape, outputs, start: bank.starts[block], segments: &bank.segments };
            let tap = |sample: usize, lane: u8| bank.taps(block)[sample].0[usize::from(lane)];
            // Lists hold copies of taps, which large banks design later.
            let bands = of_block.bands(is_small.then_some(&tap));
            let needed = of_block.needed();
            bank.bands.push(bands);
            bank.needed.push(needed);
        }
        bank
    }

    /// Designs the taps of all groups that have not been used yet.
    pub(crate) fn design_all(&self) {
        for group in 0..self.taps.len() {
            self.group(group);
        }
    }

    /// Taps of a group.
    fn group(&self, group: usize) -> &[Taps<T>] {
        self.taps[group].get_or_init(|| self.design_group(group))
    }

    #[cold]
    fn design_group(&self, group: usize) -> Vec<Taps<T>> {
        let first = group * self.group;
        let blocks = first..self.len().min(first + self.group);
        let mut taps = vec![Taps::default(); blocks.len() * self.span];
        let period_len = to_index(self.period_len());
        let mut on_demand = OnDemandTaps::new(&self.shape);
        for block in blocks {
            let in_block = block * LANES..period_len.min((block + 1) * LANES);
            on_demand.for_each_output(in_block.start as u64..in_block.end as u64, |output, output_taps| {
                let (taps, lane) = self.column(&mut taps, first, to_index(output));
                taps.iter_mut().zip(output_taps).for_each(|(taps, &tap)| taps.0[lane] = T::from_f64(tap));
            });
        }
        taps
    }

    /// Part of `taps`, which holds the blocks from `first` on, that begins at the first tap of an output of a period,
    /// and the output's lane in its block.
    fn column<'a>(&self, taps: &'a mut [Taps<T>], first: usize, output: usize) -> (&'a mut [Taps<T>], usize) {
        let block = output / LANES;
        let offset = distance(self.starts[block], self.shape.window(output as u64).start);
        (&mut taps[(block - first) * self.span + offset..], output % LANES)
    }

    /// Upper bound of the bytes that the blocks of a shape take.
    pub(crate) fn bytes_needed(shape: &FilterShape) -> u128 {
        let (stride, phases) = (u128::from(shape.ratio().stride()), u128::from(shape.ratio().phases()));
        // Beyond a few hundred phases there is one repeat.
        let repeats = repeats(to_index(phases).min(1 << 16)) as u128;
        let spread = (LANES as u128 - 1) * stride / phases + 1;
        let span = shape.window_len() as u128 + spread + STEP as u128;
        let block = span * size_of::<Taps<T>>() as u128
            + bands::bytes_needed::<T>(shape, span)
            + (size_of::<i64>() + size_of::<OnceLock<Vec<Taps<T>>>>()) as u128;
        (phases * repeats).div_ceil(LANES as u128) * block
    }

    /// Bytes of the bank once all taps have been designed.
    pub(crate) fn bytes(&self) -> usize {
        let bands = size_of_val(&*self.bands) + self.bands.iter().map(Bands::bytes).sum::<usize>();
        let needed = size_of_val(&*self.needed) + self.needed.iter().map(Needed::bytes).sum::<usize>();
        let places = size_of_val(&*self.starts) + bands + needed + size_of_val(&*self.taps);
        self.len() * self.span * size_of::<Taps<T>>() + places
    }

    /// Number of blocks of a period.
    fn len(&self) -> usize {
        self.starts.len()
    }

    /// Number of outputs of a period of blocks.
    pub(crate) fn period_len(&self) -> u64 {
        self.shape.ratio().phases() * self.repeats as u64
    }

    /// Number of input samples from one period of blocks to the next.
    pub(crate) fn stride(&self) -> u64 {
        self.shape.ratio().stride() * self.repeats as u64
    }

    /// Number of samples under a block.
    pub(crate) fn span(&self) -> usize {
        self.span
    }

    /// Ranges of a block's samples whose products are summed together.
    pub(crate) fn segments(&self) -> &[Range<usize>] {
        &self.segments
    }

    /// Bands of a block.
    pub(crate) fn bands(&self, block: usize) -> &Bands<T> {
        &self.bands[block]
    }

    /// Samples that any output of a block needs.
    pub(crate) fn needed(&self, block: usize) -> &Needed {
        &self.needed[block]
    }

    /// The filter in integers.
    pub(crate) fn shape(&self) -> &FilterShape {
        &self.shape
    }

    /// Blocks that hold any of a range of a period's outputs.
    pub(crate) fn blocks(&self, outputs: Range<u64>) -> Range<usize> {
        let within = |output: u64| to_index(output.min(self.period_len()));
        within(outputs.start) / LANES..within(outputs.end).div_ceil(LANES)
    }

    /// First sample under a block, relative to the first of the period.
    pub(crate) fn start(&self, block: usize) -> i64 {
        self.starts[block]
    }

    /// Taps of a block, one vector for each sample of its span.
    pub(crate) fn taps(&self, block: usize) -> &[Taps<T>] {
        let (group, block) = (block / self.group, block % self.group);
        &self.group(group)[block * self.span..][..self.span]
    }

    /// End of the samples under the [`blocks`](Self::blocks) of a range of outputs, relative to the first sample of the
    /// period.
    pub(crate) fn end(&self, outputs: Range<u64>) -> i64 {
        let last = self.blocks(outputs).end.checked_sub(1).and_then(|last| self.starts.get(last));
        last.map_or(0, |start| start + to_position(self.span))
    }

    /// Periods whose blocks cover only samples at positions in `start..end`.
    pub(crate) fn periods_within(&self, start: i64, end: i64) -> Range<u64> {
        let stride = self.stride().cast_signed();
        let (Some(first_block), Some(last_block)) = (self.starts.first(), self.starts.last()) else { return 0..0 };
        let first = (start - first_block + stride - 1).div_euclid(stride);
        let last = (end - last_block - to_position(self.span)).div_euclid(stride);
        let period = |period: i64| u64::try_from(period).unwrap_or(0);
        period(first)..period(last + 1)
    }
}

/// Number of periods of the ratio in one period of blocks: (M, L) becomes (M · repeats, L · repeats), the same ratio,
/// so that few lanes of the last block are empty.
///
/// Repeats multiply the size of the bank, so their number is the smallest that leaves at most 4 % of the lanes empty,
/// and at most 16. At 48→44.1 kHz, 147 phases leave 8 % of the lanes empty with 1 repeat and 3 % with 2.
fn repeats(phases: usize) -> usize {
    let empty = |repeats: usize| (phases * repeats).next_multiple_of(LANES) - phases * repeats;
    (1..=LANES).find(|&repeats| empty(repeats) * 25 <= phases * repeats).unwrap_or(LANES)
}

/// Size in bytes of the largest bank that is designed all at once, and whose spans are padded with zeros to whole
/// steps.
const SMALL_BYTES: usize = 1 << 20;

/// Size in bytes of a group in a larger bank, which has at least one block.
const GROUP_BYTES: usize = 1 << 18;

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
mod tests {
    use super::*;
    use crate::filter::bands::{Band, Products};
    use crate::filter::ratio::Ratio;
    use crate::options::{Preset, ResampleOptions};

    fn shape(orig: u64, new: u64, options: &ResampleOptions) -> FilterShape {
        FilterShape::new(Ratio::new(orig, new).expect("a ratio"), options).expect("within the limits")
    }

    /// Taps of output `n`, from the first sample of its window on.
    fn output_taps(blocks: &PhaseBlocks<f32>, n: u64) -> Vec<f32> {
        let output = to_index(n % blocks.period_len());
        let window = blocks.shape.window(output as u64);
        let offset = distance(blocks.starts[output / LANES], window.start);
        let taps = &blocks.taps(output / LANES)[offset..][..distance(window.start, window.end)];
        taps.iter().map(|taps| taps.0[output % LANES]).collect()
    }

    #[test]
    fn blocks_are_full_and_periods_short() {
        let expected =
            [(1, 16), (2, 8), (3, 16), (4, 4), (7, 9), (16, 1), (80, 1), (147, 2), (160, 1), (441, 1), (16_000, 1)];
        for (phases, expected) in expected {
            assert_eq!(repeats(phases), expected, "{phases} phases");
        }
    }

    #[test]
    fn every_phase_has_the_taps_of_the_reference() {
        for (orig, new) in [(48_000, 44_100), (2, 1), (1, 2), (3, 2), (5, 7), (44_100, 16_000), (1009, 997), (1, 100)] {
            for options in [ResampleOptions::default(), ResampleOptions::kaiser_fast()] {
                let shape = shape(orig, new, &options);
                let blocks = PhaseBlocks::<f32>::design(&shape);
                let mut on_demand = OnDemandTaps::new(&shape);
                for n in 0..3 * blocks.period_len() {
                    let expected: Vec<_> = on_demand.taps(n).iter().map(|&tap| f32::from_f64(tap)).collect();
                    assert_eq!(output_taps(&blocks, n), expected);
                }
                // All other taps are zeros.
                let sum = |taps: &mut dyn Iterator<Item = f32>| taps.map(f64::from).map(f64::abs).sum::<f64>();
                let inside = sum(&mut (0..blocks.period_len()).flat_map(|n| output_taps(&blocks, n)));
                let taps = (0..blocks.len()).flat_map(|block| blocks.taps(block));
                let all = sum(&mut taps.flat_map(|taps| taps.0));
                assert!((inside - all).abs() < 1e-9 * all);
            }
        }
    }

    /// Number of products of an output in the kernel for many periods, the mean of a period.
    fn products(blocks: &PhaseBlocks<f32>) -> f64 {
        fn of_band<const B: usize>(band: &Band<f32, B>) -> usize {
            let samples = match &band.products {
                Products::Range(range) => range.len(),
                Products::Listed(list) => list.0.segments().map(<[_]>::len).sum(),
            };
            samples * B
        }
        let bands = |bands: &Bands<f32>| -> usize {
            bands.wide.iter().map(of_band).chain(bands.narrow.iter().map(of_band)).sum()
        };
        blocks.bands.iter().map(bands).sum::<usize>() as f64 / blocks.period_len() as f64
    }

    /// Products of `high` in the kernel for many periods, with and without structural zeros.
    #[test]
    fn bands_skip_most_structural_zeros() {
        for (orig, new, expected) in [
            (2, 1, [109.0, 201.0]),
            (1, 2, [54.5, 97.0]),
            (3, 1, [208.0, 300.0]),
            (3, 2, [104.0, 150.0]),
            (1, 3, [71.8, 96.0]),
            (2, 3, [72.4, 97.5]),
            (48, 49, [97.9, 97.9]),
        ] {
            let high = Preset::High.options();
            let sparse = PhaseBlocks::<f32>::design(&shape(orig, new, &high));
            // Nearly the same filter, whose zeros are not at samples.
            let dense = PhaseBlocks::<f32>::design(&shape(orig, new, &high.rolloff(1.0 - 1e-9)));
            for (blocks, expected) in [&sparse, &dense].into_iter().zip(expected) {
                let products = products(blocks);
                assert!((products - expected).abs() <= 0.05 * expected, "{orig}→{new}: {products}, not {expected}");
            }
            let needed = |shape: &FilterShape| PhaseBlocks::<f32>::bytes_needed(shape);
            for blocks in [&sparse, &dense] {
                assert!(blocks.bytes() as u128 <= needed(&blocks.shape), "{orig}→{new}: {} bytes", blocks.bytes());
            }
            let lists = sparse.bytes() - dense.bytes();
            assert_eq!(lists > sparse.len() * sparse.span, orig.max(new) < 10, "{orig}→{new}: {lists} bytes");
        }
    }

    #[test]
    fn periods_within_the_samples_are_found_to_the_sample() {
        for (orig, new) in [(48_000, 44_100), (1, 2), (441, 160), (1009, 997)] {
            let blocks = PhaseBlocks::<f32>::design(&shape(orig, new, &ResampleOptions::default()));
            for (start, end) in [(0, 5000), (17, 3000), (0, 0), (-3, 1), (160, 12_345)] {
                let within = |period: u64| {
                    let period = (period * blocks.stride()).cast_signed();
                    blocks
                        .blocks(0..u64::MAX)
                        .map(|block| period + blocks.start(block))
                        .all(|block| block >= start && block + to_position(blocks.span) <= end)
                };
                let expected: Vec<_> = (0..3000).filter(|&period| within(period)).collect();
                assert_eq!(
                    blocks.periods_within(start, end).collect::<Vec<_>>(),
                    expected,
                    "{orig}→{new}, {start}..{end}"
                );
            }
        }
    }

    #[test]
    fn nearly_equal_rates_take_less_than_two_megabytes() {
        let options = ResampleOptions::default();
        let shape = shape(16_001, 16_000, &options);
        assert!(PhaseBlocks::<f32>::design(&shape).bytes() < 2_000_000);
    }
}
