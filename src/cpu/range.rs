//! A range of one clip's output in floats: padding, zeros beyond the clip, and samples that are not finite.

use super::kernel::{Engine, Kernel};
use crate::batch::Source;
use crate::num::to_index;
use crate::options::Padding;
use crate::plan::Plan;
use crate::plan::reach::positions;

/// Fills `output` with the outputs from `first` on.
pub(super) fn resample_range<T: Kernel>(
    engine: &mut Engine,
    plan: &Plan,
    source: Source<'_, T>,
    first: u64,
    output: &mut [T],
) {
    let (shape, padding) = (plan.shape(), plan.shape().padding());
    // Outputs whose window lies beyond the last sample are zero. Their positions, which may be too large for 64 bits,
    // are not computed.
    let end = match source.clip_len {
        Some(len) => (len as u64).saturating_add(shape.margin() as u64),
        None => source.end().max(0).unsigned_abs(),
    };
    let audible = shape.first_from(end).saturating_sub(first);
    let (output, silence) = output.split_at_mut(to_index(audible).min(output.len()));
    silence.fill(T::default());
    if output.is_empty() {
        return;
    }
    let Some(len) = source.clip_len.filter(|_| padding != Padding::Zero) else {
        return convolve(engine, plan, source, first, output);
    };
    // Outputs in the middle need no padding. Those before and after them are computed from padded copies of the
    // samples.
    let end = first + output.len() as u64;
    let middle = shape.first_from(0).clamp(first, end);
    let middle = middle..shape.first_reaching(len as u64).clamp(middle, end);
    let (head, output) = output.split_at_mut(to_index(middle.start - first));
    let (inner, tail) = output.split_at_mut(to_index(middle.end - middle.start));
    for (first, output) in [(first, head), (middle.end, tail)] {
        if output.is_empty() {
            continue;
        }
        let positions = positions(shape, len, first..first + output.len() as u64);
        let origin = positions.start;
        let padded = |position| {
            let position = padding.source(position, len).and_then(|index| i64::try_from(index).ok());
            position.map_or(T::default(), |position| source.at(position))
        };
        let samples: Vec<_> = positions.map(padded).collect();
        convolve(engine, plan, Source { samples: &samples, origin, clip_len: None }, first, output);
    }
    convolve(engine, plan, source, middle.start, inner);
}

/// Fills `output` with the outputs from `first` on. Samples beyond the source count as zeros.
///
/// A block of the kernel covers more samples than the taps of each of its outputs touch, and 0 × NaN is NaN: a sample
/// beside a window, or under a structural zero, may contaminate an output. Each output that is not finite is therefore
/// computed again from the samples under its own taps.
fn convolve<T: Kernel>(engine: &mut Engine, plan: &Plan, source: Source<'_, T>, first: u64, output: &mut [T]) {
    if T::convolve(engine, plan, source, first, output) {
        return;
    }
    for (n, value) in (first..).zip(output).filter(|(_, value)| !value.is_finite()) {
        *value = T::output(engine, plan, source, n);
    }
}
