//! The integration tests, in one binary.
//!
//! - `oracle`: the definition, evaluated directly in float64, sharing no line with the crate; proved on analytic cases.
//! - `compare`: the tolerances, in one table, and the comparison with its negative controls.
//! - `golden`: stored inputs and outputs, and the audio resampling tutorial's figures.
//! - `exhaustive`: every small ratio, length and width against the oracle.
//! - `exact`: what must be equal in every bit.
//! - `streaming`: any chunking, in memory laid out beforehand.
//! - `interpolated`: ratios with too many phases: the error and the cost of the interpolated bank.
//! - `edges`: padding, output lengths, normalised phases, ranges from pieces.
//! - `adjoint`: the transpose, as a gradient.
//! - `samples`: integers, halves, complex numbers; rates that are not integers.
//! - `memory`: what calls allocate.
//! - `lengths`, `nonfinite`, `refusals`, `presets`: exact lengths, NaN and infinities, bad input, names and options.
//! - `response`: what a filter does by its coefficients, against tones that are resampled and measured.
//! - `gpu`: the GPU path; a missing adapter is said, and fails with `POLYPHASE_REQUIRE_GPU=1`.
//! - `cli`: the program, run on real files, and its page in a browser; a missing Chromium is said, and fails with
//!   `POLYPHASE_REQUIRE_BROWSER=1`.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a panic is how a test fails, and equal means equal")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "the sizes here are small"
)]

mod adjoint;
#[cfg(feature = "cli")]
mod cli;
mod compare;
mod edges;
mod exact;
mod exhaustive;
#[expect(unreachable_pub, reason = "public in the crate that fuzzes it")]
mod fuzzed;
mod golden;
#[cfg(feature = "gpu")]
mod gpu;
mod interpolated;
mod lengths;
mod memory;
mod nonfinite;
mod oracle;
mod presets;
mod refusals;
mod response;
mod samples;
mod signals;
mod streaming;
