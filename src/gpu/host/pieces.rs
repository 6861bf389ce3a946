//! [`next_piece`]: cuts a batch into pieces, each for one submission. Plain data, decided without a device.
//!
//! ```text
//! batch     | clip 0 | clip 1 ............................ | clip 2 |
//! pieces    | portion, portion | portion | portion | portion, portion |
//! ```
//!
//! A portion is a run of one clip's outputs with the samples under it. Clips are cut only where a granule of their plan
//! ends, so that every output has the same bits as if its clip were not cut.

use std::ops::Range;

use crate::batch::Run;
use crate::gpu::layout::placed::{PlacedRun, Strides};
use crate::gpu::layout::shader::SampleFormat;
use crate::num::to_index;
use crate::options::Padding;
use crate::plan::Plan;
use crate::plan::reach::input_range;

/// Largest size of a buffer of a piece in bytes. Larger ones are no faster.
const MAX_PIECE_BYTES: u64 = 64 << 20;

/// Number of multiply-adds of the first piece: a tenth of a second on the slowest adapters, which compute in software.
/// Later pieces are sized by the time that earlier ones took.
const FIRST_MULTIPLY_ADDS: u64 = 1 << 27;

/// Outputs that a batch needs of one clip.
#[derive(Debug, Clone)]
pub(crate) struct ClipWork<'a> {
    pub(crate) plan: &'a Plan,
    /// Number of outputs from one point where the clip can be cut to the next.
    pub(crate) granularity: u64,
    /// Number of the clip's samples.
    pub(crate) clip_len: usize,
    /// Position of the clip's first sample: 0, except for adjoints.
    pub(crate) origin: u64,
    /// Numbers of the outputs, up to the last that can be other than zero.
    pub(crate) outputs: Range<u64>,
}

impl<'a> ClipWork<'a> {
    /// All outputs of a clip.
    pub(crate) fn whole(plan: &'a Plan, granularity: u64, clip_len: usize) -> Self {
        Self::new(plan, granularity, clip_len, 0, 0, plan.output_len(clip_len))
    }

    /// `output_len` outputs from `first_output` on, of a clip whose first sample is at position `origin`. If that is
    /// not 0, the plan must pad with zeros.
    pub(crate) fn new(
        plan: &'a Plan,
        granularity: u64,
        clip_len: usize,
        origin: u64,
        first_output: u64,
        output_len: usize,
    ) -> Self {
        let margin = plan.shape().margin() as u64;
        let silence = plan.shape().first_from(origin.saturating_add(clip_len as u64).saturating_add(margin));
        let audible = if clip_len == 0 { 0 } else { silence.saturating_sub(first_output) };
        let end = first_output.saturating_add(audible.min(output_len as u64));
        Self { plan, granularity, clip_len, origin, outputs: first_output..end }
    }

    pub(crate) fn output_len(&self) -> u64 {
        self.outputs.end - self.outputs.start
    }

    /// Index of an output among those of [`outputs`](Self::outputs).
    pub(crate) fn index_of(&self, output: u64) -> usize {
        to_index(output - self.outputs.start)
    }

    /// Indices of the samples that these outputs are computed from.
    fn samples_under(&self, outputs: Range<u64>) -> Range<usize> {
        if outputs.is_empty() {
            return 0..0;
        }
        let shape = self.plan.shape();
        let index = |position: i64| {
            let index = i128::from(position) - i128::from(self.origin);
            usize::try_from(index.max(0)).unwrap_or(usize::MAX).min(self.clip_len)
        };
        let start = index(shape.window(outputs.start).start);
        let end = index(shape.window(outputs.end - 1).end).max(start);
        match shape.padding() {
            Padding::Zero => start..end,
            Padding::Edge | Padding::Reflect => {
                let samples = input_range(shape, self.clip_len, to_index(outputs.start)..to_index(outputs.end));
                // A window that is narrower than the distance of two samples may hold none. The empty range stays at
                // the window, because positions in the shaders are 32-bit distances from the first sample.
                if samples.is_empty() { start..start } else { samples }
            }
        }
    }

    fn portion(&self, clip: usize, outputs: Range<u64>) -> Portion {
        let samples = self.samples_under(outputs.clone());
        Portion { run: Run { clip, outputs }, samples }
    }

    /// Multiply-adds of a number of outputs.
    fn cost(&self, outputs: u64) -> u64 {
        outputs.saturating_mul(self.plan.multiply_adds())
    }

    /// Number of outputs from `first` on that fit into `left`: all that remain, or a multiple of the granularity.
    fn fitting(&self, first: u64, left: Capacity) -> u64 {
        let fits = |count: u64| {
            count.saturating_add(left.counter as u64) <= left.outputs as u64
                && self.cost(count) <= left.multiply_adds
                && self.samples_under(first..first + count).len() <= left.samples
        };
        let rest = self.outputs.end - first;
        if fits(rest) {
            return rest;
        }
        // The largest number of granules that fits, by bisection, since larger numbers need more.
        let (mut low, mut high) = (0, rest / self.granularity);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if fits(middle * self.granularity) { low = middle } else { high = middle - 1 }
        }
        low * self.granularity
    }
}

/// A run of one clip's outputs, and the indices of the samples that it is computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Portion {
    pub(crate) run: Run,
    pub(crate) samples: Range<usize>,
}

impl Portion {
    pub(crate) fn output_len(&self) -> usize {
        to_index(self.run.outputs.end - self.run.outputs.start)
    }
}

/// Limits of one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capacity {
    pub(crate) samples: usize,
    pub(crate) outputs: usize,
    pub(crate) multiply_adds: u64,
    /// Number of outputs that fit in the place of a portion's counter of clamped integers.
    pub(crate) counter: usize,
}

impl Capacity {
    /// Capacity of a device for the first piece, with samples and outputs in these formats.
    pub(crate) fn new(limits: &wgpu::Limits, input: SampleFormat, output: SampleFormat) -> Self {
        let bytes = MAX_PIECE_BYTES.min(limits.max_buffer_size).min(limits.max_storage_buffer_binding_size);
        let len = |format: SampleFormat| to_index(bytes / format.bytes());
        // Two for the counter, and one for the gap before the counters, which begin at a multiple of 4 bytes.
        let counter = if counts_clamped(output) { 3 } else { 0 };
        Self { samples: len(input), outputs: len(output), multiply_adds: FIRST_MULTIPLY_ADDS, counter }
    }
}

/// True for outputs of which the clamped ones are counted.
pub(crate) fn counts_clamped(output: SampleFormat) -> bool {
    output == SampleFormat::I16
}

/// Progress through a batch: the clips before `clip` are complete, and so are the first `output` outputs of `clip`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cursor {
    pub(crate) clip: usize,
    pub(crate) output: usize,
}

/// Cuts the next piece: as many outputs from the cursor on as fit, but at least one granule. It is empty only at the
/// end of the batch.
pub(crate) fn next_piece(clips: &[ClipWork<'_>], cursor: &mut Cursor, capacity: Capacity) -> Vec<Portion> {
    let mut piece = Vec::new();
    let mut left = capacity;
    while let Some(clip) = clips.get(cursor.clip) {
        let rest = clip.output_len() - cursor.output as u64;
        let first = clip.outputs.end - rest;
        if rest == 0 {
            *cursor = Cursor { clip: cursor.clip + 1, output: 0 };
            continue;
        }
        let count = match clip.fitting(first, left) {
            0 if piece.is_empty() => rest.min(clip.granularity),
            0 => break,
            count => count,
        };
        let portion = clip.portion(cursor.clip, first..first + count);
        left.samples = left.samples.saturating_sub(portion.samples.len());
        left.outputs = left.outputs.saturating_sub(portion.output_len() + capacity.counter);
        left.multiply_adds = left.multiply_adds.saturating_sub(clip.cost(count));
        cursor.output += portion.output_len();
        piece.push(portion);
    }
    piece
}

/// Runs of a piece with their places in its buffers, in which samples and outputs are packed, portion after portion.
pub(crate) fn packed(clips: &[ClipWork<'_>], piece: &[Portion]) -> Vec<PlacedRun> {
    let (mut input_offset, mut output_offset) = (0, 0);
    let place = |portion: &Portion| {
        let clip = &clips[portion.run.clip];
        let run = PlacedRun {
            plan: clip.plan.clone(),
            forward: None,
            input_offset,
            input_len: portion.samples.len() as u64,
            origin: clip.origin + portion.samples.start as u64,
            clip_len: clip.clip_len as u64,
            output_offset,
            outputs: portion.run.outputs.clone(),
            strides: Strides::default(),
            counter: None,
        };
        input_offset += run.input_len;
        output_offset += run.output_len();
        run
    };
    piece.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Preset;

    fn pieces(clips: &[ClipWork<'_>], capacity: Capacity) -> Vec<Vec<Portion>> {
        let mut cursor = Cursor::default();
        let mut pieces = Vec::new();
        loop {
            let piece = next_piece(clips, &mut cursor, capacity);
            if piece.is_empty() {
                return pieces;
            }
            pieces.push(piece);
        }
    }

    /// Number of taps of all outputs of a portion.
    fn taps_of(clips: &[ClipWork<'_>], portion: &Portion) -> u64 {
        (portion.output_len() * clips[portion.run.clip].plan.taps()) as u64
    }

    #[test]
    fn pieces_cover_every_output_once_in_order_within_the_capacity() {
        let plans = [(48_000, 44_100), (8_000, 16_000), (44_100, 16_000)]
            .map(|(orig, new)| Plan::new(orig, new, Preset::KaiserFast.options()).expect("a plan"));
        let clips: Vec<_> = [0, 1, 5000, 0, 7700, 100_000, 3]
            .into_iter()
            .enumerate()
            .map(|(i, input_len)| {
                let plan = &plans[i % 3];
                ClipWork::whole(plan, plan.ratio().phases() * 2, input_len)
            })
            .collect();
        for samples in [1, 1000, 10_000, 1_000_000] {
            for multiply_adds in [1, 100_000, u64::MAX] {
                let capacity = Capacity { samples, outputs: samples, multiply_adds, counter: 0 };
                let mut done = [0_u64; 7];
                let pieces = pieces(&clips, capacity);
                // A piece ends only where the next granule does not fit as well.
                for pair in pieces.windows(2) {
                    let next = &pair[1][0];
                    let clip = &clips[next.run.clip];
                    let granule = (next.output_len() as u64).min(clip.granularity);
                    let first = next.run.outputs.start;
                    let next = clip.portion(next.run.clip, first..first + granule);
                    let last = pair[0].last().expect("a portion");
                    let joined = last.run.clip == next.run.clip;
                    let with = |f: fn(&Portion) -> usize| pair[0].iter().chain([&next]).map(f).sum::<usize>();
                    // Portions of one clip share the samples under both.
                    let shared = last.samples.end.saturating_sub(next.samples.start);
                    let samples_needed = with(|s| s.samples.len()) - if joined { shared } else { 0 };
                    let cost: u64 = pair[0].iter().chain([&next]).map(|portion| taps_of(&clips, portion)).sum();
                    let fits =
                        samples_needed <= samples && with(Portion::output_len) <= samples && cost <= multiply_adds;
                    assert!(!fits, "{pair:?} for {capacity:?}");
                }
                for piece in pieces {
                    let total = |f: fn(&Portion) -> usize| piece.iter().map(f).sum::<usize>();
                    let first = &piece[0];
                    let alone = piece.len() == 1 && first.output_len() as u64 <= clips[first.run.clip].granularity;
                    assert!(alone || (total(|s| s.samples.len()) <= samples && total(Portion::output_len) <= samples));
                    for Portion { run, samples } in piece {
                        let clip = &clips[run.clip];
                        assert_eq!(run.outputs.start, done[run.clip]);
                        assert_eq!(run.outputs.start % clip.granularity, 0);
                        done[run.clip] = run.outputs.end;
                        // A portion has the samples under its outputs, and no others.
                        let inside = |position: i64| usize::try_from(position).unwrap_or(0).min(clip.clip_len);
                        let start = inside(clip.plan.shape().window(run.outputs.start).start);
                        let end = inside(clip.plan.shape().window(run.outputs.end - 1).end);
                        assert_eq!(samples, start..end);
                    }
                }
                let expected: Vec<_> = clips.iter().map(ClipWork::output_len).collect();
                assert_eq!(done[..], expected);
            }
        }
    }

    #[test]
    fn outputs_after_the_last_window_are_not_computed() {
        let plan = Plan::new(2, 1, Preset::Default.options()).expect("a plan");
        let part = |len, origin, first, outputs| ClipWork::new(&plan, 1, len, origin, first, outputs).output_len();
        assert_eq!(ClipWork::whole(&plan, 1, 5000).output_len(), 2500);
        assert_eq!(part(0, 10, 0, 1000), 0);
        // The window of output n begins at sample 2n − 12.
        assert_eq!(part(100, 0, 0, 1000), 56);
        assert_eq!(part(100, 10, 0, 1000), 61);
        assert_eq!(part(100, 10, 60, 1000), 1);
        assert_eq!(part(100, 10, 62, 1000), 0);
    }

    #[test]
    fn a_piece_takes_64_mib_or_as_much_as_the_device_allows() {
        let limits =
            wgpu::Limits { max_buffer_size: 1 << 30, max_storage_buffer_binding_size: 1 << 30, ..Default::default() };
        let expected = Capacity { samples: 1 << 25, outputs: 1 << 24, multiply_adds: 1 << 27, counter: 0 };
        assert_eq!(Capacity::new(&limits, SampleFormat::I16, SampleFormat::F32), expected);
        for small in [
            wgpu::Limits { max_buffer_size: 4000, ..limits.clone() },
            wgpu::Limits { max_storage_buffer_binding_size: 4000, ..limits },
        ] {
            let expected = Capacity { samples: 1000, outputs: 1000, multiply_adds: 1 << 27, counter: 0 };
            assert_eq!(Capacity::new(&small, SampleFormat::F32, SampleFormat::F32), expected);
            let expected = Capacity { outputs: 2000, counter: 3, ..expected };
            assert_eq!(Capacity::new(&small, SampleFormat::F32, SampleFormat::I16), expected);
        }
    }

    #[test]
    fn no_clips_are_no_pieces() {
        let capacity = Capacity { samples: 10, outputs: 10, multiply_adds: 10, counter: 0 };
        assert!(pieces(&[], capacity).is_empty());
    }
}
