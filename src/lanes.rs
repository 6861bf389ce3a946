//! [`Lanes`]: the signals of a tensor along one axis, as the clips of a batch.

use std::borrow::Cow;

use ndarray::{ArrayBase, ArrayView, ArrayViewMut, Axis, Data, Dimension, RawData};

use crate::alloc::zeroed;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::plan::Plan;

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
