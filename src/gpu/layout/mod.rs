//! Tables of the shaders: plain data, computed and tested without a device.

pub(crate) mod abi;
pub(crate) mod bank;
pub(crate) mod cache;
pub(crate) mod placed;
pub(crate) mod shader;
pub(crate) mod tables;
pub(crate) mod tile;
#[cfg(test)]
mod traffic;
