#![doc = include_str!("../README.md")]
//! # Architecture
//!
//! One direction, from what is asked for to what computes it; each step sees only those before it:
//!
//! 1. [`ResampleOptions`], [`Ratio`]: what is wanted, checked, in exact integers.
//! 2. The filter bank: the windowed sinc in float64, trimmed to its window, a row of taps for each phase; for float32 in
//!    blocks of sixteen phases, or, where that would be too large, rows to interpolate between.
//! 3. [`Plan`]: both of these, immutable and shared. All parameters have been checked when there is one.
//! 4. [`Batch`]: clips with their plans, borrowed.
//! 5. [`CpuResampler`]: cuts a batch into pieces of equal cost, runs them on threads, and each piece through one kernel.
//! 6. [`Stream`] and the tensor calls: the same kernel on chunks and on lanes.
//! 7. `GpuResampler` (feature `gpu`): the plan's taps in bands, tables of clips and tiles, one dispatch for all of them (and
//!    one more for plans with interpolated banks).
//! 8. `Resampler` (feature `gpu`): whichever of the two suits.
//!
//! Beside them, [`Response`] says what a plan's filter does to frequencies, from its float64 taps.
//!
//! # Numerical contract
//!
//! - Output n is `Σ_i x[i] · h((i·L − n·M)/(L·M))` for n < ⌈len · L/M⌉, where x is zero outside its length,
//!   `h(τ) = (base/M) · sinc(τ·base) · w(τ·base/W)` inside the window and 0 outside, and base = min(L, M) · rolloff.
//! - float64 is within 1e-11 of that, float32 within 5e-7 of the input's peak (for |x| up to 1) and 128 dB or more below
//!   the signal, 135 dB up to 400 taps, 138 dB up to 150.
//! - The same plan, input and [`Level`] give the same bits: for any number of threads, in any batch, in any chunks, for any
//!   range of the output, planned or in one line.
//! - The GPU is within 2e-6, and 130 dB up to 400 taps, from interpolated banks too; a device gives the same bits in any
//!   batch, order and cut.
//! - An interpolated bank ([`FilterForm`]) is within 1e-7 of the exact one.
//! - [`CpuResampler::adjoint`] is the transpose: ⟨Ax, y⟩ = ⟨x, Aᵀy⟩ to the rounding of the sums.
//! - NaN and infinities reach the outputs whose window holds them (on the GPU perhaps the seven beside each too).
//! - Equal rates give the samples back unchanged, as in torchaudio.
//!
//! # Out of scope
//!
//! Rates that change while a signal runs, minimum-phase filters, and anything that is not resampling: mixing, gain, other
//! filters.

#![forbid(unsafe_code)]

mod alloc;
#[cfg(feature = "gpu")]
mod auto;
mod batch;
mod cpu;
mod error;
mod filter;
#[cfg(feature = "gpu")]
mod gpu;
mod lanes;
mod num;
mod options;
mod plan;
mod simd;

use ndarray::{Array, ArrayBase, Data, Dimension};

pub use half;
pub use ndarray;
pub use num_complex;
#[cfg(feature = "gpu")]
pub use wgpu;

#[cfg(feature = "gpu")]
pub use self::auto::{BACKEND_VARIABLE, Backend, Resampler, RunReport};
pub use self::batch::{Batch, BatchBuf, BatchIter};
pub use self::cpu::{CpuResampler, Sample, Stream};
pub use self::error::{Error, Result};
pub use self::filter::ratio::{Ratio, RatioFit};
#[cfg(feature = "gpu")]
pub use self::gpu::{
    AdapterKind, AdapterSummary, GpuClip, GpuKernel, GpuResampler, GpuSample, InputSamples, Job, list_adapters,
    test_adapter,
};
// What is done before a device is asked, for the fuzzer. In no other build.
#[cfg(all(fuzzing, feature = "gpu"))]
#[doc(hidden)]
pub use self::gpu::fuzzed;
pub use self::options::{DEFAULT_BETA, Limits, OutputLength, Padding, Preset, ResampleOptions, Window};
pub use self::plan::{FilterForm, Plan, Response};
pub use self::simd::Level;

/// Resamples one clip with torchaudio's default filter: the equivalent of `torchaudio.functional.resample(x, orig_freq,
/// new_freq)`. The filter is kept for the next call with these rates.
///
/// ```
/// let second: Vec<f32> = vec![0.25; 48_000];
/// let resampled = polyphase::resample(&second, 48_000, 16_000)?;
/// assert_eq!(resampled.len(), 16_000);
/// # Ok::<(), polyphase::Error>(())
/// ```
///
/// # Errors
/// As [`resample_with`].
pub fn resample<T: Sample>(clip: &[T], orig_freq: u32, new_freq: u32) -> Result<Vec<T>> {
    resample_with(clip, orig_freq, new_freq, &ResampleOptions::default())
}

/// Resamples one clip with a filter of one's choice. The filter is kept for the next call with these rates and options.
///
/// ```
/// use polyphase::Preset;
///
/// let second: Vec<f32> = vec![0.25; 48_000];
/// let resampled = polyphase::resample_with(&second, 48_000, 44_100, Preset::KaiserBest)?;
/// assert!((resampled[22_050] - 0.25).abs() < 1e-6);
/// # Ok::<(), polyphase::Error>(())
/// ```
///
/// # Errors
/// Those of [`Plan::new`] and [`CpuResampler::resample`].
pub fn resample_with<T: Sample>(
    clip: &[T],
    orig_freq: u32,
    new_freq: u32,
    options: impl Into<ResampleOptions>,
) -> Result<Vec<T>> {
    CpuResampler::new().resample(&Plan::cached(Ratio::new(orig_freq.into(), new_freq.into())?, options)?, clip)
}

/// Resamples a tensor along its last axis, torchaudio's `(..., time)`, with torchaudio's default filter.
///
/// ```
/// use ndarray::Array2;
///
/// let stereo = Array2::<f32>::zeros((2, 44_100));
/// assert_eq!(polyphase::resample_tensor(&stereo, 44_100, 48_000)?.shape(), [2, 48_000]);
/// # Ok::<(), polyphase::Error>(())
/// ```
///
/// # Errors
/// Those of [`Plan::new`] and [`CpuResampler::resample_tensor`].
pub fn resample_tensor<T, S, D>(tensor: &ArrayBase<S, D>, orig_freq: u32, new_freq: u32) -> Result<Array<T, D>>
where
    T: Sample,
    S: Data<Elem = T>,
    D: Dimension,
{
    let plan = Plan::cached(Ratio::new(orig_freq.into(), new_freq.into())?, ResampleOptions::default())?;
    CpuResampler::new().resample_tensor(&plan, tensor)
}
