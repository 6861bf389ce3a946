//! What is refused, and what happens when a device is lost.

use burn::tensor::Tensor;
use polyphase::{OutputLength, Plan, Preset};

use super::devices;
use crate::{Error, resample, try_resample};

#[test]
fn results_beyond_the_memory_are_refused() {
    let options = Preset::Default.options().output_length(OutputLength::Exact(usize::MAX / 2));
    let plan = Plan::new(3, 2, options).unwrap();
    for device in devices() {
        let refused = try_resample(Tensor::<2>::zeros([2, 10], &device), &plan).unwrap_err();
        assert!(matches!(refused, Error::Resample(polyphase::Error::OutOfMemory { bytes_per_sample: 4, .. })));
    }
}

#[test]
#[should_panic(expected = "out of memory: the output needs")]
fn the_call_without_a_result_panics_with_the_message() {
    let options = Preset::Default.options().output_length(OutputLength::Exact(usize::MAX / 2));
    let plan = Plan::new(3, 2, options).unwrap();
    let Some(device) = devices().pop() else { panic!("out of memory: the output needs a device, which is skipped") };
    resample(Tensor::<2>::zeros([2, 10], &device), &plan);
}

/// A plan whose transpose exceeds its limit is refused for tensors that track gradients, and for no others.
#[cfg(feature = "autodiff")]
#[test]
fn plans_without_an_adjoint_are_refused_where_gradients_are_tracked() {
    // The plan interpolates between few phases of few taps. Its transpose has one phase, of twelve thousand taps.
    let plan = (10_000..60_000)
        .step_by(1000)
        .filter_map(|limit| Plan::new(1, 1001, Preset::Default.options().max_filter_bytes(limit)).ok())
        .find(|plan| polyphase::GpuClip::adjoint(plan, 0, 1, 0).is_err())
        .unwrap();
    for device in devices() {
        assert!(try_resample(Tensor::<1>::zeros([100], &device), &plan).is_ok());
        let refused = try_resample(Tensor::<1>::zeros([100], &device.autodiff()), &plan).unwrap_err();
        assert!(matches!(refused, Error::Resample(polyphase::Error::FilterTooLarge { .. })), "{refused}");
    }
}
