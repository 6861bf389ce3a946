//! What judges polyphase, for the library's tests, the program's, and the fuzz targets.
//!
//! - [`oracle`]: the definition, evaluated directly in float64, sharing no line with the library.
//! - [`compare`]: the tolerances and the comparison that applies them.
//! - [`signals`]: noise and tones.
//! - [`fuzzed`]: the library's entry points, called with options, rates and clips made of any bytes.
//! - [`seeds`]: the inputs that the fuzz targets start from, and mutations of them.
//! - [`skips`]: tests that lack something to run on.

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
