//! The filter, from the two rates to the taps that the kernels read.
//!
//! [`ratio`](self::ratio) reduces the rates; [`shape`](self::shape) finds the window of each output in integers;
//! [`sinc`](self::sinc) evaluates the windowed sinc; [`prototype`](self::prototype) shares its values among the phases.
//! The taps are laid out in one of four ways:
//!
//! | file | taps | read by |
//! |---|---|---|
//! | `bank` | of every phase, one after the other | the GPU tables |
//! | `blocks` | of every phase, sixteen outputs side by side, in float32 or float64 | the CPU kernels for few and many periods |
//! | `interpolated` | of evenly spaced phases, with a cubic between them | kernels for ratios with too many phases |
//! | `on_demand` | of single outputs, computed when they are needed | the plain float64 kernel, large banks, checks |
//!
//! [`bands`](self::bands) and [`segments`](self::segments) divide a block's outputs and samples.

pub(crate) mod bands;
#[cfg(feature = "gpu")]
pub(crate) mod bank;
pub(crate) mod blocks;
pub(crate) mod coefficient;
pub(crate) mod interpolated;
pub(crate) mod on_demand;
pub(crate) mod prototype;
pub(crate) mod ratio;
pub(crate) mod segments;
pub(crate) mod shape;
pub(crate) mod sinc;
