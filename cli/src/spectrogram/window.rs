//! The windows of spectrograms, and the Bessel function that one of them is made of.

use std::f64::consts::PI;

use clap::ValueEnum;

/// What each piece of the signal is faded in and out with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum FadeWindow {
    /// Finer in frequency; what is 30 to 90 dB below a tone may be hidden beside it
    Hann,
    /// Kaiser's window with a beta of 14: hides nothing above -110 dB
    #[default]
    Kaiser,
}

impl FadeWindow {
    /// Its highest side lobe is 110 dB below its main one, and the next are lower.
    const BETA: f64 = 14.0;

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hann => "Hann",
            Self::Kaiser => "Kaiser",
        }
    }

    /// So many points of one period, as spectra need it: the point after the last would be the first again.
    #[expect(clippy::cast_precision_loss, reason = "at most 2^16")]
    pub(super) fn points(self, len: usize) -> Vec<f64> {
        let fraction = |index: usize| 2.0 * index as f64 / len as f64 - 1.0;
        let point = |index| match self {
            Self::Hann => (PI * fraction(index) / 2.0).cos().powi(2),
            Self::Kaiser => {
                let u = fraction(index);
                bessel_i0(Self::BETA * (1.0 - u * u).max(0.0).sqrt()) / bessel_i0(Self::BETA)
            }
        };
        (0..len).map(point).collect()
    }
}

/// I₀ by its power series, whose terms are all positive: exact to a few units in the last place where it is used, below 20.
pub(crate) fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut index) = (1.0, 1.0, 0.0);
    while term > f64::EPSILON / 8.0 * sum {
        index += 1.0;
        term *= quarter / (index * index);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bessel_function_has_its_known_values() {
        // Abramowitz and Stegun, table 9.8 and 9.9.
        for (x, expected) in [(0.0, 1.0), (1.0, 1.266_065_877_752_008_4), (10.0, 2_815.716_628_466_254)] {
            assert!((bessel_i0(x) / expected - 1.0).abs() < 1e-14, "{x}: {}", bessel_i0(x));
        }
    }
}
