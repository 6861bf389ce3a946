//! [`Kernels`]: polyphase's kernels, launched by burn.
//!
//! burn orders them among its own kernels, on every stream and in captured graphs, and reports their failures where it
//! reports its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::client::Client;
use burn_cubecl::cubecl::ir::attributes::BufferIOAttr;
use burn_cubecl::cubecl::ir::metadata::Info;
use burn_cubecl::cubecl::ir::settings::Dim3;
use burn_cubecl::cubecl::ir::{ElemType, UIntKind};
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::cubecl::server::{Handle, KernelArguments};
use burn_cubecl::cubecl::{CubeKernel, PrecompiledSource};
use burn_cubecl::tensor::CubeTensor;
use polyphase::{GpuKernel, KernelSource, KernelSources, wgpu};

use super::jobs::{JobCache, clips, options};
use crate::job::{Job, Rows};

static JOBS: JobCache<Kernels> = JobCache::new();

/// Layouts of each device, with the taps of the plans that were used last.
static SOURCES: Mutex<Option<HashMap<CubeDevice, Arc<KernelSources>>>> = Mutex::new(None);

/// Kernels of a job, with their tables on the device.
#[derive(Clone)]
pub(super) struct Kernels(Arc<Inner>);

struct Inner {
    prepared: Vec<Prepared>,
    /// Tells whether the device runs the kernels, known after the first launch.
    runs: OnceLock<bool>,
}

struct Prepared {
    kernel: Kernel,
    tables: Vec<Handle>,
    grid: (u32, u32),
}

/// Text of a kernel, for burn to compile.
#[derive(Clone)]
struct Kernel {
    text: Arc<str>,
    entry_point: &'static str,
    variant: Arc<str>,
}

/// Kernels for the rows of a tensor; `None` if they are beyond the limits of the device or of its shaders, and while a
/// graph is captured that would have to record the upload of their tables.
pub(super) fn of(tensor: &CubeTensor, job: &Job, rows: Rows) -> Option<Kernels> {
    let client = &tensor.client;
    JOBS.get_or_prepare(tensor, job, rows, || {
        if client.is_capturing() {
            return None;
        }
        let sources = sources(tensor)?.prepare(&clips(job, rows).ok()?, options(tensor.dtype)).ok()?;
        let bytes = sources.iter().flat_map(KernelSource::tables).map(|table| table.len()).sum();
        let prepared: Vec<_> = sources.iter().map(|source| Prepared::new(source, client)).collect();
        // Tables for which the device has no memory must not be cached.
        client.check(prepared.iter().flat_map(|prepared| &prepared.tables)).ok()?;
        Some((Kernels(Arc::new(Inner { prepared, runs: OnceLock::new() })), bytes))
    })
}

/// Layouts for the device of a tensor; `None` for a device that the shaders exceed.
fn sources(tensor: &CubeTensor) -> Option<Arc<KernelSources>> {
    let mut devices = SOURCES.lock().unwrap_or_else(PoisonError::into_inner);
    let devices = devices.get_or_insert_default();
    if let Some(sources) = devices.get(&tensor.device) {
        return Some(Arc::clone(sources));
    }
    let properties = tensor.client.properties();
    let hardware = &properties.hardware;
    let limits = wgpu::Limits {
        max_compute_workgroups_per_dimension: hardware.max_cube_count.0.min(hardware.max_cube_count.1),
        max_compute_workgroup_storage_size: u32::try_from(hardware.max_shared_memory_size).unwrap_or(u32::MAX),
        max_compute_invocations_per_workgroup: hardware.max_units_per_cube,
        max_storage_buffers_per_shader_stage: hardware.max_bindings,
        max_storage_buffer_binding_size: properties.memory.max_page_size,
        max_buffer_size: properties.memory.max_page_size,
        ..wgpu::Limits::default()
    };
    let mut sources = KernelSources::new(&limits).ok()?;
    // No card is behind an adapter that computes in software.
    if properties.identity.physical.is_none() {
        sources = sources.with_kernel(GpuKernel::Paired);
    }
    let sources = Arc::new(sources);
    devices.insert(tensor.device.clone(), Arc::clone(&sources));
    Some(sources)
}

impl Prepared {
    fn new(source: &KernelSource, client: &Client) -> Self {
        let kernel =
            Kernel { text: source.wgsl().into(), entry_point: source.entry_point(), variant: source.variant().into() };
        let tables = source.tables().iter().map(|table| client.create_from_slice(table)).collect();
        Self { kernel, tables, grid: source.grid() }
    }
}

impl Kernels {
    /// Launches the kernels on contiguous tensors. False if the device does not run them, for example because its driver
    /// refuses their text: then nothing was computed.
    pub(super) fn launch(&self, input: &CubeTensor, output: &CubeTensor) -> bool {
        if self.0.runs.get() == Some(&false) {
            return false;
        }
        let client = &input.client;
        for Prepared { kernel, tables, grid } in &self.0.prepared {
            let mut arguments = KernelArguments::new();
            for handle in tables.iter().chain([&input.handle]) {
                arguments = arguments.with_buffer_io(handle.clone().binding(), BufferIOAttr::ReadOnly);
            }
            arguments = arguments.with_buffer_io(output.handle.clone().binding(), BufferIOAttr::WriteOnly);
            client.launch(Box::new(kernel.clone()), CubeCount::Static(grid.0, grid.1, 1), arguments);
        }
        if self.0.runs.get().is_some() || client.is_capturing() {
            return true;
        }
        let runs = client.check([&output.handle]).is_ok();
        if !runs && client.check([&input.handle]).is_err() {
            // The failure is that of an earlier operation. burn reports it where the output is read.
            return true;
        }
        *self.0.runs.get_or_init(|| runs)
    }
}

impl KernelMetadata for Kernel {
    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(Arc::clone(&self.variant))
    }

    fn address_type(&self) -> ElemType {
        ElemType::UInt(UIntKind::U32)
    }
}

impl CubeKernel for Kernel {
    /// An empty definition: burn compiles the text.
    fn define(&self) -> KernelDefinition {
        let settings = KernelSettings::new(Dim3::new_single(), ExecutionMode::Checked, AddressType::U32);
        KernelDefinition { body: Scope::root(settings.clone()), settings, info: Info::default() }
    }

    fn source(&self) -> Option<PrecompiledSource> {
        Some(PrecompiledSource {
            source: (*self.text).to_owned(),
            entrypoint_name: self.entry_point.to_owned(),
            lang: "wgsl",
        })
    }
}

#[cfg(test)]
mod tests {
    use burn_cubecl::cubecl::wgpu::WgpuSetup;
    use polyphase::{Plan, Preset};
    use polyphase_checks::signals::noise_f32;

    use super::*;
    use crate::tests::{cube_samples, cube_tensor, gpu, wgsl_gpu};

    #[test]
    fn the_kernel_suits_the_device() {
        let Some((device, WgpuSetup { adapter, .. })) = gpu() else { return };
        let is_software = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
        let expected = if is_software { GpuKernel::Paired } else { GpuKernel::Banded };
        let tensor = cube_tensor(&[0.0; 3], [3], &device);
        assert_eq!(sources(&tensor).expect("within the limits").kernel(), expected);
    }

    /// A kernel that the driver refuses tells so at its first launch, and is not launched again.
    #[test]
    fn kernels_that_the_driver_refuses_are_noticed() {
        let Some(device) = wgsl_gpu() else { return };
        let (input, output) =
            (cube_tensor(&noise_f32(1, 300), [300], &device), cube_tensor(&[7.0; 200], [200], &device));
        let job = Job::forward(&Plan::new(3, 2, Preset::High).expect("a plan"));
        let rows = Rows { count: 1, len: 300 };
        let sources = sources(&input).expect("within the limits");
        let sources = sources.prepare(&clips(&job, rows).expect("clips"), options(input.dtype)).expect("kernels");
        let mut prepared = Prepared::new(&sources[0], &input.client);
        prepared.kernel.text = "fn banded() { not WGSL }".into();
        prepared.kernel.variant = "refused".into();
        let refused = Kernels(Arc::new(Inner { prepared: vec![prepared], runs: OnceLock::new() }));
        assert!(!refused.launch(&input, &output));
        assert_eq!(refused.0.runs.get(), Some(&false));
        assert!(!refused.launch(&input, &output));
        // The input and the tables are as they were.
        assert_eq!(cube_samples(input.clone()), noise_f32(1, 300));
        let output = cube_tensor(&[7.0; 200], [200], &device);
        assert!(of(&input, &job, rows).expect("kernels in WGSL").launch(&input, &output));
        assert!(cube_samples(output).iter().all(|&y| y != 7.0));
    }
}
