//! The adjoint of batches in host memory: gradients are clips that are resampled the other way.
//!
//! As on the CPU (`cpu/adjoint.rs`): what normalised phases divide by is divided out of the gradients beforehand, and what
//! padding took from a sample for a place outside the clip flows back into that sample afterwards, both on the host.

use super::pieces::{ClipShape, Cursor};
use super::sample::GpuSample;
use crate::alloc::zeroed;
use crate::batch::{Batch, BatchBuf};
use crate::error::{Error, Result};
use crate::gpu::GpuResampler;
use crate::num::to_position;
use crate::options::Padding;
use crate::plan::{Bank, Plan};

impl GpuResampler {
    /// Applies the transpose of resampling to every gradient of a batch in host memory: the batch holds gradients with respect
    /// to the outputs of clips, with the plans that those were resampled with, and `input_lens` the lengths of the clips. The
    /// result holds the gradients with respect to the clips, as [`CpuResampler::adjoint`](crate::CpuResampler::adjoint)
    /// gives them, within 2e-6.
    ///
    /// # Errors
    /// [`Error::BatchLen`] if there are not as many lengths as gradients, [`Error::OutputLen`] for a gradient of another length
    /// than [`Plan::output_len`] of the clip's, [`Error::FilterTooLarge`] if a filter's transpose is beyond the limit, and
    /// those of [`resample_batch`](Self::resample_batch).
    pub fn adjoint_batch<T: GpuSample, O: GpuSample>(
        &self,
        gradients: &Batch<'_, T>,
        input_lens: &[usize],
    ) -> Result<BatchBuf<O>> {
        pollster::block_on(self.adjoint_batch_async(gradients, input_lens))
    }

    /// [`adjoint_batch`](Self::adjoint_batch) for callers that must not block, as
    /// [`resample_batch_async`](Self::resample_batch_async).
    ///
    /// # Errors
    /// As [`adjoint_batch`](Self::adjoint_batch).
    pub async fn adjoint_batch_async<T: GpuSample, O: GpuSample>(
        &self,
        gradients: &Batch<'_, T>,
        input_lens: &[usize],
    ) -> Result<BatchBuf<O>> {
        let adjoints = Adjoints::new(gradients, input_lens)?;
        let mut samples = zeroed(adjoints.offsets.last().copied().unwrap_or(0))?;
        let (_, outcome) = self.run_adjoints(gradients, &adjoints, &mut samples).await?;
        outcome?;
        Ok(BatchBuf::from_parts(samples, adjoints.offsets))
    }

    /// Computes gradients from the first on. Returns how many were finished, and what ended it early.
    pub(crate) async fn run_adjoints<T: GpuSample, O: GpuSample>(
        &self,
        gradients: &Batch<'_, T>,
        adjoints: &Adjoints<'_>,
        samples: &mut [O],
    ) -> Result<(usize, Result<()>)> {
        let mut known = None;
        let shapes = adjoints
            .clips
            .iter()
            .map(|clip| Ok(clip.shape(self.granularity(clip.transposed, &mut known)?)))
            .collect::<Result<Vec<_>>>();
        let shapes = match shapes {
            Ok(shapes) => shapes,
            Err(error) => return Ok((0, Err(error))),
        };
        let mut end = 0_usize;
        let offsets: Vec<_> = std::iter::once(0)
            .chain(adjoints.clips.iter().map(|clip| {
                end = end.saturating_add(clip.wide_len());
                end
            }))
            .collect();
        let mut wide = zeroed(end)?;
        let mut done = Cursor::default();
        let outcome = if gradients.iter().any(|(plan, _)| is_normalized(plan)) {
            let divided =
                gradients.iter().map(|(plan, gradient)| divided(plan, gradient)).collect::<Result<Vec<_>>>()?;
            let inputs: Vec<_> = divided.iter().map(Vec::as_slice).collect();
            self.run_clips(&inputs, &shapes, &offsets, &mut wide, &mut done).await
        } else {
            let inputs: Vec<_> = gradients.iter().map(|(_, gradient)| gradient).collect();
            self.run_clips(&inputs, &shapes, &offsets, &mut wide, &mut done).await
        };
        let finished = if outcome.is_ok() { adjoints.clips.len() } else { done.clip };
        for (i, clip) in adjoints.clips.iter().enumerate().take(finished) {
            let input = &mut samples[adjoints.offsets[i]..adjoints.offsets[i + 1]];
            clip.fold(&mut wide[offsets[i]..offsets[i + 1]], input);
        }
        Ok((finished, outcome))
    }
}

/// Gradients whose lengths have been found to be right, and how they are computed.
#[derive(Debug)]
pub(crate) struct Adjoints<'a> {
    clips: Vec<Adjoint<'a>>,
    /// Where the gradients with respect to the clips lie, packed one after the other.
    pub(crate) offsets: Vec<usize>,
}

/// One of them.
#[derive(Debug)]
pub(in crate::gpu) struct Adjoint<'a> {
    padding: Padding,
    pub(in crate::gpu) transposed: &'a Plan,
    gradient_len: usize,
    input_len: usize,
    /// Places on each side of the clip that the padding filled.
    margin: usize,
    /// Position of the gradient, which stands some periods later so that there are outputs before the clip.
    origin: u64,
    first_output: u64,
    /// Outputs between that and the first that is wanted.
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
        let ends = input_lens.iter().scan(0_usize, |end, &len| {
            *end = end.saturating_add(len);
            Some(*end)
        });
        Ok(Self { clips, offsets: std::iter::once(0).chain(ends).collect() })
    }
}

impl<'a> Adjoint<'a> {
    pub(in crate::gpu) fn new(plan: &'a Plan, gradient_len: usize, input_len: usize) -> Result<Self> {
        let expected = plan.output_len(input_len);
        if expected != gradient_len {
            return Err(Error::OutputLen { expected, actual: gradient_len });
        }
        let transposed = plan.transposed()?;
        let (padding, margin) = (plan.shape().padding(), plan.shape().margin());
        // Places before the clip are outputs of a gradient that stands some periods later.
        let (period, stride) = (transposed.ratio().phases(), transposed.ratio().stride());
        let periods = (margin as u64).div_ceil(period);
        let first = periods.saturating_mul(period) - margin as u64;
        let origin = periods.checked_mul(stride).ok_or(Error::GpuLimit {
            what: "the margin of a gradient",
            needed: u64::MAX,
            limit: u64::MAX - 1,
        })?;
        // Outputs are computed by whole periods, but for interpolated banks.
        let (first_output, skipped) = match transposed.bank() {
            Bank::Interpolated(_) => (first, 0),
            Bank::Copy | Bank::Exact(_) => (0, usize::try_from(first).unwrap_or(usize::MAX)),
        };
        Ok(Self { padding, transposed, gradient_len, input_len, margin, origin, first_output, skipped })
    }

    /// Outputs that are computed.
    fn wide_len(&self) -> usize {
        self.skipped.saturating_add(self.input_len).saturating_add(2 * self.margin)
    }

    pub(in crate::gpu) fn shape(&self, granularity: u64) -> ClipShape<'a> {
        ClipShape::part(
            self.transposed,
            granularity,
            self.gradient_len,
            self.origin,
            self.first_output,
            self.wide_len(),
        )
    }

    /// Lets the margins flow back into the clip.
    fn fold<O: GpuSample>(&self, wide: &mut [f32], input: &mut [O]) {
        let wide = &mut wide[self.skipped..];
        for place in (0..self.margin).chain(self.margin + self.input_len..wide.len()) {
            if let Some(source) = self.padding.source(to_position(place) - to_position(self.margin), self.input_len) {
                wide[self.margin + source] += wide[place];
            }
        }
        let clip = &wide[self.margin..][..self.input_len];
        input.iter_mut().zip(clip).for_each(|(sample, &y)| *sample = O::from_output(y));
    }
}

fn is_normalized(plan: &Plan) -> bool {
    plan.shape().is_normalized()
}

/// A gradient in float32, divided by the sums of the taps if the plan's are normalised.
fn divided<T: GpuSample>(plan: &Plan, gradient: &[T]) -> Result<Vec<f32>> {
    let mut samples = zeroed(gradient.len())?;
    samples.iter_mut().zip(gradient).for_each(|(sample, value)| *sample = value.to_input());
    if is_normalized(plan) {
        #[expect(clippy::cast_possible_truncation, reason = "a factor near 1")]
        samples.iter_mut().zip(plan.tap_sums()).for_each(|(sample, sum)| *sample *= (1.0 / sum) as f32);
    }
    Ok(samples)
}
