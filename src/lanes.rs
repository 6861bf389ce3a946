//! [`Lanes`]: the signals of a tensor along one axis, as the clips of a batch.

use std::borrow::Cow;

use ndarray::{ArrayBase, ArrayView, ArrayViewMut, Axis, Data, Dimension, RawData};

use crate::alloc::{zeroed, zeroed_array};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Signals of a tensor along an axis, one after the other in memory.
pub(crate) struct Lanes<'a, T: Clone> {
    samples: Cow<'a, [T]>,
    len: usize,
    count: usize,
}

impl<'a, T: Copy + Default> Lanes<'a, T> {
    /// Borrows the tensor if its signals are contiguous and in order, else copies it. The tensor must have the axis.
    pub(crate) fn new<D: Dimension>(tensor: ArrayView<'a, T, D>, axis: Axis) -> Result<Self> {
        let len = tensor.len_of(axis);
        let count =
            tensor.shape().iter().enumerate().filter(|&(other, _)| other != axis.index()).map(|(_, len)| len).product();
        let tensor = last(tensor, axis);
        let samples = match tensor.to_slice() {
            Some(samples) => Cow::Borrowed(samples),
            None => {
                // `assign` walks both in the order that suits their strides: ten times as fast as the iterators.
                let mut copy = zeroed_array(tensor.raw_dim())?;
                copy.assign(&tensor);
                Cow::Owned(copy.into_raw_vec_and_offset().0)
            }
        };
        Ok(Self { samples, len, count })
    }

    /// The signals in order. They may be empty.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[T]> {
        (0..self.count).map(|lane| &self.samples[lane * self.len..][..self.len])
    }

    pub(crate) fn batch(&self, plan: &Plan) -> Batch<'_, T> {
        self.iter().map(|lane| (plan, lane)).collect()
    }
}

/// The last axis. For a tensor of no dimensions it is axis 0, which the caller finds not to exist.
pub(crate) fn last_axis<S: RawData, D: Dimension>(tensor: &ArrayBase<S, D>) -> Axis {
    Axis(tensor.ndim().saturating_sub(1))
}

/// The tensor with `axis` as its last axis.
pub(crate) fn last<S: RawData, D: Dimension>(mut tensor: ArrayBase<S, D>, axis: Axis) -> ArrayBase<S, D> {
    tensor.swap_axes(axis.index(), tensor.ndim() - 1);
    tensor
}

/// Copies the packed outputs of [`Lanes`] into a tensor whose time axis is the [`last`].
pub(crate) fn scatter<T: Copy, D: Dimension>(samples: &[T], mut output: ArrayViewMut<'_, T, D>) {
    debug_assert_eq!(samples.len(), output.len());
    if let Ok(samples) = ArrayView::from_shape(output.raw_dim(), samples) {
        output.assign(&samples);
    }
}

/// Fills a tensor with lanes: `compute` fills a buffer with them, one after the other. The buffer is the tensor's own
/// memory if its lanes are contiguous and in order.
pub(crate) fn fill<T: Copy + Default, D: Dimension, R>(
    output: ArrayViewMut<'_, T, D>,
    axis: Axis,
    compute: impl FnOnce(&mut [T]) -> Result<R>,
) -> Result<R> {
    let mut output = last(output, axis);
    if let Some(output) = output.as_slice_mut() {
        return compute(output);
    }
    let mut samples = zeroed(output.len())?;
    let result = compute(&mut samples)?;
    scatter(&samples, output);
    Ok(result)
}

/// Shape of the tensor, with its length along `axis` replaced by `len` of it.
///
/// # Errors
/// [`Error::Axis`] for an axis that the tensor does not have.
pub(crate) fn shape_with_len<S, D>(tensor: &ArrayBase<S, D>, axis: Axis, len: impl FnOnce(usize) -> usize) -> Result<D>
where
    S: RawData,
    D: Dimension,
{
    let mut shape = tensor.raw_dim();
    let ndim = shape.ndim();
    let along = shape.slice_mut().get_mut(axis.index()).ok_or(Error::Axis { axis: axis.index(), ndim })?;
    *along = len(*along);
    Ok(shape)
}

/// Shape of the resampled tensor.
///
/// # Errors
/// [`Error::Axis`] for an axis that the tensor does not have.
pub(crate) fn output_shape<T, S, D>(plan: &Plan, tensor: &ArrayBase<S, D>, axis: Axis) -> Result<D>
where
    S: Data<Elem = T>,
    D: Dimension,
{
    shape_with_len(tensor, axis, |len| plan.output_len(len))
}

/// Checks the shape of a tensor.
///
/// # Errors
/// [`Error::OutputShape`] if it is not the expected one.
pub(crate) fn check_shape<S: RawData, D: Dimension>(expected: &D, tensor: &ArrayBase<S, D>) -> Result<()> {
    if tensor.raw_dim() == *expected {
        Ok(())
    } else {
        Err(Error::OutputShape { expected: expected.slice().to_vec(), actual: tensor.shape().to_vec() })
    }
}
