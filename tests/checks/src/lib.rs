//! Oracle, tolerances and fuzz targets that the tests of the library, the tests of the program and `fuzz` share.
//!
//! - [`oracle`]: the definition, evaluated directly in float64, sharing no line with the library.
//! - [`compare`]: the tolerances and the comparison that applies them.
//! - [`signals`]: noise and tones.
//! - [`fuzzed`]: fuzz targets, which call the library with options, rates and clips made from arbitrary bytes.
//! - [`seeds`]: the stored inputs of the fuzz targets, and mutations of them.
//! - [`skips`]: reports and counts tests that cannot run, for lack of a GPU, a browser or the like.

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
