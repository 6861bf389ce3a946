//! The device: opening one, its errors, and waiting for it.

pub(crate) mod context;
pub(crate) mod errors;
pub(crate) mod fail_points;
pub(crate) mod wait;
