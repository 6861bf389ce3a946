//! [`FilterShape`]: the filter in integers, before any tap is computed.
//!
//! Output n is `Σ_i x[i] · h((i·L − n·M)/(L·M))` with
//! ```text
//! h(τ) = (base/M) · sinc(t) · w(t/W),   t = τ·base,   base = min(L, M)·rolloff,   and h = 0 for |t| ≥ W
//! ```
//! This is torchaudio's definition, with M = orig_freq and L = new_freq in lowest terms. The integer m = i·L − n·M
//! gives t = m · rolloff / max(L, M), so no phase is rounded.
//!
//! With a rolloff of 1, t is a whole number wherever max(L, M) divides m. There the sinc is zero, m = 0 aside, and so is
//! the tap: a structural zero. Kernels skip structural zeros, and nothing passes them, not even NaN.
//!
//! The taps of output n = q·L + j are those of phase j, applied q·M samples later.

use super::ratio::Ratio;
use super::sinc::{PrototypeFunction, WindowFunction};
use crate::error::{Error, Result};
use crate::num::saturating_position;
use crate::options::{Padding, ResampleOptions, Window};

/// Size and position of every window of a filter, in integers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FilterShape {
    ratio: Ratio,
    width: f64,
    rolloff: f64,
    window: Window,
    /// True if the taps of a phase are divided by their sum.
    normalize: bool,
    /// Padding of the options; zeros for equal rates, at which no window leaves the clip.
    padding: Padding,
    /// h(0) = base/M.
    gain: f64,
    /// Largest |m| inside the window.
    pub(crate) reach: i128,
    /// Number of samples inside the longest window. Windows differ by at most one.
    window_len: usize,
    /// Bound of the number of input samples inside a window on one side of its centre.
    look_ahead: usize,
}

impl FilterShape {
    /// Shape of the filter for a ratio, with options that have been checked.
    ///
    /// # Errors
    /// [`Error::RatioTooLarge`], [`Error::FilterTooLarge`] if the taps of one phase alone exceed the limit.
    pub(crate) fn new(ratio: Ratio, options: &ResampleOptions) -> Result<Self> {
        let (stride, phases) = (ratio.stride(), ratio.phases());
        let limits = options.limits;
        let beyond = |a: u64, b: u64| u128::from(a) > u128::from(b) * u128::from(limits.max_ratio);
        if beyond(stride, phases) || beyond(phases, stride) {
            return Err(Error::RatioTooLarge { orig_freq: stride, new_freq: phases, limit: limits.max_ratio });
        }
        let (width, rolloff, window) = (options.lowpass_filter_width, options.rolloff, options.window);
        if ratio.is_identity() {
            // Each output is the sample at its position: nothing to normalise, and no window that leaves the clip.
            let (normalize, padding) = (false, Padding::Zero);
            return Ok(Self {
                ratio,
                width,
                rolloff,
                window,
                normalize,
                padding,
                gain: 1.0,
                reach: 0,
                window_len: 1,
                look_ahead: 0,
            });
        }
        let reach = largest_inside(width, rolloff, stride.max(phases));
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
            window,
            normalize: options.normalize_phases,
            padding: options.padding,
            gain,
            reach,
            window_len: taps,
            look_ahead: look_ahead(reach, phases),
        })
    }

    /// Filter of the adjoint, from outputs to inputs, neither normalised nor padded. h is even, so the tap between
    /// input i and output n is h(i·L − n·M) in both directions.
    pub(crate) fn transposed(&self) -> Self {
        let ratio = self.ratio.reversed();
        let window_len = usize::try_from(self.reach * 2 / i128::from(ratio.phases()) + 1).unwrap_or(usize::MAX);
        let look_ahead = if ratio.is_identity() { 0 } else { look_ahead(self.reach, ratio.phases()) };
        Self { ratio, normalize: false, padding: Padding::Zero, window_len, look_ahead, ..*self }
    }

    /// Same filter with the terms of the ratio, and with them every m, multiplied by `factor`; `None` if they overflow.
    pub(crate) fn times(&self, factor: u64) -> Option<Self> {
        let ratio = self.ratio.times(factor)?;
        let reach = largest_inside(self.width, self.rolloff, ratio.stride().max(ratio.phases()));
        let reach = i128::try_from(reach).ok()?;
        Some(Self { ratio, reach, look_ahead: look_ahead(reach, ratio.phases()), ..*self })
    }

    /// True if the taps of a phase are divided by their sum.
    pub(crate) fn is_normalized(&self) -> bool {
        self.normalize
    }

    /// h as a function of |m|.
    #[expect(clippy::cast_precision_loss, reason = "a factor, which rounds like any other")]
    pub(crate) fn function(&self) -> PrototypeFunction {
        let step = self.rolloff / self.ratio.stride().max(self.ratio.phases()) as f64;
        PrototypeFunction {
            gain: self.gain,
            step,
            width: self.width,
            window: WindowFunction::new(self.window),
            zero_spacing: self.zero_spacing().map_or(f64::INFINITY, |spacing| spacing as f64),
        }
    }

    /// Bytes of a float64 bank, with the taps and the start of each phase.
    pub(crate) fn f64_bytes(&self) -> u128 {
        (self.window_len as u128 + 1) * u128::from(self.ratio.phases()) * size_of::<f64>() as u128
    }

    /// Number of samples inside the longest window.
    pub(crate) fn window_len(&self) -> usize {
        self.window_len
    }

    /// Number of taps of an output that are not structural zeros: the mean of all phases, rounded up.
    ///
    /// Every m from −reach to reach belongs to one tap of one phase, so L phases share 2 · reach + 1 taps.
    pub(crate) fn taps(&self) -> usize {
        let zeros = self.zero_spacing().map_or(0, |spacing| self.reach / i128::from(spacing));
        let taps = 2 * (self.reach - zeros) + 1;
        usize::try_from((taps - 1) / self.phases() + 1).unwrap_or(usize::MAX)
    }

    /// Distance in m from one structural zero to the next: max(L, M) with a rolloff of 1, where the zeros of the sinc
    /// lie at samples; `None` with any other rolloff.
    pub(crate) fn zero_spacing(&self) -> Option<u64> {
        #[expect(clippy::float_cmp, reason = "zeros of the sinc lie at samples for this rolloff alone")]
        let has_zeros = self.rolloff == 1.0;
        has_zeros.then(|| self.ratio.stride().max(self.ratio.phases()))
    }

    /// True if the tap between output `n` and the sample at `position` is a structural zero: m is not 0, and a multiple
    /// of the [`zero_spacing`](Self::zero_spacing).
    pub(crate) fn is_zero(&self, n: u64, position: i64) -> bool {
        if self.zero_spacing().is_none() {
            return false;
        }
        // L and M are coprime: L divides m = i·L − n·M if it divides n, and M does if it divides i.
        let (stride, phases) = (self.ratio.stride(), self.ratio.phases());
        let is_multiple =
            if phases > stride { n.is_multiple_of(phases) } else { position.unsigned_abs().is_multiple_of(stride) };
        is_multiple && i128::from(position) * self.phases() != i128::from(n) * self.stride()
    }

    /// Bound of the number of input samples inside a window on one side of its centre, see [`look_ahead`].
    pub(crate) fn look_ahead(&self) -> usize {
        self.look_ahead
    }

    /// Padding of the options; zeros for equal rates.
    pub(crate) fn padding(&self) -> Padding {
        self.padding
    }

    /// Number of samples that the padding adds on each side of a clip; 0 for padding with zeros, which are never
    /// stored.
    pub(crate) fn margin(&self) -> usize {
        if self.padding == Padding::Zero { 0 } else { self.look_ahead }
    }

    /// Same taps without padding.
    #[cfg(feature = "gpu")]
    pub(crate) fn without_padding(&self) -> Self {
        Self { padding: Padding::Zero, ..*self }
    }

    /// First output whose window reaches the sample at `position` or a later one.
    pub(crate) fn first_reaching(&self, position: u64) -> u64 {
        // end(n) > position ⟺ n·M + R ≥ position·L
        let bound = i128::from(position).saturating_mul(self.phases()).saturating_sub(self.reach);
        u64::try_from(bound.saturating_add(self.stride() - 1).div_euclid(self.stride()).max(0)).unwrap_or(u64::MAX)
    }

    /// First output whose window begins at `position` or after it.
    pub(crate) fn first_from(&self, position: u64) -> u64 {
        // start(n) ≥ p ⟺ n·M − R > (p − 1)·L
        let bound = (i128::from(position) - 1).saturating_mul(self.phases()).saturating_add(self.reach + 1);
        u64::try_from(bound.saturating_add(self.stride() - 1).div_euclid(self.stride()).max(0)).unwrap_or(u64::MAX)
    }

    /// Positions of the input samples inside the window of output `n`; negative before the clip.
    pub(crate) fn window(&self, n: u64) -> std::ops::Range<i64> {
        self.window_about(i128::from(n).saturating_mul(self.stride()))
    }

    /// Positions of the input samples inside a window whose centre is `centre`/L samples after the clip's first.
    pub(crate) fn window_about(&self, centre: i128) -> std::ops::Range<i64> {
        // 64 bits hold the positions of any real clip, and divide ten times as fast as 128.
        if let Some(ends) = self.window_within(centre) {
            return ends;
        }
        let start = -self.reach.saturating_sub(centre).div_euclid(self.phases());
        let end = centre.saturating_add(self.reach).div_euclid(self.phases()) + 1;
        saturating_position(start)..saturating_position(end)
    }

    /// [`window_about`](Self::window_about) in 64-bit arithmetic; `None` on overflow.
    fn window_within(&self, centre: i128) -> Option<std::ops::Range<i64>> {
        let phases = i64::try_from(self.ratio.phases()).ok()?;
        let (centre, reach) = (i64::try_from(centre).ok()?, i64::try_from(self.reach).ok()?);
        let start = -reach.checked_sub(centre)?.div_euclid(phases);
        let end = centre.checked_add(reach)?.div_euclid(phases) + 1;
        Some(start..end)
    }

    /// The two rates in lowest terms.
    pub(crate) fn ratio(&self) -> Ratio {
        self.ratio
    }

    /// Half-width of the window in zero crossings of the sinc.
    pub(crate) fn width(&self) -> f64 {
        self.width
    }

    /// Function that tapers the sinc.
    pub(crate) fn window_kind(&self) -> Window {
        self.window
    }

    /// Zero crossings of the sinc per input sample.
    #[expect(clippy::cast_precision_loss, reason = "a factor, which rounds like any other")]
    pub(crate) fn crossings_per_sample(&self) -> f64 {
        self.rolloff * self.ratio.phases() as f64 / self.ratio.stride().max(self.ratio.phases()) as f64
    }

    /// True if sample i + `distance` is inside the window of an output that lies `rest`/L samples after sample i.
    pub(crate) fn holds(&self, distance: i64, rest: u64) -> bool {
        (i128::from(distance) * self.phases() - i128::from(rest)).abs() <= self.reach
    }

    /// M.
    pub(crate) fn stride(&self) -> i128 {
        i128::from(self.ratio.stride())
    }

    /// L.
    pub(crate) fn phases(&self) -> i128 {
        i128::from(self.ratio.phases())
    }
}

/// Bound of the number of input samples inside a window on one side of its centre: ⌊reach/L⌋ + 1. Where L divides the
/// reach, as for L = 1, it is one too large.
fn look_ahead(reach: i128, phases: u64) -> usize {
    usize::try_from(reach.div_euclid(phases.into()) + 1).unwrap_or(usize::MAX)
}

/// Largest integer m with m · rolloff / larger < width, in float64 as when the taps are computed.
#[expect(clippy::cast_precision_loss, reason = "integers beyond 2^53 make banks far beyond any memory")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is not negative")]
fn largest_inside(width: f64, rolloff: f64, larger: u64) -> u128 {
    let inside = |m: u128| m as f64 * rolloff / (larger as f64) < width;
    let estimate = (width * larger as f64 / rolloff) as u128;
    // Rounding can put the estimate off by one in either direction. Beyond 2^53 floats are farther apart, but filters
    // of that size exceed any memory and are refused.
    (0..=2).map(|step| estimate.saturating_add(1).saturating_sub(step)).find(|&m| inside(m)).unwrap_or(estimate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::on_demand::OnDemandTaps;

    #[test]
    fn structural_zeros_are_the_zeros_of_the_sinc() {
        for (orig, new) in [(2, 1), (1, 2), (3, 2), (2, 3), (160, 147), (49, 50), (49, 48), (1, 7), (1, 1)] {
            let ratio = Ratio::new(orig, new).expect("a ratio");
            let shape = |rolloff| {
                let options = ResampleOptions::default().lowpass_filter_width(9.5).rolloff(rolloff);
                FilterShape::new(ratio, &options).expect("a shape")
            };
            let (sparse, dense) = (shape(1.0), shape(0.99));
            let (mut taps, mut zeros) = (0, 0);
            let mut on_demand = OnDemandTaps::new(&sparse);
            for n in 0..new {
                for (position, &tap) in sparse.window(n).zip(on_demand.taps(n)) {
                    let m = i128::from(position) * i128::from(new) - i128::from(n) * i128::from(orig);
                    let expected = m != 0 && m % i128::from(orig.max(new)) == 0;
                    assert_eq!(sparse.is_zero(n, position), expected, "{orig}→{new}, output {n}, sample {position}");
                    assert_eq!(tap == 0.0, expected, "{orig}→{new}, output {n}, sample {position}: {tap:e}");
                    assert!(!dense.is_zero(n, position));
                    taps += 1;
                    zeros += u64::from(expected);
                }
            }
            assert_eq!(sparse.taps() as u64, (taps - zeros).div_ceil(new), "{orig}→{new}");
            assert_eq!(dense.taps(), dense.window_len(), "{orig}→{new}");
        }
    }

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
