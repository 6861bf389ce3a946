//! [`ResamplerBuilder`]: the settings of a [`Resampler`](crate::Resampler).

use super::backend::Backend;
use crate::cpu::CpuResampler;

/// Settings of a [`Resampler`](crate::Resampler). [`Resampler::builder`](crate::Resampler::builder) begins with the
/// defaults.
///
/// ```
/// use polyphase::{Backend, CpuResampler, Plan, Preset, Resampler};
///
/// let auto = Resampler::builder().backend(Backend::Cpu).cpu(CpuResampler::new().with_threads(1)).build()?;
/// let plan = Plan::new(48_000, 16_000, Preset::High)?;
/// assert_eq!(auto.resample(&plan, &[0.25_f32; 4800])?.len(), 1600);
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ResamplerBuilder {
    pub(super) backend: Option<Backend>,
    pub(super) adapter: Option<String>,
    pub(super) allow_software: bool,
    pub(super) device: Option<(wgpu::Device, wgpu::Queue)>,
    pub(super) cpu: CpuResampler,
}

impl ResamplerBuilder {
    /// Sets the backend. Default: the one that the environment variable [`BACKEND_VARIABLE`](crate::BACKEND_VARIABLE)
    /// names, else [`Backend::Auto`].
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Sets the adapter to open. Default: the one that the environment variable
    /// [`ADAPTER_VARIABLE`](crate::ADAPTER_VARIABLE) names, else the first adapter of the first
    /// [`AdapterKind`](crate::AdapterKind) of which there is one.
    ///
    /// | `adapter` | example |
    /// |---|---|
    /// | a part of the name, in upper or lower case | `H100` |
    /// | the index in [`list_adapters`](crate::list_adapters) | `1` |
    /// | the address on the PCI bus | `0000:65:00.0` |
    /// | vendor and device in hexadecimal | `10de:2330` |
    ///
    /// Of several adapters that match, the first of the best kind is opened.
    pub fn adapter(mut self, adapter: impl Into<String>) -> Self {
        self.adapter = Some(adapter.into());
        self
    }

    /// Accepts adapters that compute in software, with [`Backend::Gpu`]. They are correct, but slower than the CPU path.
    /// Default: false.
    pub fn allow_software(mut self, allow: bool) -> Self {
        self.allow_software = allow;
        self
    }

    /// Computes on a device of the caller's. No adapter is opened then, and no callback is installed on the device.
    ///
    /// ```no_run
    /// use polyphase::{Backend, Resampler, wgpu};
    ///
    /// fn on_my_device(device: wgpu::Device, queue: wgpu::Queue) -> polyphase::Result<Resampler> {
    ///     Resampler::builder().backend(Backend::Gpu).on(device, queue).build()
    /// }
    /// let by_name = Resampler::builder().backend(Backend::Auto).adapter("H100").build()?;
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn on(mut self, device: wgpu::Device, queue: wgpu::Queue) -> Self {
        self.device = Some((device, queue));
        self
    }

    /// Sets the threads and the SIMD level for clips that the CPU computes. Default: [`CpuResampler::new`].
    pub fn cpu(mut self, cpu: CpuResampler) -> Self {
        self.cpu = cpu;
        self
    }
}
