//! The test signals through the backends of this crate.

use std::fmt;

use anyhow::{Context, Result};
use polyphase::{Backend, Batch, BatchBuf, CpuResampler, Error, Level, Plan, ResampleOptions, Resampler, Sample};

use super::measure::Outputs;
use super::signals::{Row, Signals};

/// What computes.
#[derive(Debug, Clone)]
pub(crate) enum System {
    Double,
    Single(Level),
    Gpu(Box<Resampler>),
}

impl System {
    /// float64, float32 on the best level or on each, and the GPU if there is one; if there is none, why.
    pub(crate) fn all(every_level: bool, allow_software: bool) -> Result<(Vec<Self>, Option<String>)> {
        let mut systems = vec![Self::Double];
        if every_level {
            systems.extend(Level::available().into_iter().map(Self::Single));
        } else {
            systems.push(Self::Single(Level::best()));
        }
        match Resampler::new(Backend::Gpu, allow_software) {
            Ok(resampler) => {
                systems.push(Self::Gpu(Box::new(resampler)));
                Ok((systems, None))
            }
            Err(Error::NoGpu { reason }) => Ok((systems, Some(reason))),
            Err(error) => Err(error).context("the GPU"),
        }
    }

    pub(crate) fn run(&self, options: &ResampleOptions, signals: &Signals) -> Result<Outputs> {
        match self {
            Self::Double => outputs::<f64>(options, signals, |batch| Ok(CpuResampler::new().resample_batch(batch)?)),
            Self::Single(level) => {
                let cpu = CpuResampler::new().with_level(*level);
                outputs::<f32>(options, signals, |batch| Ok(cpu.resample_batch(batch)?))
            }
            Self::Gpu(resampler) => outputs::<f32>(options, signals, |batch| {
                let (computed, report) = resampler.resample_batch(batch)?;
                anyhow::ensure!(report.cpu_clips == 0, "the GPU left work to the CPU: {}", report.reason);
                Ok(computed)
            }),
        }
    }

    /// The largest difference from float64 and the root mean square of it, in dB below the signal, on the comb and the noise as
    /// float32 holds them. `None` for float64 itself.
    #[expect(clippy::cast_possible_truncation, reason = "rounded to float32, as the input is")]
    pub(crate) fn error(
        &self,
        options: &ResampleOptions,
        signals: &Signals,
        outputs: &Outputs,
    ) -> Result<Option<Distance>> {
        if matches!(self, Self::Double) {
            return Ok(None);
        }
        let plan = Plan::new(signals.orig_freq, signals.new_freq, options)?;
        let (mut worst, mut error, mut signal) = (0.0_f64, 0.0, 0.0);
        for (row, actual) in signals.rows().into_iter().zip(&outputs.rows) {
            if !matches!(row, Row::Comb | Row::Noise) {
                continue;
            }
            let input: Vec<_> = signals.samples(row).iter().map(|&sample| f64::from(sample as f32)).collect();
            for (expected, actual) in CpuResampler::new().resample(&plan, &input)?.iter().zip(actual) {
                worst = worst.max((actual - expected).abs());
                error += (actual - expected).powi(2);
                signal += expected * expected;
            }
        }
        Ok(Some(Distance { worst, rms_db: 10.0 * (signal / error).log10() }))
    }
}

/// How far from float64.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub(crate) struct Distance {
    /// For samples up to about 1.
    pub(crate) worst: f64,
    /// Below the signal, in dB.
    pub(crate) rms_db: f64,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Double => f.write_str("f64"),
            Self::Single(level) => write!(f, "{level}"),
            Self::Gpu(_) => f.write_str("gpu"),
        }
    }
}

/// A type of sample, with the one rounding on the way in.
trait Rounded: Sample + Into<f64> {
    fn rounded(sample: f64) -> Self;
}

impl Rounded for f64 {
    fn rounded(sample: f64) -> Self {
        sample
    }
}

impl Rounded for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounded to float32: that is the type")]
    fn rounded(sample: f64) -> Self {
        sample as Self
    }
}

fn outputs<T: Rounded>(
    options: &ResampleOptions,
    signals: &Signals,
    resample: impl Fn(&Batch<'_, T>) -> Result<BatchBuf<T>>,
) -> Result<Outputs> {
    let there = Plan::new(signals.orig_freq, signals.new_freq, options)?;
    let back = Plan::new(signals.new_freq, signals.orig_freq, options)?;
    let inputs: Vec<Vec<T>> =
        signals.rows().into_iter().map(|row| signals.samples(row).into_iter().map(T::rounded).collect()).collect();
    let mut batch = Batch::new();
    inputs.iter().for_each(|input| batch.push(&there, input));
    let resampled = resample(&batch)?;
    // The noise is the last row.
    let noise = resampled.clip(inputs.len() - 1).unwrap_or_default();
    let mut batch = Batch::new();
    batch.push(&back, noise);
    let double = |samples: &[T]| samples.iter().map(|&sample| sample.into()).collect();
    Ok(Outputs { rows: resampled.iter().map(double).collect(), back: double(resample(&batch)?.samples()) })
}
