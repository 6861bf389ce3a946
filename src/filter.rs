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
use crate::window::WindowFunction;

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
        let bytes = taps.saturating_mul(u128::from(phases)).saturating_mul(size_of::<f64>() as u128);
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

    /// The first output whose window reaches no input sample below `position`.
    pub(crate) fn first_from(&self, position: i64) -> i128 {
        // start(n) ≥ position ⟺ n·M − R > (position − 1)·L
        let bound = (i128::from(position) - 1) * self.phases() + i128::from(self.reach);
        bound.div_euclid(self.stride()) + 1
    }

    /// The first output whose row of `row` samples from its start goes beyond `position`.
    pub(crate) fn first_beyond(&self, position: i64, row: usize) -> i128 {
        // start(n) + row ≤ position ⟺ n·M − R ≤ (position − row)·L
        let bound = (i128::from(position) - row as i128) * self.phases() + i128::from(self.reach);
        bound.div_euclid(self.stride()) + 1
    }

    /// The first output whose window reaches beyond `position`.
    pub(crate) fn first_reaching(&self, position: u64) -> u64 {
        // end(n) > position ⟺ n·M + R ≥ position·L
        let bound = i128::from(position) * self.phases() - i128::from(self.reach);
        u64::try_from((bound + self.stride() - 1).div_euclid(self.stride()).max(0)).unwrap_or(u64::MAX)
    }

    /// The first and one past the last input sample inside the window of output `n`; negative before the clip begins.
    pub(crate) fn window(&self, n: u64) -> std::ops::Range<i64> {
        let centre = i128::from(n) * self.stride();
        let reach = i128::from(self.reach);
        let start = -(reach - centre).div_euclid(self.phases());
        let end = (centre + reach).div_euclid(self.phases()) + 1;
        saturate(start)..saturate(end)
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
    /// Rows are padded with zeros to a multiple of this, so that a SIMD loop along them has no tail.
    const ROW_MULTIPLE: usize;

    /// Rounds once, to the nearest.
    fn from_f64(value: f64) -> Self;
}

impl Coefficient for f32 {
    const ROW_MULTIPLE: usize = 16;

    #[expect(clippy::cast_possible_truncation, reason = "the one rounding of the coefficients")]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl Coefficient for f64 {
    const ROW_MULTIPLE: usize = 1;

    fn from_f64(value: f64) -> Self {
        value
    }
}

/// The taps of every phase.
#[derive(Clone, PartialEq)]
pub struct FilterBank<T> {
    /// Input samples from one frame to the next.
    stride: i64,
    /// Taps in a row, padding included.
    row: usize,
    /// For each phase j, the first input sample under its row, relative to that of the frame, q·M.
    starts: Vec<i64>,
    coefficients: Vec<T>,
}

impl<T: Coefficient> FilterBank<T> {
    /// Computes the taps in float64 and rounds each once.
    ///
    /// h is even, so phase L − j holds the taps of phase j in reverse: half of them are computed.
    #[expect(clippy::cast_precision_loss, reason = "|m| ≤ reach + L, far below 2^53 for any bank within the limits")]
    pub(crate) fn design(shape: &FilterShape, window: Window) -> Self {
        let ratio = shape.ratio;
        let phases = usize::try_from(ratio.phases()).expect("FilterShape bounds phases · 8 bytes");
        let row = shape.taps.next_multiple_of(T::ROW_MULTIPLE);
        let (stride, larger) = (ratio.stride(), ratio.stride().max(ratio.phases()));
        let window = WindowFunction::new(window);
        let gain = ratio.stride().min(ratio.phases()) as f64 * shape.rolloff / stride as f64;

        let mut starts = vec![0; phases];
        let mut coefficients = vec![T::default(); phases * row];
        let (mut values, mut positions) = (Vec::with_capacity(shape.taps), Vec::with_capacity(shape.taps));
        for phase in 0..=phases / 2 {
            let support = shape.window(phase as u64);
            values.clear();
            positions.clear();
            for i in support.clone() {
                let m = i128::from(i) * shape.phases() - phase as i128 * shape.stride();
                let t = m as f64 * shape.rolloff / larger as f64;
                values.push(gain * sinc(t));
                positions.push(t / shape.width);
            }
            window.apply(&positions, &mut values);

            starts[phase] = support.start;
            let taps = coefficients[phase * row..].iter_mut();
            taps.zip(&values).for_each(|(tap, &value)| *tap = T::from_f64(value));
            if phase > 0 && phases - phase != phase {
                let mirror = phases - phase;
                starts[mirror] = saturate(shape.stride() - i128::from(support.end) + 1);
                let taps = coefficients[mirror * row..].iter_mut();
                taps.zip(values.iter().rev()).for_each(|(tap, &value)| *tap = T::from_f64(value));
            }
        }
        Self { stride: saturate(shape.stride()), row, starts, coefficients }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.coefficients) + size_of_val(&*self.starts)
    }

    /// Rows of the bank.
    pub(crate) fn phases(&self) -> usize {
        self.starts.len()
    }

    /// Input samples from one frame to the next.
    pub(crate) fn stride(&self) -> i64 {
        self.stride
    }

    /// Taps in a row, padding included: samples that one output reads.
    pub(crate) fn row_len(&self) -> usize {
        self.row
    }

    /// The phase of output `n`, and the first input sample of its frame.
    pub(crate) fn locate(&self, n: u64) -> (usize, i64) {
        let phases = self.phases() as u64;
        #[expect(clippy::cast_possible_truncation, reason = "a remainder by a usize")]
        let phase = (n % phases) as usize;
        (phase, saturate(i128::from(n / phases) * i128::from(self.stride)))
    }

    /// The taps of a phase, padding included.
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
        sizes.field("phases", &self.phases()).field("row_len", &self.row_len()).field("bytes", &self.bytes());
        sizes.finish_non_exhaustive()
    }
}

/// sin(πt)/(πt). The argument of the sine is reduced before it is multiplied by π, which keeps it exact.
fn sinc(t: f64) -> f64 {
    if t == 0.0 {
        return 1.0;
    }
    let reduced = t - 2.0 * (t / 2.0).round();
    (std::f64::consts::PI * reduced).sin() / (std::f64::consts::PI * t)
}
