//! The adjoint: resampling is linear, y = A·x, and this is Aᵀ, the gradient of anything with respect to x from its gradient
//! with respect to y.
//!
//! Output n takes x[i] times h(i·L − n·M), so (Aᵀy)[i] = Σₙ y[n] · h(i·L − n·M), and since h is even that is y resampled the
//! other way with the same values of h. Normalised phases divide output n by the sum of its taps, which is done to y[n]
//! before; what the padding takes from a sample for a place outside the clip flows back into that sample afterwards.

use ndarray::{Array, ArrayBase, Axis, Data, Dimension};

use super::kernel::Kernel;
use super::range::Clip;
use super::{CpuResampler, Job, Sample, check_len};
use crate::alloc::zeroed;
use crate::alloc::zeroed_array;
use crate::error::{Error, Result};
use crate::lanes::{Lanes, last, scatter};
use crate::num::to_position;
use crate::plan::Plan;

impl CpuResampler {
    /// Applies the transpose of resampling a clip of `input_len` samples to `output`, of [`Plan::output_len`]: the gradient
    /// with respect to the clip of a loss whose gradient with respect to the resampled clip is `output`.
    ///
    /// For every x and y of these lengths ⟨Ax, y⟩ = ⟨x, Aᵀy⟩. It costs what resampling costs. Complex samples are
    /// transposed, not conjugated, which for a real filter is the same.
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
    /// [`Error::OutputLen`] if `output` does not have the length of the output of such a clip, [`Error::OutOfMemory`],
    /// [`Error::FilterTooLarge`] if the filter's transpose is beyond the limit, [`Error::PaddedAdjoint`] for padding at a ratio
    /// whose terms fill 64 bits.
    pub fn adjoint<T: Sample>(&self, plan: &Plan, output: &[T], input_len: usize) -> Result<Vec<T>> {
        check_len(plan.output_len(input_len), output.len())?;
        let mut input = zeroed(input_len)?;
        self.adjoint_into(plan, output, &mut input)?;
        Ok(input)
    }

    /// As [`adjoint`](Self::adjoint), into the caller's buffer, whose length is that of the clip. Returns how many samples had
    /// to be clamped: 0 for all but integers.
    ///
    /// # Errors
    /// As [`adjoint`](Self::adjoint).
    pub fn adjoint_into<T: Sample>(&self, plan: &Plan, output: &[T], input: &mut [T]) -> Result<usize> {
        check_len(plan.output_len(input.len()), output.len())?;
        self.adjoint_signals(plan, &[output], input)
    }

    /// The adjoint along an axis of a tensor: the gradient for a tensor that is `input_len` long along it.
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have, [`Error::OutputShape`] if the tensor does not have the
    /// length of the output of such a tensor, and as [`adjoint`](Self::adjoint).
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
        let (mut shape, mut expected) = (output.raw_dim(), output.raw_dim());
        let refused = Error::Axis { axis: axis.index(), ndim: shape.ndim() };
        *shape.slice_mut().get_mut(axis.index()).ok_or(refused)? = input_len;
        expected.slice_mut()[axis.index()] = plan.output_len(input_len);
        if output.raw_dim() != expected {
            return Err(Error::OutputShape { expected: expected.slice().to_vec(), actual: output.shape().to_vec() });
        }
        let mut input: Array<T, D> = zeroed_array(shape)?;
        if !input.is_empty() {
            let lanes = Lanes::new(output.view(), axis)?;
            let signals: Vec<_> = lanes.iter().collect();
            let mut samples = zeroed(input.len())?;
            if !signals.is_empty() {
                self.adjoint_signals(plan, &signals, &mut samples)?;
            }
            scatter(&samples, last(input.view_mut(), axis));
        }
        Ok(input)
    }

    /// The adjoint of signals of one length, whose inputs lie side by side in `input`.
    fn adjoint_signals<T: Sample>(&self, plan: &Plan, outputs: &[&[T]], input: &mut [T]) -> Result<usize> {
        let floats: Option<Vec<_>> = outputs.iter().map(|output| T::floats(output)).collect();
        if let (Some(outputs), Some(input)) = (floats, T::floats_mut(input)) {
            self.adjoint_floats(plan, &outputs, input)?;
            return Ok(0);
        }
        let mut parts: [Vec<T::Float>; 2] = [Vec::new(), Vec::new()];
        for (part, input_part) in parts[..T::PARTS].iter_mut().enumerate() {
            let outputs: Vec<Vec<_>> =
                outputs.iter().map(|output| output.iter().map(|sample| sample.part(part)).collect()).collect();
            *input_part = zeroed(input.len())?;
            self.adjoint_floats(plan, &outputs.iter().map(Vec::as_slice).collect::<Vec<_>>(), input_part)?;
        }
        let mut clipped = 0;
        for (i, value) in input.iter_mut().enumerate() {
            let part = |part: usize| parts[part].get(i).copied().unwrap_or_default();
            *value = T::from_parts([part(0), part(1)], &mut clipped);
        }
        Ok(clipped)
    }

    fn adjoint_floats<F: Kernel + Sample>(&self, plan: &Plan, outputs: &[&[F]], input: &mut [F]) -> Result<()> {
        let input_len = input.len() / outputs.len().max(1);
        let divided: Vec<Vec<F>>;
        let mut signals = outputs.to_vec();
        if plan.shape().is_normalized() {
            let divide =
                |output: &&[F]| output.iter().zip(plan.tap_sums()).map(|(value, sum)| value.times(1.0 / sum)).collect();
            divided = outputs.iter().map(divide).collect();
            signals = divided.iter().map(Vec::as_slice).collect();
        }
        let transposed = plan.transposed()?;
        let (padding, margin) = (plan.shape().padding(), plan.shape().margin());
        // Places before the clip are outputs of a signal that stands some periods later.
        let (period, stride) = (plan.ratio().stride(), plan.ratio().phases());
        let periods = (margin as u64).div_ceil(period);
        let first = u128::from(periods) * u128::from(period) - margin as u128;
        let origin = u128::from(periods) * u128::from(stride);
        let (Ok(first), Ok(origin)) = (u64::try_from(first), i64::try_from(origin)) else {
            return Err(Error::PaddedAdjoint { phases: stride, limit: i64::MAX.unsigned_abs() / periods.max(1) });
        };
        let len = input_len.saturating_add(2 * margin);
        let jobs: Vec<_> = signals
            .iter()
            .map(|samples| Job { plan: transposed, clip: Clip { samples, origin, len: None }, first, len })
            .collect();
        if margin == 0 {
            self.run(&jobs, input);
            return Ok(());
        }
        let mut wide = zeroed(len.saturating_mul(signals.len()))?;
        self.run(&jobs, &mut wide);
        for (input, wide) in input.chunks_exact_mut(input_len.max(1)).zip(wide.chunks_exact(len)) {
            input.copy_from_slice(&wide[margin..][..input_len]);
            let outside = (0..margin).chain(margin + input_len..len);
            for place in outside {
                if let Some(source) = padding.source(to_position(place) - to_position(margin), input_len) {
                    input[source] = input[source].plus(wide[place]);
                }
            }
        }
        Ok(())
    }
}
