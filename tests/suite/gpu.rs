//! The GPU path against the CPU, the golden files and itself, on the first adapter of the machine. CI requires one.

mod adjoint;
mod backends;
mod batches;
pub(crate) mod device;
mod edges;
mod formats;
mod interpolated;
mod jobs;
mod kernel_sources;
mod kernels;
mod limits;
mod load;
mod memory;
mod samples;
