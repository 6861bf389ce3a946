//! [`FilterBank`]: the windowed sinc, designed in float64, trimmed to the window, one list of taps per phase.
//!
//! Output n = q·L + j is `Σ_i x[i] · h((i·L − n·M)/(L·M))` with
//! ```text
//! h(τ) = (base/M) · sinc(t) · w(t/W),   t = τ·base,   base = min(L, M)·rolloff,   and h = 0 for |t| ≥ W
//! ```
//! (torchaudio's definition, with M = orig_freq and L = new_freq in lowest terms). With the integer m = i·L − n·M this
//! is t = m · rolloff / max(L, M): no phase is ever rounded, and the taps of output n are those of phase j with the input
//! moved by q·M samples.

use crate::error::{Error, Result};
use crate::options::{ResampleOptions, Window};
use crate::ratio::Ratio;
use crate::window::{EVALUATED_TOGETHER, PrototypeFunction, WindowFunction};

/// What a filter will look like, in integers, before any tap is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FilterShape {
    ratio: Ratio,
    width: f64,
    rolloff: f64,
    window: Window,
    /// Whether the taps of a phase are divided by their sum.
    normalize: bool,
    /// h(0) = base/M.
    gain: f64,
    /// The largest |m| inside the window.
    pub(crate) reach: i128,
    /// Taps of the longest phase; phases differ by at most one.
    taps: usize,
}

impl FilterShape {
    /// # Errors
    /// [`Error::RatioTooLarge`], [`Error::FilterTooLarge`] for more taps in a phase than any memory holds.
    pub(crate) fn new(ratio: Ratio, options: &ResampleOptions) -> Result<Self> {
        let (stride, phases) = (ratio.stride(), ratio.phases());
        let limits = options.limits;
        let beyond = |a: u64, b: u64| u128::from(a) > u128::from(b) * u128::from(limits.max_ratio);
        if beyond(stride, phases) || beyond(phases, stride) {
            return Err(Error::RatioTooLarge { orig_freq: stride, new_freq: phases, limit: limits.max_ratio });
        }
        let (width, rolloff) = (options.lowpass_filter_width, options.rolloff);
        // Equal rates use no filter, so they are not refused for what it would cost.
        let reach = if ratio.is_identity() { 0 } else { largest_inside(width, rolloff, stride.max(phases)) };
        let taps = (reach.saturating_mul(2) / u128::from(phases)).saturating_add(1);
        let bytes = taps.saturating_mul(size_of::<f32>() as u128);
        let limit = limits.max_filter_bytes;
        let (reach, taps) = match (i128::try_from(reach), usize::try_from(taps)) {
            (Ok(reach), Ok(taps)) if bytes <= u128::from(limit.min(isize::MAX as u64)) => (reach, taps),
            _ => return Err(Error::FilterTooLarge { bytes, phases, taps, limit }),
        };
        #[expect(clippy::cast_precision_loss, reason = "a factor, which rounds like any other")]
        let gain = stride.min(phases) as f64 * rolloff / stride as f64;
        Ok(Self {
            ratio,
            width,
            rolloff,
            window: options.window,
            normalize: options.normalize_phases,
            gain,
            reach,
            taps,
        })
    }

    /// The filter of the transpose: from outputs back to inputs, with the same values of h. (h is even, so that the tap
    /// between input i and output n is h(i·L − n·M) either way; its phases are not normalised.)
    pub(crate) fn transposed(&self) -> Self {
        let ratio = self.ratio.reversed();
        let taps = usize::try_from(self.reach * 2 / i128::from(ratio.phases()) + 1).unwrap_or(usize::MAX);
        Self { ratio, normalize: false, taps, ..*self }
    }

    /// The same filter with the terms of the ratio, and so every m, taken `factor` times; none if they become too large.
    pub(crate) fn times(&self, factor: u64) -> Option<Self> {
        let ratio = self.ratio.times(factor)?;
        let reach = largest_inside(self.width, self.rolloff, ratio.stride().max(ratio.phases()));
        Some(Self { ratio, reach: i128::try_from(reach).ok()?, ..*self })
    }

    pub(crate) fn is_normalized(&self) -> bool {
        self.normalize
    }

    /// h as a function of |m|.
    #[expect(clippy::cast_precision_loss, reason = "a factor, which rounds like any other")]
    pub(crate) fn function(&self) -> PrototypeFunction {
        let step = self.rolloff / self.ratio.stride().max(self.ratio.phases()) as f64;
        PrototypeFunction { gain: self.gain, step, width: self.width, window: WindowFunction::new(self.window) }
    }

    /// Bytes of a bank with taps and a start for each phase, in float64.
    pub(crate) fn rows_bytes(&self) -> u128 {
        (self.taps as u128 + 1) * u128::from(self.ratio.phases()) * size_of::<f64>() as u128
    }

    pub(crate) fn taps(&self) -> usize {
        self.taps
    }

    /// Input samples inside the window on one side of its centre, at most.
    pub(crate) fn look_ahead(&self) -> usize {
        usize::try_from(self.reach.div_euclid(self.phases()) + 1).unwrap_or(usize::MAX)
    }

    /// The first output whose window reaches beyond `position`.
    pub(crate) fn first_reaching(&self, position: u64) -> u64 {
        // end(n) > position ⟺ n·M + R ≥ position·L
        let bound = i128::from(position).saturating_mul(self.phases()).saturating_sub(self.reach);
        u64::try_from(bound.saturating_add(self.stride() - 1).div_euclid(self.stride()).max(0)).unwrap_or(u64::MAX)
    }

    /// The first output whose window begins at the clip's first sample or after it.
    pub(crate) fn first_within(&self) -> u64 {
        self.first_from(0)
    }

    /// The first output whose window begins at `position` or after it.
    pub(crate) fn first_from(&self, position: u64) -> u64 {
        // start(n) ≥ p ⟺ n·M − R > (p − 1)·L
        let bound = (i128::from(position) - 1).saturating_mul(self.phases()).saturating_add(self.reach + 1);
        u64::try_from(bound.saturating_add(self.stride() - 1).div_euclid(self.stride()).max(0)).unwrap_or(u64::MAX)
    }

    /// The first and one past the last input sample inside the window of output `n`; negative before the clip begins.
    pub(crate) fn window(&self, n: u64) -> std::ops::Range<i64> {
        self.window_about(i128::from(n).saturating_mul(self.stride()))
    }

    /// The same for an output `centre`/L samples after the clip's first.
    pub(crate) fn window_about(&self, centre: i128) -> std::ops::Range<i64> {
        // 64 bits hold the positions in any clip that there is, and are divided ten times as fast as 128.
        if let Some(ends) = self.window_within(centre) {
            return ends;
        }
        let start = -self.reach.saturating_sub(centre).div_euclid(self.phases());
        let end = centre.saturating_add(self.reach).div_euclid(self.phases()) + 1;
        saturate(start)..saturate(end)
    }

    fn window_within(&self, centre: i128) -> Option<std::ops::Range<i64>> {
        let phases = i64::try_from(self.ratio.phases()).ok()?;
        let (centre, reach) = (i64::try_from(centre).ok()?, i64::try_from(self.reach).ok()?);
        let start = -reach.checked_sub(centre)?.div_euclid(phases);
        let end = centre.checked_add(reach)?.div_euclid(phases) + 1;
        Some(start..end)
    }

    /// The taps of a phase's window, h at m = i·L − phase·M for one position i after the other, in two runs: the first is to
    /// be read backwards.
    ///
    /// The phase may be beyond L: phase j + L is phase j of the next period.
    #[inline]
    pub(crate) fn taps_of<'a, T: Copy>(&self, phase: usize, prototype: &'a Prototype<T>) -> (&'a [T], &'a [T]) {
        let window = self.window(phase as u64);
        let taps = to_index(window.start.abs_diff(window.end));
        let first = i128::from(window.start) * self.phases() - phase as i128 * self.stride();
        let m = to_index(saturate(first).unsigned_abs());
        let (rest, steps) = (m % prototype.step, m / prototype.step);
        if first >= 0 {
            return (&[], &prototype.every_step(rest)[steps..][..taps]);
        }
        // |m| falls to the centre by L at a time, and rises from there on.
        let falling = &prototype.every_step(rest)[..=steps];
        let falling = &falling[falling.len().saturating_sub(taps)..];
        let rising =
            if rest == 0 { &prototype.every_step(0)[1..] } else { prototype.every_step(prototype.step - rest) };
        (falling, &rising[..taps - falling.len()])
    }

    pub(crate) fn ratio(&self) -> Ratio {
        self.ratio
    }

    /// Zero crossings at which the window ends.
    pub(crate) fn width(&self) -> f64 {
        self.width
    }

    pub(crate) fn window_kind(&self) -> Window {
        self.window
    }

    /// Zero crossings of the sinc from one input sample to the next.
    #[expect(clippy::cast_precision_loss, reason = "a factor, which rounds like any other")]
    pub(crate) fn crossings_per_sample(&self) -> f64 {
        self.rolloff * self.ratio.phases() as f64 / self.ratio.stride().max(self.ratio.phases()) as f64
    }

    /// Whether the window of an output that lies `rest`/L samples after one holds the sample that is `distance` after that.
    pub(crate) fn holds(&self, distance: i64, rest: u64) -> bool {
        (i128::from(distance) * self.phases() - i128::from(rest)).abs() <= self.reach
    }

    pub(crate) fn stride(&self) -> i128 {
        i128::from(self.ratio.stride())
    }

    pub(crate) fn phases(&self) -> i128 {
        i128::from(self.ratio.phases())
    }
}

/// Positions of samples that exist fit in an i64; those of samples that cannot exist need only stay beyond them.
fn saturate(position: i128) -> i64 {
    i64::try_from(position).unwrap_or(if position < 0 { i64::MIN } else { i64::MAX })
}

/// |m| ≤ reach, which fits.
fn to_index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// The largest integer m with m · rolloff / larger < width, in the arithmetic with which the taps are computed.
#[expect(clippy::cast_precision_loss, reason = "integers beyond 2^53 make banks far beyond any memory")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is not negative")]
fn largest_inside(width: f64, rolloff: f64, larger: u64) -> u128 {
    let inside = |m: u128| m as f64 * rolloff / (larger as f64) < width;
    let estimate = (width * larger as f64 / rolloff) as u128;
    // The estimate is rounded: it may be one off in either direction. Beyond 2^53 floats are further apart than that; what
    // it stands for is refused then, for any limit that memory can meet.
    (0..=2).map(|step| estimate.saturating_add(1).saturating_sub(step)).find(|&m| inside(m)).unwrap_or(estimate)
}

/// A float type that a bank can be stored in.
pub trait Coefficient: Copy + Default + std::fmt::Debug + Send + Sync + 'static {
    /// Rounds once, to the nearest.
    fn from_f64(value: f64) -> Self;
}

impl Coefficient for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the one rounding of the coefficients")]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl Coefficient for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

/// The taps of every phase, one phase after the other: what the float64 reference reads, and what every other layout is made from.
#[derive(Clone, PartialEq)]
pub(crate) struct FilterBank<T> {
    /// Input samples from one period to the next.
    stride: i64,
    /// Taps stored for a phase; phases that have one less end with a zero.
    taps_per_phase: usize,
    /// For each phase j, the first input sample under its taps, relative to that of the period, q·M.
    starts: Vec<i64>,
    coefficients: Vec<T>,
}

impl<T: Coefficient> FilterBank<T> {
    /// Computes the taps in float64 and rounds each once.
    ///
    /// Tap i of phase j is h at m = i·L − j·M, and h is even. L and M are coprime, so each m belongs to one tap: the
    /// prototype h(0), h(1), … is evaluated once, and each phase picks every L-th value of it.
    pub(crate) fn design(shape: &FilterShape) -> Self {
        let prototype = Prototype::design(shape);
        let phases = usize::try_from(shape.ratio.phases()).expect("the plan bounds phases · 8 bytes");
        let taps_per_phase = shape.taps;
        let mut starts = Vec::with_capacity(phases);
        let mut coefficients = vec![T::default(); phases * taps_per_phase];
        for (phase, taps) in coefficients.chunks_exact_mut(taps_per_phase).enumerate() {
            starts.push(shape.window(phase as u64).start);
            let (falling, rising) = shape.taps_of(phase, &prototype);
            taps.iter_mut().zip(falling.iter().rev().chain(rising)).for_each(|(to, &tap)| *to = tap);
        }
        Self { stride: saturate(shape.stride()), taps_per_phase, starts, coefficients }
    }

    /// Phases of the bank.
    pub(crate) fn phases(&self) -> usize {
        self.starts.len()
    }

    /// Input samples from one period to the next.
    pub(crate) fn stride(&self) -> i64 {
        self.stride
    }

    /// The taps of a phase.
    pub(crate) fn taps(&self, phase: usize) -> &[T] {
        &self.coefficients[phase * self.taps_per_phase..][..self.taps_per_phase]
    }

    /// The first input sample under the taps of a phase, relative to its period's.
    pub(crate) fn start(&self, phase: usize) -> i64 {
        self.starts[phase]
    }
}

/// Its sizes: the taps themselves are too many to read.
impl<T: Coefficient> std::fmt::Debug for FilterBank<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sizes = f.debug_struct("FilterBank");
        sizes.field("phases", &self.phases()).field("taps", &self.taps_per_phase);
        sizes.finish_non_exhaustive()
    }
}

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
        if shape.normalize {
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
    let phases = shape.ratio.phases() as f64;
    let step = to_index(shape.ratio.phases());
    let run = to_index(saturate(shape.reach).unsigned_abs()) / step + 1;
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
    let reach = to_index(saturate(shape.reach).unsigned_abs());
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
    /// h at `rest`, `rest` + L, `rest` + 2L, …
    fn every_step(&self, rest: usize) -> &[T] {
        &self.values[rest * self.run..][..self.run]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_windows_are_found_to_the_output() {
        for (orig, new) in [(3, 2), (2, 3), (160, 147), (1, 7), (7, 1)] {
            let ratio = Ratio::new(orig, new).expect("a ratio");
            let shape = FilterShape::new(ratio, &ResampleOptions::default()).expect("a shape");
            let first = |holds: &dyn Fn(u64) -> bool| (0..).find(|&n| holds(n));
            for position in 0..60_u64 {
                let at = position.cast_signed();
                assert_eq!(Some(shape.first_from(position)), first(&|n| shape.window(n).start >= at), "{ratio:?}");
                assert_eq!(Some(shape.first_reaching(position)), first(&|n| shape.window(n).end > at), "{ratio:?}");
            }
        }
    }
}
