//! The filter, from the two rates to the taps that the kernels read.
//!
//! [`ratio`](self::ratio) reduces the rates; [`shape`](self::shape) says in integers which taps there are;
//! [`sinc`](self::sinc) evaluates the windowed sinc. The taps are then laid out in one of four ways:
//!
//! | file | taps | read by |
//! |---|---|---|
//! | `bank` | of every phase, in float64 or float32 | the float64 kernel, the GPU tables |
//! | `blocks` | of every phase, sixteen outputs side by side, in float32 | the float32 kernels |
//! | `interpolated` | of evenly spaced phases, with a cubic between them | the kernel for ratios with too many phases |
//! | `on_demand` | of one output, computed when it is asked for | short ranges, checks |

pub(crate) mod bank;
pub(crate) mod blocks;
pub(crate) mod coefficient;
pub(crate) mod interpolated;
pub(crate) mod on_demand;
pub(crate) mod prototype;
pub(crate) mod ratio;
pub(crate) mod shape;
pub(crate) mod sinc;
