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

#[cfg(test)]
mod tests {
    use super::*;

    const SHADERS: [(&str, &str); 2] =
        [("banded", include_str!("../../shaders/banded.wgsl")), ("simple", include_str!("../../shaders/simple.wgsl"))];

    /// A struct of this module: its size, and the names and offsets of its members.
    struct Layout {
        size: usize,
        members: Vec<(&'static str, usize)>,
    }

    macro_rules! layout {
        ($type:ty: $($member:ident),+) => {
            Layout {
                size: size_of::<$type>(),
                members: vec![$((stringify!($member), std::mem::offset_of!($type, $member))),+],
            }
        };
    }

    fn module(name: &str, source: &str) -> naga::Module {
        let module = naga::front::wgsl::parse_str(source)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
        // No capabilities: what every WebGPU device can do.
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
        module
    }

    /// Names, offsets and size are the same in Rust and in each shader; a shader calls a member `unused_…` that it does not
    /// read, and may leave out the padding at the end.
    #[test]
    fn structs_are_those_of_the_shaders() {
        let structs = [
            ("Job", layout!(JobEntry: tiles, grid_width, padding)),
            ("Clip", layout!(ClipEntry: input_offset, input_len, output_offset, output_len, shift, plan)),
            (
                "Plan",
                layout!(
                    PlanEntry: phases, stride, blocks, blocks_in_tile, tiles_across, quads, column, lane_bits, band, chunk,
                    fold, starts, taps
                ),
            ),
        ];
        for (shader, source) in SHADERS {
            let module = module(shader, source);
            for (name, rust) in &structs {
                let inner =
                    module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name)).map(|(_, ty)| &ty.inner);
                let Some(naga::TypeInner::Struct { members, span }) = inner else { panic!("{shader} has no {name}") };
                let padded = rust.members.iter().filter(|(member, _)| *member != "padding");
                assert_eq!(members.len(), padded.clone().count(), "members of {name} in {shader}");
                for (member, &(expected, offset)) in members.iter().zip(padded) {
                    let actual = member.name.as_deref().unwrap_or_default();
                    assert!(
                        actual == expected || actual.starts_with("unused_"),
                        "{shader}: {name}.{actual}, not {expected}"
                    );
                    assert_eq!(member.offset as usize, offset, "{shader}: {name}.{actual}");
                }
                let end =
                    rust.members.iter().find(|(member, _)| *member == "padding").map_or(rust.size, |padding| padding.1);
                assert_eq!(*span as usize, end, "{shader}: {name}");
            }
            let pair = module.global_variables.iter().find(|(_, variable)| variable.name.as_deref() == Some("tiles"));
            let Some((_, tiles)) = pair else { panic!("{shader} has no tiles") };
            let naga::TypeInner::Array { stride, .. } = module.types[tiles.ty].inner else { panic!("tiles: no array") };
            assert_eq!(stride as usize, size_of::<TileEntry>(), "{shader}: tiles");
        }
    }
}
