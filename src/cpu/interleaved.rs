//! Interleaved channels.

use super::work::Work;
use super::{CpuResampler, Sample};
use crate::batch::{Source, check_len};
use crate::clamped::Clamped;
use crate::error::{Error, Result};
use crate::plan::Plan;

impl CpuResampler {
    /// Resamples frames of interleaved channels: `[left, right, left, right, …]` for two.
    ///
    /// The output has [`Plan::output_len`] frames, interleaved in the same way. Each channel has the same bits as if it
    /// were resampled by itself.
    ///
    /// ```
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(48_000, 16_000, &ResampleOptions::default())?;
    /// let stereo: Vec<f32> = (0..4800).flat_map(|_| [0.5, -0.25]).collect();
    /// let resampled = CpuResampler::new().resample_interleaved(&plan, &stereo, 2)?;
    /// assert_eq!(resampled.len(), 2 * 1600);
    /// assert!((resampled[2 * 800] - 0.5).abs() < 1e-3 && (resampled[2 * 800 + 1] + 0.25).abs() < 1e-3);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoChannels`] for 0 channels, [`Error::Interleaving`] for samples that are not whole frames,
    /// [`Error::OutOfMemory`].
    pub fn resample_interleaved<T: Sample>(&self, plan: &Plan, samples: &[T], channels: usize) -> Result<Vec<T>> {
        let work = interleaved_work(plan, samples, channels)?;
        self.run_allocated(work)
    }

    /// Resamples frames of interleaved channels into a buffer of [`Plan::output_len`] frames, as
    /// [`resample_interleaved`](Self::resample_interleaved).
    ///
    /// # Errors
    /// [`Error::NoChannels`] for 0 channels, [`Error::Interleaving`] for samples that are not whole frames,
    /// [`Error::OutputLen`] for a buffer of another length.
    pub fn resample_interleaved_into<T: Sample>(
        &self,
        plan: &Plan,
        samples: &[T],
        channels: usize,
        output: &mut [T],
    ) -> Result<Clamped> {
        let work = interleaved_work(plan, samples, channels)?;
        check_len(work.len(), output.len())?;
        Ok(self.run(&[work], output))
    }
}

fn interleaved_work<'a, T: Sample>(plan: &'a Plan, samples: &'a [T], channels: usize) -> Result<Work<'a, T>> {
    if channels == 0 {
        return Err(Error::NoChannels);
    }
    if !samples.len().is_multiple_of(channels) {
        return Err(Error::Interleaving { len: samples.len(), channels });
    }
    let frames = samples.len() / channels;
    let source = Source { samples, origin: 0, clip_len: Some(frames) };
    Ok(Work { plan, source, channels, gap: 0, outputs: 0..plan.output_len(frames) as u64 })
}
