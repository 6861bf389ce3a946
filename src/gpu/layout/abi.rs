//! Structs that Rust and WGSL share. Their members are in the order of `shaders/*.wgsl`, where each is explained. A
//! test compares the two.

use bytemuck::{Pod, Zeroable};

/// `Job`: one dispatch.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub(crate) struct JobEntry {
    pub(crate) first_tile: u32,
    pub(crate) end_tile: u32,
    pub(crate) grid_width: u32,
    pub(crate) chunks: u32,
}

/// Element of `tiles`: the work of one workgroup.
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
    pub(crate) counter: u32,
    pub(crate) input_stride: i32,
    pub(crate) output_stride: i32,
    pub(crate) channels: u32,
    pub(crate) channel_stride: i32,
}

/// `NO_COUNTER`: value of [`ClipEntry::counter`] for a clip whose clamped outputs are not counted.
pub(crate) const NO_COUNTER: u32 = u32::MAX;

/// `Plan` of `common.wgsl`: a plan with the taps of every phase.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
pub(crate) struct PlanEntry {
    pub(crate) phases: u32,
    pub(crate) stride: u32,
    pub(crate) blocks: u32,
    pub(crate) blocks_in_tile: u32,
    pub(crate) tiles_across: u32,
    pub(crate) quads: u32,
    pub(crate) tap_blocks: u32,
    pub(crate) pitch: u32,
    pub(crate) log2_rows_in_flight: u32,
    pub(crate) components: u32,
    pub(crate) span: u32,
    pub(crate) chunk: u32,
    pub(crate) taps_per_sum: u32,
    pub(crate) starts: u32,
    pub(crate) taps: u32,
    pub(crate) padding: u32,
    pub(crate) margin: u32,
}

/// `InterpolatedPlan` of `interpolated.wgsl`.
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
    /// Structs with `vec2`s are sized in multiples of 8 bytes. The shader does not have this member.
    pub(crate) alignment: u32,
}

/// `Place` of `interpolated.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
pub(crate) struct PlaceEntry {
    pub(crate) sample: i32,
    pub(crate) rest: [u32; 2],
    pub(crate) fraction: [u32; 2],
}

/// Low and high half of a 64-bit integer, as the shaders hold it.
#[expect(clippy::cast_possible_truncation, reason = "its two halves")]
pub(crate) fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::super::compilers::module;
    use super::super::shader::{
        BLOCK_PHASES, MAX_STAGED, Needs, QUAD_PERIODS, STEP, SampleFormat, Shader, Variant, padding_code,
    };
    use super::*;
    use crate::options::Padding;

    /// Name, size, and names and offsets of the members of a struct.
    struct Layout {
        name: &'static str,
        size: usize,
        members: Vec<(&'static str, usize)>,
    }

    macro_rules! layout {
        ($name:literal, $type:ty: $($member:ident),+) => {
            Layout {
                name: $name,
                size: size_of::<$type>(),
                members: vec![$((stringify!($member), offset_of!($type, $member))),+],
            }
        };
    }

    fn common_structs() -> [Layout; 3] {
        [
            layout!("Job", JobEntry: first_tile, end_tile, grid_width, chunks),
            layout!(
                "Clip",
                ClipEntry: input_offset, input_len, output_offset, output_len, shift, plan, first, last, counter,
                input_stride, output_stride, channels, channel_stride
            ),
            layout!(
                "Plan",
                PlanEntry: phases, stride, blocks, blocks_in_tile, tiles_across, quads, tap_blocks, pitch,
                log2_rows_in_flight, components, span, chunk, taps_per_sum, starts, taps, padding, margin
            ),
        ]
    }

    fn interpolated_structs() -> [Layout; 2] {
        [
            layout!(
                "InterpolatedPlan",
                InterpolatedEntry: phases, before, after, nodes, taps, first_tap, first_place, normalized, padding,
                margin
            ),
            // The shader holds the halves of its 64-bit integers one by one: a vec2 would be aligned to 8 bytes.
            Layout {
                name: "Place",
                size: size_of::<PlaceEntry>(),
                members: vec![
                    ("sample", offset_of!(PlaceEntry, sample)),
                    ("rest_low", offset_of!(PlaceEntry, rest)),
                    ("rest_high", offset_of!(PlaceEntry, rest) + 4),
                    ("fraction_low", offset_of!(PlaceEntry, fraction)),
                    ("fraction_high", offset_of!(PlaceEntry, fraction) + 4),
                ],
            },
        ]
    }

    /// One variant of each module: their texts differ in the shader's file and in the format of the outputs.
    fn modules() -> impl Iterator<Item = Variant> {
        let is_module = |variant: &Variant| {
            variant.shader != Shader::Paired
                && variant.needs == Needs::default()
                && variant.format.input == SampleFormat::F32
                && [0, MAX_STAGED].contains(&variant.staged)
        };
        Variant::all().filter(is_module)
    }

    fn literal(module: &naga::Module, expression: naga::Handle<naga::Expression>) -> u32 {
        match module.global_expressions[expression] {
            naga::Expression::Literal(naga::Literal::U32(value)) => value,
            ref other => panic!("{other:?} is no u32"),
        }
    }

    #[test]
    fn structs_are_those_of_the_shaders() {
        for variant in modules() {
            let shader = variant.shader;
            let (module, _) = module(&variant.source());
            let mut expected = Vec::from(common_structs());
            if shader == Shader::Interpolated {
                expected.extend(interpolated_structs());
            }
            for Layout { name, size, members: expected } in expected {
                let ty = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
                let Some(naga::TypeInner::Struct { members, span }) = ty.map(|(_, ty)| &ty.inner) else {
                    panic!("{shader:?} has no struct {name}")
                };
                let actual: Vec<_> = members
                    .iter()
                    .map(|member| (member.name.as_deref().unwrap_or_default(), member.offset as usize))
                    .collect();
                assert_eq!(actual, expected, "{shader:?}: {name}");
                assert_eq!(*span as usize, size, "{shader:?}: {name}");
            }
            let tiles = module.global_variables.iter().find(|(_, variable)| variable.name.as_deref() == Some("tiles"));
            let Some((_, tiles)) = tiles else { panic!("{shader:?} has no tiles") };
            let naga::TypeInner::Array { stride, .. } = module.types[tiles.ty].inner else { panic!("tiles: no array") };
            assert_eq!(stride as usize, size_of::<TileEntry>(), "{shader:?}: tiles");
        }
    }

    /// Codes and sizes that are written in both languages.
    #[test]
    fn constants_are_those_of_the_shaders() {
        let codes = [
            ("SAMPLES_F32", SampleFormat::F32.code()),
            ("SAMPLES_I16", SampleFormat::I16.code()),
            ("SAMPLES_F16", SampleFormat::F16.code()),
            ("PADDING_ZERO", padding_code(Padding::Zero)),
            ("PADDING_EDGE", padding_code(Padding::Edge)),
            ("PADDING_REFLECT", padding_code(Padding::Reflect)),
            ("NO_COUNTER", NO_COUNTER),
        ];
        let tile = [("QUAD_PERIODS", QUAD_PERIODS), ("BLOCK_PHASES", BLOCK_PHASES), ("STEP", STEP)];
        for variant in modules() {
            let (module, _) = module(&variant.source());
            let actual: Vec<_> = module
                .constants
                .iter()
                .map(|(_, constant)| (constant.name.as_deref().unwrap_or_default(), literal(&module, constant.init)))
                .collect();
            let expected = match variant.shader {
                Shader::Banded => [&codes[..], &tile].concat(),
                _ => codes.to_vec(),
            };
            assert_eq!(actual, expected, "{variant:?}");
        }
    }

    /// A shader that is compiled by a tool, without the values of a pipeline, is the one that runs.
    #[test]
    fn defaults_of_overrides_are_the_values_that_pipelines_set() {
        for variant in modules() {
            let (module, _) = module(&variant.source());
            let constants = variant.constants();
            assert_eq!(module.overrides.len(), constants.len(), "{variant:?}");
            for (_, value) in module.overrides.iter() {
                let name = value.name.as_deref().unwrap_or_default();
                let default = value.init.unwrap_or_else(|| panic!("{variant:?}: {name} has no default"));
                let default = match module.global_expressions[default] {
                    naga::Expression::Literal(naga::Literal::Bool(value)) => f64::from(u8::from(value)),
                    _ => literal(&module, default).into(),
                };
                // The module for 16-bit outputs stands for both formats.
                let expected = constants.iter().find(|(constant, _)| *constant == name).map(|&(_, value)| value);
                if name != "OUTPUT" {
                    assert_eq!(Some(default), expected, "{variant:?}: {name}");
                }
            }
        }
    }
}
