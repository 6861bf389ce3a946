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
    pub(crate) first: i32,
    pub(crate) last: i32,
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
    pub(crate) pitch: u32,
    pub(crate) log2_rows_in_flight: u32,
    pub(crate) span: u32,
    pub(crate) chunk: u32,
    pub(crate) taps_per_sum: u32,
    pub(crate) starts: u32,
    pub(crate) taps: u32,
    pub(crate) padding: u32,
    pub(crate) margin: u32,
}

/// `InterpolatedPlan`; see `simple.wgsl` for what each field means.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
pub(crate) struct InterpolatedEntry {
    pub(crate) phases: [u32; 2],
    pub(crate) before: [u32; 2],
    pub(crate) after: [u32; 2],
    pub(crate) nodes: u32,
    pub(crate) taps: u32,
    pub(crate) first_tap: u32,
    pub(crate) first_place: u32,
    pub(crate) normalized: u32,
    pub(crate) padding: u32,
    pub(crate) margin: u32,
    /// Structs with vec2s in them are sized in multiples of 8 bytes.
    pub(crate) unused: u32,
}

/// `Place`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
pub(crate) struct PlaceEntry {
    pub(crate) sample: i32,
    pub(crate) rest: [u32; 2],
    pub(crate) fraction: [u32; 2],
}

/// A 64-bit integer as the shaders have it.
#[expect(clippy::cast_possible_truncation, reason = "its two halves")]
pub(crate) fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHADERS: [(&str, &str); 2] = [
        ("banded", include_str!("../../../shaders/banded.wgsl")),
        ("simple", include_str!("../../../shaders/simple.wgsl")),
    ];

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
            ("Clip", layout!(ClipEntry: input_offset, input_len, output_offset, output_len, shift, plan, first, last)),
            (
                "Plan",
                layout!(
                    PlanEntry: phases, stride, blocks, blocks_in_tile, tiles_across, quads, pitch, log2_rows_in_flight, span, chunk,
                    taps_per_sum, starts, taps, padding, margin
                ),
            ),
        ];
        let interpolated = [
            (
                "InterpolatedPlan",
                layout!(
                    InterpolatedEntry: phases, before, after, nodes, taps, first_tap, first_place, normalized, padding, margin
                ),
            ),
            // The shader has the halves of its 64-bit integers one by one: a vec2 would be aligned.
            (
                "Place",
                Layout {
                    size: size_of::<PlaceEntry>(),
                    members: vec![
                        ("sample", std::mem::offset_of!(PlaceEntry, sample)),
                        ("rest_low", std::mem::offset_of!(PlaceEntry, rest)),
                        ("rest_high", std::mem::offset_of!(PlaceEntry, rest) + 4),
                        ("fraction_low", std::mem::offset_of!(PlaceEntry, fraction)),
                        ("fraction_high", std::mem::offset_of!(PlaceEntry, fraction) + 4),
                    ],
                },
            ),
        ];
        for (shader, source) in SHADERS {
            let module = module(shader, source);
            let more = if shader == "simple" { &interpolated[..] } else { &[] };
            for (name, rust) in structs.iter().chain(more) {
                let inner =
                    module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name)).map(|(_, ty)| &ty.inner);
                let Some(naga::TypeInner::Struct { members, span }) = inner else { panic!("{shader} has no {name}") };
                // The job's padding is at its end, and not in the shader.
                let all = rust.members.iter().filter(|(member, _)| (*name, *member) != ("Job", "padding"));
                assert_eq!(members.len(), all.clone().count(), "members of {name} in {shader}");
                for (member, &(expected, offset)) in members.iter().zip(all) {
                    let actual = member.name.as_deref().unwrap_or_default();
                    assert!(
                        actual == expected || actual.starts_with("unused_"),
                        "{shader}: {name}.{actual}, not {expected}"
                    );
                    assert_eq!(member.offset as usize, offset, "{shader}: {name}.{actual}");
                }
                let end = if *name == "Job" { std::mem::offset_of!(JobEntry, padding) } else { rust.size };
                assert_eq!(*span as usize, end, "{shader}: {name}");
            }
            let pair = module.global_variables.iter().find(|(_, variable)| variable.name.as_deref() == Some("tiles"));
            let Some((_, tiles)) = pair else { panic!("{shader} has no tiles") };
            let naga::TypeInner::Array { stride, .. } = module.types[tiles.ty].inner else { panic!("tiles: no array") };
            assert_eq!(stride as usize, size_of::<TileEntry>(), "{shader}: tiles");
        }
    }
}
