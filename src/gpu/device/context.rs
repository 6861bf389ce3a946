//! Devices of our own: found, opened, and known to have gone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::batch::{Batch, BatchBuf};
use crate::error::{Error, Result};
use crate::filter::on_demand::OnDemandTaps;
use crate::gpu::GpuResampler;
use crate::options::ResampleOptions;
use crate::plan::Plan;

/// Drivers do not all bear two devices being made at once.
static OPENING: Mutex<()> = Mutex::new(());

/// What is known of an adapter before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterSummary {
    /// As its driver calls it.
    pub name: String,
    /// The driver and its version.
    pub driver: String,
    /// The interface that it is reached through, as `vulkan`.
    pub backend: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `software` or `other`.
    pub kind: &'static str,
    /// True if it computes on the CPU: it is right, but slower than the CPU path.
    pub is_software: bool,
    /// Bytes that one binding may have.
    pub max_binding_bytes: u64,
    /// Bytes of workgroup memory.
    pub workgroup_memory_bytes: u32,
}

impl AdapterSummary {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let (info, limits) = (adapter.get_info(), adapter.limits());
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete GPU",
            wgpu::DeviceType::IntegratedGpu => "integrated GPU",
            wgpu::DeviceType::VirtualGpu => "virtual GPU",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "other",
        };
        Self {
            name: info.name,
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            backend: info.backend.to_str().to_owned(),
            kind,
            is_software: info.device_type == wgpu::DeviceType::Cpu,
            max_binding_bytes: limits.max_storage_buffer_binding_size,
            workgroup_memory_bytes: limits.max_compute_workgroup_storage_size,
        }
    }
}

/// A device of our own.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) gpu: GpuResampler,
    pub(crate) summary: AdapterSummary,
    lost: Arc<AtomicBool>,
}

impl Context {
    /// Opens the best adapter and tests it.
    pub(crate) async fn open(allow_software: bool) -> Result<Self> {
        let adapters = adapters().await;
        let found = adapters.iter().map(AdapterSummary::of).collect::<Vec<_>>();
        let usable = adapters.into_iter().zip(&found).filter(|(_, summary)| allow_software || !summary.is_software);
        // Discrete before integrated before the rest; among equals the driver's order.
        let rank = |summary: &AdapterSummary| match summary.kind {
            "discrete GPU" => 0,
            "integrated GPU" => 1,
            "virtual GPU" => 2,
            "other" => 3,
            _ => 4,
        };
        let Some((adapter, _)) = usable.min_by_key(|(_, summary)| rank(summary)) else {
            let reason = match found.first() {
                None => "there is no adapter".to_owned(),
                Some(software) => format!("the only adapter is {}, in software", software.name),
            };
            return Err(Error::NoGpu { reason });
        };
        Self::with_adapter(&adapter).await
    }

    /// Opens an adapter and tests it.
    pub(crate) async fn with_adapter(adapter: &wgpu::Adapter) -> Result<Self> {
        let summary = AdapterSummary::of(adapter);
        let available = adapter.limits();
        let defaults = wgpu::Limits::default();
        let required_limits = wgpu::Limits {
            max_buffer_size: available.max_buffer_size,
            max_storage_buffer_binding_size: available.max_storage_buffer_binding_size,
            ..defaults.or_worse_values_from(&available)
        };
        let descriptor = wgpu::DeviceDescriptor { label: Some("polyphase"), required_limits, ..Default::default() };
        let opening = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        let request = adapter.request_device(&descriptor);
        #[cfg(not(target_family = "wasm"))]
        let opened = pollster::block_on(request);
        drop(opening);
        #[cfg(target_family = "wasm")]
        let opened = request.await;
        let (device, queue) = opened.map_err(|error| Error::NoGpu { reason: format!("{}: {error}", summary.name) })?;
        let lost = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&lost);
        device.set_device_lost_callback(move |_, _| flag.store(true, Ordering::Release));
        // The default handler panics; what matters is caught in scopes, and a lost device is noticed by its flag.
        device.on_uncaptured_error(Arc::new(|_| {}));
        let gpu = GpuResampler::new(&device, &queue)?;
        let context = Self { gpu, summary, lost };
        context.self_test().await?;
        Ok(context)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Counts the device as lost from now on.
    pub(crate) fn give_up(&self) {
        self.lost.store(true, Ordering::Release);
    }

    /// An impulse, a constant and noise through several tiles, against the definition: guards against broken drivers.
    async fn self_test(&self) -> Result<()> {
        let plan = Plan::new(3, 2, &ResampleOptions::default())?;
        let mut impulse = [0.0_f32; 500];
        impulse[250] = 1.0;
        // A quadratic congruential sequence: noise enough.
        let noise: Vec<f32> = (0..5000_u32).map(|i| (i * (7 * i + 3) % 1021) as f32 / 510.5 - 1.0).collect();
        let mut batch = Batch::new();
        batch.push(&plan, &impulse);
        batch.push(&plan, &[0.5; 700]);
        batch.push(&plan, &noise);
        let outputs: BatchBuf<f32> = self.gpu.resample_batch_async(&batch).await?;
        let fail = |problem| Err(Error::GpuSelfTest { adapter: self.summary.name.clone(), problem });
        for (actual, (plan, clip)) in outputs.iter().zip(batch.iter()) {
            for (n, &y) in actual.iter().enumerate() {
                let expected = exact_output(plan, clip, n as u64);
                let close = (f64::from(y) - expected).abs() < 2e-6;
                if !close {
                    return fail(format!("output {n} is {y}, not {expected}"));
                }
            }
        }
        Ok(())
    }
}

/// One output in float64, from taps computed for it.
fn exact_output(plan: &Plan, clip: &[f32], n: u64) -> f64 {
    let sample =
        |position: i64| usize::try_from(position).ok().and_then(|i| clip.get(i)).map_or(0.0, |&x| f64::from(x));
    let positions = plan.shape().window(n);
    OnDemandTaps::new(plan.shape()).taps(n).iter().zip(positions).map(|(tap, position)| tap * sample(position)).sum()
}

async fn adapters() -> Vec<wgpu::Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    instance.enumerate_adapters(wgpu::Backends::all()).await
}

/// Every adapter of this machine, with what became of its self-test.
pub fn list_adapters() -> Vec<(AdapterSummary, Result<()>)> {
    let test = |adapter: &wgpu::Adapter| pollster::block_on(Context::with_adapter(adapter)).map(|_| ());
    pollster::block_on(adapters()).iter().map(|adapter| (AdapterSummary::of(adapter), test(adapter))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// wgpu's `noop` device computes nothing: that is found out, and named.
    #[test]
    fn a_driver_that_computes_nothing_fails_the_self_test() {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::NOOP;
        descriptor.backend_options.noop.enable = true;
        let instance = wgpu::Instance::new(descriptor);
        let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::NOOP));
        let error = pollster::block_on(Context::with_adapter(&adapters[0])).expect_err("it must be refused");
        assert!(matches!(&error, Error::GpuSelfTest { problem, .. } if problem.starts_with("output ")), "{error}");
    }
}
