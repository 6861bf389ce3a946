//! The integration tests, in one binary.
//!
//! What judges the results is the crate `polyphase_checks`, in `tests/checks`: an oracle that evaluates the definition directly
//! and shares no line with the library, and the comparison, with its tolerances in one table. That crate tests both: the oracle
//! on analytic cases, the comparison on what broken resamplers would give. The program has a suite of its own, `cli/tests/suite`.
//!
//! - `golden`: stored inputs and outputs, and the audio resampling tutorial's figures.
//! - `exhaustive`: every small ratio, length and width against the oracle.
//! - `exact`: what must be equal in every bit.
//! - `streaming`: any chunking, in memory laid out beforehand.
//! - `real_time`: streams with slices, which allocate nothing on any thread once they are warmed up.
//! - `interleaved`, `twins`: interleaved channels; the methods that fill the caller's buffer.
//! - `interpolated`: ratios with too many phases: the error and the cost of the interpolated bank.
//! - `edges`: padding, output lengths, normalised phases, ranges from excerpts.
//! - `adjoint`: the transpose, as a gradient.
//! - `samples`: integers, halves, complex numbers; rates that are not integers.
//! - `memory`: what calls allocate.
//! - `lengths`, `nonfinite`, `refusals`, `presets`: exact lengths, NaN and infinities, bad input, names and options.
//! - `response`: what a filter does by its coefficients, against tones that are resampled and measured.
//! - `fuzzed`: options, rates, clips, chunks, ranges, tensors and gradients of any kind, found by fuzzing or at random (what
//!   the GPU path does before it asks a device: `src/gpu/fuzzed.rs`).
//! - `load`: many threads at once, and calls without end in memory that stays flat.
//! - `gpu`: the GPU path; a missing adapter is said, and fails with `POLYPHASE_REQUIRE_GPU=1`.
//!
//! # What can go wrong, and where it is tested
//!
//! Paths are of modules here; those that begin with `src` are of tests beside the code.
//!
//! | signals and parameters | tests |
//! |---|---|
//! | empty clips, no clips, one sample, clips shorter than the filter | `refusals::nothing_in_nothing_out`, `exhaustive`, `edges::output_lengths_hold_for_empty_clips_batches_and_tensors`, `fuzzed` |
//! | rates of 0, options outside their range | `refusals::rates_of_zero`, `refusals::options_outside_their_range`, `fuzzed::plans_of_anything` |
//! | huge and coprime rates in bounded memory | `interpolated::hostile_rates_cost_what_the_clip_costs`, `refusals::filters_beyond_the_byte_budget_say_how_large_they_would_be`, `fuzzed::plans_of_anything` |
//! | ratios and widths beyond the limits | `refusals::ratios_beyond_the_limit`, `refusals::options_outside_their_range` |
//! | lengths about 2^24 … 2^63 | `lengths`, `fuzzed::plans_of_anything`; on the GPU `gpu::edges::outputs_far_beyond_the_clip_are_silence`, `gpu::interpolated::long_clips_are_cut_and_stay_where_they_are` |
//! | NaN and infinities | `nonfinite`, `exact::streams_equal_the_whole_with_nan_in_it`, `gpu::batches::clips_that_are_not_numbers_are_refused`, `gpu::backends::batches_are_complete_and_right` |
//! | windows that hold no sample | `edges::windows_without_samples_give_silence` |
//! | buffers of the wrong length, offsets out of order | `refusals::output_buffers_of_the_wrong_length`, `refusals::batch_offsets_out_of_order` |
//! | tensors of any strides | `exact::any_axis_and_strides_equal_the_contiguous_copy`, `exact::broadcast_and_dynamic_tensors`, `fuzzed::tensors_of_anything`, `gpu::batches::tensors_of_any_strides` |
//! | 16-bit integers and halves: scaled, rounded, clamped, counted | `samples`, `gpu::samples`, `src/cpu/sample.rs` |
//! | thousands of pairs of rates, hundreds of clips, and fifty times as many with `POLYPHASE_LOAD=50`; eight threads | `load`, `gpu::load`, `src/plan/cache.rs` |
//!
//! | the GPU | tests |
//! |---|---|
//! | a device that is lost, or computes nothing | `gpu::batches::a_device_that_goes_is_an_error`, `gpu::backends::a_device_that_goes_loses_nothing`, `gpu::limits::a_driver_that_computes_nothing_is_no_hang` |
//! | every call of the device that may fail, one after the other; memory that runs out | `src/auto.rs`, with the faults of `src/gpu/device/fail_points.rs` |
//! | small bindings, few workgroups, any limits | `gpu::batches::small_devices_cut_clips_and_change_nothing`, `gpu::limits`, `src/gpu/host/pieces.rs`, `src/gpu/fuzzed.rs` |
//! | software adapters are not chosen; a broken driver is found by the self-test | `gpu::backends::software_adapters_are_not_chosen`; that silence fails it, `src/gpu/device/context.rs` |
//! | foreign buffers | `gpu::limits::buffers_that_cannot_be_used_are_named_with_what_is_wrong` |
//! | pipelines and buffers made by many threads at once | `gpu::load::eight_threads_share_a_resampler_from_its_first_use` |
//!
//! Not tested: a device reset by its watchdog; the drivers of Metal and DX12, and any that none of the machines has on which the
//! suite was run.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a panic is how a test fails, and equal means equal")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "the sizes here are small"
)]

mod adjoint;
mod edges;
mod exact;
mod exhaustive;
mod fuzzed;
mod golden;
#[cfg(feature = "gpu")]
mod gpu;
mod interleaved;
mod interpolated;
mod lengths;
mod load;
mod memory;
mod nonfinite;
mod presets;
mod real_time;
mod refusals;
mod response;
mod samples;
mod streaming;
mod twins;

use polyphase_checks::{compare, oracle, signals};
