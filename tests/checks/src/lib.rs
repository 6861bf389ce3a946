//! Judges of polyphase, for the tests of the library, those of the program, and the fuzz targets.
//!
//! - [`oracle`]: the definition, evaluated directly in float64, sharing no line with the library.
//! - [`compare`]: the tolerances and the comparison that applies them.
//! - [`signals`]: noise and tones.
//! - [`fuzzed`]: the entry points of the library, called with options, rates and clips made from any bytes.
//! - [`seeds`]: the stored inputs of the fuzz targets, and mutations of them.
//! - [`skips`]: a count of tests that cannot run for want of a GPU, a browser or the like.

#![forbid(unsafe_code)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "the sizes here are small"
)]

pub mod compare;
pub mod fuzzed;
pub mod oracle;
pub mod seeds;
pub mod signals;
pub mod skips;
