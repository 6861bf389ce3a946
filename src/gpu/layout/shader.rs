//! [`Shader`]: the shaders, and the constants that Rust and WGSL share, which a test in `abi.rs` compares.

use crate::error::{Error, Result};
use crate::options::Padding;

/// Type of the samples in an input buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SampleFormat {
    /// 32-bit floats, 4 bytes each.
    #[default]
    F32,
    /// 16-bit integers, 2 bytes each, little-endian, scaled by 2⁻¹⁵.
    I16,
    /// 16-bit floats, 2 bytes each, little-endian. The device needs no feature for them.
    F16,
}

impl SampleFormat {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 3] = [Self::F32, Self::I16, Self::F16];

    /// Value of the override `INPUT` of the shaders.
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::I16 => 1,
            Self::F16 => 2,
        }
    }
}

/// Value of the member `padding` of the shaders' plans.
pub(crate) const fn padding_code(padding: Padding) -> u32 {
    match padding {
        Padding::Zero => 0,
        Padding::Edge => 1,
        Padding::Reflect => 2,
    }
}

/// Compute shader for plans with exact banks. Each sums an output's products in the order of its taps. (Plans with
/// interpolated banks have a shader of their own, `shaders/interpolated.wgsl`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum GpuKernel {
    /// `shaders/banded.wgsl`: eight phases of four periods in the registers of each thread.
    #[default]
    Banded,
    /// `shaders/plain.wgsl`: one output per thread, straight from memory, 3 to 7 times slower on lavapipe. For drivers
    /// that take seconds to compile `Banded`, and as the reference of tests.
    Plain,
}

/// Shader: a WGSL file and its entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shader {
    Banded,
    Plain,
    Interpolated,
}

impl Shader {
    pub(crate) const ALL: [Self; 3] = [Self::Banded, Self::Plain, Self::Interpolated];

    /// WGSL text, with the shared part before it.
    pub(crate) const fn source(self) -> &'static str {
        macro_rules! with_common {
            ($file:literal) => {
                concat!(include_str!("../../../shaders/common.wgsl"), include_str!(concat!("../../../shaders/", $file)))
            };
        }
        match self {
            Self::Banded => with_common!("banded.wgsl"),
            Self::Plain => with_common!("plain.wgsl"),
            Self::Interpolated => with_common!("interpolated.wgsl"),
        }
    }

    pub(crate) const fn entry_point(self) -> &'static str {
        match self {
            Self::Banded => "banded",
            Self::Plain => "plain",
            Self::Interpolated => "interpolated",
        }
    }

    /// Number of float32 values in an element of binding 5.
    pub(crate) const fn tap_unit(self) -> usize {
        match self {
            Self::Plain => 1,
            Self::Banded | Self::Interpolated => 4,
        }
    }
}

/// Variant of a shader: one pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    pub(crate) shader: Shader,
    pub(crate) input: SampleFormat,
    /// True if a plan of the job sums its products in several segments. This is a separate pipeline, since llvmpipe
    /// computes both sides of every branch.
    pub(crate) splits_sums: bool,
    /// True if a plan of the job pads with something other than zeros. A separate pipeline for the same reason.
    pub(crate) pads: bool,
}

impl Variant {
    /// Values of the shader's overrides.
    pub(crate) fn constants(self) -> Vec<(&'static str, f64)> {
        let flag = |set: bool| f64::from(u8::from(set));
        let mut constants =
            vec![("INPUT", self.input.code().into()), ("PADS", flag(self.pads)), ("WORKGROUP", WORKGROUP.into())];
        match self.shader {
            Shader::Banded => constants.extend([
                ("SPLITS_SUMS", flag(self.splits_sums)),
                ("STAGED", STAGED.into()),
                ("COPIED", COPIED.into()),
            ]),
            Shader::Plain => {}
            Shader::Interpolated => constants.push(("SEGMENT", SEGMENT.into())),
        }
        constants
    }
}

/// Number of lanes (threads) of a workgroup.
pub(crate) const WORKGROUP: u32 = 64;

/// Number of lanes that execute together on most GPUs, a wave. A wave whose lanes have no outputs costs next to
/// nothing.
pub(crate) const WAVE: u32 = 32;

/// Number of vec4s of workgroup memory for the staged samples of the banded kernel: 16 KiB, which every WebGPU device
/// has.
pub(crate) const STAGED: u32 = 1024;

/// Number of outputs of a tile at equal rates, where samples are copied.
pub(crate) const COPIED: u32 = 2048;

/// Number of phases of a block. Each thread of the banded kernel computes one block of one quad.
pub(crate) const BLOCK_PHASES: u32 = 8;

/// Number of periods of a quad.
pub(crate) const QUAD_PERIODS: u32 = 4;

/// Number of samples under a block that the banded kernel takes in one step.
pub(crate) const STEP: u32 = 4;

/// Largest number of taps that are summed in one chain of multiply-adds. The rounding of one chain is 137 dB below the
/// result at 136 taps, but only 129.7 dB at 563.
pub(crate) const MAX_TAPS_IN_ONE_SUM: usize = 256;

/// Largest number of taps in a segment, a chain of multiply-adds of a longer filter.
pub(crate) const TAPS_PER_SUM: u32 = 128;

/// Number of vec4s of taps in a segment of the interpolated kernel, which sums four chains side by side.
pub(crate) const SEGMENT: u32 = 32;

/// Largest number of loop iterations of one thread. llvmpipe silently ends all loops of a thread after 65,535
/// iterations in total, which filters of tens of thousands of taps would reach.
const MAX_STEPS: u64 = 60_000;

/// Refuses values with which the shaders' 32-bit arithmetic could overflow. The sum of two values up to the limit fits
/// an `i32`.
pub(super) fn to_u32(what: &'static str, value: u64) -> Result<u32> {
    const LIMIT: u64 = (1 << 30) - 1;
    u32::try_from(value).ok().filter(|_| value <= LIMIT).ok_or(Error::GpuLimit { what, needed: value, limit: LIMIT })
}

/// Refuses positions that do not fit an `i32`.
pub(super) fn to_i32(what: &'static str, position: i128) -> Result<i32> {
    let needed = u64::try_from(position.unsigned_abs()).unwrap_or(u64::MAX);
    i32::try_from(position).map_err(|_| Error::GpuLimit { what, needed, limit: i32::MAX as u64 })
}

/// Refuses filters whose loops would be cut short, see [`MAX_STEPS`].
pub(super) fn check_steps(needed: u64) -> Result<()> {
    if needed > MAX_STEPS {
        Err(Error::GpuLimit { what: "steps of a filter", needed, limit: MAX_STEPS })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A refused value is above the limit that the message names, and the limit itself is accepted.
    #[test]
    fn limits_are_the_largest_accepted_values() {
        let limit = (1 << 30) - 1;
        assert_eq!(to_u32("taps", limit), Ok(0x3fff_ffff));
        assert_eq!(
            to_u32("taps", limit + 1).map_err(|error| error.to_string()),
            Err("taps: 1073741824 is above the GPU's limit of 1073741823".to_owned())
        );
        let limit = i128::from(i32::MAX);
        assert_eq!(to_i32("shift", limit), Ok(i32::MAX));
        for position in [limit + 1, -limit - 2, i128::MAX, i128::MIN] {
            let Err(Error::GpuLimit { needed, limit, .. }) = to_i32("shift", position) else {
                panic!("{position} is accepted")
            };
            assert!(needed > limit, "{needed} is not beyond {limit}");
        }
        assert!(check_steps(MAX_STEPS).is_ok() && check_steps(MAX_STEPS + 1).is_err());
    }
}
