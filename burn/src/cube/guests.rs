//! [`register`]: devices of burn on which polyphase records its own commands.
//!
//! For runtimes that do not compile WGSL, but SPIR-V or Metal's language. Commands go to burn's queue: after what burn
//! has computed so far, which [`Guest::submit`] lets it submit, and before whatever it submits later.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::DispatchDevice;
use burn::backend::wgpu::WgpuSetup;
use burn::tensor::Device;
use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::wgpu::{AutoCompiler, WgpuResource, WgpuServer};
use burn_cubecl::tensor::CubeTensor;
use polyphase::{GpuResampler, wgpu};

use super::jobs::{JobCache, clips, options};
use crate::error::{Error, Result};
use crate::job::{Job, Rows};

type Server = WgpuServer<AutoCompiler>;

static HOSTS: Mutex<Vec<Host>> = Mutex::new(Vec::new());

/// A registered device.
#[derive(Clone)]
struct Host {
    device: CubeDevice,
    gpu: GpuResampler,
    jobs: Arc<JobCache<Arc<polyphase::Job>>>,
}

/// Lets tensors of a device be resampled on the GPU where burn compiles its kernels to SPIR-V or to Metal's language
/// (burn's features `vulkan` and `metal`). Where burn compiles WGSL, nothing needs to be registered.
///
/// The setup is that of the same device: only it leads to burn's `wgpu::Device` and its queue.
///
/// ```no_run
/// use burn::tensor::Device;
///
/// let (device, setup) = Device::wgpu_options().init_with_setup()?;
/// polyphase_burn::register(&device, &setup)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::NotWgpu`] for a device of another backend, and those of [`GpuResampler::new`].
pub fn register(device: &Device, setup: &WgpuSetup) -> Result<()> {
    let inner = device.clone().inner();
    let DispatchDevice::Cube(cube_device @ CubeDevice::Wgpu(_)) = inner.as_dispatch() else {
        return Err(Error::NotWgpu { device: format!("{device:?}") });
    };
    let gpu = GpuResampler::new(&setup.device, &setup.queue)?;
    let host = Host { device: cube_device.clone(), gpu, jobs: Arc::new(JobCache::new()) };
    let mut hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    hosts.retain(|other| other.device != host.device);
    hosts.push(host);
    Ok(())
}

/// A prepared job on a registered device.
pub(super) struct Guest {
    gpu: GpuResampler,
    job: Arc<polyphase::Job>,
}

/// Job for the rows of a tensor; `None` if its device is not registered, records a graph, or has limits that the job
/// exceeds.
pub(super) fn of(tensor: &CubeTensor, job: &Job, rows: Rows) -> Option<Guest> {
    let hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    let Host { gpu, jobs, .. } = hosts.iter().find(|host| host.device == tensor.device).cloned()?;
    drop(hosts);
    // A captured graph would lack commands that burn does not submit itself.
    if tensor.client.is_capturing() {
        return None;
    }
    let job = jobs.get_or_prepare(tensor, job, rows, || {
        let prepared = gpu.prepare(&clips(job, rows).ok()?, options(tensor.dtype)).ok()?;
        Some((Arc::new(prepared), 0))
    })?;
    Some(Guest { gpu, job })
}

impl Guest {
    /// Submits the job on contiguous tensors.
    ///
    /// # Panics
    /// If the device is lost or out of memory.
    pub(super) fn submit(&self, input: &CubeTensor, output: &CubeTensor) {
        // This submits everything that burn has queued for the tensors. Both are held until the commands are submitted:
        // what burn does later with their memory comes later on the queue.
        let resources = [input, output].map(|tensor| tensor.client.get_resource::<Server>(tensor.handle.clone()));
        let [Ok(from), Ok(to)] = &resources else {
            panic!("a tensor has no buffer: {:?}", resources.iter().find_map(|resource| resource.as_ref().err()));
        };
        let label = Some("polyphase");
        let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label, timestamp_writes: None });
        let recorded = self.gpu.record(&mut pass, &self.job, binding(from.resource()), binding(to.resource()));
        drop(pass);
        if let Err(error) = recorded {
            panic!("{error}");
        }
        self.gpu.queue().submit([encoder.finish()]);
    }
}

fn binding(resource: &WgpuResource) -> wgpu::BufferBinding<'_> {
    let size = wgpu::BufferSize::new(resource.size.next_multiple_of(4));
    wgpu::BufferBinding { buffer: &resource.buffer, offset: resource.offset, size }
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;
    use burn_cubecl::cubecl::wgpu::WgpuDeviceKind;
    use burn_cubecl::kernel::cast;
    use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
    use polyphase::{Padding, Plan, Preset};
    use polyphase_checks::signals::noise_f32;

    use super::*;
    use crate::cube::kernels;
    use crate::job::Direction;
    use crate::tests::{cube_samples, cube_tensor, gpu, wgsl_gpu};

    /// A recorded job and a launched kernel give the same bits: forwards, and from gradients, of which one needs the
    /// GPU's unsupported padding.
    #[test]
    fn recorded_jobs_and_launched_kernels_give_the_same_bits() {
        let Some(device) = wgsl_gpu() else { return };
        let options = Preset::KaiserFast.options();
        let plans = [options, options.padding(Padding::Reflect)];
        for (plan, dtype) in
            plans.into_iter().flat_map(|options| [DType::F32, DType::F16].map(|dtype| (options, dtype)))
        {
            let plan = Plan::new(48_000, 44_100, plan).expect("a plan");
            let forward = Job::forward(&plan);
            let adjoint = Job { direction: Direction::Adjoint(4801), ..forward.clone() };
            for (job, len) in [(forward, 4801), (adjoint, plan.output_len(4801))] {
                let input = cast(cube_tensor(&noise_f32(1, 3 * len), [3, len], &device), dtype);
                let rows = Rows { count: 3, len };
                let output = || {
                    let shape = job.output_shape(&input.meta.shape().clone());
                    empty_device_contiguous_dtype(input.client.clone(), input.device.clone(), shape, dtype)
                };
                let (recorded, launched) = (output(), output());
                let (guest, kernels) = (of(&input, &job, rows), kernels::of(&input, &job, rows));
                if plan.options().padding != Padding::Zero && job.direction != Direction::Forward {
                    assert!(guest.is_none() && kernels.is_none());
                    continue;
                }
                guest.expect("registered").submit(&input, &recorded);
                assert!(kernels.expect("kernels in WGSL").launch(&input, &launched));
                let (recorded, launched) = (cube_samples(recorded), cube_samples(launched));
                assert!(recorded.iter().any(|&y| y != 0.0));
                assert!(recorded == launched, "{job:?}");
            }
        }
    }

    #[test]
    fn devices_that_are_not_registered_have_no_guest() {
        let Some((device, _)) = gpu() else { return };
        let mut input = cube_tensor(&[0.0; 10], [10], &device);
        input.device = CubeDevice::Wgpu(WgpuDeviceKind::VirtualGpu(77).into());
        let job = Job::forward(&Plan::new(3, 2, Preset::Default).expect("a plan"));
        assert!(of(&input, &job, Rows { count: 1, len: 10 }).is_none());
    }
}
