//! The integration tests, in one binary.
//!
//! - `oracle`: the definition, evaluated directly in float64, sharing no line with the crate; proved on analytic cases.
//! - `compare`: the tolerances, in one table, and the comparison with its negative controls.
//! - `golden`: stored inputs and outputs, and the audio resampling tutorial's figures.
//! - `exhaustive`: every small ratio, length and width against the oracle.
//! - `exact`: what must be equal in every bit.
//! - `memory`: what calls allocate.
//! - `lengths`, `nonfinite`, `refusals`, `presets`: exact lengths, NaN and infinities, bad input, names and options.
//! - `response`: what a filter does by its coefficients, against tones that are resampled and measured.
//! - `gpu`: the GPU path; a missing adapter is said, and fails with `POLYPHASE_REQUIRE_GPU=1`.
//! - `cli`: the program, run on real files.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a panic is how a test fails, and equal means equal")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "the sizes here are small"
)]

#[cfg(feature = "cli")]
mod cli;
mod compare;
mod exact;
mod exhaustive;
mod golden;
#[cfg(feature = "gpu")]
mod gpu;
mod lengths;
mod memory;
mod nonfinite;
mod oracle;
mod presets;
mod refusals;
mod response;
mod signals;
