//! Any range of one clip's output: what lies beyond the clip's ends, and samples that are not finite.

use std::ops::Range;

use super::Sample;
use super::kernel::Kernel;
use crate::num::{to_index, to_position};
use crate::options::Padding;
use crate::plan::Plan;
use crate::plan::reach::{input_range, positions};
use crate::simd::Level;

/// A clip, or the part of it that is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clip<'a, T> {
    /// Its samples from `origin` on; it is zero elsewhere, or what the plan's padding makes of it.
    pub(crate) samples: &'a [T],
    pub(crate) origin: i64,
    /// Its length, if it is to be padded.
    pub(crate) len: Option<usize>,
}

/// Computes the outputs `first..first + output.len()`.
pub(crate) fn resample_range<T: Kernel>(plan: &Plan, level: Level, clip: Clip<'_, T>, first: u64, output: &mut [T]) {
    let padding = plan.shape().padding();
    // Beyond the last window that holds anything is silence, and as much of it as was asked for: no place is too far out.
    let end = match clip.len {
        Some(len) => (len as u64).saturating_add(plan.shape().margin() as u64),
        None => u64::try_from(clip.origin.saturating_add(to_position(clip.samples.len()))).unwrap_or(0),
    };
    let audible = plan.shape().first_from(end).saturating_sub(first);
    let (output, silence) = output.split_at_mut(to_index(audible).min(output.len()));
    silence.fill(T::default());
    if output.is_empty() {
        return;
    }
    match clip.len {
        Some(len) if padding != Padding::Zero => {
            let end = first + output.len() as u64;
            // From the clip alone, between outputs that need something beyond its beginning or its end.
            let inner = plan.shape().first_from(0).clamp(first, end);
            let inner = inner..plan.shape().first_reaching(len as u64).clamp(inner, end);
            let (head, output) = output.split_at_mut(to_index(inner.start - first));
            let (middle, tail) = output.split_at_mut(to_index(inner.end - inner.start));
            for (first, output) in [(first, head), (inner.end, tail)] {
                if output.is_empty() {
                    continue;
                }
                let positions = positions(plan.shape(), len, first..first + output.len() as u64);
                let origin = positions.start;
                let sample = |position| {
                    let source = padding.source(position, len).and_then(|source| i64::try_from(source).ok());
                    source.map_or(T::default(), |source| clip.at(source))
                };
                let samples: Vec<_> = positions.map(sample).collect();
                convolve(plan, level, Clip { samples: &samples, origin, len: None }, first, output);
            }
            convolve(plan, level, clip, inner.start, middle);
        }
        _ => convolve(plan, level, clip, first, output),
    }
}

fn convolve<T: Kernel>(plan: &Plan, level: Level, clip: Clip<'_, T>, first: u64, output: &mut [T]) {
    if !T::convolve(level, plan, clip.samples, clip.origin, first, output) {
        clip.recompute_nonfinite(plan, level, first, output);
    }
}

impl<'a, T: Copy + Default> Clip<'a, T> {
    /// The whole of a clip.
    pub(crate) fn whole(samples: &'a [T]) -> Self {
        Self { samples, origin: 0, len: Some(samples.len()) }
    }

    /// The part of a range of positions at which there are samples.
    pub(crate) fn inside(&self, positions: Range<i64>) -> Range<i64> {
        let end = self.origin + to_position(self.samples.len());
        let start = positions.start.clamp(self.origin, end);
        start..positions.end.clamp(start, end)
    }

    /// The samples at positions that are all inside.
    pub(crate) fn slice(&self, inside: Range<i64>) -> &'a [T] {
        let index = |position: i64| to_index(position.abs_diff(self.origin));
        &self.samples[index(inside.start)..index(inside.end)]
    }

    fn at(&self, position: i64) -> T {
        let index = usize::try_from(position - self.origin).ok();
        index.and_then(|index| self.samples.get(index)).copied().unwrap_or_default()
    }
}

impl<T: Kernel> Clip<'_, T> {
    /// Recomputes each output that is not finite from the samples of its own window. A block covers more samples than the
    /// windows of its outputs, and 0 × NaN is NaN, so a NaN beside a window contaminates the output too.
    fn recompute_nonfinite(&self, plan: &Plan, level: Level, first: u64, output: &mut [T]) {
        for (n, value) in (first..).zip(output).filter(|(_, value)| !value.is_finite()) {
            let window = plan.shape().window(n);
            let inside = self.inside(window.clone());
            let samples = self.slice(inside.clone());
            if samples.iter().all(|sample| sample.is_finite()) {
                T::convolve(level, plan, samples, inside.start, n, std::slice::from_mut(value));
            } else {
                let skipped = to_index(inside.start.abs_diff(window.start));
                *value = T::dot(plan, n, skipped, samples);
            }
        }
    }
}

/// A range of a clip's output in samples that are not what is computed in: converted, resampled and converted back, piece by
/// piece. Returns how many had to be clamped.
pub(crate) fn resample_converted<T: Sample>(
    plan: &Plan,
    level: Level,
    clip: Clip<'_, T>,
    first: u64,
    output: &mut [T],
) -> usize {
    /// Enough that the edges of pieces cost nothing, few enough to stay in the cache.
    const PIECE: usize = 1 << 13;
    let mut clipped = 0;
    let mut samples = Vec::new();
    let mut floats: [Vec<T::Float>; 2] = [Vec::new(), Vec::new()];
    for (first, output) in (first..).step_by(PIECE).zip(output.chunks_mut(PIECE)) {
        let needed = needed(plan, clip, first..first + output.len() as u64);
        let there = clip.slice(needed.clone());
        for (part, floats) in floats[..T::PARTS].iter_mut().enumerate() {
            samples.clear();
            samples.extend(there.iter().map(|sample| sample.part(part)));
            floats.resize(output.len(), T::Float::default());
            let clip = Clip { samples: &samples, origin: needed.start, len: clip.len };
            resample_range(plan, level, clip, first, floats);
        }
        for (i, value) in output.iter_mut().enumerate() {
            let part = |part: usize| floats[part].get(i).copied().unwrap_or_default();
            *value = T::from_parts([part(0), part(1)], &mut clipped);
        }
    }
    clipped
}

/// The samples of a clip that a range of its output is computed from.
fn needed<T: Copy + Default>(plan: &Plan, clip: Clip<'_, T>, outputs: Range<u64>) -> Range<i64> {
    let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let range = match clip.len {
        Some(len) => {
            let range = input_range(plan.shape(), len, index(outputs.start)..index(outputs.end));
            to_position(range.start)..to_position(range.end)
        }
        None => plan.shape().window(outputs.start).start..plan.shape().window(outputs.end - 1).end,
    };
    clip.inside(range)
}
