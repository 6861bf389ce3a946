//! torchaudio's windowed-sinc resampling, exact, on any CPU through SIMD and on any GPU through wgpu.
//!
//! ```
//! use polyphase::{CpuResampler, Plan, Preset};
//!
//! let clip: Vec<f32> = (0..48_000).map(|i| (i as f32 * 0.05).sin()).collect();
//!
//! // The equivalent of torchaudio.functional.resample(clip, 48000, 16000).
//! assert_eq!(polyphase::resample(&clip, 48_000, 16_000)?.len(), 16_000);
//!
//! // Another filter, designed once, for any number of clips and threads.
//! let plan = Plan::new(48_000, 16_000, Preset::High)?;
//! assert_eq!(CpuResampler::new().resample(&plan, &clip)?.len(), 16_000);
//! # Ok::<(), polyphase::Error>(())
//! ```
//!
//! | for | use |
//! |---|---|
//! | one clip or tensor | [`resample`], [`resample_with`], [`resample_tensor`] |
//! | many clips with one filter | [`Plan`] and [`CpuResampler`] |
//! | clips of any lengths and rates | [`Batch`] |
//! | signals that arrive in chunks | [`Stream`] |
//! | gradients | [`CpuResampler::adjoint`] |
//! | buffers on your own GPU device | `GpuResampler` (feature `gpu`) |
//! | kernels that another runtime launches | `KernelSources` (feature `gpu`) |
//! | clips, each on the faster of GPU and CPU | `Resampler` (feature `gpu`) |
//!
//! # Architecture
//!
//! 1. [`ResampleOptions`] and [`Ratio`]: the request, checked, in exact integers.
//! 2. The filter: the windowed sinc in float64, zero outside its window. Its taps are laid out for the CPU
//!    kernels in blocks of sixteen neighbouring outputs or, where the ratio has too many phases, as evenly spaced phases
//!    to interpolate between.
//! 3. [`Plan`]: both of these, immutable and shared. All parameters have been checked when a plan exists.
//! 4. [`Batch`]: clips with their plans, borrowed.
//! 5. [`CpuResampler`]: runs of outputs of about equal cost, on threads, through SIMD kernels. [`Stream`]: the same
//!    kernels, on the calling thread.
//! 6. `GpuResampler`: tables of clips and tiles, one dispatch for each kind of filter, exact or interpolated.
//! 7. `Resampler`: the backend that suits each clip.
//!
//! [`Response`] is the frequency response of a plan, from its float64 taps.
//!
//! # Numerical contract
//!
//! - Output n is `Σ_i x[i] · h((i·L − n·M)/(L·M))` for n < ⌈len · L/M⌉, where x is zero beyond the ends of the clip,
//!   `h(τ) = (base/M) · sinc(τ·base) · w(τ·base/W)` inside the window w and 0 outside, base = min(L, M) · rolloff and
//!   W = `lowpass_filter_width`. These are the defaults; normalisation, padding and other lengths are options.
//! - float64 results are within 1e-11 of this definition for |x| ≤ 1. float32 results are within 5e-7, with an error
//!   128 dB or more below the signal: 135 dB up to 400 taps, 138 dB up to 150.
//! - On one machine, the same options, input and [`Level`] give the same bits: for any number of threads, in any batch,
//!   in any chunks, for any range of the output, with a plan or in one line.
//! - GPU results are within 2e-6, with an error 130 dB below the signal up to 400 taps. A device gives the same bits in
//!   any batch and order.
//! - Outputs of an interpolated filter ([`FilterForm`]) are within 1e-7 of those of the exact one for |x| ≤ 1.
//! - [`CpuResampler::adjoint`] is the transpose: ⟨Ax, y⟩ = ⟨x, Aᵀy⟩ within the rounding of the sums.
//! - A NaN or an infinity reaches the outputs whose taps touch it, and no others: those inside whose window it lies. With
//!   a rolloff of 1, taps are zero where m = i·L − n·M is a multiple of max(L, M) other than 0, and nothing passes them.
//!   On the GPU a NaN or an infinity may also pass these zeros, and reach outputs beside those whose window holds it, up
//!   to 16 outputs or 8 samples away, whichever is more.
//! - Equal rates return the samples unchanged, as in torchaudio.
//!
//! # Out of scope
//!
//! Rates that change within a signal, minimum-phase filters, and anything other than resampling, such as gain. Only jobs
//! on the GPU can also average channels, see `GpuClip::mix`.

#![forbid(unsafe_code)]
// docs.rs compiles with a nightly compiler, and shows the feature that an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod alloc;
#[cfg(feature = "gpu")]
mod auto;
mod batch;
mod clamped;
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
pub use self::auto::{
    ADAPTER_VARIABLE, BACKEND_VARIABLE, Backend, CpuReason, Estimate, Resampler, ResamplerBuilder, RunReport,
};
pub use self::batch::{Batch, BatchBuf, BatchIter};
pub use self::clamped::Clamped;
pub use self::cpu::{CpuResampler, Sample, Stream};
pub use self::error::{Error, Result};
pub use self::filter::ratio::{Ratio, RatioFit};
#[cfg(feature = "gpu")]
pub use self::gpu::{
    AdapterKind, AdapterSummary, GpuClip, GpuKernel, GpuResampler, GpuSample, GpuTensor, Job, JobOptions, KernelSource,
    KernelSources, SampleFormat, list_adapters, test_adapter,
};
// The device-free part of the GPU path, exported in builds of the fuzzer only.
#[cfg(all(fuzzing, feature = "gpu"))]
#[doc(hidden)]
pub use self::gpu::fuzzed;
pub use self::options::{DEFAULT_BETA, Limits, OutputLength, Padding, Preset, ResampleOptions, Window};
pub use self::plan::{FilterForm, Plan, Response};
pub use self::simd::Level;

/// The README's examples, as tests.
#[cfg(all(doctest, feature = "gpu"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// Resamples one clip with torchaudio's default filter, as `torchaudio.functional.resample(x, orig_freq, new_freq)`
/// does. The result has ⌈len · new_freq / orig_freq⌉ samples. The filter is cached for the next call with these rates.
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
    resample_with(clip, orig_freq, new_freq, ResampleOptions::default())
}

/// Resamples one clip with options that are given by value, by reference or as a [`Preset`]. The filter is cached for
/// the next call with these rates and options.
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
