//! The windows as functions, in float64 and exact to rounding for every β.

use crate::options::Window;

/// A window ready to be evaluated.
///
/// It is a function of s = 1 − u², where u in (−1, 1) is the position across it.
#[derive(Debug, Clone)]
pub(crate) enum WindowFunction {
    Hann,
    /// Σ cₖ sᵏ, see [`power_series`].
    KaiserSeries {
        coefficients: Vec<f64>,
    },
    /// e^(−β(1−√s)) · s^(−1/4) · A(β√s) / A(β), see [`asymptotic`].
    KaiserAsymptotic {
        beta: f64,
        asymptotic_at_beta: f64,
    },
}

/// From this β on the asymptotic expansion is used. It must be twice [`ASYMPTOTIC_FROM`] at least, so that what is cut
/// off below that, I₀(40)/I₀(80) ≈ e^−40 · √2 ≈ 6e-18, is below the rounding of the window's peak.
const LARGE_BETA: f64 = 80.0;

/// From this argument on [`ASYMPTOTIC_TERMS`] terms of the expansion give I₀ to less than 1e-17.
const ASYMPTOTIC_FROM: f64 = 40.0;
const ASYMPTOTIC_TERMS: u32 = 15;

impl WindowFunction {
    pub(crate) fn new(window: Window) -> Self {
        match window {
            Window::Hann => Self::Hann,
            Window::Kaiser { beta } if beta < LARGE_BETA => Self::KaiserSeries { coefficients: power_series(beta) },
            Window::Kaiser { beta } => Self::KaiserAsymptotic { beta, asymptotic_at_beta: asymptotic(beta) },
        }
    }

    /// Multiplies each value by the window at its position `u`, |u| < 1.
    pub(crate) fn apply(&self, positions: &[f64], values: &mut [f64]) {
        let pairs = positions.iter().zip(&mut *values);
        match self {
            Self::Hann => {
                for (&u, value) in pairs {
                    let cosine = (std::f64::consts::FRAC_PI_2 * u).cos();
                    *value *= cosine * cosine;
                }
            }
            Self::KaiserSeries { coefficients } => {
                // Horner's chain of dependent multiply-adds is run for several taps side by side.
                const SIDE_BY_SIDE: usize = 8;
                let blocks = positions.chunks(SIDE_BY_SIDE).zip(values.chunks_mut(SIDE_BY_SIDE));
                for (block, values) in blocks {
                    let mut s = [0.0; SIDE_BY_SIDE];
                    for (s, &u) in s.iter_mut().zip(block) {
                        *s = 1.0 - u * u;
                    }
                    let mut sum = [0.0; SIDE_BY_SIDE];
                    for &coefficient in coefficients.iter().rev() {
                        for (sum, s) in sum.iter_mut().zip(s) {
                            *sum = *sum * s + coefficient;
                        }
                    }
                    for (value, sum) in values.iter_mut().zip(sum) {
                        *value *= sum;
                    }
                }
            }
            Self::KaiserAsymptotic { beta, asymptotic_at_beta } => {
                for (&u, value) in pairs {
                    let root = ((1.0 - u) * (1.0 + u)).sqrt();
                    *value *= if beta * root < ASYMPTOTIC_FROM {
                        0.0
                    } else {
                        // 1 − √s = u²/(1 + √s), without the cancellation.
                        let exponent = -beta * (u * u / (1.0 + root));
                        exponent.exp() / root.sqrt() * (asymptotic(beta * root) / asymptotic_at_beta)
                    };
                }
            }
        }
    }
}

/// The coefficients of I₀(β√s)/I₀(β) as a power series in s.
///
/// I₀(x) = Σ (x²/4)ᵏ/(k!)² (Abramowitz & Stegun 9.6.10), so the coefficients are cₖ = (β²/4)ᵏ/(k!)², divided by their sum since
/// the window is 1 at s = 1. All of them are positive: nothing cancels, and the polynomial is exact to rounding.
fn power_series(beta: f64) -> Vec<f64> {
    let quarter_square = beta * beta / 4.0;
    let mut coefficients = vec![1.0];
    let (mut term, mut sum) = (1.0_f64, 1.0_f64);
    for k in 1_u32.. {
        term *= quarter_square / f64::from(k * k);
        // Beyond the largest term each is less than its predecessor's half after a few more.
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
        let mut value = [1.0];
        WindowFunction::new(window).apply(&[u], &mut value);
        value[0]
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
    fn the_expansion_has_terms_enough_where_it_begins() {
        for (x, expected) in
            [(ASYMPTOTIC_FROM, 1.0031701359002931), (50.0, 1.0025287296476024), (LARGE_BETA, 1.0015736321889388)]
        {
            assert!((asymptotic(x) - expected).abs() <= 4e-16, "{x}: {:e}", asymptotic(x) - expected);
        }
    }

    #[test]
    fn every_beta_gives_a_finite_window_between_0_and_1() {
        for beta in [0.0, 1e-300, 1e-3, 20.0, 79.999, 80.0, 700.0, 720.0, 1e5, 1e18, 1e300, f64::MAX] {
            for u in [-0.999_999, -0.5, 0.0, 1e-9, 0.3, 0.999_999_999] {
                let value = at(Window::Kaiser { beta }, u);
                assert!((0.0..=1.0 + 1e-15).contains(&value), "β {beta}, u {u}: {value}");
            }
            assert!((at(Window::Kaiser { beta }, 0.0) - 1.0).abs() < 1e-15);
        }
    }
}
