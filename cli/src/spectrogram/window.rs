//! [`FadeWindow`]: the windows for spectrograms.

use std::f64::consts::PI;

use clap::ValueEnum;

use crate::bessel::bessel_i0;

/// Window of a transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum FadeWindow {
    /// Hann window: resolves frequency better, but hides signals close to a tone and 30 to 90 dB below it
    Hann,
    /// Kaiser window with a beta of 14, whose side lobes are below -110 dB
    #[default]
    Kaiser,
}

impl FadeWindow {
    /// Shape parameter. The highest side lobe is 110 dB below the main lobe.
    const BETA: f64 = 14.0;

    /// Name to print.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hann => "Hann",
            Self::Kaiser => "Kaiser",
        }
    }

    /// Points of the periodic form of the window, the one for spectra: the point after the last would equal the first.
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
