//! [`RawKernelSources`]: jobs as data, for the page's own device.

use js_sys::{Array, Object, Reflect, Uint8Array};
use polyphase::{Error, GpuClip, JobOptions, KernelSource, KernelSources, SampleFormat, wgpu};
use wasm_bindgen::prelude::*;

use crate::error::thrown;
use crate::options::{MAX_SAFE, length, whole};
use crate::plan::RawPlan;

/// Layouts for a device.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawKernelSources(KernelSources);

/// Clips of a job.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct RawJobClips(Vec<GpuClip>);

#[wasm_bindgen]
impl RawJobClips {
    /// No clips.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a clip at its places in the buffers.
    pub fn push(
        &mut self,
        plan: &RawPlan,
        input_offset: f64,
        input_length: f64,
        output_offset: f64,
        input_stride: f64,
        output_stride: f64,
    ) -> Result<(), JsValue> {
        let offset = |field, value| whole(field, value, MAX_SAFE);
        let clip = GpuClip::new(
            plan.plan(),
            offset("inputOffset", input_offset)?,
            offset("inputLength", input_length)?,
            offset("outputOffset", output_offset)?,
        );
        let (input, output) = (stride("inputStride", input_stride)?, stride("outputStride", output_stride)?);
        self.0.push(clip.strided(input, output));
        Ok(())
    }
}

#[wasm_bindgen]
impl RawKernelSources {
    /// Layouts for a device with these limits, those of `GPUSupportedLimits`.
    #[wasm_bindgen(constructor)]
    pub fn new(limits: &JsValue) -> Result<Self, JsValue> {
        let limit = |name| -> Result<u64, JsValue> {
            let value = Reflect::get(limits, &JsValue::from_str(name))?;
            whole(name, value.as_f64().unwrap_or(f64::NAN), MAX_SAFE)
        };
        let small = |name| limit(name).map(|value| u32::try_from(value).unwrap_or(u32::MAX));
        let limits = wgpu::Limits {
            max_compute_workgroup_storage_size: small("maxComputeWorkgroupStorageSize")?,
            max_compute_invocations_per_workgroup: small("maxComputeInvocationsPerWorkgroup")?,
            max_storage_buffers_per_shader_stage: small("maxStorageBuffersPerShaderStage")?,
            max_compute_workgroups_per_dimension: small("maxComputeWorkgroupsPerDimension")?,
            max_storage_buffer_binding_size: limit("maxStorageBufferBindingSize")?,
            max_buffer_size: limit("maxBufferSize")?,
            ..wgpu::Limits::default()
        };
        KernelSources::new(&limits).map(Self).map_err(thrown)
    }

    /// Kernels of a job as an array of objects.
    pub fn prepare(
        &self,
        clips: &RawJobClips,
        input: &str,
        output: &str,
        shares_buffer: bool,
        max_multiply_adds: Option<f64>,
    ) -> Result<Array, JsValue> {
        let mut options = JobOptions::from(format(input)?).output(format(output)?).shared_buffer(shares_buffer);
        if let Some(limit) = max_multiply_adds {
            options = options.max_multiply_adds(length("maxMultiplyAdds", limit)? as u64);
        }
        self.0.prepare(&clips.0, options).map_err(thrown)?.iter().map(described).collect()
    }
}

/// Distance between two samples.
#[expect(clippy::cast_possible_truncation, reason = "checked")]
fn stride(field: &'static str, value: f64) -> Result<i64, JsValue> {
    if value.trunc() == value && value.abs() <= MAX_SAFE {
        return Ok(value as i64);
    }
    Err(thrown(Error::Option { field, value, range: "a whole number".to_owned() }))
}

fn format(name: &str) -> Result<SampleFormat, JsValue> {
    match name {
        "f32" => Ok(SampleFormat::F32),
        "i16" => Ok(SampleFormat::I16),
        "f16" => Ok(SampleFormat::F16),
        _ => {
            let known = "f32, i16, f16".to_owned();
            Err(thrown(Error::UnknownName { what: "sample format", name: name.to_owned(), known }))
        }
    }
}

/// A kernel as an object.
#[expect(clippy::cast_precision_loss, reason = "bytes of buffers")]
fn described(kernel: &KernelSource) -> Result<JsValue, JsValue> {
    let object = Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&object, &name.into(), &value);
    set("wgsl", kernel.browser_wgsl().into())?;
    set("entryPoint", kernel.entry_point().into())?;
    set("variant", kernel.variant().into())?;
    let tables: Array = kernel.tables().iter().map(|table| Uint8Array::from(&table[..])).collect();
    set("tables", tables.into())?;
    let (x, y) = kernel.grid();
    set("workgroups", Array::of2(&x.into(), &y.into()).into())?;
    set("inputBytes", (kernel.input_bytes() as f64).into())?;
    set("outputBytes", (kernel.output_bytes() as f64).into())?;
    Ok(object.into())
}
