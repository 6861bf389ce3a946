//! What is measured on the output of a resampler, whatever it is.

use std::collections::BTreeSet;
use std::f64::consts::{PI, TAU};

use anyhow::{Result, ensure};
use serde::Serialize;

use super::signals::{AMPLITUDE, Row, Signals, phase};
use super::spectrum::Spectrum;

/// What came out: of each row, and of the noise's way to the other rate and back.
#[derive(Debug)]
pub(crate) struct Outputs {
    pub(crate) rows: Vec<Vec<f64>>,
    pub(crate) back: Vec<f64>,
}

/// Levels in dB: positive where larger is better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// Largest deviation of a tone in the pass band from its level.
    pub(crate) ripple_db: f64,
    /// Where the gain falls to −0.1 and to −3 dB, as fractions of the lower Nyquist frequency; `null` if it does not within
    /// 1.15 of it.
    pub(crate) edge_01: Option<f64>,
    pub(crate) edge_3: Option<f64>,
    /// All that comes out of a tone that folds into the pass band, worst tone; `null` if there is none.
    pub(crate) alias_db: Option<f64>,
    /// All images of a tone together, for the worst tone; `null` if the ratio has none.
    pub(crate) image_db: Option<f64>,
    /// max |y − 1| for the constant 1.
    pub(crate) dc_image: f64,
    /// Signal to noise and distortion: everything in the output but the tone and a constant, worst and median tone.
    pub(crate) sinad_worst_db: f64,
    pub(crate) sinad_median_db: f64,
    /// The largest single line beside a tone, or of a tone that would fold into the pass band.
    pub(crate) spur_db: f64,
    /// Noise of the pass band to the other rate and back, against itself.
    pub(crate) round_trip_db: f64,
    /// In output samples.
    pub(crate) delay: f64,
}

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
    for (row, samples) in signals.rows().into_iter().zip(&outputs.rows) {
        ensure!(
            samples.len() >= start + period,
            "an output holds {} samples: at least {} are needed",
            samples.len(),
            start + period
        );
        let steady = &samples[start..start + period];
        ensure!(steady.iter().all(|sample| sample.is_finite()), "an output holds a NaN or an infinity");
        match row {
            Row::Tone(cycles) => {
                let tone = Tone::new(signals, cycles, &Spectrum::new(steady));
                spurs.push(tone.spur);
                tones.push(tone);
            }
            Row::AliasTone(_) => {
                let spectrum = Spectrum::new(steady);
                let level = power_db(spectrum.power_but(|_| false));
                figures.alias_db = Some(figures.alias_db.map_or(level, |worst: f64| worst.min(level)));
                spurs.push(power_db(spectrum.largest_but(None)));
            }
            Row::Constant => {
                figures.dc_image = steady.iter().map(|sample| (sample - 1.0).abs()).fold(0.0, f64::max);
            }
            Row::Comb => {
                let spectrum = Spectrum::new(steady);
                let gain = |cycles| 20.0 * (spectrum.line(cycles).0 / signals.comb_amplitude()).log10();
                let gains: Vec<_> =
                    signals.comb.iter().map(|&cycles| (signals.fraction(cycles), gain(cycles))).collect();
                figures.edge_01 = edge(&gains, 0.1);
                figures.edge_3 = edge(&gains, 3.0);
            }
            Row::Noise => {}
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
    figures.round_trip_db = round_trip(signals, &outputs.back)?;
    Ok(figures)
}

/// A power relative to that of a tone as it went in, in dB below it.
fn power_db(power: f64) -> f64 {
    -10.0 * (power / (0.5 * AMPLITUDE * AMPLITUDE)).log10()
}

/// What became of one tone of the pass band.
struct Tone {
    /// Cycles per output sample.
    frequency: f64,
    gain_db: f64,
    /// Turns by which it is late, in radians between −π and π.
    lag: f64,
    /// Levels in dB below the tone as it went in.
    image: f64,
    spur: f64,
    /// In dB relative to the tone as it came out.
    sinad: f64,
}

impl Tone {
    #[expect(clippy::cast_precision_loss, reason = "cycles in a period")]
    fn new(signals: &Signals, cycles: usize, spectrum: &Spectrum) -> Self {
        let period = signals.period[1];
        let (amplitude, at_start) = spectrum.line(cycles);
        let turns = (cycles * Signals::start(period) % period) as f64 / period as f64;
        let lag = phase(cycles) + TAU * turns - at_start;
        // Images lie where the tone comes again, every `period[0]` cycles, and the output's rate folds them.
        let own = spectrum.folded(cycles);
        let images: BTreeSet<_> = (1..period / signals.fold)
            .map(|k| spectrum.folded(k * signals.period[0] % period + cycles))
            .filter(|&index| index != own)
            .collect();
        let rest = spectrum.power_but(|index| index == own);
        Self {
            frequency: cycles as f64 / period as f64,
            gain_db: 20.0 * (amplitude / AMPLITUDE).log10(),
            lag: (lag + PI).rem_euclid(TAU) - PI,
            image: power_db(spectrum.power_but(|index| !images.contains(&index))),
            spur: power_db(spectrum.largest_but(Some(cycles))),
            sinad: 10.0 * (0.5 * amplitude * amplitude / rest).log10(),
        }
    }
}

/// Where a falling gain, (frequency, dB) with rising frequencies, first falls to −`fall` dB: linear between the two.
fn edge(gains: &[(f64, f64)], fall: f64) -> Option<f64> {
    let below = gains.iter().position(|&(_, gain)| gain < -fall)?;
    let (frequency, gain) = gains[below];
    let Some(&(before, above)) = below.checked_sub(1).and_then(|index| gains.get(index)) else {
        return Some(frequency);
    };
    Some(before + (frequency - before) * (above + fall) / (above - gain))
}

/// The delay in samples that fits the tones' lags best, each lag taken by the turn that is nearest to where the tones before it
/// lead.
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

/// The noise's level over that of what came back less the noise.
fn round_trip(signals: &Signals, back: &[f64]) -> Result<f64> {
    let period = signals.period[0];
    let steady = Signals::start(period)..Signals::start(period) + period;
    ensure!(back.len() >= steady.end, "the way back holds {} samples: at least {} are needed", back.len(), steady.end);
    let noise = signals.samples(Row::Noise);
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let signal = square(&mut noise[steady.clone()].iter().copied());
    let error =
        square(&mut noise[steady.clone()].iter().zip(&back[steady]).map(|(expected, actual)| actual - expected));
    Ok(10.0 * (signal / error).log10())
}
