//! [`GpuResampler`]: resampling on the caller's device.
//!
//! From the bottom up: `layout` (the tables of the shaders, as plain data), `device` (adapters, buffers, errors,
//! waiting), `pipelines`, `residents` (banks on the device), `resampler`, `clip`, `tensor`, `job_tables` and `job`
//! (prepared jobs on the caller's buffers), `kernel_source` (jobs as data), `host` (batches from host memory), `context`
//! (devices that polyphase opens itself) and `speed` (their measurement).

mod clip;
mod context;
mod device;
#[cfg(any(test, fuzzing))]
#[allow(unreachable_pub, reason = "public where it is fuzzed")]
pub mod fuzzed;
mod host;
mod job;
mod job_options;
mod job_tables;
mod kernel_source;
mod layout;
mod pipelines;
mod resampler;
mod residents;
mod speed;
mod tensor;

pub use self::clip::GpuClip;
pub(crate) use self::context::Context;
pub use self::context::test_adapter;
pub use self::device::adapters::{AdapterKind, AdapterSummary, list_adapters};
pub(crate) use self::device::clock::Clock;
#[cfg(test)]
pub(crate) use self::device::fail_points::injection::with_fault;
pub(crate) use self::host::adjoint::Adjoints;
pub(crate) use self::host::run::{Outcome, RunOptions};
pub use self::host::sample::GpuSample;
pub use self::job::Job;
pub use self::job_options::JobOptions;
pub use self::kernel_source::{KernelSource, KernelSources};
pub(crate) use self::layout::cache::BankCache;
pub use self::layout::shader::{GpuKernel, SampleFormat};
pub use self::resampler::GpuResampler;
pub(crate) use self::speed::GpuSpeed;
pub use self::tensor::GpuTensor;
