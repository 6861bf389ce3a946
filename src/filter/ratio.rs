//! [`Ratio`]: the two rates as coprime integers, and the lengths that follow from them.

use std::fmt;

use crate::error::{Error, Result};

/// Two sampling rates in lowest terms: L = [`phases`](Self::phases) for the new one, M = [`stride`](Self::stride) for
/// the original one.
///
/// Output n is at exactly n · M/L input samples. Output n = q·L + j has phase j, and its period begins at input sample
/// q·M.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    stride: u64,
    phases: u64,
}

impl Ratio {
    /// Reduces the rates by their greatest common divisor. They may be in any unit that both share, such as tenths of a
    /// hertz.
    ///
    /// # Errors
    /// [`Error::ZeroRate`] if a rate is 0.
    ///
    /// ```
    /// let ratio = polyphase::Ratio::new(48_000, 44_100)?;
    /// assert_eq!((ratio.stride(), ratio.phases()), (160, 147));
    /// assert_eq!(ratio.output_len(48_001), 44_101);
    /// // 44.1 kHz to 11025.5 Hz, both in tenths of a hertz.
    /// assert_eq!(polyphase::Ratio::new(441_000, 110_255)?.phases(), 22_051);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub const fn new(orig_freq: u64, new_freq: u64) -> Result<Self> {
        if orig_freq == 0 {
            return Err(Error::ZeroRate { field: "orig_freq" });
        }
        if new_freq == 0 {
            return Err(Error::ZeroRate { field: "new_freq" });
        }
        let divisor = gcd(orig_freq, new_freq);
        Ok(Self { stride: orig_freq / divisor, phases: new_freq / divisor })
    }

    /// Approximates `rate`, the new sampling rate over the original one, by the fraction with the smallest terms within
    /// a relative `tolerance`. Returns the fraction and its distance from `rate`.
    ///
    /// A tolerance of 0 gives the exact value of the float. Clocks are seldom known to better than 1e-9.
    ///
    /// # Errors
    /// [`Error::Option`] for a rate that is not finite and above 0, and for a tolerance outside [0, 1);
    /// [`Error::RatioTerms`] if no fraction of 64-bit integers is within the tolerance.
    ///
    /// ```
    /// let fit = polyphase::Ratio::from_f64(44_100.0 / 48_000.0, 1e-12)?;
    /// assert_eq!((fit.ratio.phases(), fit.ratio.stride()), (147, 160));
    /// // A clock that runs 3.7 ppm fast, to a tenth of a ppm.
    /// let fit = polyphase::Ratio::from_f64(1.0 / 1.000_003_7, 1e-7)?;
    /// assert_eq!((fit.ratio.phases(), fit.ratio.stride()), (263_158, 263_159));
    /// assert!(fit.ppm().abs() < 0.1 && fit.samples_per_hour(48_000.0).abs() < 17.3);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn from_f64(rate: f64, tolerance: f64) -> Result<RatioFit> {
        if !(rate > 0.0 && rate.is_finite()) {
            return Err(Error::Option { field: "rate", value: rate, range: "finite and above 0".to_owned() });
        }
        if !(0.0..1.0).contains(&tolerance) {
            let range = "at least 0 and below 1".to_owned();
            return Err(Error::Option { field: "tolerance", value: tolerance, range });
        }
        let too_fine = || Error::RatioTerms { rate, tolerance };
        let (low, high) = (fraction(rate * (1.0 - tolerance)), fraction(rate * (1.0 + tolerance)));
        let (phases, stride) = simplest_between(low.ok_or_else(too_fine)?, high.ok_or_else(too_fine)?);
        let (phases, stride) = u64::try_from(phases).ok().zip(u64::try_from(stride).ok()).ok_or_else(too_fine)?;
        #[expect(clippy::cast_precision_loss, reason = "terms beyond 2^53 round, by less than the rate itself")]
        let (new, orig) = (phases as f64, stride as f64);
        // A fused multiply-add, since new − rate · orig is far smaller than either term.
        let residual = (-rate).mul_add(orig, new) / (rate * orig);
        Ok(RatioFit { ratio: Self::new(stride, phases)?, residual })
    }

    /// M = orig_freq / gcd: input samples from one period to the next.
    pub const fn stride(self) -> u64 {
        self.stride
    }

    /// L = new_freq / gcd: number of phases of the filter.
    pub const fn phases(self) -> u64 {
        self.phases
    }

    /// True if the rates are equal. The samples are then returned unchanged, as in torchaudio.
    pub const fn is_identity(self) -> bool {
        self.stride == self.phases
    }

    /// Number of output samples, ⌈input_len · L / M⌉, exact at every length. Saturates at `usize::MAX`.
    ///
    /// torchaudio 2.11 rounds the product to float32 first: its length is first wrong at 47,561 samples at 16→44.1 kHz,
    /// and at 120,427 samples at 44.1→48 kHz.
    pub const fn output_len(self, input_len: usize) -> usize {
        saturating_len((input_len as u128 * self.phases as u128).div_ceil(self.stride as u128))
    }

    /// ⌊input_len · L / M⌋: [`output_len`](Self::output_len), rounded down instead of up.
    pub const fn output_len_floor(self, input_len: usize) -> usize {
        saturating_len(input_len as u128 * self.phases as u128 / self.stride as u128)
    }

    /// Same ratio with both terms multiplied by `factor`, and thus not in lowest terms; `None` if a term overflows.
    pub(crate) fn times(self, factor: u64) -> Option<Self> {
        Some(Self { stride: self.stride.checked_mul(factor)?, phases: self.phases.checked_mul(factor)? })
    }

    /// Ratio from the new rate to the original one.
    pub(crate) const fn reversed(self) -> Self {
        Self { stride: self.phases, phases: self.stride }
    }
}

/// Outputs per input sample as a fraction in lowest terms, L/M.
///
/// ```
/// assert_eq!(polyphase::Ratio::new(48_000, 44_100)?.to_string(), "147/160");
/// # Ok::<(), polyphase::Error>(())
/// ```
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.phases, self.stride)
    }
}

/// A [`Ratio`] that approximates a rate, see [`Ratio::from_f64`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioFit {
    /// The fraction.
    pub ratio: Ratio,
    /// Relative distance of the fraction from the rate: fraction / rate − 1, positive for a fraction above the rate.
    pub residual: f64,
}

impl RatioFit {
    /// Residual in parts per million.
    pub fn ppm(&self) -> f64 {
        self.residual * 1e6
    }

    /// Number of samples too many after an hour at a sampling rate of `new_freq` Hz; negative if there are too few.
    pub fn samples_per_hour(&self, new_freq: f64) -> f64 {
        self.residual * new_freq * 3600.0
    }
}

const fn saturating_len(len: u128) -> usize {
    if len > usize::MAX as u128 { usize::MAX } else { len as usize }
}

/// Greatest common divisor.
pub(crate) const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Exact value of a positive float as numerator and denominator; `None` if it is no ratio of 64-bit integers.
fn fraction(value: f64) -> Option<(u128, u128)> {
    const MANTISSA_BITS: i32 = f64::MANTISSA_DIGITS.cast_signed() - 1;
    let bits = value.to_bits();
    let exponent = i32::try_from(bits >> MANTISSA_BITS).ok()? - (f64::MAX_EXP - 1);
    let mantissa = u128::from(bits & ((1 << MANTISSA_BITS) - 1) | (1 << MANTISSA_BITS));
    // Floats below 2^−64 or from 2^65 on, subnormal ones among them, are no ratio of 64-bit integers.
    let shift = u32::try_from((exponent - MANTISSA_BITS).abs()).ok().filter(|_| exponent.abs() <= 64)?;
    Some(if exponent >= MANTISSA_BITS { (mantissa << shift, 1) } else { (mantissa, 1 << shift) })
}

/// Fraction with the smallest terms in the closed interval from `low` to `high`.
///
/// If both ends have the same whole part, the fraction is that part plus the reciprocal of the simplest fraction
/// between the reciprocals of the remainders. Each call descends many levels of the Stern–Brocot tree at once.
fn simplest_between(low: (u128, u128), high: (u128, u128)) -> (u128, u128) {
    let whole = low.0 / low.1;
    let rest = low.0 % low.1;
    if rest == 0 {
        return (whole, 1);
    }
    if high.0 / high.1 > whole {
        return (whole + 1, 1);
    }
    let (numerator, denominator) = simplest_between((high.1, high.0 % high.1), (low.1, rest));
    (whole.saturating_mul(numerator).saturating_add(denominator), numerator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_their_fractions() {
        for value in [1.0, 0.75, 3.0, 1.0 / 3.0, 1e-9, 123_456.789, 2.0_f64.powi(60)] {
            let (numerator, denominator) = fraction(value).expect("within 64 bits");
            #[expect(clippy::cast_precision_loss, reason = "exact: a mantissa, and a power of two")]
            let quotient = numerator as f64 / denominator as f64;
            assert!((quotient - value).abs() == 0.0, "{value}: {numerator}/{denominator}");
        }
        assert_eq!([f64::MIN_POSITIVE / 2.0, 1e300].map(fraction), [None, None]);
    }

    /// Against every fraction with a smaller denominator.
    #[test]
    fn no_fraction_with_smaller_terms_is_as_close() {
        for rate in [std::f64::consts::PI, 0.918_75, 1.000_003_7, 147.0 / 160.0, 0.1, 7.0, 1e-3] {
            for tolerance in [0.3, 1e-2, 1e-4, 1e-6] {
                let fit = Ratio::from_f64(rate, tolerance).expect("a fraction");
                let (phases, stride) = (fit.ratio.phases() as f64, fit.ratio.stride() as f64);
                assert!((phases / stride / rate - 1.0).abs() <= tolerance * 1.000_001);
                assert!((fit.residual - (phases / stride / rate - 1.0)).abs() < 1e-15);
                for smaller in (1..fit.ratio.stride().min(20_000)).map(|stride| stride as f64) {
                    let nearest = (smaller * rate).round().max(1.0);
                    assert!((nearest / smaller / rate - 1.0).abs() > tolerance, "{rate}: {nearest}/{smaller}");
                }
            }
        }
        let exact = Ratio::from_f64(0.1, 0.0).expect("64 bits are enough");
        assert_eq!((exact.residual, exact.ratio.stride()), (0.0, 1 << 55));
    }
}
