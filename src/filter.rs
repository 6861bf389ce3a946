//! [`FilterBank`]: the windowed sinc, designed in float64, trimmed to the window, one row of taps per phase.
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
use crate::window::{PrototypeFunction, WindowFunction};

/// What a filter will look like, in integers, before any tap is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FilterShape {
    ratio: Ratio,
    width: f64,
    rolloff: f64,
    /// The largest |m| inside the window.
    reach: i64,
    /// Taps of the longest row; rows differ by at most one.
    taps: usize,
}

impl FilterShape {
    /// # Errors
    /// [`Error::RatioTooLarge`], [`Error::FilterTooLarge`].
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
        let taps = reach.saturating_mul(2) / u128::from(phases) + 1;
        // Taps and a start for each phase, in float64.
        let bytes = taps.saturating_add(1).saturating_mul(u128::from(phases)).saturating_mul(size_of::<f64>() as u128);
        if bytes > u128::from(limits.max_filter_bytes) {
            return Err(Error::FilterTooLarge { bytes, phases, taps, limit: limits.max_filter_bytes });
        }
        // What fits in memory fits these types: reach < taps · phases ≤ bytes.
        match (i64::try_from(reach), usize::try_from(taps)) {
            (Ok(reach), Ok(taps)) => Ok(Self { ratio, width, rolloff, reach, taps }),
            _ => Err(Error::FilterTooLarge { bytes, phases, taps, limit: limits.max_filter_bytes }),
        }
    }

    pub(crate) fn taps(&self) -> usize {
        self.taps
    }

    /// Input samples inside the window on one side of its centre, at most.
    pub(crate) fn look_ahead(&self) -> usize {
        usize::try_from(i128::from(self.reach).div_euclid(self.phases()) + 1).unwrap_or(usize::MAX)
    }

    /// The first output whose window reaches beyond `position`.
    pub(crate) fn first_reaching(&self, position: u64) -> u64 {
        // end(n) > position ⟺ n·M + R ≥ position·L
        let bound = i128::from(position) * self.phases() - i128::from(self.reach);
        u64::try_from((bound + self.stride() - 1).div_euclid(self.stride()).max(0)).unwrap_or(u64::MAX)
    }

    /// The first and one past the last input sample inside the window of output `n`; negative before the clip begins.
    pub(crate) fn window(&self, n: u64) -> std::ops::Range<i64> {
        // 64 bits hold the positions in any clip that there is, and are divided ten times as fast as 128.
        if let Some(ends) = self.window_within(n) {
            return ends;
        }
        let centre = i128::from(n) * self.stride();
        let reach = i128::from(self.reach);
        let start = -(reach - centre).div_euclid(self.phases());
        let end = (centre + reach).div_euclid(self.phases()) + 1;
        saturate(start)..saturate(end)
    }

    fn window_within(&self, n: u64) -> Option<std::ops::Range<i64>> {
        let phases = i64::try_from(self.ratio.phases()).ok()?;
        let centre = i64::try_from(n.checked_mul(self.ratio.stride())?).ok()?;
        let start = -self.reach.checked_sub(centre)?.div_euclid(phases);
        let end = centre.checked_add(self.reach)?.div_euclid(phases) + 1;
        Some(start..end)
    }

    /// The taps of a phase's window, h at m = i·L − phase·M for one position i after the other, in two runs: the first is to
    /// be read backwards.
    ///
    /// The phase may be beyond L: phase j + L is phase j of the next frame.
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

    fn stride(&self) -> i128 {
        i128::from(self.ratio.stride())
    }

    fn phases(&self) -> i128 {
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

/// The taps of every phase, a row for each: what the float64 reference reads, and what every other layout is made from.
#[derive(Clone, PartialEq)]
pub(crate) struct FilterBank<T> {
    /// Input samples from one frame to the next.
    stride: i64,
    /// Taps in a row; rows that have one less end with a zero.
    row: usize,
    /// For each phase j, the first input sample under its row, relative to that of the frame, q·M.
    starts: Vec<i64>,
    coefficients: Vec<T>,
}

impl<T: Coefficient> FilterBank<T> {
    /// Computes the taps in float64 and rounds each once.
    ///
    /// Tap i of phase j is h at m = i·L − j·M, and h is even. L and M are coprime, so each m belongs to one tap: the
    /// prototype h(0), h(1), … is evaluated once, and each row picks every L-th value of it.
    pub(crate) fn design(shape: &FilterShape, window: Window) -> Self {
        let prototype = Prototype::design(shape, window);
        let phases = usize::try_from(shape.ratio.phases()).expect("FilterShape bounds phases · 8 bytes");
        let row = shape.taps;
        let mut starts = Vec::with_capacity(phases);
        let mut coefficients = vec![T::default(); phases * row];
        for (phase, row) in coefficients.chunks_exact_mut(row).enumerate() {
            starts.push(shape.window(phase as u64).start);
            let (falling, rising) = shape.taps_of(phase, &prototype);
            row.iter_mut().zip(falling.iter().rev().chain(rising)).for_each(|(row, &tap)| *row = tap);
        }
        Self { stride: saturate(shape.stride()), row, starts, coefficients }
    }

    /// Rows of the bank.
    pub(crate) fn phases(&self) -> usize {
        self.starts.len()
    }

    /// Input samples from one frame to the next.
    pub(crate) fn stride(&self) -> i64 {
        self.stride
    }

    /// The taps of a phase.
    pub(crate) fn row(&self, phase: usize) -> &[T] {
        &self.coefficients[phase * self.row..][..self.row]
    }

    /// The first input sample under the row of a phase, relative to its frame's.
    pub(crate) fn start(&self, phase: usize) -> i64 {
        self.starts[phase]
    }
}

/// Its sizes: the taps themselves are too many to read.
impl<T: Coefficient> std::fmt::Debug for FilterBank<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sizes = f.debug_struct("FilterBank");
        sizes.field("phases", &self.phases()).field("taps", &self.row);
        sizes.finish_non_exhaustive()
    }
}

/// h(m) for m = 0 … reach, the positive half of the even filter.
#[derive(Debug)]
pub(crate) struct Prototype<T> {
    /// L, from one tap of a phase to the next.
    step: usize,
    /// Values of m with one remainder by L.
    row: usize,
    /// All values with one remainder side by side, as the phases read them: 44.1→16 kHz reads every 160th, and took twice
    /// as long when each was in a cache line of its own.
    values: Vec<T>,
}

impl<T: Coefficient> Prototype<T> {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 for any bank within the limits")]
    pub(crate) fn design(shape: &FilterShape, window: Window) -> Self {
        let (stride, phases) = (shape.ratio.stride() as f64, shape.ratio.phases() as f64);
        let step = to_index(shape.ratio.phases());
        let row = to_index(shape.reach.unsigned_abs()) / step + 1;
        let steps: Vec<_> = (0..row).map(|k| k as f64 * phases).collect();
        let mut values = Vec::with_capacity(row * step);
        for rest in 0..step {
            values.extend(steps.iter().map(|m| m + rest as f64));
        }
        let function = PrototypeFunction {
            gain: stride.min(phases) * shape.rolloff / stride,
            step: shape.rolloff / stride.max(phases),
            width: shape.width,
            window: WindowFunction::new(window),
        };
        function.evaluate(&mut values);
        Self { step, row, values: values.iter().map(|&value| T::from_f64(value)).collect() }
    }
}

impl<T> Prototype<T> {
    /// h at `rest`, `rest` + L, `rest` + 2L, …
    fn every_step(&self, rest: usize) -> &[T] {
        &self.values[rest * self.row..][..self.row]
    }
}
