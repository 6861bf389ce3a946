//! Every variant of the shaders, through the compilers of all graphics APIs: naga's validator and its writers of
//! SPIR-V (Vulkan), MSL (Metal) and HLSL (DX12). Browsers have a compiler of their own, see `browser.rs`.

use std::collections::BTreeMap;

use naga::back::{PipelineConstants, hlsl, msl, pipeline_constants, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy, IndexableLength};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};

use super::shader::Variant;

/// The variants by their text and entry point.
pub(super) fn texts() -> BTreeMap<(String, &'static str), Vec<Variant>> {
    let mut texts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for variant in Variant::all() {
        texts.entry((variant.source(), variant.shader.entry_point())).or_default().push(variant);
    }
    texts
}

/// Values of the overrides of a variant, by name.
pub(super) fn constants(variant: Variant) -> PipelineConstants {
    variant.constants().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Parses and validates a text, for devices with no capability beyond WebGPU's.
pub(in crate::gpu) fn module(source: &str) -> (naga::Module, ModuleInfo) {
    let module =
        naga::front::wgsl::parse_str(source).unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    (module, info)
}

/// Lengths of the arrays in workgroup memory, and their size in bytes.
fn workgroup_arrays(module: &naga::Module) -> (Vec<u32>, u32) {
    let variables = module.global_variables.iter().map(|(_, variable)| variable);
    let shared = variables.filter(|variable| variable.space == naga::AddressSpace::WorkGroup);
    let (mut lengths, mut bytes) = (Vec::new(), 0);
    for variable in shared {
        let ty = &module.types[variable.ty].inner;
        bytes += ty.size(module.to_ctx());
        if let naga::TypeInner::Array { size, .. } = ty
            && let Ok(IndexableLength::Known(length)) = size.resolve(module.to_ctx())
        {
            lengths.push(length);
        }
    }
    (lengths, bytes)
}

/// The checks of bounds that wgpu asks for where a device has none of its own.
const CHECKED: BoundsCheckPolicies = BoundsCheckPolicies {
    index: BoundsCheckPolicy::Restrict,
    buffer: BoundsCheckPolicy::Restrict,
    image_load: BoundsCheckPolicy::Restrict,
    binding_array: BoundsCheckPolicy::Unchecked,
};

fn spirv(module: &naga::Module, info: &ModuleInfo, entry_point: &str) -> Vec<u32> {
    let options = spv::Options {
        bounds_check_policies: CHECKED,
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        ..spv::Options::default()
    };
    let pipeline =
        spv::PipelineOptions { shader_stage: naga::ShaderStage::Compute, entry_point: entry_point.to_owned() };
    spv::write_vec(module, info, &options, Some(&pipeline)).unwrap_or_else(|error| panic!("SPIR-V: {error}"))
}

fn metal(module: &naga::Module, info: &ModuleInfo, entry_point: &str) -> String {
    let options = msl::Options {
        lang_version: (2, 1),
        bounds_check_policies: CHECKED,
        zero_initialize_workgroup_memory: false,
        ..msl::Options::default()
    };
    let entry_point = Some((naga::ShaderStage::Compute, entry_point.to_owned()));
    let pipeline = msl::PipelineOptions { entry_point, ..msl::PipelineOptions::default() };
    let (text, translation) =
        msl::write_string(module, info, &options, &pipeline).unwrap_or_else(|error| panic!("MSL: {error}"));
    assert!(translation.entry_point_names.iter().all(Result::is_ok), "{:?}", translation.entry_point_names);
    text
}

fn direct_x(module: &naga::Module, info: &ModuleInfo, entry_point: &str, model: hlsl::ShaderModel) -> String {
    let options =
        hlsl::Options { shader_model: model, zero_initialize_workgroup_memory: false, ..hlsl::Options::default() };
    let pipeline = hlsl::PipelineOptions { entry_point: Some((naga::ShaderStage::Compute, entry_point.to_owned())) };
    let mut text = String::new();
    let reflection = hlsl::Writer::new(&mut text, &options, &pipeline)
        .write(module, info, None)
        .unwrap_or_else(|error| panic!("HLSL {model:?}: {error}"));
    assert!(reflection.entry_point_names.iter().all(Result::is_ok), "{:?}", reflection.entry_point_names);
    text
}

/// The texts declare workgroups and workgroup memory of the size that the overrides set. The memory is within the 16 KiB
/// that every WebGPU device has.
#[test]
fn every_variant_compiles_for_every_api() {
    for ((source, name), variants) in texts() {
        let (with_overrides, info) = module(&source);
        let names: Vec<_> = with_overrides.overrides.iter().filter_map(|(_, value)| value.name.clone()).collect();
        for variant in variants {
            let constants = constants(variant);
            assert!(names.iter().all(|name| constants.contains_key(name)), "{names:?}: {constants:?}");
            let entry_point = Some((naga::ShaderStage::Compute, name));
            let (module, info) = pipeline_constants::process_overrides(&with_overrides, &info, entry_point, &constants)
                .unwrap_or_else(|error| panic!("{variant:?}: {error}"));
            let (lengths, bytes) = workgroup_arrays(&module);
            assert!(bytes <= 16 << 10, "{variant:?}: {bytes} bytes of workgroup memory");
            let lanes = module.entry_points[0].workgroup_size[0];
            assert_eq!(Some(f64::from(lanes)), constants.get("WORKGROUP").copied(), "{variant:?}");

            assert!(spirv(&module, &info, name).len() > 100, "{variant:?}");
            let text = metal(&module, &info, name);
            assert!(text.contains(&format!("kernel void {name}")), "{variant:?}: {text}");
            for length in &lengths {
                assert!(text.contains(&format!("inner[{length}];")), "{variant:?}: {length} in {text}");
            }
            for model in [hlsl::ShaderModel::V5_0, hlsl::ShaderModel::V5_1, hlsl::ShaderModel::V6_0] {
                let text = direct_x(&module, &info, name, model);
                assert!(text.contains(&format!("[numthreads({lanes}, 1, 1)]")), "{variant:?}: {text}");
                let shared: Vec<_> = text.lines().filter(|line| line.starts_with("groupshared ")).collect();
                assert_eq!(shared.len(), lengths.len(), "{variant:?}: {shared:?}");
                for (line, length) in shared.iter().zip(&lengths) {
                    assert!(line.contains(&format!("[{length}]")), "{variant:?}: {line}");
                }
            }
        }
    }
}
