//! [`PrototypeFunction`]: the windowed sinc in float64, exact to rounding for every β, in SIMD vectors.
//!
//! A one-line call with new rates designs its filter first. Vectors keep the design cheap: torchaudio's default filter
//! at 48→44.1 kHz takes less time to design than one second takes to resample with it.

use fearless_simd::{Simd, dispatch, f64x8, prelude::*};

use crate::options::Window;
use crate::simd::Level;

/// Window as a function of its position u in (−1, 1), or of s = 1 − u².
#[derive(Debug, Clone)]
pub(crate) enum WindowFunction {
    Hann,
    /// Σ aₖ (2s − 1)ᵏ, see [`middle_series`].
    KaiserSeries {
        coefficients: Vec<f64>,
    },
    /// e^(−β(1−√s)) · s^(−1/4) · A(β√s) / A(β), see [`asymptotic`].
    KaiserAsymptotic {
        beta: f64,
        asymptotic_at_beta: f64,
    },
}

/// Least β for which the asymptotic expansion is used: twice [`ASYMPTOTIC_FROM`], so that the values of the window that
/// are set to zero, up to I₀(40)/I₀(80) ≈ e^−40 · √2 ≈ 6e-18, are below the rounding of its peak.
const LARGE_BETA: f64 = 80.0;

/// Least argument at which [`ASYMPTOTIC_TERMS`] terms of the expansion give I₀ with an error below 1e-17.
const ASYMPTOTIC_FROM: f64 = 40.0;
const ASYMPTOTIC_TERMS: u32 = 15;

impl WindowFunction {
    pub(crate) fn new(window: Window) -> Self {
        match window {
            Window::Hann => Self::Hann,
            Window::Kaiser { beta } if beta < LARGE_BETA => Self::KaiserSeries { coefficients: middle_series(beta) },
            Window::Kaiser { beta } => Self::KaiserAsymptotic { beta, asymptotic_at_beta: asymptotic(beta) },
        }
    }

    /// Values of the window at positions 0 ≤ u < 1.
    #[inline(always)]
    fn at<S: Simd>(&self, simd: S, u: [f64x8<S>; SIDE_BY_SIDE]) -> [f64x8<S>; SIDE_BY_SIDE] {
        let one = f64x8::splat(simd, 1.0);
        let mut values = [f64x8::splat(simd, 0.0); SIDE_BY_SIDE];
        match self {
            // cos(πu/2) = sin(πx) with x = (1 − u)/2, which is precise even at the window's end.
            Self::Hann => {
                for (value, u) in values.iter_mut().zip(u) {
                    let x = (one - u) * 0.5;
                    let cosine = x * sinc_near_zero(simd, x) * std::f64::consts::PI;
                    *value = cosine * cosine;
                }
            }
            // Horner's rule is a chain of dependent multiply-adds: several vectors side by side hide the latency.
            Self::KaiserSeries { coefficients } => {
                let mut position = u;
                for position in &mut position {
                    *position = one - *position * *position * 2.0;
                }
                for &coefficient in coefficients.iter().rev() {
                    let coefficient = f64x8::splat(simd, coefficient);
                    for i in 0..SIDE_BY_SIDE {
                        values[i] = values[i].mul_add(position[i], coefficient);
                    }
                }
                // Where the window is nearly 0, terms cancel, and rounding may leave a value below 0.
                for value in &mut values {
                    *value = value.max(f64x8::splat(simd, 0.0));
                }
            }
            Self::KaiserAsymptotic { beta, asymptotic_at_beta } => {
                for (value, u) in values.iter_mut().zip(u) {
                    for (value, &u) in value.as_mut_array().iter_mut().zip(u.as_array()) {
                        *value = large_kaiser(*beta, *asymptotic_at_beta, u);
                    }
                }
            }
        }
        values
    }
}

/// The filter h(m) = gain · sinc(t) · window(t/width) at t = m · step, for integers m ≥ 0.
#[derive(Debug, Clone)]
pub(crate) struct PrototypeFunction {
    pub(crate) gain: f64,
    /// Zero crossings from one m to the next.
    pub(crate) step: f64,
    /// Zero crossings at which the window ends.
    pub(crate) width: f64,
    pub(crate) window: WindowFunction,
    /// Distance in m from one structural zero to the next; infinite without them.
    pub(crate) zero_spacing: f64,
}

/// Number of vectors that are evaluated side by side.
const SIDE_BY_SIDE: usize = 8;

/// Number of values that are evaluated together. [`PrototypeFunction::evaluate`] extends its vector to a multiple of
/// this number and truncates it again.
pub(crate) const EVALUATED_TOGETHER: usize = 8 * SIDE_BY_SIDE;

impl PrototypeFunction {
    /// Replaces each m ≥ 0 by h(m). Values of m outside the window give unspecified results.
    pub(crate) fn evaluate(&self, values: &mut Vec<f64>) {
        let len = values.len();
        values.resize(len.next_multiple_of(EVALUATED_TOGETHER), 1.0);
        dispatch!(Level::best().simd(), simd => self.evaluate_simd(simd, values));
        values.truncate(len);
    }

    #[inline(always)]
    fn evaluate_simd<S: Simd>(&self, simd: S, values: &mut [f64]) {
        let inverse = 1.0 / self.width;
        for block in values.as_chunks_mut::<EVALUATED_TOGETHER>().0 {
            let mut t = [f64x8::splat(simd, 0.0); SIDE_BY_SIDE];
            let mut u = t;
            for ((t, u), m) in t.iter_mut().zip(&mut u).zip(block.as_chunks::<8>().0) {
                let m = f64x8::load_array_ref(simd, m);
                let rounded = m * self.step;
                // At a structural zero t is whole, so that the sinc is exactly 0. The product may round: 49 · (1/49) is
                // not 1.
                let whole = rounded.round_ties_even();
                *t = (whole * self.zero_spacing).simd_eq(m).select(whole, rounded);
                // The inverse of the smallest widths is infinite, and 0 times infinity is NaN.
                *u = if inverse.is_finite() { *t * inverse } else { *t / f64x8::splat(simd, self.width) };
            }
            let window = self.window.at(simd, u);
            for ((t, window), values) in t.into_iter().zip(window).zip(block.as_chunks_mut::<8>().0) {
                // sinc(0) = 1; the formula would divide 0 by 0.
                let sinc = t.simd_eq(0.0).select(f64x8::splat(simd, 1.0), sinc(simd, t));
                (sinc * window * self.gain).store_array(values);
            }
        }
    }
}

/// sin(πt)/(πt). The argument is reduced before it is multiplied by π, so that the reduction is exact: with t = r + x
/// for an integer r, sin(πt) = ±sin(πx), negative for odd r.
#[inline(always)]
fn sinc<S: Simd>(simd: S, t: f64x8<S>) -> f64x8<S> {
    let whole = t.round_ties_even();
    let x = t - whole;
    let odd = (whole - (whole * 0.5).round_ties_even() * 2.0).abs();
    (f64x8::splat(simd, 1.0) - odd * 2.0) * (x * sinc_near_zero(simd, x) / t)
}

/// sin(πx)/(πx) for |x| ≤ 1/2, by its power series Σ (−1)ᵏ (πx)²ᵏ/(2k + 1)!. The first omitted term is below 3e-20.
#[inline(always)]
fn sinc_near_zero<S: Simd>(simd: S, x: f64x8<S>) -> f64x8<S> {
    const TERMS: usize = 12;
    const SERIES: [f64; TERMS] = {
        let mut series = [1.0; TERMS];
        let mut k = 1;
        while k < TERMS {
            let factor = std::f64::consts::PI * std::f64::consts::PI / ((2 * k) * (2 * k + 1)) as f64;
            series[k] = -series[k - 1] * factor;
            k += 1;
        }
        series
    };
    let square = x * x;
    let mut sum = f64x8::splat(simd, SERIES[TERMS - 1]);
    for &coefficient in SERIES[..TERMS - 1].iter().rev() {
        sum = sum.mul_add(square, f64x8::splat(simd, coefficient));
    }
    sum
}

/// I₀(β√(1−u²))/I₀(β) for a large β, by its asymptotic expansion.
fn large_kaiser(beta: f64, asymptotic_at_beta: f64, u: f64) -> f64 {
    let root = ((1.0 - u) * (1.0 + u)).sqrt();
    // Outside the window the root is NaN. Such values only fill up a vector, and are not read.
    if beta * root >= ASYMPTOTIC_FROM {
        // 1 − √s = u²/(1 + √s), without the cancellation.
        let exponent = -beta * (u * u / (1.0 + root));
        exponent.exp() / root.sqrt() * (asymptotic(beta * root) / asymptotic_at_beta)
    } else {
        0.0
    }
}

/// Coefficients of I₀(β√s)/I₀(β) as a power series in s.
///
/// I₀(x) = Σ (x²/4)ᵏ/(k!)² (Abramowitz & Stegun 9.6.10). The coefficients are (β²/4)ᵏ/(k!)², divided by their sum
/// since the window is 1 at s = 1. All are positive: no terms cancel, and the polynomial is exact to rounding.
fn power_series(beta: f64) -> Vec<f64> {
    let quarter_square = beta * beta / 4.0;
    let mut coefficients = vec![1.0];
    let (mut term, mut sum) = (1.0_f64, 1.0_f64);
    for k in 1_u32.. {
        term *= quarter_square / f64::from(k * k);
        // For k > β each term is less than a quarter of the one before.
        if term < sum * 1e-19 && f64::from(k) > beta {
            break;
        }
        coefficients.push(term);
        sum += term;
    }
    for coefficient in &mut coefficients {
        *coefficient /= sum;
    }
    coefficients
}

/// Coefficients of I₀(β√s)/I₀(β) as a power series in x = 2s − 1, which runs from −1 to 1. It has fewer terms than the
/// series in s: 25 instead of 32 for torchaudio's β.
///
/// Since sⁿ = ((1 + x)/2)ⁿ, the coefficients are aₖ = Σₙ cₙ 2⁻ⁿ C(n, k), where the cₙ are those of the series in s. All
/// are positive and their sum is 1. Terms cancel for s < 1/2, with a rounding error of at most that of the window's
/// peak. The omitted terms are smaller still.
fn middle_series(beta: f64) -> Vec<f64> {
    let series = power_series(beta);
    let mut shifted = vec![0.0; series.len()];
    // Horner's rule on polynomials: times (1 + x)/2, plus the next coefficient.
    for (done, &coefficient) in series.iter().rev().enumerate() {
        for k in (1..=done).rev() {
            shifted[k] = (shifted[k] + shifted[k - 1]) / 2.0;
        }
        shifted[0] = shifted[0] / 2.0 + coefficient;
    }
    let mut rest = 0.0;
    while let Some(last) = shifted.pop_if(|last| rest + *last < 1e-17) {
        rest += last;
    }
    shifted
}

/// I₀(x) e^(−x) √(2πx) for x ≥ [`ASYMPTOTIC_FROM`] (Abramowitz & Stegun 9.7.1 with μ = 0).
fn asymptotic(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..=ASYMPTOTIC_TERMS {
        let odd = f64::from(2 * k - 1);
        term *= odd * odd / (f64::from(8 * k) * x);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(window: Window, u: f64) -> f64 {
        let window = WindowFunction::new(window);
        dispatch!(Level::best().simd(), simd => {
            window.at(simd, [f64x8::splat(simd, u); SIDE_BY_SIDE])[0].to_array()[0]
        })
    }

    /// I₀(β√(1−u²))/I₀(β) at u, from mpmath with 40 digits.
    #[test]
    fn kaiser_matches_reference_values() {
        for (beta, u, expected) in [
            (0.5, 0.9, 0.951505522602565),
            (5.0, 0.3, 0.8145554276514148),
            (14.769656459379492, 0.0, 1.0),
            (14.769656459379492, 0.5, 0.14876007782155976),
            (14.769656459379492, 0.99, 8.891861366945317e-06),
            (79.9, 0.4, 0.0013245167031607542),
            (80.1, 0.4, 0.001302584415553941),
            (1e3, 0.1, 0.006670571910298405),
            (1e6, 0.002, 0.13533514790116027),
        ] {
            let value = at(Window::Kaiser { beta }, u);
            assert!(
                (value - expected).abs() <= 4e-16 + 1e-15 * expected.abs() * beta.max(1.0).sqrt(),
                "β {beta}, u {u}: {value:e}, not {expected:e}"
            );
        }
    }

    /// I₀(x) e^(−x) √(2πx) from its power series with 60 digits.
    #[test]
    fn the_expansion_is_exact_from_its_least_argument_on() {
        for (x, expected) in
            [(ASYMPTOTIC_FROM, 1.0031701359002931), (50.0, 1.0025287296476024), (LARGE_BETA, 1.0015736321889388)]
        {
            assert!((asymptotic(x) - expected).abs() <= 4e-16, "{x}: {:e}", asymptotic(x) - expected);
        }
    }

    #[test]
    fn every_beta_gives_a_finite_window_between_0_and_1() {
        for beta in [0.0, 1e-300, 1e-3, 20.0, 79.999, 80.0, 700.0, 720.0, 1e5, 1e18, 1e300, f64::MAX] {
            for u in [0.0, 1e-9, 0.3, 0.999_999_999] {
                let value = at(Window::Kaiser { beta }, u);
                assert!((0.0..=1.0 + 1e-15).contains(&value), "β {beta}, u {u}: {value}");
            }
            assert!((at(Window::Kaiser { beta }, 0.0) - 1.0).abs() < 1e-15);
        }
    }

    /// The standard library's sine is exact to rounding.
    #[test]
    fn sinc_matches_the_standard_library() {
        for level in Level::available() {
            for i in 1..100_000 {
                let t = f64::from(i) * 0.000_731;
                let reduced = t - 2.0 * (t / 2.0).round();
                let expected = (std::f64::consts::PI * reduced).sin() / (std::f64::consts::PI * t);
                let actual = dispatch!(level.simd(), simd => sinc(simd, f64x8::splat(simd, t)).to_array()[0]);
                assert!((actual - expected).abs() < 4e-16, "{level}: sinc({t}) = {actual:e}, not {expected:e}");
            }
        }
    }
}
