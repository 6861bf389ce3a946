//! [`Level`]: the SIMD instructions of the kernels and of filter design.

use std::fmt;

use fearless_simd::Level as SimdLevel;

/// A set of SIMD instructions that this processor has. The outputs of a plan have the same bits at one level, and
/// differ in the last bits between levels. Filters are designed at the best level, whatever the level of the kernels.
#[derive(Clone, Copy)]
pub struct Level(SimdLevel);

impl Level {
    /// Widest level of this processor, the default of every resampler.
    pub fn best() -> Self {
        Self(SimdLevel::new())
    }

    /// Level without SIMD instructions beyond those that the compiler may assume.
    pub fn scalar() -> Self {
        Self(SimdLevel::fallback())
    }

    /// Every level of this processor, from [`scalar`](Self::scalar) to [`best`](Self::best).
    pub fn available() -> Vec<Self> {
        let best = SimdLevel::new();
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let simd = [
            best.as_sse2().map(SimdLevel::Sse2),
            best.as_sse4_2().map(SimdLevel::Sse4_2),
            best.as_avx2().map(SimdLevel::Avx2),
            best.as_avx512().map(SimdLevel::Avx512),
        ];
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        let simd = [(!best.is_fallback()).then_some(best)];
        std::iter::once(Self::scalar()).chain(simd.into_iter().flatten().map(Self)).collect()
    }

    /// Name of the level in lower case, such as `avx2`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            SimdLevel::Sse2(_) => "sse2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            SimdLevel::Sse4_2(_) => "sse4.2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            SimdLevel::Avx2(_) => "avx2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            SimdLevel::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            SimdLevel::Neon(_) => "neon",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            SimdLevel::WasmSimd128(_) => "simd128",
            _ => "scalar",
        }
    }

    pub(crate) fn simd(self) -> SimdLevel {
        self.0
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::best()
    }
}

impl PartialEq for Level {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Level {}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Level({self})")
    }
}
