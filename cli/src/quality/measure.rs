//! [`measure`]: computes the figures of a resampler from its outputs for the test signals.

use std::collections::BTreeSet;
use std::f64::consts::{PI, TAU};

use anyhow::{Result, ensure};
use serde::Serialize;

use super::signals::{AMPLITUDE, Signal, Signals, phase};
use super::spectrum::Spectrum;

/// Outputs of a resampler.
#[derive(Debug)]
pub(crate) struct Outputs {
    /// One for each of [`Signals::all`].
    pub(crate) resampled: Vec<Vec<f64>>,
    /// The resampled noise, resampled back to the original rate.
    pub(crate) round_trip: Vec<f64>,
}

/// Figures of a resampler. Levels are in dB, positive where larger is better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// Largest deviation of a tone in the pass band from its level.
    pub(crate) ripple_db: f64,
    /// Frequency at which the gain falls to −0.1 dB, as a fraction of the lower Nyquist frequency; `null` beyond 1.15.
    pub(crate) edge_01: Option<f64>,
    /// Frequency at which the gain falls to −3 dB, as a fraction of the lower Nyquist frequency; `null` beyond 1.15.
    pub(crate) edge_3: Option<f64>,
    /// Level of a tone that folds into the pass band over that of its output, worst tone; `null` if no tone folds
    /// there.
    pub(crate) alias_db: Option<f64>,
    /// Level of a tone over the sum of its images, worst tone; `null` if the ratio has no images.
    pub(crate) image_db: Option<f64>,
    /// max |y − 1| for an input of ones.
    pub(crate) dc_image: f64,
    /// Ratio of signal to noise and distortion (all of the output except the tone and the mean), worst tone.
    pub(crate) sinad_worst_db: f64,
    /// Ratio of signal to noise and distortion, median of the tones.
    pub(crate) sinad_median_db: f64,
    /// Level of a tone over the largest single other line in its output, worst tone, tones that fold included.
    pub(crate) spur_db: f64,
    /// Level of the noise over its error after a round trip to the other rate.
    pub(crate) round_trip_db: f64,
    /// Delay in output samples.
    pub(crate) delay: f64,
}

/// Measures the outputs of a resampler.
///
/// # Errors
/// If an output is too short, or if one other than the round trip is not finite.
pub(crate) fn measure(signals: &Signals, outputs: &Outputs) -> Result<Figures> {
    let period = signals.period[1];
    let start = Signals::start(period);
    let mut tones = Vec::new();
    let mut spurs = Vec::new();
    let mut figures = Figures {
        ripple_db: 0.0,
        edge_01: None,
        edge_3: None,
        alias_db: None,
        image_db: None,
        dc_image: f64::NAN,
        sinad_worst_db: f64::NAN,
        sinad_median_db: f64::NAN,
        spur_db: f64::NAN,
        round_trip_db: f64::NAN,
        delay: f64::NAN,
    };
    for (signal, samples) in signals.all().into_iter().zip(&outputs.resampled) {
        ensure!(
            samples.len() >= start + period,
            "an output has {} samples: at least {} are needed",
            samples.len(),
            start + period
        );
        let steady = &samples[start..start + period];
        ensure!(steady.iter().all(|sample| sample.is_finite()), "an output contains NaN or infinity");
        match signal {
            Signal::Tone(cycles) => {
                let tone = Tone::new(signals, cycles, &Spectrum::new(steady));
                spurs.push(tone.spur);
                tones.push(tone);
            }
            Signal::AliasTone(_) => {
                let spectrum = Spectrum::new(steady);
                let level = power_db(spectrum.power_except(|_| false));
                figures.alias_db = Some(figures.alias_db.map_or(level, |worst: f64| worst.min(level)));
                spurs.push(power_db(spectrum.largest_except(None)));
            }
            Signal::Constant => {
                figures.dc_image = steady.iter().map(|sample| (sample - 1.0).abs()).fold(0.0, f64::max);
            }
            Signal::Comb => {
                let spectrum = Spectrum::new(steady);
                let gain = |cycles| 20.0 * (spectrum.line(cycles).0 / signals.comb_amplitude()).log10();
                let gains: Vec<_> =
                    signals.comb.iter().map(|&cycles| (signals.fraction(cycles), gain(cycles))).collect();
                figures.edge_01 = edge(&gains, 0.1);
                figures.edge_3 = edge(&gains, 3.0);
            }
            Signal::Noise => {}
        }
    }
    let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
    figures.ripple_db = tones.iter().map(|tone| tone.gain_db.abs()).fold(0.0, f64::max);
    figures.image_db = (period != signals.fold).then(|| least(&mut tones.iter().map(|tone| tone.image)));
    let mut sinad: Vec<_> = tones.iter().map(|tone| tone.sinad).collect();
    sinad.sort_by(f64::total_cmp);
    figures.sinad_worst_db = sinad.first().copied().unwrap_or(f64::NAN);
    figures.sinad_median_db = sinad.get(sinad.len() / 2).copied().unwrap_or(f64::NAN);
    figures.spur_db = least(&mut spurs.into_iter());
    figures.delay = delay(&tones);
    figures.round_trip_db = round_trip(signals, &outputs.round_trip)?;
    Ok(figures)
}

/// Level of a test tone over a power, in dB.
fn power_db(power: f64) -> f64 {
    -10.0 * (power / (0.5 * AMPLITUDE * AMPLITUDE)).log10()
}

/// Figures of one tone in the pass band.
struct Tone {
    /// Cycles per output sample.
    frequency: f64,
    gain_db: f64,
    /// Phase lag in radians, between −π and π.
    lag: f64,
    /// Level of the input tone over all images, in dB.
    image: f64,
    /// Level of the input tone over the largest other line, in dB.
    spur: f64,
    /// Level of the output tone over everything else, in dB.
    sinad: f64,
}

impl Tone {
    #[expect(clippy::cast_precision_loss, reason = "cycles in a period")]
    fn new(signals: &Signals, cycles: usize, spectrum: &Spectrum) -> Self {
        let period = signals.period[1];
        let (amplitude, at_start) = spectrum.line(cycles);
        let cycles_before = (cycles * Signals::start(period) % period) as f64 / period as f64;
        let lag = phase(cycles) + TAU * cycles_before - at_start;
        // The spectrum of the input repeats every `period[0]` cycles. The repetitions fold into the output as images.
        let own = spectrum.folded(cycles);
        let images: BTreeSet<_> = (1..period / signals.fold)
            .map(|k| spectrum.folded(k * signals.period[0] % period + cycles))
            .filter(|&index| index != own)
            .collect();
        let rest = spectrum.power_except(|index| index == own);
        Self {
            frequency: cycles as f64 / period as f64,
            gain_db: 20.0 * (amplitude / AMPLITUDE).log10(),
            lag: (lag + PI).rem_euclid(TAU) - PI,
            image: power_db(spectrum.power_except(|index| !images.contains(&index))),
            spur: power_db(spectrum.largest_except(Some(cycles))),
            sinad: 10.0 * (0.5 * amplitude * amplitude / rest).log10(),
        }
    }
}

/// Frequency at which the gain first falls to −`fall` dB, by linear interpolation between points (frequency, dB) in
/// order of frequency.
fn edge(gains: &[(f64, f64)], fall: f64) -> Option<f64> {
    let below = gains.iter().position(|&(_, gain)| gain < -fall)?;
    let (frequency, gain) = gains[below];
    let Some(&(before, above)) = below.checked_sub(1).and_then(|index| gains.get(index)) else {
        return Some(frequency);
    };
    Some(before + (frequency - before) * (above + fall) / (above - gain))
}

/// Delay in samples, fitted to the phase lags of the tones by least squares. Each lag is unwrapped to be nearest to the
/// delay of the preceding tones.
fn delay(tones: &[Tone]) -> f64 {
    let (mut products, mut squares) = (0.0, 0.0);
    for tone in tones {
        let omega = TAU * tone.frequency;
        let expected = if squares == 0.0 { 0.0 } else { products / squares * omega };
        let lag = tone.lag + TAU * ((expected - tone.lag) / TAU).round();
        products += lag * omega;
        squares += omega * omega;
    }
    products / squares
}

/// Level of the noise over its error after the round trip, in dB.
fn round_trip(signals: &Signals, returned: &[f64]) -> Result<f64> {
    let period = signals.period[0];
    let steady = Signals::start(period)..Signals::start(period) + period;
    ensure!(
        returned.len() >= steady.end,
        "the round trip has {} samples: at least {} are needed",
        returned.len(),
        steady.end
    );
    let noise = signals.samples(Signal::Noise);
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let signal = square(&mut noise[steady.clone()].iter().copied());
    let error =
        square(&mut noise[steady.clone()].iter().zip(&returned[steady]).map(|(expected, actual)| actual - expected));
    Ok(10.0 * (signal / error).log10())
}
