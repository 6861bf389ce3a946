//! A range of one clip's output, for samples that are not floats or that interleave channels: converted to float planes
//! and back, block by block.

use std::ops::Range;

use fearless_simd::dispatch;

use super::kernel::{Engine, whole_tiles};
use super::range::resample_range;
use super::sample::{Sample, join};
use crate::batch::Source;
use crate::clamped::Clamped;
use crate::num::{distance, to_index, to_position};
use crate::plan::Plan;
use crate::plan::reach::input_range;

/// Largest number of output frames of a block: enough for the largest tiles of the kernels, few enough for the cache.
const MAX_BLOCK: usize = 1 << 14;

/// Number of output frames of a block. At high decimation blocks are shorter, since each output needs many new inputs.
fn block_len(plan: &Plan) -> usize {
    let inputs = 4 * MAX_BLOCK as u128;
    let max = to_index(inputs * u128::from(plan.ratio().phases()) / u128::from(plan.ratio().stride()));
    whole_tiles(plan, max.clamp(64, MAX_BLOCK))
}

/// Fills `output` with the outputs from `first` on. Both `source` and `output` hold whole frames of `channels`
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
    // Floats: the samples of one plane at a time, and the outputs of all. There is a plane for each part of each
    // channel.
    let (mut samples, mut planes) = (Vec::new(), Vec::new());
    let (block, mut first, mut rest) = (block_len(plan) as u64, first, output);
    while !rest.is_empty() {
        // Blocks end at multiples of their length, and so at the end of a period, wherever the first one begins.
        let frames = to_index(block - first % block).min(rest.len() / channels);
        let output = rest.split_off_mut(..frames * channels).unwrap_or_default();
        let (origin, interleaved) = needed(plan, source, channels, first..first + frames as u64);
        samples.resize(interleaved.len() / channels, T::Float::default());
        planes.resize(T::PARTS * output.len(), T::Float::default());
        for (i, plane) in planes.chunks_exact_mut(frames).enumerate() {
            let (channel, part) = (i / T::PARTS, i % T::PARTS);
            dispatch!(engine.level().simd(), _simd => deinterleave(interleaved, channels, channel, part, &mut samples));
            let source = Source { samples: &samples, origin, clip_len: source.clip_len };
            resample_range(engine, plan, source, first, plane);
        }
        dispatch!(engine.level().simd(), _simd => interleave(&planes, channels, output, &mut clamped));
        first += frames as u64;
    }
    clamped
}

/// Samples of the frames that a range of outputs is computed from, and the position of the first frame.
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

/// Converts one part of one channel to floats. Numbers of channels that are known when compiling, 1 and 2, give vector
/// loops.
#[inline(always)]
fn deinterleave<T: Sample>(interleaved: &[T], channels: usize, channel: usize, part: usize, samples: &mut [T::Float]) {
    match (channels, channel) {
        (1, _) => samples.iter_mut().zip(interleaved).for_each(|(to, sample)| *to = sample.part(part)),
        (2, 0) => {
            let frames = interleaved.as_chunks::<2>().0;
            samples.iter_mut().zip(frames).for_each(|(to, [left, _])| *to = left.part(part));
        }
        (2, _) => {
            let frames = interleaved.as_chunks::<2>().0;
            samples.iter_mut().zip(frames).for_each(|(to, [_, right])| *to = right.part(part));
        }
        _ => {
            let channel_samples = interleaved.iter().skip(channel).step_by(channels);
            samples.iter_mut().zip(channel_samples).for_each(|(to, sample)| *to = sample.part(part));
        }
    }
}

/// Converts the planes of all channels back to interleaved samples.
#[inline(always)]
fn interleave<T: Sample>(planes: &[T::Float], channels: usize, output: &mut [T], clamped: &mut Clamped) {
    let frames = output.len() / channels;
    if channels == 2 && T::PARTS == 1 {
        let (left, right) = planes.split_at(frames);
        let silent = T::Float::default();
        for ((frame, &left), &right) in output.as_chunks_mut::<2>().0.iter_mut().zip(left).zip(right) {
            *frame = [T::from_parts([left, silent], clamped), T::from_parts([right, silent], clamped)];
        }
        return;
    }
    for (channel, parts) in planes.chunks_exact(T::PARTS * frames).enumerate() {
        let joined = join::<T>([&parts[..frames], &parts[frames..]], clamped);
        if channels == 1 {
            output.iter_mut().zip(joined).for_each(|(to, sample)| *to = sample);
        } else {
            output.iter_mut().skip(channel).step_by(channels).zip(joined).for_each(|(to, sample)| *to = sample);
        }
    }
}
