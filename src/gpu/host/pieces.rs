//! How a batch is cut into dispatches: plain data, decided without a device.

use std::ops::Range;

use crate::gpu::clip::{GpuClip, Part};
use crate::options::Padding;
use crate::plan::Plan;
use crate::plan::reach::input_range;

/// Largest buffer of a piece, in bytes: beyond this larger ones are no faster.
const MAX_PIECE_BYTES: u64 = 64 << 20;

/// Multiply-adds of the first piece: a tenth of a second on the slowest adapters, those in software. Later ones grow.
const FIRST_MULTIPLY_ADDS: u64 = 1 << 27;

/// One clip of a batch, as the cutter sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClipShape<'a> {
    pub(crate) plan: &'a Plan,
    /// Outputs from one place where the clip can be cut to the next.
    pub(crate) granularity: u64,
    pub(crate) input_len: usize,
    /// Outputs that are not silence for sure.
    pub(crate) output_len: usize,
    /// Position of the first sample, and number of the first output: 0, but for adjoints.
    pub(crate) origin: u64,
    pub(crate) first_output: u64,
}

impl<'a> ClipShape<'a> {
    /// A whole clip.
    pub(crate) fn whole(plan: &'a Plan, granularity: u64, input_len: usize) -> Self {
        Self::part(plan, granularity, input_len, 0, 0, plan.output_len(input_len))
    }

    /// Samples from `origin` on, and so many outputs from `first_output` on. The plan of a clip with an origin must not pad.
    pub(crate) fn part(
        plan: &'a Plan,
        granularity: u64,
        input_len: usize,
        origin: u64,
        first_output: u64,
        output_len: usize,
    ) -> Self {
        let margin = plan.shape().margin() as u64;
        let silence = plan.shape().first_from(origin.saturating_add(input_len as u64).saturating_add(margin));
        let audible = if input_len == 0 { 0 } else { silence.saturating_sub(first_output) };
        let output_len = output_len.min(usize::try_from(audible).unwrap_or(usize::MAX));
        Self { plan, granularity, input_len, output_len, origin, first_output }
    }

    /// The samples that a range of the outputs is computed from.
    fn samples_under(&self, outputs: Range<usize>) -> Range<usize> {
        let shape = self.plan.shape();
        let output = |n: usize| self.first_output.saturating_add(n as u64);
        let index = |position: i64| {
            let index = i128::from(position) - i128::from(self.origin);
            usize::try_from(index.max(0)).unwrap_or(usize::MAX).min(self.input_len)
        };
        let from = index(shape.window(output(outputs.start)).start);
        let to = index(shape.window(output(outputs.end - 1)).end).max(from);
        match self.plan.shape().padding() {
            Padding::Zero => from..to,
            Padding::Edge | Padding::Reflect => {
                let samples = input_range(self.plan.shape(), self.input_len, outputs);
                // Windows between two samples hold none. The shaders count from the first all the same: it must be near.
                if samples.is_empty() { from..from } else { samples }
            }
        }
    }
}

/// A run of one clip's outputs, and the samples that they are computed from, counted from the clip's first of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) clip: usize,
    pub(crate) first_output: usize,
    pub(crate) outputs: usize,
    pub(crate) first_sample: usize,
    pub(crate) samples: usize,
}

/// What one dispatch may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capacity {
    pub(crate) samples: usize,
    pub(crate) outputs: usize,
    pub(crate) multiply_adds: u64,
}

impl Capacity {
    /// What a device takes at first, with input samples of so many bytes.
    pub(crate) fn new(limits: &wgpu::Limits, sample_bytes: usize) -> Self {
        let bytes = MAX_PIECE_BYTES.min(limits.max_buffer_size).min(limits.max_storage_buffer_binding_size);
        let len = |sample: usize| usize::try_from(bytes / sample as u64).unwrap_or(usize::MAX);
        Self { samples: len(sample_bytes), outputs: len(size_of::<f32>()), multiply_adds: FIRST_MULTIPLY_ADDS }
    }
}

/// Where the cutting has come to: everything before this clip and output is in earlier pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Cursor {
    pub(crate) clip: usize,
    pub(crate) output: usize,
}

/// The next piece: as many outputs from the cursor on as fit, and at least one granule. Empty at the end, and only there.
pub(crate) fn next_piece(clips: &[ClipShape<'_>], cursor: &mut Cursor, capacity: Capacity) -> Vec<Segment> {
    let mut piece = Vec::new();
    let mut left = capacity;
    while let Some(clip) = clips.get(cursor.clip) {
        let rest = clip.output_len - cursor.output;
        if rest == 0 {
            *cursor = Cursor { clip: cursor.clip + 1, output: 0 };
            continue;
        }
        let outputs = fitting(clip, cursor.output, rest, left);
        let outputs = match outputs {
            0 if piece.is_empty() => rest.min(usize::try_from(clip.granularity).unwrap_or(usize::MAX)),
            0 => break,
            outputs => outputs,
        };
        let segment = segment(clip, cursor.clip, cursor.output, outputs);
        left.samples = left.samples.saturating_sub(segment.samples);
        left.outputs = left.outputs.saturating_sub(outputs);
        left.multiply_adds = left.multiply_adds.saturating_sub(cost(clip, outputs));
        piece.push(segment);
        cursor.output += outputs;
    }
    piece
}

/// A piece as a job: its samples packed one after the other, and its outputs.
pub(crate) fn packed(clips: &[ClipShape<'_>], piece: &[Segment]) -> Vec<GpuClip> {
    let (mut samples, mut outputs) = (0, 0);
    let place = |segment: &Segment| {
        let whole = &clips[segment.clip];
        let clip = GpuClip {
            plan: whole.plan.clone(),
            input_offset: samples,
            input_len: segment.samples as u64,
            output_offset: outputs,
            output_len: segment.outputs as u64,
            part: Some(Part {
                first_sample: whole.origin + segment.first_sample as u64,
                clip_len: whole.input_len as u64,
                first_output: whole.first_output + segment.first_output as u64,
            }),
            divided_by: None,
        };
        samples += segment.samples as u64;
        outputs += segment.outputs as u64;
        clip
    };
    piece.iter().map(place).collect()
}

fn cost(clip: &ClipShape<'_>, outputs: usize) -> u64 {
    (outputs as u64).saturating_mul(clip.plan.multiply_adds())
}

/// How many of the clip's outputs from `first` on fit: all of the rest, or a multiple of its granularity.
fn fitting(clip: &ClipShape<'_>, first: usize, rest: usize, left: Capacity) -> usize {
    let fits = |outputs: usize| {
        outputs <= left.outputs
            && cost(clip, outputs) <= left.multiply_adds
            && segment(clip, 0, first, outputs).samples <= left.samples
    };
    if fits(rest) {
        return rest;
    }
    let granularity = usize::try_from(clip.granularity).unwrap_or(usize::MAX);
    // The largest number of granules that fits, by bisection: what is needed grows with it.
    let (mut low, mut high) = (0, rest / granularity);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle * granularity) { low = middle } else { high = middle - 1 }
    }
    low * granularity
}

fn segment(clip: &ClipShape<'_>, index: usize, first: usize, outputs: usize) -> Segment {
    let under = if outputs == 0 { 0..0 } else { clip.samples_under(first..first + outputs) };
    Segment { clip: index, first_output: first, outputs, first_sample: under.start, samples: under.len() }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;
    use crate::options::Preset;

    fn pieces(clips: &[ClipShape<'_>], capacity: Capacity) -> Vec<Vec<Segment>> {
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

    /// Taps of all outputs of a segment.
    fn taps_of(clips: &[ClipShape<'_>], part: &Segment) -> u64 {
        (part.outputs * clips[part.clip].plan.taps()) as u64
    }

    #[test]
    fn pieces_cover_every_output_once_in_order_within_the_capacity() {
        let plans = [(48_000, 44_100), (8_000, 16_000), (44_100, 16_000)]
            .map(|(orig, new)| Plan::new(orig, new, &Preset::KaiserFast.options()).expect("a plan"));
        let clips: Vec<_> = [0, 1, 5000, 0, 7700, 100_000, 3]
            .into_iter()
            .enumerate()
            .map(|(i, input_len)| {
                let plan = &plans[i % 3];
                ClipShape::whole(plan, plan.ratio().phases() * 2, input_len)
            })
            .collect();
        for samples in [1, 1000, 10_000, 1_000_000] {
            for multiply_adds in [1, 100_000, u64::MAX] {
                let capacity = Capacity { samples, outputs: samples, multiply_adds };
                let mut done = [0; 7];
                let pieces = pieces(&clips, capacity);
                // A piece ends only where the next granule does not fit as well.
                for pair in pieces.windows(2) {
                    let next = pair[1][0];
                    let clip = &clips[next.clip];
                    let granularity = next.outputs.min(clip.granularity as usize);
                    let next = segment(clip, next.clip, next.first_output, granularity);
                    let last = pair[0].last().expect("a segment");
                    let joined = last.clip == next.clip;
                    let with = |f: fn(&Segment) -> usize| pair[0].iter().chain([&next]).map(f).sum::<usize>();
                    // Of one clip they share the samples under both.
                    let shared = (last.first_sample + last.samples).saturating_sub(next.first_sample);
                    let samples_needed = with(|s| s.samples) - if joined { shared } else { 0 };
                    let cost: u64 = pair[0].iter().chain([&next]).map(|part| taps_of(&clips, part)).sum();
                    let fits = samples_needed <= samples && with(|s| s.outputs) <= samples && cost <= multiply_adds;
                    assert!(!fits, "{pair:?} for {capacity:?}");
                }
                for piece in pieces {
                    let total = |f: fn(&Segment) -> usize| piece.iter().map(f).sum::<usize>();
                    let alone = piece.len() == 1 && piece[0].outputs <= clips[piece[0].clip].granularity as usize;
                    assert!(alone || (total(|s| s.samples) <= samples && total(|s| s.outputs) <= samples));
                    for segment in piece {
                        let clip = &clips[segment.clip];
                        assert_eq!(segment.first_output, done[segment.clip]);
                        assert_eq!(segment.first_output as u64 % clip.granularity, 0);
                        done[segment.clip] += segment.outputs;
                        // The samples under its outputs, and no others.
                        let window = |n: usize| clip.plan.shape().window(n as u64);
                        let inside = |position: i64| usize::try_from(position).unwrap_or(0).min(clip.input_len);
                        let start = inside(window(segment.first_output).start);
                        let end = inside(window(done[segment.clip] - 1).end);
                        assert_eq!(segment.first_sample..segment.first_sample + segment.samples, start..end);
                    }
                }
                let expected: Vec<_> = clips.iter().map(|clip| clip.output_len).collect();
                assert_eq!(done[..], expected);
            }
        }
    }

    #[test]
    fn outputs_after_the_last_window_are_silence_and_not_cut() {
        let plan = Plan::new(2, 1, &Preset::Default.options()).expect("a plan");
        let part = |len, origin, first, outputs| ClipShape::part(&plan, 1, len, origin, first, outputs).output_len;
        assert_eq!(ClipShape::whole(&plan, 1, 5000).output_len, 2500);
        assert_eq!(part(0, 10, 0, 1000), 0);
        // The window of output n begins at sample 2n − 12.
        assert_eq!(part(100, 0, 0, 1000), 56);
        assert_eq!(part(100, 10, 0, 1000), 61);
        assert_eq!(part(100, 10, 60, 1000), 1);
        assert_eq!(part(100, 10, 62, 1000), 0);
    }

    #[test]
    fn a_piece_takes_64_mib_or_what_the_device_does() {
        let limits =
            wgpu::Limits { max_buffer_size: 1 << 30, max_storage_buffer_binding_size: 1 << 30, ..Default::default() };
        let expected = Capacity { samples: 1 << 25, outputs: 1 << 24, multiply_adds: 1 << 27 };
        assert_eq!(Capacity::new(&limits, 2), expected);
        for small in [
            wgpu::Limits { max_buffer_size: 4000, ..limits.clone() },
            wgpu::Limits { max_storage_buffer_binding_size: 4000, ..limits },
        ] {
            assert_eq!(Capacity::new(&small, 4), Capacity { samples: 1000, outputs: 1000, multiply_adds: 1 << 27 });
        }
    }

    #[test]
    fn no_clips_are_no_pieces() {
        let capacity = Capacity { samples: 10, outputs: 10, multiply_adds: 10 };
        assert!(pieces(&[], capacity).is_empty());
    }
}
