//! A range of one clip's output in samples that are not floats, or not of one channel: converted block by block.

use std::ops::Range;

use super::kernel::Engine;
use super::range::resample_range;
use super::sample::{Sample, join};
use crate::batch::Source;
use crate::clamped::Clamped;
use crate::num::{distance, to_index, to_position};
use crate::plan::Plan;
use crate::plan::reach::input_range;

/// Outputs of a block: enough that the samples which two blocks share cost little, few enough to stay in the cache.
const BLOCK: usize = 1 << 13;

/// Computes the outputs from `first` on that fill `output`. Both `source` and `output` hold whole frames of `channels`
/// interleaved samples.
pub(super) fn resample_converted<T: Sample>(
    engine: &mut Engine,
    plan: &Plan,
    source: Source<'_, T>,
    channels: usize,
    first: u64,
    output: &mut [T],
) -> Clamped {
    let mut clamped = Clamped::default();
    let mut samples = Vec::new();
    let mut parts: [Vec<T::Float>; 2] = [Vec::new(), Vec::new()];
    for (first, output) in (first..).step_by(BLOCK).zip(output.chunks_mut(BLOCK.saturating_mul(channels))) {
        let frames = output.len() / channels;
        let (origin, interleaved) = needed(plan, source, channels, first..first + frames as u64);
        for channel in 0..channels {
            let channel_samples = interleaved.get(channel..).unwrap_or_default().iter().step_by(channels);
            for (part, floats) in parts[..T::PARTS].iter_mut().enumerate() {
                samples.clear();
                samples.extend(channel_samples.clone().map(|sample| sample.part(part)));
                floats.resize(frames, T::Float::default());
                let source = Source { samples: &samples, origin, clip_len: source.clip_len };
                resample_range(engine, plan, source, first, floats);
            }
            let outputs = output[channel..].iter_mut().step_by(channels);
            let joined = join::<T>(parts.each_ref().map(Vec::as_slice), &mut clamped);
            outputs.zip(joined).for_each(|(to, sample)| *to = sample);
        }
    }
    clamped
}

/// Frames that a range of outputs is computed from, and the position of the first.
fn needed<'a, T: Sample>(plan: &Plan, source: Source<'a, T>, channels: usize, outputs: Range<u64>) -> (i64, &'a [T]) {
    let positions = match source.clip_len {
        Some(len) => {
            let inputs = input_range(plan.shape(), len, to_index(outputs.start)..to_index(outputs.end));
            to_position(inputs.start)..to_position(inputs.end)
        }
        None => plan.shape().window(outputs.start).start..plan.shape().window(outputs.end - 1).end,
    };
    let end = source.origin.saturating_add(to_position(source.samples.len() / channels));
    let start = positions.start.clamp(source.origin, end);
    let frames = distance(source.origin, start)..distance(source.origin, positions.end.clamp(start, end));
    (start, &source.samples[frames.start * channels..frames.end * channels])
}
