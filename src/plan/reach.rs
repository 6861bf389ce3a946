//! Positions and samples that a range of outputs is computed from, in integers.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::filter::shape::FilterShape;
use crate::num::{index_at, to_position};
use crate::options::Padding;

/// Positions inside the windows of a range of outputs, clamped to the clip and its padding.
pub(crate) fn positions(shape: &FilterShape, input_len: usize, outputs: Range<u64>) -> Range<i64> {
    if outputs.is_empty() {
        return 0..0;
    }
    let margin = to_position(shape.margin());
    let (start, end) = (-margin, to_position(input_len).saturating_add(margin));
    let first = shape.window(outputs.start).start.clamp(start, end);
    first..shape.window(outputs.end - 1).end.clamp(first, end)
}

/// Samples of a clip of `input_len` that a range of its output is computed from.
pub(crate) fn input_range(shape: &FilterShape, input_len: usize, outputs: Range<usize>) -> Range<usize> {
    let Range { start, end } = positions(shape, input_len, outputs.start as u64..outputs.end as u64);
    let len = to_position(input_len);
    if start >= end || len == 0 {
        return 0..0;
    }
    let (mut first, mut last) = (start.clamp(0, len - 1), (end - 1).clamp(0, len - 1));
    // Samples that the padding reflects count too: all samples, if the clip is shorter than its reflection.
    if shape.padding() == Padding::Reflect {
        if start < 0 {
            last = last.max((-start).min(len - 1));
        }
        if end > len {
            first = first.min((len - 1 - (end - len)).max(0));
        }
    }
    index_at(first)..index_at(last) + 1
}

/// Where the adjoint of a clip begins. Output numbers cannot be negative, so that the gradient is moved by whole periods, at
/// least as far as the padding extends before the clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdjointStart {
    /// Output of the transposed plan that is the gradient of the first sample, or of the first one of the padding.
    pub(crate) output: u64,
    /// Position of the first sample of the gradient that is resampled, not negative.
    pub(crate) origin: i64,
}

/// Start of the adjoint of a clip.
///
/// # Errors
/// [`Error::PaddedAdjoint`] for a padded clip whose positions do not fit in 64 bits.
pub(crate) fn adjoint_start(shape: &FilterShape) -> Result<AdjointStart> {
    let (period, stride, margin) = (shape.ratio().stride(), shape.ratio().phases(), shape.margin());
    let periods = (margin as u64).div_ceil(period);
    let output = u128::from(periods) * u128::from(period) - margin as u128;
    let origin = u128::from(periods) * u128::from(stride);
    match (u64::try_from(output), i64::try_from(origin)) {
        (Ok(output), Ok(origin)) => Ok(AdjointStart { output, origin }),
        _ => Err(Error::PaddedAdjoint { phases: stride, limit: i64::MAX.unsigned_abs() / periods.max(1) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ResampleOptions;
    use crate::plan::Plan;

    /// The range covers every sample that a window reads, directly or by padding, and no more than their hull.
    #[test]
    fn input_ranges_hold_what_the_windows_find() {
        for (orig_freq, new_freq) in [(48_000, 44_100), (1, 3), (7, 2), (5, 5)] {
            for padding in Padding::ALL {
                let plan = Plan::new(orig_freq, new_freq, ResampleOptions::default().padding(padding));
                let plan = plan.expect("a small plan");
                for len in [1, 2, 5, 30, 200] {
                    for start in 0..plan.output_len(len) {
                        for end in [start + 1, (start + 9).min(plan.output_len(len))] {
                            let windows = positions(plan.shape(), len, start as u64..end as u64);
                            let found: Vec<_> = windows.filter_map(|position| padding.source(position, len)).collect();
                            let (first, last) = (found.iter().min(), found.iter().max());
                            let hull = first.zip(last).map_or(0..0, |(&first, &last)| first..last + 1);
                            let range = input_range(plan.shape(), len, start..end);
                            assert!(
                                range.start <= hull.start && range.end >= hull.end && range.end <= len,
                                "{range:?} for {hull:?} of {len}"
                            );
                            if len == 200 {
                                assert_eq!(range, hull, "{start}..{end}, {padding} at {orig_freq}→{new_freq}");
                            }
                        }
                    }
                }
            }
        }
    }
}
