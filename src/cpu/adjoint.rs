//! The adjoint of resampling. Resampling is linear, y = A·x, and its adjoint is y ↦ Aᵀ·y: the gradient of a loss with
//! respect to x is Aᵀ times the gradient with respect to y.
//!
//! Output n is Σᵢ x[i] · h(i·L − n·M), so (Aᵀy)[i] = Σₙ y[n] · h(i·L − n·M). Since h is even, this is y resampled from
//! the new rate to the original one, with the same values of h: the transposed plan. Two steps are added:
//!
//! - A normalised filter divides output n by the sum of its taps. The adjoint first divides y[n] by this sum.
//! - Padding copies samples of the clip to positions beyond its ends. The adjoint computes gradients at these positions
//!   too, and adds each to the gradient of the sample that was copied there.

use ndarray::{Array, ArrayBase, ArrayViewMut, Axis, Data, Dimension};

use super::kernel::Kernel;
use super::sample::join;
use super::work::Work;
use super::{CpuResampler, Sample};
use crate::alloc::{zeroed, zeroed_array};
use crate::batch::{Source, check_len};
use crate::clamped::Clamped;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::lanes::{Lanes, check_shape, fill, shape_with_len};
use crate::num::to_position;
use crate::plan::Plan;
use crate::plan::reach::{AdjointStart, adjoint_start};

impl CpuResampler {
    /// Applies the adjoint of resampling: computes the gradient with respect to a clip of `input_len` samples from
    /// `output`, the gradient with respect to the clip's [`Plan::output_len`] resampled samples.
    ///
    /// For every x and y of these lengths ⟨Ax, y⟩ = ⟨x, Aᵀy⟩ within the rounding of the sums. The cost is that of
    /// resampling. The filter is real, so that Aᵀ is also the conjugate transpose, for complex samples.
    ///
    /// ```
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(3, 2, &ResampleOptions::default())?;
    /// let cpu = CpuResampler::new();
    /// let x: Vec<f64> = (0..30).map(|i| f64::from(i * i % 7) - 3.0).collect();
    /// let y: Vec<f64> = (0..20).map(|i| f64::from(i * 3 % 5) - 2.0).collect();
    /// let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    /// let forward = dot(&cpu.resample(&plan, &x)?, &y);
    /// let backward = dot(&x, &cpu.adjoint(&plan, &y, 30)?);
    /// assert!((forward - backward).abs() < 1e-12);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutputLen`] if `output` does not have the length of a resampled clip, [`Error::FilterTooLarge`] if the
    /// transposed filter is beyond the plan's limit, [`Error::PaddedAdjoint`] for a padded clip at a ratio whose
    /// terms nearly fill 64 bits, [`Error::OutOfMemory`].
    pub fn adjoint<T: Sample>(&self, plan: &Plan, output: &[T], input_len: usize) -> Result<Vec<T>> {
        check_len(plan.output_len(input_len), output.len())?;
        let mut input = zeroed(input_len)?;
        self.adjoint_into(plan, output, &mut input)?;
        Ok(input)
    }

    /// Applies the adjoint of resampling as [`adjoint`](Self::adjoint), into a buffer of the clip's length.
    ///
    /// # Errors
    /// As [`adjoint`](Self::adjoint).
    pub fn adjoint_into<T: Sample>(&self, plan: &Plan, output: &[T], input: &mut [T]) -> Result<Clamped> {
        check_len(plan.output_len(input.len()), output.len())?;
        self.adjoint_signals(plan, &[output], input)
    }

    /// Applies the adjoint along an axis of a tensor: computes the gradient with respect to a tensor whose length along
    /// that axis is `input_len`. The result has standard layout.
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have, [`Error::OutputShape`] if its length along the
    /// axis is not that of a resampled tensor, and as [`adjoint`](Self::adjoint).
    pub fn adjoint_axis<T, S, D>(
        &self,
        plan: &Plan,
        output: &ArrayBase<S, D>,
        axis: Axis,
        input_len: usize,
    ) -> Result<Array<T, D>>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        check_shape(&shape_with_len(output, axis, |_| plan.output_len(input_len))?, output)?;
        let mut input = zeroed_array(shape_with_len(output, axis, |_| input_len)?)?;
        self.adjoint_axis_into(plan, output, axis, input.view_mut())?;
        Ok(input)
    }

    /// Applies the adjoint along an axis of a tensor into another, of any strides.
    ///
    /// ```
    /// use ndarray::{Array2, Axis};
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(3, 1, &ResampleOptions::default())?;
    /// let gradient = Array2::<f64>::from_elem((2, 100), 1.0);
    /// let mut input = Array2::zeros((2, 300));
    /// CpuResampler::new().adjoint_axis_into(&plan, &gradient, Axis(1), input.view_mut())?;
    /// assert!((input[[1, 150]] - 1.0 / 3.0).abs() < 1e-3); // a third of each output
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have, [`Error::OutputShape`] if `output` does not have the
    /// shape that resampling `input` gives, and as [`adjoint`](Self::adjoint).
    pub fn adjoint_axis_into<T, S, D>(
        &self,
        plan: &Plan,
        output: &ArrayBase<S, D>,
        axis: Axis,
        input: ArrayViewMut<'_, T, D>,
    ) -> Result<Clamped>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        check_shape(&shape_with_len(&input, axis, |len| plan.output_len(len))?, output)?;
        if input.is_empty() {
            return Ok(Clamped::default());
        }
        let lanes = Lanes::new(output.view(), axis)?;
        let signals: Vec<_> = lanes.iter().collect();
        fill(input, axis, |input| self.adjoint_signals(plan, &signals, input))
    }

    /// Applies the adjoint to signals of one length. The gradients are stored one after the other in `input`.
    fn adjoint_signals<T: Sample>(&self, plan: &Plan, outputs: &[&[T]], input: &mut [T]) -> Result<Clamped> {
        let factors = plan.normalizing_factors(outputs.first().map_or(0, |output| output.len()));
        let floats: Option<Vec<_>> = outputs.iter().map(|output| T::floats(output)).collect();
        if let (Some(outputs), Some(input)) = (floats, T::floats_mut(input)) {
            self.adjoint_floats(plan, factors.as_deref(), &outputs, input)?;
            return Ok(Clamped::default());
        }
        let mut parts: [Vec<T::Float>; 2] = [Vec::new(), Vec::new()];
        for (part, input_part) in parts[..T::PARTS].iter_mut().enumerate() {
            let outputs: Vec<Vec<_>> =
                outputs.iter().map(|output| output.iter().map(|sample| sample.part(part)).collect()).collect();
            *input_part = zeroed(input.len())?;
            let outputs: Vec<_> = outputs.iter().map(Vec::as_slice).collect();
            self.adjoint_floats(plan, factors.as_deref(), &outputs, input_part)?;
        }
        let mut clamped = Clamped::default();
        let joined = join::<T>(parts.each_ref().map(Vec::as_slice), &mut clamped);
        input.iter_mut().zip(joined).for_each(|(to, sample)| *to = sample);
        Ok(clamped)
    }

    /// Applies the adjoint to signals in floats, which are multiplied by the `factors` of a period first.
    fn adjoint_floats<F: Kernel + Sample>(
        &self,
        plan: &Plan,
        factors: Option<&[f64]>,
        outputs: &[&[F]],
        input: &mut [F],
    ) -> Result<()> {
        let input_len = input.len() / outputs.len().max(1);
        let divided: Vec<Vec<F>>;
        let mut signals = outputs.to_vec();
        if let Some(factors) = factors {
            let divide = |output: &&[F]| {
                output.iter().zip(factors.iter().cycle()).map(|(value, &factor)| value.times(factor)).collect()
            };
            divided = outputs.iter().map(divide).collect();
            signals = divided.iter().map(Vec::as_slice).collect();
        }
        let transposed = plan.transposed()?;
        let (padding, margin) = (plan.shape().padding(), plan.shape().margin());
        let AdjointStart { output: first, origin } = adjoint_start(plan.shape())?;
        let len = input_len.saturating_add(2 * margin);
        let outputs = first..first.saturating_add(len as u64);
        let works: Vec<_> = signals
            .iter()
            .map(|samples| Work {
                plan: transposed,
                source: Source { samples, origin, clip_len: None },
                channels: 1,
                gap: 0,
                outputs: outputs.clone(),
            })
            .collect();
        if margin == 0 {
            self.run(&works, input);
            return Ok(());
        }
        let mut wide = zeroed(len.saturating_mul(signals.len()))?;
        self.run(&works, &mut wide);
        for (input, wide) in input.chunks_exact_mut(input_len.max(1)).zip(wide.chunks_exact(len)) {
            input.copy_from_slice(&wide[margin..][..input_len]);
            let outside = (0..margin).chain(margin + input_len..len);
            for index in outside {
                if let Some(source) = padding.source(to_position(index) - to_position(margin), input_len) {
                    input[source] = input[source].plus(wide[index]);
                }
            }
        }
        Ok(())
    }
}
