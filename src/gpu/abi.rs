//! The structs that Rust and WGSL share, in the order of `shaders/*.wgsl`; a test compares the two.

use bytemuck::{Pod, Zeroable};

/// `Job`: one dispatch.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub(crate) struct JobEntry {
    pub(crate) tiles: u32,
    pub(crate) grid_width: u32,
    /// Uniform buffers are sized in multiples of 16 bytes.
    pub(crate) padding: [u32; 2],
}

/// An element of `tiles`: what one workgroup computes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub(crate) struct TileEntry {
    pub(crate) clip: u32,
    pub(crate) tile: u32,
}

/// `Clip`, with offsets and lengths in samples.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub(crate) struct ClipEntry {
    pub(crate) input_offset: u32,
    pub(crate) input_len: u32,
    pub(crate) output_offset: u32,
    pub(crate) output_len: u32,
    pub(crate) shift: i32,
    pub(crate) plan: u32,
}

/// `Plan`; see `banded.wgsl` for what each field means.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
pub(crate) struct PlanEntry {
    pub(crate) phases: u32,
    pub(crate) stride: u32,
    pub(crate) blocks: u32,
    pub(crate) blocks_in_tile: u32,
    pub(crate) tiles_across: u32,
    pub(crate) quads: u32,
    pub(crate) column: u32,
    pub(crate) lane_bits: u32,
    pub(crate) band: u32,
    pub(crate) chunk: u32,
    pub(crate) fold: u32,
    pub(crate) starts: u32,
    pub(crate) taps: u32,
}
