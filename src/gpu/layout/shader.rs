//! [`Variant`]: the shaders with their overrides, and the constants that Rust and WGSL share, which a test in `abi.rs` compares.

use crate::error::{Error, Result};
use crate::options::Padding;

/// Format of the samples in a buffer.
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

    /// Size of a sample in bytes.
    pub(crate) const fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::I16 | Self::F16 => 2,
        }
    }

    /// Value of the overrides `INPUT` and `OUTPUT` of the shaders.
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

/// Compute shader for plans with exact banks. (Plans with interpolated banks have a shader of their own,
/// `shaders/interpolated.wgsl`.)
///
/// With up to 256 taps, all sum the products of an output in the same order: one polyphase component of the samples
/// after the other. Longer filters are summed in several chains of at most 128 products, which end at other taps in each
/// kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum GpuKernel {
    /// `shaders/banded.wgsl`: eight phases of four periods in the registers of each thread.
    #[default]
    Banded,
    /// `shaders/banded.wgsl` with eight phases of eight periods in each thread, and other tiles: for devices that compute
    /// in software. 1.2 to 1.9 times as fast as `Banded` on lavapipe, slower on an H100.
    Paired,
    /// `shaders/plain.wgsl`: one output per thread, straight from memory, 3 to 7 times slower than `Paired` on
    /// lavapipe. For drivers that take seconds to compile `Banded`, and as the reference of tests.
    Plain,
}

/// Shader: a WGSL file and its entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shader {
    Copied,
    Banded,
    /// The file of `Banded`, with two quads in each thread.
    Paired,
    Plain,
    Interpolated,
}

impl Shader {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [Self::Copied, Self::Banded, Self::Paired, Self::Plain, Self::Interpolated];

    /// Text of the shader's file.
    const fn kernel(self) -> &'static str {
        match self {
            Self::Copied => include_str!("../../../shaders/copied.wgsl"),
            Self::Banded | Self::Paired => include_str!("../../../shaders/banded.wgsl"),
            Self::Plain => include_str!("../../../shaders/plain.wgsl"),
            Self::Interpolated => include_str!("../../../shaders/interpolated.wgsl"),
        }
    }

    pub(crate) const fn entry_point(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Banded | Self::Paired => "banded",
            Self::Plain => "plain",
            Self::Interpolated => "interpolated",
        }
    }

    /// Number of lanes (threads) of a workgroup.
    pub(crate) const fn workgroup(self) -> u32 {
        match self {
            Self::Banded => BANDED_WORKGROUP,
            Self::Copied | Self::Paired | Self::Plain | Self::Interpolated => WORKGROUP,
        }
    }

    /// Number of float32 values in an element of binding 5.
    pub(crate) const fn tap_unit(self) -> usize {
        match self {
            Self::Copied | Self::Plain => 1,
            Self::Banded | Self::Paired | Self::Interpolated => 4,
        }
    }
}

/// Formats of a job's samples, and the use of its buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Format {
    pub(crate) input: SampleFormat,
    pub(crate) output: SampleFormat,
    /// True if input and output may be ranges of one buffer.
    pub(crate) shares_buffer: bool,
}

/// Decisions on a dispatch that its plans and clips make. Each is an override of the shader, because drivers such as
/// llvmpipe compute both sides of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Needs {
    /// True if a plan sums its products in several chains.
    pub(crate) splits_sums: bool,
    /// True if a plan pads with something other than zeros.
    pub(crate) pads: bool,
    /// True if a clip has a stride other than 1.
    pub(crate) strides: bool,
    /// True if a clip is the mean of several channels.
    pub(crate) mixes: bool,
}

/// Variant of a shader: one pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    pub(crate) shader: Shader,
    pub(crate) format: Format,
    pub(crate) needs: Needs,
    /// Number of vec4s of workgroup memory of the banded kernel, one of [`STAGED`]; 0 for the others.
    pub(crate) staged: u32,
}

impl Variant {
    /// WGSL text of the module. Buffers are declared as the format needs them: overrides cannot express an access mode
    /// or the type of an element.
    pub(crate) fn source(self) -> String {
        let input = if self.format.shares_buffer {
            "@group(1) @binding(0) var<storage, read_write> input: array<u32>;\n"
        } else {
            "@group(1) @binding(0) var<storage, read> input: array<u32>;\n"
        };
        let output = match self.format.output {
            SampleFormat::F32 => include_str!("../../../shaders/output_f32.wgsl"),
            SampleFormat::I16 | SampleFormat::F16 => include_str!("../../../shaders/output_16.wgsl"),
        };
        [include_str!("../../../shaders/common.wgsl"), input, output, self.shader.kernel()].concat()
    }

    /// Values of the shader's overrides.
    pub(crate) fn constants(self) -> Vec<(&'static str, f64)> {
        let flag = |set: bool| f64::from(u8::from(set));
        let Needs { splits_sums, pads, strides, mixes } = self.needs;
        let mut constants = vec![
            ("INPUT", self.format.input.code().into()),
            ("OUTPUT", self.format.output.code().into()),
            ("PADS", flag(pads)),
            ("STRIDES", flag(strides)),
            ("MIXES", flag(mixes)),
            ("WORKGROUP", self.shader.workgroup().into()),
        ];
        match self.shader {
            Shader::Copied => constants.push(("COPIED", COPIED.into())),
            Shader::Banded | Shader::Paired => constants.extend([
                ("PAIRS", flag(self.shader == Shader::Paired)),
                ("SPLITS_SUMS", flag(splits_sums)),
                ("STAGED", self.staged.into()),
            ]),
            Shader::Plain => {}
            Shader::Interpolated => constants.push(("SEGMENT", SEGMENT.into())),
        }
        constants
    }

    /// Every pipeline that a job can ask for.
    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        const FLAGS: [bool; 2] = [false, true];
        let formats = SampleFormat::ALL.into_iter().flat_map(|input| {
            SampleFormat::ALL
                .into_iter()
                .flat_map(move |output| FLAGS.map(|shares_buffer| Format { input, output, shares_buffer }))
        });
        let needs = FLAGS.into_iter().flat_map(|pads| {
            FLAGS
                .into_iter()
                .flat_map(move |strides| FLAGS.map(|mixes| Needs { splits_sums: false, pads, strides, mixes }))
        });
        formats.flat_map(move |format| {
            needs.clone().flat_map(move |needs| {
                Shader::ALL.into_iter().flat_map(move |shader| {
                    let (sums, sizes) = match shader {
                        Shader::Banded | Shader::Paired => (&FLAGS[..], &STAGED[..]),
                        _ => (&FLAGS[..1], &[0][..]),
                    };
                    sums.iter().flat_map(move |&splits_sums| {
                        let needs = Needs { splits_sums, ..needs };
                        sizes.iter().map(move |&staged| Self { shader, format, needs, staged })
                    })
                })
            })
        })
    }
}

/// Number of lanes (threads) of a workgroup, of all kernels but `Banded`.
pub(crate) const WORKGROUP: u32 = 64;

/// Number of lanes of a workgroup of the kernel `Banded`. They share workgroup memory, which decides how many of them a
/// GPU runs at a time: an H100 with its Vulkan driver has room for three workgroups of 16 KiB on each multiprocessor.
pub(crate) const BANDED_WORKGROUP: u32 = 128;

/// Number of lanes that execute together on most GPUs, a wave. A wave whose lanes have no outputs costs next to
/// nothing.
pub(crate) const WAVE: u32 = 32;

/// Numbers of vec4s of workgroup memory that the banded kernel is compiled for: 8, 10, 12 and 16 KiB. Every WebGPU device
/// has the largest. A tile takes the smallest that it fits, since a compute unit runs as many workgroups as fit its
/// memory.
pub(crate) const STAGED: [u32; 4] = [512, 640, 768, MAX_STAGED];

/// Largest of [`STAGED`].
pub(crate) const MAX_STAGED: u32 = 1024;

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
pub(in crate::gpu) fn to_u32(what: &'static str, value: u64) -> Result<u32> {
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
        Err(Error::GpuLimit {
            what: "loop iterations of a thread, which grow with taps and mixed channels",
            needed,
            limit: MAX_STEPS,
        })
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
