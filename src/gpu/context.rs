//! [`Context`]: a device with its resampler, tested before its first use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::device::adapters::{AdapterSummary, Opened, adapters, choose, open};
use super::host::run::RunOptions;
use super::resampler::GpuResampler;
use crate::alloc::zeroed;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::filter::on_demand::OnDemandTaps;
use crate::options::ResampleOptions;
use crate::plan::Plan;

/// A tested device with its resampler.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) gpu: GpuResampler,
    pub(crate) summary: AdapterSummary,
    lost: Arc<AtomicBool>,
}

impl Context {
    /// Opens an adapter and tests it: the first of the best kind, or the `adapter` that is named as
    /// [`ResamplerBuilder::adapter`](crate::ResamplerBuilder::adapter) describes.
    ///
    /// # Errors
    /// [`Error::NoGpu`] if there is no such adapter, or it is a software adapter and those are not allowed;
    /// [`Error::GpuSelfTest`].
    pub(crate) async fn open(allow_software: bool, adapter: Option<&str>) -> Result<Self> {
        let adapters = adapters().await;
        let summaries: Vec<_> = adapters.iter().map(AdapterSummary::of).collect();
        Self::with_adapter(&adapters[choose(&summaries, allow_software, adapter)?]).await
    }

    /// Opens an adapter and tests it.
    async fn with_adapter(adapter: &wgpu::Adapter) -> Result<Self> {
        let Opened { device, queue, lost } = open(adapter).await?;
        Self::tested(&device, &queue, AdapterSummary::of(adapter), lost).await
    }

    /// Tests a device of the caller's. No callback is installed on it: a loss is noticed by the calls that fail.
    ///
    /// # Errors
    /// Those of [`GpuResampler::new`], [`Error::GpuSelfTest`].
    pub(crate) async fn with_device(device: wgpu::Device, queue: wgpu::Queue) -> Result<Self> {
        let summary = AdapterSummary::new(device.adapter_info(), &device.limits());
        Self::tested(&device, &queue, summary, Arc::default()).await
    }

    async fn tested(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        summary: AdapterSummary,
        lost: Arc<AtomicBool>,
    ) -> Result<Self> {
        let gpu = GpuResampler::new(device, queue)?;
        self_test(&gpu, &summary.name).await?;
        Ok(Self { gpu, summary, lost })
    }

    /// True once the device was lost, or given up.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Treats the device as lost from now on.
    pub(crate) fn give_up(&self) {
        self.lost.store(true, Ordering::Release);
    }
}

/// Opens the adapter with this index in [`list_adapters`](crate::list_adapters), and compares its results with the
/// definition in float64. This takes up to some seconds, most of which the driver needs to compile a shader.
///
/// ```no_run
/// for (index, adapter) in polyphase::list_adapters().iter().enumerate() {
///     match polyphase::test_adapter(index) {
///         Ok(()) => println!("{adapter}: passed"),
///         Err(error) => println!("{adapter}: {error}"),
///     }
/// }
/// ```
///
/// # Errors
/// [`Error::GpuSelfTest`] if it computes wrong results, [`Error::NoGpu`] if it cannot be opened or there is no such
/// index, and those of [`GpuResampler::new`].
pub fn test_adapter(index: usize) -> Result<()> {
    pollster::block_on(async {
        let adapters = adapters().await;
        let reason = || format!("adapter {index} does not exist, there are {}", adapters.len());
        let adapter = adapters.get(index).ok_or_else(|| Error::NoGpu { reason: reason(), software: None })?;
        Context::with_adapter(adapter).await.map(drop)
    })
}

/// Resamples an impulse, a constant and noise, in several tiles, and compares them with the definition: a guard against
/// broken drivers.
async fn self_test(gpu: &GpuResampler, adapter: &str) -> Result<()> {
    let plan = Plan::new(3, 2, ResampleOptions::default())?;
    let mut impulse = [0.0_f32; 500];
    impulse[250] = 1.0;
    // Noise from a quadratic congruential sequence.
    let noise: Vec<f32> = (0..5000_u32).map(|i| (i * (7 * i + 3) % 1021) as f32 / 510.5 - 1.0).collect();
    let mut batch = Batch::new();
    batch.push(&plan, &impulse);
    batch.push(&plan, &[0.5; 700]);
    batch.push(&plan, &noise);
    let mut outputs: Vec<Vec<f32>> =
        batch.iter().map(|(plan, clip)| zeroed(plan.output_len(clip.len()))).collect::<Result<_>>()?;
    let mut slices: Vec<_> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    // One thread copies: the pool may be busy, or its threads gone in a process that was forked.
    let options = RunOptions { threads: 1, skips_not_finite: false };
    gpu.run_batch(&batch, &mut slices, options).await.result?;
    for (actual, (plan, clip)) in outputs.iter().zip(batch.iter()) {
        for (n, &y) in actual.iter().enumerate() {
            let expected = exact_output(plan, clip, n as u64);
            let is_close = (f64::from(y) - expected).abs() < 2e-6;
            if !is_close {
                let problem = format!("output {n} is {y}, not {expected}");
                return Err(Error::GpuSelfTest { adapter: adapter.to_owned(), problem });
            }
        }
    }
    Ok(())
}

/// Output `n` in float64, from taps designed for it alone.
fn exact_output(plan: &Plan, clip: &[f32], n: u64) -> f64 {
    let sample =
        |position: i64| usize::try_from(position).ok().and_then(|i| clip.get(i)).map_or(0.0, |&x| f64::from(x));
    let positions = plan.shape().window(n);
    OnDemandTaps::new(plan.shape()).taps(n).iter().zip(positions).map(|(tap, position)| tap * sample(position)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_fails_the_self_test(context: Result<Context>) {
        let error = context.expect_err("it must be refused");
        assert!(matches!(&error, Error::GpuSelfTest { problem, .. } if problem.starts_with("output ")), "{error}");
    }

    /// The self-test notices that wgpu's `noop` device computes nothing, whether polyphase or the caller opened it.
    #[test]
    fn a_driver_that_computes_nothing_fails_the_self_test() {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::NOOP;
        descriptor.backend_options.noop.enable = true;
        let instance = wgpu::Instance::new(descriptor);
        let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::NOOP));
        assert_fails_the_self_test(pollster::block_on(Context::with_adapter(&adapters[0])));
        let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor::default());
        assert_fails_the_self_test(pollster::block_on(Context::with_device(device, queue)));
    }

    #[test]
    fn unknown_adapters_are_refused() {
        let error = test_adapter(usize::MAX).expect_err("there is no such adapter");
        assert!(matches!(error, Error::NoGpu { .. }), "{error}");
        let error = pollster::block_on(Context::open(true, Some("no such adapter"))).expect_err("there is none");
        assert!(matches!(error, Error::NoGpu { .. }), "{error}");
    }
}
