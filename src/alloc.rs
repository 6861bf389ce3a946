//! Buffers whose allocation may fail: an [`Error::OutOfMemory`] where `vec![…]` would abort.

use ndarray::{Array, Dimension};

use crate::error::{Error, Result};

/// A buffer of `len` zeros.
pub(crate) fn zeroed<T: Clone + Default>(len: usize) -> Result<Vec<T>> {
    let mut samples = Vec::new();
    samples
        .try_reserve_exact(len)
        .map_err(|_| Error::OutOfMemory { samples: len, bytes_per_sample: size_of::<T>() })?;
    samples.resize(len, T::default());
    Ok(samples)
}

/// A tensor of zeros in standard layout.
pub(crate) fn zeroed_array<T: Clone + Default, D: Dimension>(shape: D) -> Result<Array<T, D>> {
    let samples = shape.slice().iter().try_fold(1_usize, |product, &len| product.checked_mul(len));
    let samples = zeroed(samples.unwrap_or(usize::MAX))?;
    let out_of_memory = |_| Error::OutOfMemory { samples: usize::MAX, bytes_per_sample: size_of::<T>() };
    Array::from_shape_vec(shape, samples).map_err(out_of_memory)
}
