//! [`System`]: resamples the test signals with one backend of polyphase.

use std::fmt;

use anyhow::{Context, Result};
use polyphase::{Backend, Batch, BatchBuf, CpuResampler, Error, Level, Plan, ResampleOptions, Resampler, Sample};

use super::measure::Outputs;
use super::signals::{Signal, Signals};

/// A backend and its precision.
#[derive(Debug, Clone)]
pub(crate) enum System {
    F64,
    F32(Level),
    Gpu(Box<Resampler>),
}

impl System {
    /// Returns float64, float32 on the best SIMD level or on each, and the GPU. If there is no GPU, returns the reason
    /// too.
    pub(crate) fn all(every_level: bool, allow_software: bool) -> Result<(Vec<Self>, Option<String>)> {
        let mut systems = vec![Self::F64];
        if every_level {
            systems.extend(Level::available().into_iter().map(Self::F32));
        } else {
            systems.push(Self::F32(Level::best()));
        }
        match Resampler::builder().backend(Backend::Gpu).allow_software(allow_software).build() {
            Ok(resampler) => {
                systems.push(Self::Gpu(Box::new(resampler)));
                Ok((systems, None))
            }
            Err(Error::NoGpu { reason, .. }) => Ok((systems, Some(reason))),
            Err(error) => Err(error).context("the GPU"),
        }
    }

    /// Resamples the test signals.
    pub(crate) fn run(&self, options: &ResampleOptions, signals: &Signals) -> Result<Outputs> {
        match self {
            Self::F64 => outputs::<f64>(options, signals, |batch| Ok(CpuResampler::new().resample_batch(batch)?)),
            Self::F32(level) => {
                let cpu = CpuResampler::new().with_level(*level);
                outputs::<f32>(options, signals, |batch| Ok(cpu.resample_batch(batch)?))
            }
            Self::Gpu(resampler) => outputs::<f32>(options, signals, |batch| {
                let (computed, report) = resampler.resample_batch(batch)?;
                anyhow::ensure!(report.cpu_runs.is_empty(), "the CPU computed some of the clips: {report}");
                Ok(computed)
            }),
        }
    }

    /// Distance of outputs from those in float64, for the comb and the noise rounded to float32. `None` for float64
    /// itself.
    #[expect(clippy::cast_possible_truncation, reason = "rounded to float32, as the input is")]
    pub(crate) fn distance(
        &self,
        options: &ResampleOptions,
        signals: &Signals,
        outputs: &Outputs,
    ) -> Result<Option<Distance>> {
        if matches!(self, Self::F64) {
            return Ok(None);
        }
        let plan = Plan::new(signals.orig_freq, signals.new_freq, options)?;
        let (mut worst, mut error, mut signal) = (0.0_f64, 0.0, 0.0);
        for (test, actual) in signals.all().into_iter().zip(&outputs.resampled) {
            if !matches!(test, Signal::Comb | Signal::Noise) {
                continue;
            }
            let input: Vec<_> = signals.samples(test).iter().map(|&sample| f64::from(sample as f32)).collect();
            for (expected, actual) in CpuResampler::new().resample(&plan, &input)?.iter().zip(actual) {
                worst = worst.max((actual - expected).abs());
                error += (actual - expected).powi(2);
                signal += expected * expected;
            }
        }
        Ok(Some(Distance { worst, rms_db: 10.0 * (signal / error).log10() }))
    }
}

/// Distance of outputs from those in float64.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub(crate) struct Distance {
    /// Largest difference, for samples up to about 1.
    pub(crate) worst: f64,
    /// Level of the signal over the root mean square of the difference, in dB.
    pub(crate) rms_db: f64,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F64 => f.write_str("f64"),
            Self::F32(level) => write!(f, "{level}"),
            Self::Gpu(_) => f.write_str("gpu"),
        }
    }
}

/// A sample type to which the float64 signals are rounded.
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
    let to_new = Plan::new(signals.orig_freq, signals.new_freq, options)?;
    let to_orig = Plan::new(signals.new_freq, signals.orig_freq, options)?;
    let inputs: Vec<Vec<T>> =
        signals.all().into_iter().map(|signal| signals.samples(signal).into_iter().map(T::rounded).collect()).collect();
    let mut batch = Batch::new();
    inputs.iter().for_each(|input| batch.push(&to_new, input));
    let resampled = resample(&batch)?;
    // The noise is the last signal.
    let noise = resampled.clip(inputs.len() - 1).unwrap_or_default();
    let mut batch = Batch::new();
    batch.push(&to_orig, noise);
    let to_f64 = |samples: &[T]| samples.iter().map(|&sample| sample.into()).collect();
    Ok(Outputs { resampled: resampled.iter().map(to_f64).collect(), round_trip: to_f64(resample(&batch)?.samples()) })
}
