//! What is refused, and what happens when a device is lost.

#[cfg(feature = "wgpu")]
use std::{panic::catch_unwind, sync::mpsc::channel, thread, time::Duration};

use burn::tensor::Tensor;
#[cfg(feature = "wgpu")]
use burn::{backend::wgpu::WgpuSetup, tensor::Device};
#[cfg(feature = "wgpu")]
use polyphase::wgpu;
use polyphase::{OutputLength, Padding, Plan, Preset, Ratio};

use super::devices;
#[cfg(feature = "wgpu")]
use super::{gpu, samples, tensor};
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

/// A plan whose transpose exceeds its limit is refused for tensors that track gradients, and for no others, with padding
/// too, whose adjoint runs on the CPU.
#[cfg(feature = "autodiff")]
#[test]
fn plans_without_an_adjoint_are_refused_where_gradients_are_tracked() {
    // The plan interpolates between few phases of few taps. Its transpose has one phase, of twelve thousand taps.
    let plan = (10_000..60_000)
        .step_by(1000)
        .filter_map(|limit| Plan::new(1, 1001, Preset::Default.options().max_filter_bytes(limit)).ok())
        .find(|plan| polyphase::GpuClip::adjoint(plan, 0, 1, 0).is_err())
        .unwrap();
    let padded = Plan::with_ratio(plan.ratio(), plan.options().padding(Padding::Edge)).unwrap();
    // Positions of the transpose of this one do not fit in 64 bits.
    let ratio = Ratio::new(u64::MAX, u64::MAX - 1).unwrap();
    let largest = Plan::with_ratio(ratio, Preset::Default.options().padding(Padding::Edge)).unwrap();
    for device in devices() {
        for plan in [&plan, &padded, &largest] {
            assert!(try_resample(Tensor::<1>::zeros([100], &device), plan).is_ok());
            let refused = try_resample(Tensor::<1>::zeros([100], &device.clone().autodiff()), plan).unwrap_err();
            let Error::Resample(refused) = refused else { panic!("{refused}") };
            let is_right = if plan == &largest {
                matches!(refused, polyphase::Error::PaddedAdjoint { .. })
            } else {
                matches!(refused, polyphase::Error::FilterTooLarge { .. })
            };
            assert!(is_right, "{refused}");
        }
    }
}

/// What is resampled on a lost device fails where it is read, as burn's own operations do, and does not wait for ever.
#[cfg(feature = "wgpu")]
#[test]
fn a_lost_device_fails_the_read() {
    let Some((_, WgpuSetup { instance, adapter, backend, .. })) = gpu() else { return };
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default())).unwrap();
    let setup = WgpuSetup { instance, adapter, device: device.clone(), queue, backend };
    let burns = Device::wgpu_options().setup(setup).init().unwrap();
    let plan = Plan::new(48_000, 16_000, Preset::Default).unwrap();
    assert_eq!(samples(resample(tensor(&[0.0; 480], [480], &burns), &plan)), [0.0; 160]);

    let (reads, finished) = channel();
    thread::spawn(move || {
        let clip = tensor(&[0.5; 480], [480], &burns);
        device.destroy();
        let read = catch_unwind(move || resample(clip, &plan).try_into_data().map_err(|error| error.to_string()));
        reads.send(read.is_ok_and(|read| read.is_ok())).unwrap();
    });
    let succeeded = finished.recv_timeout(Duration::from_secs(60)).expect("a read on a lost device ends");
    assert!(!succeeded, "samples were read from a lost device");
}
