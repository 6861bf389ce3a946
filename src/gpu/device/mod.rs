//! Devices: adapters, buffers, errors, and waiting for the GPU. Nothing here depends on resampling.

pub(crate) mod adapters;
pub(crate) mod buffers;
pub(crate) mod clock;
pub(crate) mod errors;
pub(crate) mod fail_points;
pub(crate) mod probe;
pub(crate) mod reports;
pub(crate) mod slots;
pub(crate) mod wait;
