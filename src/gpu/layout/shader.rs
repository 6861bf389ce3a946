//! [`Shader`]: the entry points, and the constants that Rust and WGSL share. A test in `abi.rs` compares the two.

use crate::error::{Error, Result};
use crate::options::Padding;

/// Type of the samples in an input buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum InputSamples {
    /// 32-bit floats, 4 bytes each.
    #[default]
    F32,
    /// 16-bit integers, 2 bytes each, little-endian, scaled by 2⁻¹⁵.
    I16,
    /// 16-bit floats, 2 bytes each, little-endian. The device needs no feature for them.
    F16,
}

impl InputSamples {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 3] = [Self::F32, Self::I16, Self::F16];

    /// `INPUT` of the shaders.
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::I16 => 1,
            Self::F16 => 2,
        }
    }
}

/// `padding` of the shaders' plans.
pub(crate) const fn padding_code(padding: Padding) -> u32 {
    match padding {
        Padding::Zero => 0,
        Padding::Edge => 1,
        Padding::Reflect => 2,
    }
}

/// Compute shader for plans that hold the taps of every phase. All of them sum an output's products in the order of its
/// taps. (Plans with interpolated banks have their own, `shaders/interpolated.wgsl`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum GpuKernel {
    /// `shaders/banded.wgsl`: eight phases of four periods in the registers of each thread.
    #[default]
    Banded,
    /// `shaders/plain.wgsl`: one output per thread, straight from memory. 3 to 7 times slower. For drivers that take
    /// seconds to compile the other, and as the reference of tests.
    Plain,
}

/// Entry point of the shaders.
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

    /// f32s in an element of binding 5.
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
    pub(crate) input: InputSamples,
    /// True if a plan of the job sums its taps in several parts. A pipeline of its own, since llvmpipe computes both
    /// sides of every branch.
    pub(crate) splits_sums: bool,
    /// True if a plan of the job has another padding than zeros. A pipeline of its own for the same reason.
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

/// Lanes of a workgroup.
pub(crate) const WORKGROUP: u32 = 64;

/// Lanes that execute together on most GPUs. A wave whose lanes have no outputs costs next to nothing.
pub(crate) const WAVE: u32 = 32;

/// vec4s of workgroup memory for the staged samples of the banded kernel: 16 KiB, which every WebGPU device has.
pub(crate) const STAGED: u32 = 1024;

/// Outputs of a tile at equal rates, where samples are copied.
pub(crate) const COPIED: u32 = 2048;

/// Phases of a block: each thread of the banded kernel computes one block.
pub(crate) const BLOCK_PHASES: u32 = 8;

/// Periods of a quad: each thread of the banded kernel computes one quad.
pub(crate) const QUAD_PERIODS: u32 = 4;

/// Samples under a block that the banded kernel takes in one step.
pub(crate) const STEP: u32 = 4;

/// Taps of the longest filters that are summed in one chain of multiply-adds. The rounding of one chain is 137 dB below
/// the result at 136 taps, and only 129.7 dB at 563.
pub(crate) const MAX_TAPS_IN_ONE_SUM: usize = 256;

/// Taps of each chain in longer filters.
pub(crate) const TAPS_PER_SUM: u32 = 128;

/// vec4s of taps of each chain in the interpolated kernel, which sums four chains side by side.
pub(crate) const SEGMENT: u32 = 32;

/// Loop iterations that one thread may take. llvmpipe silently ends every loop of a thread after 65,535 iterations in
/// all; filters of tens of thousands of taps would reach that.
const MAX_STEPS: u64 = 60_000;

/// Refuses values from which the shaders' 32-bit arithmetic could wrap: the sum of two values up to the limit fits an
/// `i32`.
pub(super) fn to_u32(what: &'static str, value: u64) -> Result<u32> {
    const LIMIT: u64 = (1 << 30) - 1;
    u32::try_from(value).ok().filter(|_| value <= LIMIT).ok_or(Error::GpuLimit { what, needed: value, limit: LIMIT })
}

/// Refuses positions that an `i32` does not hold.
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
