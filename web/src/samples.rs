//! [`SampleArray`]: typed arrays of samples.

use js_sys::{Float32Array, Float64Array, Int16Array};
use polyphase::{Error, Result, Sample};

/// Typed array of samples.
pub(crate) trait SampleArray {
    /// Type of a sample.
    type Item: Sample;

    /// Number of samples.
    fn len(&self) -> usize;

    /// Copies the samples of the array, whose number is that of `samples`.
    fn read(&self, samples: &mut [Self::Item]);

    /// Overwrites the samples of the array, whose number is that of `samples`.
    fn write(&self, samples: &[Self::Item]);

    /// Copy of the samples.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    fn to_samples(&self) -> Result<Vec<Self::Item>> {
        let mut samples = zeroed(self.len())?;
        self.read(&mut samples);
        Ok(samples)
    }
}

macro_rules! arrays {
    ($($array:ty, $sample:ty);*) => {$(
        impl SampleArray for $array {
            type Item = $sample;

            fn len(&self) -> usize {
                self.length() as usize
            }

            fn read(&self, samples: &mut [$sample]) {
                self.copy_to(samples);
            }

            fn write(&self, samples: &[$sample]) {
                self.copy_from(samples);
            }
        }
    )*};
}

arrays!(Float32Array, f32; Float64Array, f64; Int16Array, i16);

/// Buffer of zeros.
///
/// # Errors
/// [`Error::OutOfMemory`], where `vec![…]` would abort.
pub(crate) fn zeroed<T: Sample>(len: usize) -> Result<Vec<T>> {
    let mut samples = Vec::new();
    let refused = |_| Error::OutOfMemory { samples: len, bytes_per_sample: size_of::<T>() };
    samples.try_reserve_exact(len).map_err(refused)?;
    samples.resize(len, T::default());
    Ok(samples)
}
