//! [`Preset`] and [`ResampleOptions::quality`]: filters by name and by quality.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

use super::{ResampleOptions, Window};
use crate::error::{Error, Result};

/// Stop-band attenuations in dB that [`ResampleOptions::quality`] accepts: those that are tested.
const STOP_BANDS: std::ops::RangeInclusive<f64> = 50.0..=200.0;

/// Pass bands that [`ResampleOptions::quality`] accepts, as fractions of the lower Nyquist frequency.
const PASS_BANDS: std::ops::Range<f64> = 0.75..1.0;

/// Another name of [`Preset::Default`], which programs with another default need.
const TORCHAUDIO: &str = "torchaudio";

/// Filters by name: those of other resamplers, and three designed for a quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preset {
    /// torchaudio's default: width 6, rolloff 0.99, Hann. It lets aliases through at −14 dB near the band's edge.
    #[default]
    Default,
    /// `kaiser_best` of torchaudio's audio resampling tutorial, close to that of resampy up to 0.2: width 64, rolloff
    /// 0.9475937167399596, β 14.769656459379492.
    KaiserBest,
    /// `kaiser_fast` of torchaudio's audio resampling tutorial, close to that of resampy up to 0.2: width 16, rolloff
    /// 0.85, β 8.555504641634386.
    KaiserFast,
    /// `kaiser_best` of resampy 0.4: 50 zeros on each side, rolloff 0.9173473712608761, β 12.984585251213232.
    ResampyKaiserBest,
    /// `kaiser_fast` of resampy 0.4: 24 zeros on each side, rolloff 0.8682120388377784, β 9.90322.
    ResampyKaiserFast,
    /// 80 dB with a pass band of 0.8, see [`ResampleOptions::quality`]. The shortest of the three designed filters.
    Fast,
    /// 120 dB with a pass band of 0.913, see [`ResampleOptions::quality`]. For float32.
    High,
    /// 150 dB with a pass band of 0.95, see [`ResampleOptions::quality`]. For float64: float32 arithmetic
    /// reaches about 140 dB.
    Best,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 8] = [
        Self::Default,
        Self::KaiserBest,
        Self::KaiserFast,
        Self::ResampyKaiserBest,
        Self::ResampyKaiserFast,
        Self::Fast,
        Self::High,
        Self::Best,
    ];

    /// Name that [`FromStr`] parses, which takes `torchaudio` for the default too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::KaiserBest => "kaiser_best",
            Self::KaiserFast => "kaiser_fast",
            Self::ResampyKaiserBest => "resampy_kaiser_best",
            Self::ResampyKaiserFast => "resampy_kaiser_fast",
            Self::Fast => "fast",
            Self::High => "high",
            Self::Best => "best",
        }
    }

    /// Stop-band attenuation in dB and pass band as a fraction of the lower Nyquist frequency, as in
    /// [`ResampleOptions::quality`]; `None` for the filters of other resamplers.
    pub const fn designed_for(self) -> Option<(f64, f64)> {
        match self {
            Self::Fast => Some((80.0, 0.8)),
            Self::High => Some((120.0, 0.913)),
            Self::Best => Some((150.0, 0.95)),
            _ => None,
        }
    }

    /// Options of the preset.
    ///
    /// resampy counts the half-width in input samples, torchaudio in zero crossings of the rolled-off sinc. The widths
    /// of the resampy presets are therefore products.
    pub fn options(self) -> ResampleOptions {
        if let Some((stop_band_db, pass_band)) = self.designed_for() {
            return design(stop_band_db, pass_band);
        }
        let (width, rolloff, window) = match self {
            Self::KaiserBest => (64.0, 0.9475937167399596, Window::Kaiser { beta: 14.769656459379492 }),
            Self::KaiserFast => (16.0, 0.85, Window::Kaiser { beta: 8.555504641634386 }),
            Self::ResampyKaiserBest => {
                (50.0 * 0.9173473712608761, 0.9173473712608761, Window::Kaiser { beta: 12.984585251213232 })
            }
            Self::ResampyKaiserFast => {
                (24.0 * 0.8682120388377784, 0.8682120388377784, Window::Kaiser { beta: 9.90322 })
            }
            _ => return ResampleOptions::default(),
        };
        ResampleOptions { lowpass_filter_width: width, rolloff, window, ..ResampleOptions::default() }
    }
}

/// For calls that take options: `Plan::new(48_000, 16_000, Preset::High)`.
impl From<Preset> for ResampleOptions {
    fn from(preset: Preset) -> Self {
        preset.options()
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        if name == TORCHAUDIO {
            return Ok(Self::Default);
        }
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| Error::UnknownName {
            what: "preset",
            name: name.to_owned(),
            known: format!("{}, {TORCHAUDIO}", Self::ALL.map(Self::name).join(", ")),
        })
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ResampleOptions {
    /// Options of [`Preset::KaiserBest`].
    pub fn kaiser_best() -> Self {
        Preset::KaiserBest.options()
    }

    /// Options of [`Preset::KaiserFast`].
    pub fn kaiser_fast() -> Self {
        Preset::KaiserFast.options()
    }

    /// Options of the shortest Kaiser-windowed filter whose aliases and images in the pass band are `stop_band_db` dB
    /// below the signal. The pass band ends at `pass_band`, a fraction of the lower Nyquist frequency.
    ///
    /// The cut-off is the lower Nyquist frequency N itself (`rolloff` 1), and the transition band from P = `pass_band`
    /// · N to 2N − P is symmetric about N. A frequency f above N folds to 2N − f, so only frequencies beyond 2N − P, in
    /// the stop band, reach the pass band. Between P and N the gain falls to −6 dB and aliases remain. Pass-band gains
    /// are within 10^(−A/20) of 1, since pass-band ripple equals stop-band ripple.
    ///
    /// J. F. Kaiser's formulas (Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5.3) give, for A =
    /// `stop_band_db`, the window, β = 0.1102 (A − 8.7), and the product of its length and the width of the transition
    /// band in radians, (A − 7.95) / 2.285. The transition band is 2(1 − P/N) N wide, and zero crossings are 1/(2N)
    /// seconds apart. The formulas were fitted up to about 100 dB, so a filter of A dB is designed for A + 2.5 + 0.13
    /// max(0, A − 110) + 5 (1 − P/N) dB. Every filter of 50, 51, …, 200 dB with nine pass bands from 0.75 to 0.99 at
    /// six ratios of small numbers then reaches A, and exceeds it by at most 6 dB.
    ///
    /// float32 arithmetic limits any filter to about 140 dB. Higher attenuations are for float64.
    ///
    /// # Errors
    /// [`Error::Option`] for a `stop_band_db` outside 50 to 200 or a `pass_band` outside 0.75 to 1 (excluded). A pass
    /// band close to 1 needs a `lowpass_filter_width` that [`Plan::new`](crate::Plan::new) may refuse.
    ///
    /// ```
    /// use polyphase::{Plan, ResampleOptions};
    ///
    /// let options = ResampleOptions::quality(100.0, 0.9)?;
    /// let plan = Plan::new(44_100, 48_000, &options)?;
    /// assert_eq!(plan.taps(), 66);
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

/// Options for values within the ranges.
fn design(stop_band_db: f64, pass_band: f64) -> ResampleOptions {
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

    /// The figures of the documentation hold at the hardest ratios: those with few phases, whose stop band folds onto
    /// itself.
    #[test]
    fn every_design_reaches_its_attenuation() {
        for stop_band_db in (50..=200).step_by(9).map(f64::from) {
            for pass_band in [0.75, 0.8, 0.913, 0.97, 0.99] {
                let options = ResampleOptions::quality(stop_band_db, pass_band).expect("within the ranges");
                for (orig, new) in [(1, 2), (2, 1), (3, 2), (5, 1)] {
                    let response = Plan::new(orig, new, options).expect("within the limits").response();
                    let reached = [response.alias_rejection(pass_band), response.image_rejection(pass_band)];
                    let worst = reached.into_iter().flatten().fold(f64::INFINITY, f64::min);
                    let what = format!("{stop_band_db} dB, {pass_band}, {orig}→{new}: {worst}");
                    assert!(worst >= stop_band_db, "{what}");
                    assert!(worst < stop_band_db + 6.0, "{what}");
                    // The ripple equals that of the stop band.
                    let ripple = 20.0 * (1.0 - 10_f64.powf(-stop_band_db / 20.0)).log10().abs();
                    assert!(response.pass_band_ripple(pass_band) <= ripple, "{what}");
                }
            }
        }
    }
}
