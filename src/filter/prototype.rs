//! [`Prototype`]: the filter h, evaluated once for all phases.

use super::coefficient::Coefficient;
use super::shape::FilterShape;
use super::sinc::EVALUATED_TOGETHER;
use crate::num::{saturating_position, to_index};

/// h(m) for m = 0 … reach, the positive half of the even filter.
#[derive(Debug)]
pub(crate) struct Prototype<T> {
    /// L, from one tap of a phase to the next.
    step: usize,
    /// Values of m with one remainder by L.
    run: usize,
    /// All values with one remainder side by side, as the phases read them: 44.1→16 kHz reads every 160th, and took twice
    /// as long when each was in a cache line of its own.
    values: Vec<T>,
}

impl<T: Coefficient> Prototype<T> {
    pub(crate) fn design(shape: &FilterShape) -> Self {
        let (mut values, step) = values_by_rest(shape);
        let run = values.len() / step;
        if shape.is_normalized() {
            let sums = sums_by_rest(shape, &values, step);
            for (values, sum) in values.chunks_exact_mut(run).zip(sums) {
                let divisor = divisor(sum);
                values.iter_mut().for_each(|value| *value /= divisor);
            }
        }
        Self { step, run, values: values.iter().map(|&value| T::from_f64(value)).collect() }
    }
}

/// h(m) for all m of one remainder by L side by side, not normalised, and L.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53 for any bank within the limits")]
fn values_by_rest(shape: &FilterShape) -> (Vec<f64>, usize) {
    let phases = shape.ratio().phases() as f64;
    let step = to_index(shape.ratio().phases());
    let run = to_index(saturating_position(shape.reach).unsigned_abs()) / step + 1;
    let steps: Vec<_> = (0..run).map(|k| k as f64 * phases).collect();
    let mut values = Vec::with_capacity(run * step + EVALUATED_TOGETHER);
    for rest in 0..step {
        values.extend(steps.iter().map(|m| m + rest as f64));
    }
    shape.function().evaluate(&mut values);
    (values, step)
}

/// The sum of the taps of each phase, by the remainder of its m: those at m = rest, rest + L, … and at −(L − rest), ….
fn sums_by_rest(shape: &FilterShape, values: &[f64], step: usize) -> Vec<f64> {
    let run = values.len() / step;
    let reach = to_index(saturating_position(shape.reach).unsigned_abs());
    let half = |rest: usize, skip: usize| -> f64 {
        let inside = if rest <= reach { (reach - rest) / step + 1 } else { 0 };
        values[rest * run..][skip.min(inside)..inside].iter().sum()
    };
    (0..step)
        .map(|rest| if rest == 0 { half(0, 0) + half(0, 1) } else { half(rest, 0) + half(step - rest, 0) })
        .collect()
}

/// What normalised taps of a sum are divided by: nothing divides those that are all zero, as where a window is short, or its β
/// so large, that it is zero at every sample.
pub(crate) fn divisor(sum: f64) -> f64 {
    if sum == 0.0 { 1.0 } else { sum }
}

/// What the taps of each phase sum to before they are normalised: phase j at j.
pub(crate) fn phase_sums(shape: &FilterShape) -> Vec<f64> {
    let (values, step) = values_by_rest(shape);
    let sums = sums_by_rest(shape, &values, step);
    let rest = |phase: usize| (-(phase as i128 * shape.stride())).rem_euclid(shape.phases());
    (0..step).map(|phase| sums[usize::try_from(rest(phase)).unwrap_or(0)]).collect()
}

impl<T> Prototype<T> {
    /// The taps of a phase's window, h at m = i·L − phase·M for one position i after the other, in two runs: the first is to
    /// be read backwards.
    ///
    /// The phase may be beyond L: phase j + L is phase j of the next period.
    #[inline]
    pub(crate) fn taps_of(&self, shape: &FilterShape, phase: usize) -> (&[T], &[T]) {
        let window = shape.window(phase as u64);
        let taps = to_index(window.start.abs_diff(window.end));
        let first = i128::from(window.start) * shape.phases() - phase as i128 * shape.stride();
        let m = to_index(saturating_position(first).unsigned_abs());
        let (rest, steps) = (m % self.step, m / self.step);
        if first >= 0 {
            return (&[], &self.every_step(rest)[steps..][..taps]);
        }
        // |m| falls to the centre by L at a time, and rises from there on.
        let falling = &self.every_step(rest)[..=steps];
        let falling = &falling[falling.len().saturating_sub(taps)..];
        let rising = if rest == 0 { &self.every_step(0)[1..] } else { self.every_step(self.step - rest) };
        (falling, &rising[..taps - falling.len()])
    }

    /// h at `rest`, `rest` + L, `rest` + 2L, …
    fn every_step(&self, rest: usize) -> &[T] {
        &self.values[rest * self.run..][..self.run]
    }
}
