//! [`Shader`]: the entry points, and the numbers that Rust and WGSL agree on.

use crate::error::{Error, Result};

/// The samples of an input buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InputSamples {
    /// 32-bit floats, 4 bytes each.
    #[default]
    F32,
    /// 16-bit integers, 2 bytes each, little-endian: they are scaled by 2⁻¹⁵.
    I16,
    /// 16-bit floats, 2 bytes each, little-endian. No device needs to know of them.
    F16,
}

/// Which compute shader for plans that hold the taps of every phase. All of them add up an output's products in the order of
/// its taps. (Interpolated banks have one of their own, in `shaders/simple.wgsl`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum GpuKernel {
    /// `shaders/banded.wgsl`: four periods of eight phases in the registers of each thread.
    #[default]
    Banded,
    /// `shaders/simple.wgsl`: one output a thread, straight from memory. Slow, but quick to compile.
    Simple,
}

/// An entry point of the shaders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shader {
    Banded,
    Simple,
    Interpolated,
}

/// Lanes of a workgroup.
pub(crate) const WORKGROUP: u32 = 64;

/// Lanes that run together, on most GPUs: a wave without outputs costs next to nothing.
pub(crate) const WAVE: u32 = 32;

/// vec4s of workgroup memory that the banded kernel stages samples in: 16 KiB, which every WebGPU device has.
pub(crate) const STAGED: u32 = 1024;

/// Outputs in a tile of a clip that is only copied.
pub(crate) const COPIED: u32 = 2048;

/// Phases that a thread of the banded kernel computes.
pub(crate) const BLOCK_PHASES: u32 = 8;

/// Periods that a thread of the banded kernel computes.
pub(crate) const QUAD_PERIODS: u32 = 4;

/// Filters of more taps than this add up in several chains of multiply-adds: one chain of 136 taps is some 137 dB below its
/// result, but one of 563 only 129.7 dB.
pub(crate) const MAX_TAPS_IN_ONE_SUM: usize = 256;

/// Taps in each of those chains.
pub(crate) const TAPS_PER_SUM: u32 = 128;

/// vec4s of taps in each chain of the interpolated kernel: four chains run side by side.
pub(crate) const SEGMENT: u32 = 32;

/// Loop iterations that one thread may take. llvmpipe ends every loop of a thread after 65,535 of them in all, without a
/// word; filters of tens of thousands of taps come to that.
const MAX_STEPS: u64 = 60_000;

/// Refuses values from which the shaders' 32-bit arithmetic could wrap: the sum of two smaller ones fits an `i32`.
pub(super) fn to_u32(what: &'static str, value: u64) -> Result<u32> {
    const LIMIT: u64 = (1 << 30) - 1;
    u32::try_from(value).ok().filter(|_| value <= LIMIT).ok_or(Error::GpuLimit { what, needed: value, limit: LIMIT })
}

/// Refuses filters whose loops would be cut short, see [`MAX_STEPS`].
pub(super) fn check_steps(needed: u64) -> Result<()> {
    if needed > MAX_STEPS {
        Err(Error::GpuLimit { what: "steps of a filter", needed, limit: MAX_STEPS })
    } else {
        Ok(())
    }
}
