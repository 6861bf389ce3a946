//! Loops that are compiled for the vectors of the processor.

/// Calls `work`, which is compiled a second time for AVX2, BMI and LZCNT, and so runs where the processor has them.
///
/// Everything that `work` calls must be inlined to be compiled for them.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = fearless_simd::Level::new().as_avx2() {
        return fearless_simd::Simd::vectorize(avx2, work);
    }
    work()
}
