//! Tables of the shaders: plain data, computed and tested without a device.

pub(crate) mod abi;
pub(crate) mod banded;
pub(crate) mod bank;
#[cfg(test)]
mod browser;
pub(crate) mod cache;
#[cfg(test)]
pub(in crate::gpu) mod compilers;
mod phase_taps;
pub(crate) mod placed;
pub(crate) mod shader;
pub(crate) mod tables;
pub(crate) mod tile;
#[cfg(test)]
mod traffic;
