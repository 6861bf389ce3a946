//! [`Prototype`]: the filter h, evaluated once for all phases.
//!
//! Tap i of phase j is h at m = i·L − j·M. L and M are coprime, so that every m belongs to one tap of one phase: the
//! phases divide the values of h among them, and each takes every L-th.
//!
//! ```text
//!  values, L = 3, the largest m is 7:    h(0) h(3) h(6) | h(1) h(4) h(7) | h(2) h(5) (h(8))     (never read)
//!                                          remainder 0       remainder 1       remainder 2
//!  a phase whose first m is −5:          h(5) h(2), remainder 2 backwards, then h(1) h(4) h(7), remainder 1
//! ```

use super::coefficient::Coefficient;
use super::shape::FilterShape;
use super::sinc::EVALUATED_TOGETHER;
use crate::num::{saturating_position, to_index};

/// Values h(m) for m = 0 … reach. h is even.
#[derive(Debug)]
pub(crate) struct Prototype<T> {
    /// L, the step of m from one tap of a phase to the next.
    step: usize,
    /// Number of values for each remainder of m by L.
    per_remainder: usize,
    /// Values by the remainder of m, in the order in which phases read them. If they were in order of m, phases at
    /// 44.1→16 kHz would read every 160th value, each from another cache line, and design would take twice as long.
    values: Vec<T>,
}

impl<T: Coefficient> Prototype<T> {
    pub(crate) fn design(shape: &FilterShape) -> Self {
        let (mut values, step) = values_by_remainder(shape);
        let per_remainder = values.len() / step;
        if shape.is_normalized() {
            let sums = sums_by_remainder(shape, &values, step);
            for (values, sum) in values.chunks_exact_mut(per_remainder).zip(sums) {
                let divisor = divisor(sum);
                values.iter_mut().for_each(|value| *value /= divisor);
            }
        }
        Self { step, per_remainder, values: values.iter().map(|&value| T::from_f64(value)).collect() }
    }
}

/// Values of h, not normalised, by the remainder of m by L; and L.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53 for any bank within the limits")]
fn values_by_remainder(shape: &FilterShape) -> (Vec<f64>, usize) {
    let phases = shape.ratio().phases() as f64;
    let step = to_index(shape.ratio().phases());
    let per_remainder = to_index(saturating_position(shape.reach).unsigned_abs()) / step + 1;
    let steps: Vec<_> = (0..per_remainder).map(|k| k as f64 * phases).collect();
    let mut values = Vec::with_capacity(per_remainder * step + EVALUATED_TOGETHER);
    for remainder in 0..step {
        values.extend(steps.iter().map(|m| m + remainder as f64));
    }
    shape.function().evaluate(&mut values);
    (values, step)
}

/// Sum of the taps of each phase, by the remainder r of its m: taps at m = r, r + L, … and at −(L − r), −(2L − r), ….
fn sums_by_remainder(shape: &FilterShape, values: &[f64], step: usize) -> Vec<f64> {
    let per_remainder = values.len() / step;
    let reach = to_index(saturating_position(shape.reach).unsigned_abs());
    let half = |remainder: usize, skip: usize| -> f64 {
        let inside = if remainder <= reach { (reach - remainder) / step + 1 } else { 0 };
        values[remainder * per_remainder..][skip.min(inside)..inside].iter().sum()
    };
    (0..step)
        .map(
            |remainder| {
                if remainder == 0 { half(0, 0) + half(0, 1) } else { half(remainder, 0) + half(step - remainder, 0) }
            },
        )
        .collect()
}

/// Divisor that normalises taps with this sum: 1 for a sum of 0. A window that is short, or whose β is large, may be
/// zero at every sample of a phase.
pub(crate) fn divisor(sum: f64) -> f64 {
    if sum == 0.0 { 1.0 } else { sum }
}

/// Sum of the taps of each phase before they are normalised.
pub(crate) fn phase_sums(shape: &FilterShape) -> Vec<f64> {
    let (values, step) = values_by_remainder(shape);
    let sums = sums_by_remainder(shape, &values, step);
    let remainder = |phase: usize| (-(phase as i128 * shape.stride())).rem_euclid(shape.phases());
    (0..step).map(|phase| sums[to_index(remainder(phase))]).collect()
}

impl<T> Prototype<T> {
    /// Taps of a phase in two slices: those up to the centre, in reverse, and those after it. `phase` may be L or more:
    /// phase j + L has the taps of phase j.
    #[inline]
    pub(crate) fn taps_of(&self, shape: &FilterShape, phase: usize) -> (&[T], &[T]) {
        let window = shape.window(phase as u64);
        let taps = to_index(window.start.abs_diff(window.end));
        let first = i128::from(window.start) * shape.phases() - phase as i128 * shape.stride();
        let m = to_index(saturating_position(first).unsigned_abs());
        let (remainder, steps) = (m % self.step, m / self.step);
        if first >= 0 {
            return (&[], &self.every_step(remainder)[steps..][..taps]);
        }
        // |m| falls by L from tap to tap up to the centre, and rises after it.
        let falling = &self.every_step(remainder)[..=steps];
        let falling = &falling[falling.len().saturating_sub(taps)..];
        let rising = if remainder == 0 { &self.every_step(0)[1..] } else { self.every_step(self.step - remainder) };
        (falling, &rising[..taps - falling.len()])
    }

    /// Values of h at `remainder`, `remainder` + L, `remainder` + 2L, …
    fn every_step(&self, remainder: usize) -> &[T] {
        &self.values[remainder * self.per_remainder..][..self.per_remainder]
    }
}
