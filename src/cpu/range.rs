//! Any range of one clip's output, and samples that are not finite.

use super::{Level, Sample};
use crate::plan::Plan;

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
        let inside = clip.inside(to_position(first)..to_position(first + output.len() as u64));
        let at = to_index(inside.start.abs_diff(to_position(first)));
        output.fill(T::default());
        let samples = clip.samples(inside);
        output[at..][..samples.len()].copy_from_slice(samples);
    } else if !T::convolve(level, plan, samples, origin, first, output) {
        clip.mend(first, output);
    }
}

struct Clip<'a, T> {
    plan: &'a Plan,
    level: Level,
    samples: &'a [T],
    origin: i64,
}

impl<'a, T: Sample> Clip<'a, T> {
    /// The part of a range of positions at which there are samples.
    fn inside(&self, positions: std::ops::Range<i64>) -> std::ops::Range<i64> {
        let end = self.origin + to_position(self.samples.len() as u64);
        let start = positions.start.clamp(self.origin, end);
        start..positions.end.clamp(start, end)
    }

    /// The samples at positions that are all inside.
    fn samples(&self, inside: std::ops::Range<i64>) -> &'a [T] {
        let index = |position: i64| to_index(position.abs_diff(self.origin));
        &self.samples[index(inside.start)..index(inside.end)]
    }

    /// Puts right what a NaN or an infinity has spoilt: zero × NaN is NaN, so it has also reached outputs near those whose
    /// window holds it.
    fn mend(&self, first: u64, output: &mut [T]) {
        for (n, value) in (first..).zip(output).filter(|(_, value)| !value.is_finite()) {
            let window = self.plan.shape().window(n);
            let inside = self.inside(window.clone());
            let samples = self.samples(inside.clone());
            if samples.iter().all(|sample| sample.is_finite()) {
                T::convolve(self.level, self.plan, samples, inside.start, n, std::slice::from_mut(value));
            } else {
                let skipped = to_index(inside.start.abs_diff(window.start));
                *value = T::dot(T::row(self.plan, n).skip(skipped), samples);
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
