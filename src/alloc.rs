//! Allocation that returns [`Error::OutOfMemory`] where `vec![…]` would abort the process.

use ndarray::{Array, Dimension};

use crate::error::{Error, Result};

/// Empty vector with room for `len` elements.
pub(crate) fn reserved<T>(len: usize) -> Result<Vec<T>> {
    let mut samples = Vec::new();
    samples.try_reserve_exact(len).map_err(|_| out_of_memory::<T>(len))?;
    Ok(samples)
}

/// Buffer of `len` zeros.
pub(crate) fn zeroed<T: Clone + Default>(len: usize) -> Result<Vec<T>> {
    let mut samples = reserved(len)?;
    samples.resize(len, T::default());
    Ok(samples)
}

/// Buffer of `len` zeros that the system provides and nothing has written to, so that the threads that fill it share the
/// work of its page faults.
#[cfg(feature = "gpu")]
pub(crate) fn zeroed_by_system<T: bytemuck::Zeroable>(len: usize) -> Result<Vec<T>> {
    bytemuck::allocation::try_zeroed_vec(len).map_err(|()| out_of_memory::<T>(len))
}

/// Tensor of zeros in standard layout.
pub(crate) fn zeroed_array<T: Clone + Default, D: Dimension>(shape: D) -> Result<Array<T, D>> {
    array_of(shape, zeroed)
}

/// Tensor in standard layout, of samples that `allocate` provides.
pub(crate) fn array_of<T, D: Dimension>(shape: D, allocate: fn(usize) -> Result<Vec<T>>) -> Result<Array<T, D>> {
    let len = shape.slice().iter().try_fold(1_usize, |product, &len| product.checked_mul(len));
    let samples = allocate(len.unwrap_or(usize::MAX))?;
    Array::from_shape_vec(shape, samples).map_err(|_| out_of_memory::<T>(usize::MAX))
}

/// Error of an allocation of `samples` elements.
pub(crate) fn out_of_memory<T>(samples: usize) -> Error {
    Error::OutOfMemory { samples, bytes_per_sample: size_of::<T>() }
}
