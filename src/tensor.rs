//! ndarray in and out: any rank, any axis, any strides.

use std::borrow::Cow;

use ndarray::{Array, ArrayBase, ArrayView, ArrayViewMut, Axis, Data, Dimension, RawData};

use crate::batch::{Batch, zeroed};
use crate::cpu::{CpuResampler, Sample};
use crate::error::{Error, Result};
use crate::plan::Plan;

impl CpuResampler {
    /// Resamples a tensor along its last axis, torchaudio's `(..., time)`.
    ///
    /// ```
    /// use ndarray::Array3;
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(44_100, 16_000, &ResampleOptions::default())?;
    /// let waveforms = Array3::<f32>::zeros((8, 2, 44_100)); // (batch, channel, time)
    /// let resampled = CpuResampler::new().resample_tensor(&plan, &waveforms)?;
    /// assert_eq!(resampled.shape(), [8, 2, 16_000]);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Axis`] for a tensor of no dimensions, [`Error::OutOfMemory`].
    pub fn resample_tensor<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>) -> Result<Array<T, D>>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        // A tensor of no dimensions has no last axis either: axis 0 does not exist in it.
        self.resample_axis(plan, tensor, Axis(tensor.ndim().saturating_sub(1)))
    }

    /// Resamples a tensor along an axis. The result is in standard layout.
    ///
    /// A tensor whose samples of one signal do not lie side by side is copied first.
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have, [`Error::OutOfMemory`].
    pub fn resample_axis<T, S, D>(&self, plan: &Plan, tensor: &ArrayBase<S, D>, axis: Axis) -> Result<Array<T, D>>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        let shape = output_shape(plan, tensor, axis)?;
        let mut output = zeroed_array(shape)?;
        self.resample_lanes(plan, tensor.view(), axis, output.view_mut())?;
        Ok(output)
    }

    /// Resamples a tensor along an axis into another, of any strides.
    ///
    /// # Errors
    /// [`Error::Axis`] for an axis that the tensor does not have, [`Error::OutputShape`] for an output whose shape is not
    /// the input's with [`Plan::output_len`] along that axis, [`Error::OutOfMemory`].
    pub fn resample_axis_into<T, S, D>(
        &self,
        plan: &Plan,
        tensor: &ArrayBase<S, D>,
        axis: Axis,
        output: ArrayViewMut<'_, T, D>,
    ) -> Result<()>
    where
        T: Sample,
        S: Data<Elem = T>,
        D: Dimension,
    {
        let expected = output_shape(plan, tensor, axis)?;
        if output.raw_dim() != expected {
            return Err(Error::OutputShape { expected: expected.slice().to_vec(), actual: output.shape().to_vec() });
        }
        self.resample_lanes(plan, tensor.view(), axis, output)
    }

    fn resample_lanes<T: Sample, D: Dimension>(
        &self,
        plan: &Plan,
        tensor: ArrayView<'_, T, D>,
        axis: Axis,
        output: ArrayViewMut<'_, T, D>,
    ) -> Result<()> {
        if output.is_empty() {
            return Ok(());
        }
        let lanes = Lanes::new(tensor, axis)?;
        resample_into(output, axis, |output| self.resample_batch_into(&lanes.batch(plan), output).map(|_| ()))
    }
}

/// The signals of a tensor along an axis, side by side, as the clips of a batch.
pub(crate) struct Lanes<'a, T: Clone> {
    samples: Cow<'a, [T]>,
    len: usize,
    count: usize,
}

impl<'a, T: Copy + Default> Lanes<'a, T> {
    /// Borrows the tensor if its signals lie side by side, else copies it. The tensor has the axis.
    pub(crate) fn new<D: Dimension>(tensor: ArrayView<'a, T, D>, axis: Axis) -> Result<Self> {
        let len = tensor.len_of(axis);
        let count =
            tensor.shape().iter().enumerate().filter(|&(other, _)| other != axis.index()).map(|(_, len)| len).product();
        let tensor = last(tensor, axis);
        let samples = match tensor.to_slice() {
            Some(samples) => Cow::Borrowed(samples),
            None => {
                let mut copy = zeroed(tensor.len())?;
                copy.iter_mut().zip(&tensor).for_each(|(copy, &sample)| *copy = sample);
                Cow::Owned(copy)
            }
        };
        Ok(Self { samples, len, count })
    }

    /// The signals, however short.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[T]> {
        (0..self.count).map(|lane| &self.samples[lane * self.len..][..self.len])
    }

    pub(crate) fn batch(&self, plan: &Plan) -> Batch<'_, T> {
        let mut batch = Batch::new();
        self.iter().for_each(|lane| batch.push(plan, lane));
        batch
    }
}

/// The same tensor with the time axis last.
pub(crate) fn last<S: RawData, D: Dimension>(mut tensor: ArrayBase<S, D>, axis: Axis) -> ArrayBase<S, D> {
    tensor.swap_axes(axis.index(), tensor.ndim() - 1);
    tensor
}

/// Gives `resample` the buffer for the outputs of [`Lanes`], and puts them where they belong.
fn resample_into<T: Copy + Default, D: Dimension>(
    output: ArrayViewMut<'_, T, D>,
    axis: Axis,
    resample: impl FnOnce(&mut [T]) -> Result<()>,
) -> Result<()> {
    let mut output = last(output, axis);
    if let Some(output) = output.as_slice_mut() {
        return resample(output);
    }
    let mut samples = zeroed(output.len())?;
    resample(&mut samples)?;
    scatter(&samples, output);
    Ok(())
}

/// The outputs of [`Lanes`] into a tensor whose time axis is [`last`].
pub(crate) fn scatter<T: Copy, D: Dimension>(samples: &[T], mut output: ArrayViewMut<'_, T, D>) {
    output.iter_mut().zip(samples).for_each(|(value, &sample)| *value = sample);
}

pub(crate) fn output_shape<T, S, D>(plan: &Plan, tensor: &ArrayBase<S, D>, axis: Axis) -> Result<D>
where
    S: Data<Elem = T>,
    D: Dimension,
{
    let mut shape = tensor.raw_dim();
    let ndim = shape.ndim();
    let len = shape.slice_mut().get_mut(axis.index()).ok_or(Error::Axis { axis: axis.index(), ndim })?;
    *len = plan.output_len(*len);
    Ok(shape)
}

pub(crate) fn zeroed_array<T: Clone + Default, D: Dimension>(shape: D) -> Result<Array<T, D>> {
    let samples = shape.slice().iter().try_fold(1_usize, |product, &len| product.checked_mul(len));
    let samples = zeroed(samples.unwrap_or(usize::MAX))?;
    let out_of_memory = |_| Error::OutOfMemory { samples: usize::MAX, bytes_per_sample: size_of::<T>() };
    Array::from_shape_vec(shape, samples).map_err(out_of_memory)
}
