//! Any range of one clip's output: edges, interior, and samples that are not finite.
//!
//! The kernel reads whole rows, zero padding included, from samples that are all there. This module gives it that: inside
//! a clip it reads the clip itself, at the edges a copy with zeros around it.

use super::{Level, Sample};
use crate::plan::Plan;

/// Outputs computed before they are looked over: few enough to be still in the first-level cache.
const BLOCK: usize = 2048;

/// Computes the outputs `first..first + output.len()` of a clip, of which `samples` are those from `origin` on, and which
/// is zero elsewhere.
pub(crate) fn resample_range<T: Sample>(
    plan: &Plan,
    level: Level,
    samples: &[T],
    origin: i64,
    first: u64,
    output: &mut [T],
) {
    let clip = Clip { plan, level, samples, origin };
    if plan.ratio().is_identity() {
        clip.copy(to_position(first), output);
        return;
    }
    let end = first + output.len() as u64;
    let clamp = |n: i128, low: u64| u64::try_from(n.clamp(low.into(), end.into())).expect("between two u64");
    let row = T::bank(plan).row_len();
    let inner = clamp(plan.shape().first_from(origin), first);
    let tail = clamp(plan.shape().first_beyond(clip.end(), row), inner);

    let (head_output, rest) = output.split_at_mut(to_index(inner - first));
    let (inner_output, tail_output) = rest.split_at_mut(to_index(tail - inner));
    for (output, first) in [(head_output, first), (tail_output, tail)] {
        clip.resample_padded(first, output);
    }
    for (block, output) in inner_output.chunks_mut(BLOCK).enumerate() {
        let first = inner + (block * BLOCK) as u64;
        T::convolve(level, T::bank(plan), samples, origin, first, output);
        clip.mend(first, output);
    }
}

struct Clip<'a, T> {
    plan: &'a Plan,
    level: Level,
    samples: &'a [T],
    origin: i64,
}

impl<T: Sample> Clip<'_, T> {
    fn end(&self) -> i64 {
        self.origin + to_position(self.samples.len() as u64)
    }

    /// The samples from `position` on, zero where there are none.
    fn copy(&self, position: i64, to: &mut [T]) {
        to.fill(T::default());
        let start = position.max(self.origin);
        let end = position.saturating_add(to_position(to.len() as u64)).min(self.end());
        if start < end {
            let index = |position: i64, from: i64| to_index(position.abs_diff(from));
            to[index(start, position)..index(end, position)]
                .copy_from_slice(&self.samples[index(start, self.origin)..index(end, self.origin)]);
        }
    }

    /// Outputs whose rows reach over an edge, from a copy of the samples with zeros around them.
    fn resample_padded(&self, first: u64, output: &mut [T]) {
        let Some(last) = output.len().checked_sub(1).map(|more| first + more as u64) else { return };
        let bank = T::bank(self.plan);
        let start = self.plan.shape().window(first).start;
        let len = to_index(self.plan.shape().window(last).start.abs_diff(start)) + bank.row_len();
        let mut padded = vec![T::default(); len];
        self.copy(start, &mut padded);
        T::convolve(self.level, bank, &padded, start, first, output);
        self.mend(first, output);
    }

    /// Puts right what a NaN or an infinity has spoilt: zero × NaN is NaN, so it has also reached the outputs that have it
    /// only under a row's padding.
    fn mend(&self, first: u64, output: &mut [T]) {
        // Without an early exit this is a vector loop.
        if output.iter().fold(true, |finite, value| finite & value.is_finite()) {
            return;
        }
        let bank = T::bank(self.plan);
        let mut samples = vec![T::default(); bank.row_len()];
        for (n, value) in (first..).zip(output).filter(|(_, value)| !value.is_finite()) {
            let window = self.plan.shape().window(n);
            let (phase, _) = bank.locate(n);
            let inside = to_index(window.start.abs_diff(window.end));
            self.copy(window.start, &mut samples);
            if samples[..inside].iter().all(|sample| sample.is_finite()) {
                samples[inside..].fill(T::default());
                T::convolve(self.level, bank, &samples, window.start, n, std::slice::from_mut(value));
            } else {
                *value = T::dot(&bank.row(phase)[..inside], &samples[..inside]);
            }
        }
    }
}

fn to_position(index: u64) -> i64 {
    i64::try_from(index).expect("a position in a buffer")
}

fn to_index(distance: u64) -> usize {
    usize::try_from(distance).expect("a distance within a buffer")
}
