//! [`PhaseBlocks`]: the filter bank in the layout of the float32 kernels, with the taps of sixteen outputs in a vector.
//!
//! ```text
//!  block b:  taps[k][lane]                               lane 0 … 15: outputs 16b … 16b + 15 of a period
//!
//!  k = 0            [ tap  0    0   …  0   0  ]          under sample starts[b] of the period
//!  k = 1            [ tap tap   0   …  0   0  ]
//!  ⋮                                                     zeros where the window of an output does not reach
//!  k = span − 1     [  0   0    0   …  0  tap ]
//!                     \__ band 0 __/ \__ band 1 __/
//! ```
//!
//! The windows of neighbouring outputs nearly coincide: output n + 1 lies M/L input samples after output n. A block
//! therefore covers few more samples than one window, and one sample times one vector of taps serves sixteen outputs.

use std::ops::Range;
use std::sync::OnceLock;

use super::on_demand::OnDemandTaps;
use super::prototype::Prototype;
use super::shape::FilterShape;
use crate::num::{distance, to_index, to_position};

/// Number of outputs of a block: the lanes of the widest vectors, 16 × float32 in AVX-512. Narrower levels take several
/// vectors.
pub(crate) const LANES: usize = 16;

/// Taps of sixteen outputs at one sample, aligned to a cache line.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C, align(64))]
pub(crate) struct Taps(pub(crate) [f32; LANES]);

/// The taps of every phase, in blocks.
#[derive(Clone, PartialEq)]
pub(crate) struct PhaseBlocks {
    shape: FilterShape,
    /// Number of periods of the ratio in one period of blocks, see [`repeats`]. Below, `period` means one of blocks.
    repeats: usize,
    /// For each block, the first input sample under it, relative to the period's first.
    starts: Vec<i64>,
    /// Number of samples under a block.
    span: usize,
    /// Ranges of the span that the kernels sum one by one, see [`segments`].
    segments: Vec<Range<usize>>,
    /// For each band of each block, the part of the span that its windows cover. Outside it the taps of the band are
    /// zeros.
    bands: Vec<[Range<usize>; LANES / BAND]>,
    /// Number of blocks in a group, whose taps are designed together.
    group: usize,
    /// For each group, the taps of its blocks: `span` vectors for each block.
    taps: Vec<OnceLock<Vec<Taps>>>,
}

/// Number of outputs of a band, which the kernel for many periods computes together.
pub(crate) const BAND: usize = 8;

/// Shows the sizes only: the taps are too many to read.
impl std::fmt::Debug for PhaseBlocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sizes = f.debug_struct("PhaseBlocks");
        sizes.field("blocks", &self.len()).field("span", &self.span).field("bytes", &self.bytes());
        sizes.finish_non_exhaustive()
    }
}

impl PhaseBlocks {
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

        let padded = span.next_multiple_of(STEP);
        let span = if blocks * padded * size_of::<Taps>() <= SMALL_BYTES { padded } else { span };

        let is_small = blocks * span * size_of::<Taps>() <= SMALL_BYTES;
        let group = if is_small { blocks } else { (GROUP_BYTES / (span * size_of::<Taps>())).clamp(1, blocks) };
        let taps = vec![OnceLock::new(); blocks.div_ceil(group)];
        let band_of = |block: usize, band: usize| {
            let first = block * LANES + band * BAND;
            if first > last_of(block) {
                return 0..0;
            }
            let last = last_of(block).min(first + BAND - 1);
            distance(starts[block], window_of(first).start)..distance(starts[block], window_of(last).end)
        };
        let bands = (0..blocks).map(|block| std::array::from_fn(|band| band_of(block, band))).collect();
        let segments = segments(span, shape.taps(), to_first_zero(shape));
        let bank = Self { shape: *shape, repeats, starts, span, segments, bands, group, taps };
        if is_small {
            // Each value of the prototype serves several taps, which pays when all taps are designed.
            let prototype = Prototype::design(shape);
            let mut taps = vec![Taps::default(); blocks * span];
            for output in 0..outputs {
                let (taps, lane) = bank.column(&mut taps, 0, output);
                let (falling, rising) = prototype.taps_of(shape, output);
                let (first, rest) = taps.split_at_mut(falling.len());
                first.iter_mut().zip(falling.iter().rev()).for_each(|(taps, &tap)| taps.0[lane] = tap);
                rest.iter_mut().zip(rising).for_each(|(taps, &tap)| taps.0[lane] = tap);
            }
            bank.taps[0].get_or_init(|| taps);
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
    fn group(&self, group: usize) -> &[Taps] {
        self.taps[group].get_or_init(|| self.design_group(group))
    }

    #[cold]
    #[expect(clippy::cast_possible_truncation, reason = "the one rounding of the taps")]
    fn design_group(&self, group: usize) -> Vec<Taps> {
        let first = group * self.group;
        let blocks = first..self.len().min(first + self.group);
        let mut taps = vec![Taps::default(); blocks.len() * self.span];
        let period_len = to_index(self.period_len());
        let mut on_demand = OnDemandTaps::new(&self.shape);
        for block in blocks {
            let in_block = block * LANES..period_len.min((block + 1) * LANES);
            on_demand.for_each_output(in_block.start as u64..in_block.end as u64, |output, output_taps| {
                let (taps, lane) = self.column(&mut taps, first, to_index(output));
                taps.iter_mut().zip(output_taps).for_each(|(taps, &tap)| taps.0[lane] = tap as f32);
            });
        }
        taps
    }

    /// Part of `taps`, which holds the blocks from `first` on, that begins at the first tap of an output of a period,
    /// and the output's lane in its block.
    fn column<'a>(&self, taps: &'a mut [Taps], first: usize, output: usize) -> (&'a mut [Taps], usize) {
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
        let block = (shape.taps() as u128 + spread + STEP as u128) * size_of::<Taps>() as u128
            + (size_of::<i64>() + size_of::<[Range<usize>; LANES / BAND]>() + size_of::<OnceLock<Vec<Taps>>>()) as u128;
        (phases * repeats).div_ceil(LANES as u128) * block
    }

    /// Bytes of the bank once all taps have been designed.
    pub(crate) fn bytes(&self) -> usize {
        let places = size_of_val(&*self.starts) + size_of_val(&*self.bands) + size_of_val(&*self.taps);
        self.len() * self.span * size_of::<Taps>() + places
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

    /// For each band of each block, the part of the span that its windows cover. Empty for a band without outputs.
    pub(crate) fn bands(&self) -> &[[Range<usize>; LANES / BAND]] {
        &self.bands
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
    pub(crate) fn taps(&self, block: usize) -> &[Taps] {
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

    /// Taps of output `n`, from the first sample of its window on.
    pub(crate) fn output_taps(&self, n: u64) -> impl Iterator<Item = f32> {
        let output = to_index(n % self.period_len());
        let (block, lane) = (output / LANES, output % LANES);
        let window = self.shape.window(output as u64);
        let offset = distance(self.starts[block], window.start);
        let taps = &self.taps(block)[offset..][..distance(window.start, window.end)];
        taps.iter().map(move |taps| taps.0[lane])
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

/// Number of samples that the kernel for few periods takes in one step of its loop; samples after the last whole step
/// are taken one by one. At 48→44.1 kHz with kaiser_best, steps of 8 reach 116 GFLOP/s, steps of 16 reach 99, steps of
/// 4 reach 115.
pub(crate) const STEP: usize = 8;

/// Size in bytes of the largest bank that is designed all at once, and whose spans are padded with zeros to whole
/// steps.
const SMALL_BYTES: usize = 1 << 20;

/// Size in bytes of a group in a larger bank, which has at least one block.
const GROUP_BYTES: usize = 1 << 18;

/// Number of samples of a segment in the middle of a window. Short windows have shorter segments: 16 samples would be
/// most of the window.
const fn middle(taps: usize) -> usize {
    if taps < 64 { 8 } else { 16 }
}

/// Number of whole samples from the middle of a window to the first zero of its sinc.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and saturates")]
fn to_first_zero(shape: &FilterShape) -> usize {
    shape.crossings_per_sample().recip() as usize
}

/// Divides the samples under a block into segments. The kernels sum the products of each segment, and then add up these
/// sums.
///
/// ```text
///  taps        ……  .  .  small  . . . | the main lobes of the 16 windows | . . .  small  .  .  ……
///  segments    |______________________|____|____|____|____|____|____|____|______________________|
/// ```
///
/// Each addition rounds at the size of the running sum, and most of a sum comes from the few taps of the main lobe. All
/// samples before the main lobe of the block's first window form one segment, and all samples after the main lobe of
/// its last window another; between them segments are short. The main lobe reaches `to_first_zero` samples to either
/// side of the middle of a window of `taps` samples.
///
/// Errors in dB relative to the output, by the number of segments:
///
/// | | one sum | these segments | lengths that double to either side |
/// |---|---|---|---|
/// | 147 taps | −133 | −141.0 (4) | −140.7 (8) |
/// | 405 taps | −129 | −140.7 (6) | −140.0 (12) |
///
/// With 200 samples to the first zero (16:1, rolloff 0.08, width 6), short segments throughout the main lobe give an
/// error of −136.0 dB, a single segment there −130.2 dB.
fn segments(span: usize, taps: usize, to_first_zero: usize) -> Vec<Range<usize>> {
    let beside = to_first_zero.min(taps / 2) / STEP * STEP;
    let first = (taps / 2 / STEP * STEP).saturating_sub(beside);
    let last = (span.saturating_sub(taps / 2).next_multiple_of(STEP) + beside).max(first);
    let ends = (first..last + middle(taps)).step_by(middle(taps)).filter(|&end| end > 0 && end < span).chain([span]);
    let mut start = 0;
    ends.map(|end| std::mem::replace(&mut start, end)..end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::bank::FilterBank;
    use crate::filter::ratio::Ratio;
    use crate::options::ResampleOptions;

    fn shape(orig: u64, new: u64, options: &ResampleOptions) -> FilterShape {
        FilterShape::new(Ratio::new(orig, new).expect("a ratio"), options).expect("within the limits")
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
    fn segments_are_short_in_the_middle_and_cover_everything_once() {
        assert_eq!(segments(31, 14, 1), [0..8, 8..16, 16..24, 24..31]);
        assert_eq!(segments(168, 148, 1), [0..72, 72..88, 88..104, 104..168]);
        assert_eq!(segments(168, 148, 17), [0..56, 56..72, 72..88, 88..104, 104..120, 120..168]);
        for span in 1..2000 {
            for (taps, lobe) in [(1, 0), (span / 10 + 1, 1), (span / 2 + 1, span / 10), (span, 17), (span, usize::MAX)]
            {
                let segments = segments(span, taps, lobe);
                assert_eq!((segments[0].start, segments[segments.len() - 1].end), (0, span));
                assert!(segments.windows(2).all(|pair| pair[0].end == pair[1].start));
                assert!(segments.iter().all(|segment| segment.start % STEP == 0 && !segment.is_empty()));
                let beside = lobe.min(taps / 2) / STEP * STEP;
                let middles = (taps / 2).saturating_sub(beside)..span - taps / 2 + beside;
                let long = segments.iter().filter(|segment| segment.len() > middle(taps));
                assert!(long.into_iter().all(|long| long.end <= middles.start || long.start >= middles.end));
            }
        }
    }

    #[test]
    fn every_phase_has_the_taps_of_the_reference() {
        for (orig, new) in [(48_000, 44_100), (2, 1), (1, 2), (3, 2), (5, 7), (44_100, 16_000), (1009, 997), (1, 100)] {
            for options in [ResampleOptions::default(), ResampleOptions::kaiser_fast()] {
                let shape = shape(orig, new, &options);
                let blocks = PhaseBlocks::design(&shape);
                let bank = FilterBank::<f32>::design(&shape);
                for n in 0..3 * blocks.period_len() {
                    let expected = bank.taps(usize::try_from(n % bank.phases() as u64).expect("a phase"));
                    let taps: Vec<_> = blocks.output_taps(n).collect();
                    assert_eq!(taps, expected[..taps.len()]);
                    assert!(expected[taps.len()..].iter().all(|&tap| tap == 0.0));
                }
                // All other taps are zeros.
                let sum = |taps: &mut dyn Iterator<Item = f32>| taps.map(f64::from).map(f64::abs).sum::<f64>();
                let inside = sum(&mut (0..blocks.period_len()).flat_map(|n| blocks.output_taps(n)));
                let taps = (0..blocks.len()).flat_map(|block| blocks.taps(block));
                let all = sum(&mut taps.flat_map(|taps| taps.0));
                assert!((inside - all).abs() < 1e-9 * all);
            }
        }
    }

    #[test]
    fn periods_within_the_samples_are_found_to_the_sample() {
        for (orig, new) in [(48_000, 44_100), (1, 2), (441, 160), (1009, 997)] {
            let blocks = PhaseBlocks::design(&shape(orig, new, &ResampleOptions::default()));
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
        assert!(PhaseBlocks::design(&shape).bytes() < 2_000_000);
    }
}
