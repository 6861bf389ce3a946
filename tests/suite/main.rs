//! The integration tests, in one binary.
//!
//! The crate `polyphase_checks` in `tests/checks` holds the oracle, which evaluates the definition directly and shares
//! no line with the library, and the comparison with its tolerances. The crate tests both: the oracle on analytic
//! cases, the comparison on outputs of broken resamplers. The program has a suite of its own, `cli/tests/suite`.
//!
//! - `golden`: stored inputs and outputs, and the audio resampling tutorial's figures.
//! - `exhaustive`: every small ratio, length and width against the oracle.
//! - `exact`: results that must be bit-identical. `exact_kernels`: the bits of an output do not depend on its place.
//! - `streaming`: any chunking, in memory that is allocated in advance.
//! - `real_time`: streams into slices, which allocate nothing on any thread after a warm-up.
//! - `interleaved`, `twins`: interleaved channels; methods that fill the caller's buffer.
//! - `interpolated`: ratios with too many phases: the error and the cost of the interpolated bank.
//! - `edges`: padding, output lengths, normalised phases, ranges from excerpts.
//! - `adjoint`: the adjoint, as a gradient.
//! - `samples`: integers, halves, complex numbers; rates that are not integers.
//! - `memory`: memory that calls allocate.
//! - `lengths`, `nonfinite`, `refusals`, `presets`: exact lengths, NaN and infinities, invalid input, names and
//!   options.
//! - `response`: the response computed from the coefficients, against measurements of resampled tones.
//! - `fuzzed`: options, rates, clips, chunks, ranges, tensors and gradients from stored and random bytes. The part of
//!   the GPU path that needs no device is tested in the same way in `src/gpu/fuzzed.rs`.
//! - `load`: many threads at once, and many calls in a row, during which memory does not grow.
//! - `gpu`: the GPU path. Without an adapter, its tests are reported as skipped, or fail with
//!   `POLYPHASE_REQUIRE_GPU=1`.
//!
//! # Risks and their tests
//!
//! Paths are those of modules here; paths that begin with `src` are those of unit tests.
//!
//! | signals and parameters | tests |
//! |---|---|
//! | empty clips, no clips, one sample, clips shorter than the filter | `refusals::empty_inputs_give_empty_outputs`, `exhaustive`, `edges::output_lengths_hold_for_empty_clips_batches_and_tensors`, `fuzzed` |
//! | rates of 0, options outside their range | `refusals::rates_of_zero`, `refusals::options_outside_their_range`, `fuzzed::plans_from_arbitrary_bytes` |
//! | huge and coprime rates in bounded memory | `interpolated::forged_rates_cost_no_more_than_the_clip`, `refusals::filters_beyond_the_byte_limit_report_their_size`, `fuzzed::plans_from_arbitrary_bytes` |
//! | ratios and widths beyond the limits | `refusals::ratios_beyond_the_limit`, `refusals::options_outside_their_range` |
//! | lengths of 2^24 … 2^63 | `lengths`, `fuzzed::plans_from_arbitrary_bytes`; on the GPU `gpu::edges::outputs_far_beyond_the_clip_are_silence`, `gpu::interpolated::long_clips_are_cut_at_exact_positions` |
//! | NaN and infinities | `nonfinite`, `exact::streams_with_nan_equal_the_whole`, `gpu::batches::clips_that_are_not_finite_are_refused`, `gpu::backends::batches_are_complete_and_right` |
//! | windows that contain no sample | `edges::windows_without_samples_give_silence` |
//! | buffers of the wrong length, offsets out of order | `refusals::output_buffers_of_the_wrong_length`, `refusals::batch_offsets_out_of_order` |
//! | tensors of any strides | `exact::any_axis_and_strides_equal_the_contiguous_copy`, `exact::broadcast_and_dynamic_tensors`, `fuzzed::tensors_from_arbitrary_bytes`, `gpu::batches::tensors_of_any_strides` |
//! | 16-bit integers and halves: scaled, rounded, clamped, counted | `samples`, `gpu::samples`, `src/cpu/sample.rs` |
//! | thousands of pairs of rates, hundreds of clips, and fifty times as many with `POLYPHASE_LOAD=50`; eight threads | `load`, `gpu::load`, `src/plan/cache.rs` |
//!
//! | the GPU | tests |
//! |---|---|
//! | a device that is lost, or computes nothing | `gpu::batches::a_lost_device_is_an_error`, `gpu::backends::a_lost_device_loses_no_outputs`, `gpu::limits::a_driver_that_computes_nothing_does_not_hang` |
//! | every call of the device that may fail, one after the other; memory that runs out | `src/auto/tests.rs`, with the faults of `src/gpu/device/fail_points.rs` |
//! | small bindings, few workgroups, any limits | `gpu::batches::clips_cut_for_small_devices_give_the_same_bits`, `gpu::limits`, `src/gpu/host/pieces.rs`, `src/gpu/fuzzed.rs` |
//! | software adapters; drivers that compute nothing | `gpu::backends::software_adapters_are_not_chosen`; the self-test, in `src/gpu/context.rs` |
//! | buffers of the caller | `gpu::limits::unusable_buffers_are_refused_with_the_reason` |
//! | pipelines and buffers made by many threads at once | `gpu::load::eight_threads_share_a_resampler_from_its_first_use` |
//!
//! Not tested: a device that is reset by its watchdog; the drivers of Metal and DX12, and drivers that no machine has
//! had on which the suite was run.

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
mod exact_kernels;
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
