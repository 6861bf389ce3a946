//! [`ResampleOptions::quality`]: a filter from what it shall do, by Kaiser's formula.

use std::f64::consts::TAU;

use crate::error::{Error, Result};
use crate::options::{ResampleOptions, Window};

/// Attenuations for which the formula has been tried, in dB.
const STOP_BANDS: std::ops::RangeInclusive<f64> = 50.0..=200.0;

/// Pass bands for which it has been tried.
const PASS_BANDS: std::ops::Range<f64> = 0.75..1.0;

impl ResampleOptions {
    /// The shortest Kaiser-windowed filter that keeps whatever folds into the pass band `stop_band_db` below it, for
    /// signals up to `pass_band`, a fraction of the lower Nyquist frequency.
    ///
    /// The cut-off is the lower Nyquist frequency N itself (`rolloff` 1). The transition from P = `pass_band` · N to 2N − P
    /// lies symmetrically about it: a frequency above N folds to 2N less itself (downwards as an alias, upwards as the image
    /// of it), so all that reaches the pass band comes from 2N − P and beyond, the stop band. Between P and N the treble
    /// falls to −6 dB, and may hold aliases. The ripple of the pass band is that of the stop band: gains are within 10^(−A/20)
    /// of 1.
    ///
    /// J. F. Kaiser's formulas (Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5.3) give the window,
    /// β = 0.1102 (A − 8.7), and its length in radians of the transition's width, (A − 7.95) / 2.285; the width is 2(1 − P/N) N,
    /// and a zero crossing comes every 1/(2N) seconds. They are fits that end near 100 dB, so a filter of A dB is designed for
    /// A + 2.5 + 0.13 max(0, A − 110) + 5 (1 − P/N) dB. With that every filter tried reaches its A, and passes it by 6 dB
    /// at most: all of 50, 51, …, 200 dB with nine pass bands from 0.75 to 0.99 at six ratios of small numbers.
    ///
    /// float32 samples end near −140 dB, whatever the filter: more than that is of use in float64.
    ///
    /// # Errors
    /// [`Error::Option`] for a `stop_band_db` outside 50 to 200 or a `pass_band` outside 0.75 to 1 (excluded). A pass band
    /// close to 1 needs a `lowpass_filter_width` that [`Plan::new`](crate::Plan::new) may refuse.
    ///
    /// ```
    /// use polyphase::{Plan, ResampleOptions};
    ///
    /// let options = ResampleOptions::quality(100.0, 0.9)?;
    /// let plan = Plan::new(44_100, 48_000, &options)?;
    /// assert_eq!(plan.taps(), 67);
    /// assert!(plan.response().image_rejection(0.9).is_some_and(|decibels| decibels > 100.0));
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn quality(stop_band_db: f64, pass_band: f64) -> Result<Self> {
        if !STOP_BANDS.contains(&stop_band_db) {
            let range = format!("{} to {}", STOP_BANDS.start(), STOP_BANDS.end());
            return Err(Error::Option { field: "stop_band_db", value: stop_band_db, range });
        }
        if !PASS_BANDS.contains(&pass_band) {
            let range = format!("at least {} and below {}", PASS_BANDS.start, PASS_BANDS.end);
            return Err(Error::Option { field: "pass_band", value: pass_band, range });
        }
        Ok(design(stop_band_db, pass_band))
    }
}

/// The design for values that have been checked.
pub(crate) fn design(stop_band_db: f64, pass_band: f64) -> ResampleOptions {
    let attenuation = stop_band_db + 2.5 + 0.13 * (stop_band_db - 110.0).max(0.0) + 5.0 * (1.0 - pass_band);
    // A window of 2W zero crossings lasts W / N seconds, and Kaiser's is (A − 7.95) / (2.285 · 2π · transition in Hz).
    let transition = 2.0 * (1.0 - pass_band);
    ResampleOptions {
        lowpass_filter_width: (attenuation - 7.95) / (2.285 * TAU * transition),
        rolloff: 1.0,
        window: Window::Kaiser { beta: 0.1102 * (attenuation - 8.7) },
        ..ResampleOptions::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    /// What the documentation claims, on the ratios where it is hardest: few phases, whose stop band folds onto itself.
    #[test]
    fn every_design_reaches_its_figure() {
        for stop_band_db in (50..=200).step_by(9).map(f64::from) {
            for pass_band in [0.75, 0.8, 0.913, 0.97, 0.99] {
                let options = ResampleOptions::quality(stop_band_db, pass_band).expect("within the ranges");
                for (orig, new) in [(1, 2), (2, 1), (3, 2), (5, 1)] {
                    let response = Plan::new(orig, new, &options).expect("within the limits").response();
                    let reached = [response.alias_rejection(pass_band), response.image_rejection(pass_band)];
                    let worst = reached.into_iter().flatten().fold(f64::INFINITY, f64::min);
                    let what = format!("{stop_band_db} dB, {pass_band}, {orig}→{new}: {worst}");
                    assert!(worst >= stop_band_db, "{what}");
                    assert!(worst < stop_band_db + 6.0, "{what}");
                    // The ripple mirrors the stop band.
                    let ripple = 20.0 * (1.0 - 10_f64.powf(-stop_band_db / 20.0)).log10().abs();
                    assert!(response.pass_band_ripple(pass_band) <= ripple, "{what}");
                }
            }
        }
    }
}
