//! The adjoint of batches in host memory: gradients are clips, resampled with the transposed plan.
//!
//! Two steps run on the host, as in `cpu/adjoint.rs`. Before the GPU's work, gradients of normalised plans are divided
//! by the sums of the taps of their phases. After it, the gradient at each position in the margins is added to the
//! gradient of the sample that the padding copied there:
//!
//! ```text
//! GPU computes   | skipped | margin |       clip       | margin |
//! host adds                    └──────→ ... ←──────────────┘
//! ```

use std::collections::HashMap;

use super::pieces::ClipWork;
use super::run::{Outcome, RunOptions};
use super::sample::GpuSample;
use super::slices;
use crate::alloc::zeroed;
use crate::batch::{Batch, BatchBuf, check_len};
use crate::clamped::Clamped;
use crate::error::{Error, Result};
use crate::gpu::resampler::GpuResampler;
use crate::num::{to_index, to_position};
use crate::options::Padding;
use crate::plan::reach::{AdjointStart, adjoint_start};
use crate::plan::{Bank, Plan};

impl GpuResampler {
    /// Applies the transpose of resampling to every gradient of a batch in host memory, and returns gradients of the
    /// same type.
    ///
    /// The batch holds gradients with respect to the outputs of clips, with the plans by which the clips were
    /// resampled; `input_lens` are the lengths of the clips. The results are gradients with respect to the clips,
    /// within 2e-6 of those of [`CpuResampler::adjoint`](crate::CpuResampler::adjoint).
    ///
    /// # Errors
    /// [`Error::BatchLen`] if there are not as many lengths as gradients, [`Error::OutputLen`] for a gradient of
    /// another length than [`Plan::output_len`] of its clip, [`Error::FilterTooLarge`] if a transposed filter is beyond
    /// the limit, and those of [`resample_batch`](Self::resample_batch).
    pub fn adjoint_batch<T: GpuSample>(&self, gradients: &Batch<'_, T>, input_lens: &[usize]) -> Result<BatchBuf<T>> {
        pollster::block_on(self.adjoint_batch_async(gradients, input_lens))
    }

    /// [`adjoint_batch`](Self::adjoint_batch) for callers that must not block, as
    /// [`resample_batch_async`](Self::resample_batch_async).
    ///
    /// # Errors
    /// As [`adjoint_batch`](Self::adjoint_batch).
    pub async fn adjoint_batch_async<T: GpuSample>(
        &self,
        gradients: &Batch<'_, T>,
        input_lens: &[usize],
    ) -> Result<BatchBuf<T>> {
        self.adjoint_batch_as_async(gradients, input_lens).await
    }

    /// [`adjoint_batch`](Self::adjoint_batch) with results of type `O`.
    ///
    /// # Errors
    /// As [`adjoint_batch`](Self::adjoint_batch).
    pub fn adjoint_batch_as<O: GpuSample>(
        &self,
        gradients: &Batch<'_, impl GpuSample>,
        input_lens: &[usize],
    ) -> Result<BatchBuf<O>> {
        pollster::block_on(self.adjoint_batch_as_async(gradients, input_lens))
    }

    /// [`adjoint_batch_as`](Self::adjoint_batch_as) for callers that must not block.
    ///
    /// # Errors
    /// As [`adjoint_batch`](Self::adjoint_batch).
    pub async fn adjoint_batch_as_async<O: GpuSample>(
        &self,
        gradients: &Batch<'_, impl GpuSample>,
        input_lens: &[usize],
    ) -> Result<BatchBuf<O>> {
        let adjoints = Adjoints::new(gradients, input_lens)?;
        let mut samples = (O::CONVERSIONS.zeroed)(adjoints.offsets.last().copied().unwrap_or(0))?;
        let mut outputs = slices(&mut samples, &adjoints.offsets);
        self.run_adjoints(gradients, &adjoints, &mut outputs, RunOptions::default()).await.result?;
        Ok(BatchBuf::from_parts(samples, adjoints.offsets))
    }

    /// [`adjoint_batch`](Self::adjoint_batch) into one packed buffer, in which the results follow each other. `O` may
    /// differ from the type of the gradients.
    ///
    /// # Errors
    /// [`Error::OutputLen`] for a buffer of another length than the sum of `input_lens`, and as
    /// [`adjoint_batch`](Self::adjoint_batch). After an error the buffer holds a part of the results.
    pub fn adjoint_batch_into<O: GpuSample>(
        &self,
        gradients: &Batch<'_, impl GpuSample>,
        input_lens: &[usize],
        output: &mut [O],
    ) -> Result<Clamped> {
        pollster::block_on(self.adjoint_batch_into_async(gradients, input_lens, output))
    }

    /// [`adjoint_batch_into`](Self::adjoint_batch_into) for callers that must not block.
    ///
    /// # Errors
    /// As [`adjoint_batch_into`](Self::adjoint_batch_into).
    pub async fn adjoint_batch_into_async<O: GpuSample>(
        &self,
        gradients: &Batch<'_, impl GpuSample>,
        input_lens: &[usize],
        output: &mut [O],
    ) -> Result<Clamped> {
        let adjoints = Adjoints::new(gradients, input_lens)?;
        check_len(adjoints.offsets.last().copied().unwrap_or(0), output.len())?;
        let mut outputs = slices(output, &adjoints.offsets);
        self.run_adjoints(gradients, &adjoints, &mut outputs, RunOptions::default()).await.total_clamped()
    }

    /// Computes gradients with respect to clips, each into a slice of its own.
    pub(crate) async fn run_adjoints<T: GpuSample, O: GpuSample>(
        &self,
        gradients: &Batch<'_, T>,
        adjoints: &Adjoints<'_>,
        outputs: &mut [&mut [O]],
        options: RunOptions,
    ) -> Outcome {
        let offsets = offsets(adjoints.clips.iter().map(Adjoint::computed_len));
        let mut computed = match (f32::CONVERSIONS.zeroed)(offsets.last().copied().unwrap_or(0)) {
            Ok(computed) => computed,
            Err(error) => return Outcome::failed(gradients.len(), error),
        };
        let mut computed = slices(&mut computed, &offsets);
        let outcome = self.run_transposed(gradients, adjoints, &mut computed, options).await;
        let mut outcome = outcome.unwrap_or_else(|error| Outcome::failed(gradients.len(), error));
        for (i, clip) in adjoints.clips.iter().enumerate().take(outcome.complete) {
            outcome.clamped[i] = clip.fold(computed[i], outputs[i]);
        }
        outcome
    }

    /// Resamples gradients with the transposed plans.
    async fn run_transposed<T: GpuSample>(
        &self,
        gradients: &Batch<'_, T>,
        adjoints: &Adjoints<'_>,
        computed: &mut [&mut [f32]],
        options: RunOptions,
    ) -> Result<Outcome> {
        let granularities = self.granularities(adjoints.clips.iter().map(|clip| clip.transposed))?;
        let clips: Vec<_> =
            adjoints.clips.iter().zip(granularities).map(|(clip, granularity)| clip.work(granularity)).collect();
        if let Some(divided) = divided(gradients)? {
            let inputs: Vec<_> = divided.iter().map(Vec::as_slice).collect();
            return Ok(self.run_clips(&inputs, &clips, computed, options).await);
        }
        let inputs: Vec<_> = gradients.iter().map(|(_, gradient)| gradient).collect();
        Ok(self.run_clips(&inputs, &clips, computed, options).await)
    }
}

/// Computations of the gradients of a batch, whose lengths have been checked.
#[derive(Debug)]
pub(crate) struct Adjoints<'a> {
    clips: Vec<Adjoint<'a>>,
    /// Offsets of the gradients with respect to the clips, packed one after the other.
    pub(crate) offsets: Vec<usize>,
}

/// Computation of one gradient.
#[derive(Debug)]
pub(in crate::gpu) struct Adjoint<'a> {
    padding: Padding,
    pub(in crate::gpu) transposed: &'a Plan,
    gradient_len: usize,
    input_len: usize,
    /// Number of positions on each side of the clip that the padding filled.
    margin: usize,
    /// Position of the gradient's first sample: some periods after 0, so that outputs before the clip have numbers from
    /// 0 on.
    origin: u64,
    /// Number of the first output that is computed.
    first_output: u64,
    /// Number of outputs before the margin that are computed and skipped, because computing begins with a whole period.
    skipped: usize,
}

impl<'a> Adjoints<'a> {
    pub(crate) fn new<T>(gradients: &'a Batch<'_, T>, input_lens: &[usize]) -> Result<Self> {
        if gradients.len() != input_lens.len() {
            return Err(Error::BatchLen { expected: gradients.len(), actual: input_lens.len() });
        }
        let clips = gradients
            .iter()
            .zip(input_lens)
            .map(|((plan, gradient), &input_len)| Adjoint::new(plan, gradient.len(), input_len))
            .collect::<Result<_>>()?;
        Ok(Self { clips, offsets: offsets(input_lens.iter().copied()) })
    }
}

/// Offsets of slices with these lengths that follow each other, and the end of the last.
fn offsets(lens: impl Iterator<Item = usize>) -> Vec<usize> {
    let ends = lens.scan(0_usize, |end, len| {
        *end = end.saturating_add(len);
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

impl<'a> Adjoint<'a> {
    pub(in crate::gpu) fn new(plan: &'a Plan, gradient_len: usize, input_len: usize) -> Result<Self> {
        let expected = plan.output_len(input_len);
        if expected != gradient_len {
            return Err(Error::OutputLen { expected, actual: gradient_len });
        }
        let transposed = plan.transposed()?;
        let (padding, margin) = (plan.shape().padding(), plan.shape().margin());
        let AdjointStart { output, origin } = adjoint_start(plan.shape())?;
        // An interpolated bank can begin at any output.
        let (first_output, skipped) = match transposed.bank() {
            Bank::Interpolated(_) => (output, 0),
            Bank::Copy | Bank::Exact(_) => (0, to_index(output)),
        };
        let origin = origin.cast_unsigned();
        Ok(Self { padding, transposed, gradient_len, input_len, margin, origin, first_output, skipped })
    }

    /// Number of outputs that are computed.
    fn computed_len(&self) -> usize {
        self.skipped.saturating_add(self.input_len).saturating_add(2 * self.margin)
    }

    pub(in crate::gpu) fn work(&self, granularity: u64) -> ClipWork<'a> {
        let (gradient_len, computed_len) = (self.gradient_len, self.computed_len());
        ClipWork::new(self.transposed, granularity, gradient_len, self.origin, self.first_output, computed_len)
    }

    /// Adds the gradients in the margins to those of the samples that the padding copied there, and stores the result.
    fn fold<O: GpuSample>(&self, computed: &mut [f32], result: &mut [O]) -> Clamped {
        let padded = &mut computed[self.skipped..];
        for i in (0..self.margin).chain(self.margin + self.input_len..padded.len()) {
            if let Some(source) = self.padding.source(to_position(i) - to_position(self.margin), self.input_len) {
                padded[self.margin + source] += padded[i];
            }
        }
        (O::CONVERSIONS.store)(&padded[self.margin..][..self.input_len], result)
    }
}

/// Gradients in float32, those of plans that normalise divided by the sums of the taps; `None` if no plan does.
#[expect(clippy::mutable_key_type, reason = "the taps that are designed on first use are no part of the key")]
fn divided<T: GpuSample>(gradients: &Batch<'_, T>) -> Result<Option<Vec<Vec<f32>>>> {
    let factors = factors(gradients);
    if factors.is_empty() {
        return Ok(None);
    }
    let divided = gradients.iter().map(|(plan, gradient)| {
        let mut samples = zeroed(gradient.len())?;
        (T::CONVERSIONS.to_f32)(gradient, &mut samples);
        if let Some(factors) = factors.get(plan) {
            samples.iter_mut().zip(factors.iter().cycle()).for_each(|(sample, &factor)| *sample *= factor);
        }
        Ok(samples)
    });
    divided.collect::<Result<_>>().map(Some)
}

/// Factors that divide gradients by the sums of the taps, for each plan that normalises: those of a period, or as many as
/// its longest gradient has samples.
#[expect(clippy::mutable_key_type, reason = "the taps that are designed on first use are no part of the key")]
#[expect(clippy::cast_possible_truncation, reason = "factors near 1")]
fn factors<'a, T>(gradients: &'a Batch<'_, T>) -> HashMap<&'a Plan, Vec<f32>> {
    let mut lens = HashMap::new();
    for (plan, gradient) in gradients.iter().filter(|(plan, _)| plan.shape().is_normalized()) {
        let len = lens.entry(plan).or_insert(0);
        *len = gradient.len().max(*len);
    }
    let of_plan = |(plan, len): (&'a Plan, usize)| {
        let factors = plan.normalizing_factors(len)?;
        Some((plan, factors.into_iter().map(|factor| factor as f32).collect()))
    };
    lens.into_iter().filter_map(of_plan).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ResampleOptions;

    /// Sums of taps are computed once for all gradients of a plan.
    #[test]
    #[expect(clippy::mutable_key_type, reason = "the taps that are designed on first use are no part of the key")]
    fn factors_are_those_of_each_plan_and_as_many_as_its_longest_gradient_needs() {
        let plan = |orig_freq, new_freq, normalize| {
            let options = ResampleOptions::default().normalize_phases(normalize).max_filter_bytes(30_000);
            Plan::new(orig_freq, new_freq, options).expect("a plan within the limits")
        };
        let plans = [plan(3, 2, true), plan(16_001, 16_000, true), plan(3, 2, false), plan(3, 2, true)];
        let gradient = [0.0_f32; 90];
        let mut batch = Batch::new();
        for (i, len) in [70, 90, 80, 0, 50, 60, 90, 75].into_iter().enumerate() {
            batch.push(&plans[i % 4], &gradient[..len]);
        }
        let factors = factors(&batch);
        assert_eq!(factors.len(), 2);
        for (plan, len) in [(&plans[0], 2), (&plans[1], 90)] {
            #[expect(clippy::cast_possible_truncation, reason = "factors near 1")]
            let expected: Vec<_> = plan.tap_sums().take(len).map(|sum| (1.0 / sum) as f32).collect();
            assert_eq!(factors[plan], expected);
        }
    }
}
