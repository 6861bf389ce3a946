//! Runs on wgpu's `noop` device, which computes zeros: buffers, progress, and the treatment of clips.

use super::pieces::ClipWork;
use super::run::{Outcome, RunOptions};
use super::slices;
use crate::batch::Batch;
use crate::clamped::Clamped;
use crate::error::Error;
use crate::gpu::GpuResampler;
use crate::gpu::device::buffers::created;
use crate::gpu::device::fail_points::injection::with_fault;
use crate::options::Preset;
use crate::plan::Plan;

/// Resampler on a `noop` device that cuts batches into pieces of at most 64 KiB.
fn gpu() -> GpuResampler {
    let required_limits =
        wgpu::Limits { max_storage_buffer_binding_size: 1 << 16, max_buffer_size: 1 << 20, ..Default::default() };
    let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor { required_limits, ..Default::default() });
    GpuResampler::new(&device, &queue).expect("a device")
}

fn plan() -> Plan {
    Plan::new(3, 2, Preset::Default.options()).expect("a plan")
}

/// Runs a batch into a buffer that holds ones. Returns the buffer too.
fn run(gpu: &GpuResampler, batch: &Batch<'_, f32>, options: RunOptions) -> (Outcome, Vec<f32>) {
    let offsets = batch.output_offsets();
    let mut output = vec![1.0; offsets.last().copied().unwrap_or(0)];
    let outcome = pollster::block_on(gpu.run_batch(batch, &mut slices(&mut output, &offsets), options));
    (outcome, output)
}

#[test]
fn a_second_call_makes_no_buffer() {
    let (gpu, plan) = (gpu(), plan());
    let small = [0.5_f32; 100];
    let small: Batch<'_, f32> = [(&plan, &small[..])].into_iter().collect();
    let clips: Vec<_> = (0..100).map(|len| vec![0.5_f32; 100 * len]).collect();
    let floats: Batch<'_, f32> = clips.iter().map(|clip| (&plan, &clip[..])).collect();
    let clips: Vec<_> = (0..100).map(|len| vec![1_i16; 100 * len]).collect();
    let integers: Batch<'_, i16> = clips.iter().map(|clip| (&plan, &clip[..])).collect();
    let call = || {
        gpu.resample_batch(&small).expect("resampled");
        gpu.resample_batch(&floats).expect("resampled");
        gpu.resample_batch(&integers).expect("resampled");
    };
    let ((), first) = created::during(call);
    assert!(first > 6, "{first}");
    assert_eq!(created::during(call), ((), 0));
}

#[test]
fn clips_that_are_not_finite_are_skipped_or_refused() {
    let (gpu, plan) = (gpu(), plan());
    let mut clips = vec![vec![0.5_f32; 50_000]; 4];
    clips[1][30_000] = f32::NAN;
    clips[3][49_999] = f32::INFINITY;
    let batch: Batch<'_, f32> = clips.iter().map(|clip| (&plan, &clip[..])).collect();
    for threads in [1, 4] {
        let (outcome, _) = run(&gpu, &batch, RunOptions { threads, skips_not_finite: true });
        assert_eq!((outcome.result, outcome.complete), (Ok(()), 4));
        assert_eq!(outcome.not_finite, [false, true, false, true]);
        let (outcome, _) = run(&gpu, &batch, RunOptions { threads, skips_not_finite: false });
        assert_eq!(outcome.result, Err(Error::GpuNotFinite { clip: 1 }));
    }
}

/// Outputs beyond the reach of their clip are zero, whatever the buffer held, and nothing is written between clips.
#[test]
fn outputs_that_are_not_computed_are_zero() {
    let (gpu, plan) = (gpu(), Plan::new(2, 1, Preset::Default.options()).expect("a plan"));
    let clips = [100, 0, 30_000].map(|len| vec![0.5_f32; len]);
    let inputs: Vec<_> = clips.iter().map(Vec::as_slice).collect();
    let works: Vec<_> = clips.iter().map(|clip| ClipWork::new(&plan, 1, clip.len(), 0, 0, 20_000)).collect();
    assert!(works.iter().all(|work| work.output_len() < 20_000));
    // In any order, with gaps.
    let mut output = vec![1.0_f32; 4 * 20_000];
    let mut places: Vec<_> = output.chunks_mut(20_000).collect();
    let (last, first, second) = (places.remove(0), places.remove(1), places.remove(1));
    let mut outputs = [first, second, last];
    let outcome = pollster::block_on(gpu.run_clips(&inputs, &works, &mut outputs, RunOptions::default()));
    assert_eq!((outcome.result, outcome.complete), (Ok(()), 3));
    let (gap, written): (Vec<_>, Vec<_>) = output.iter().enumerate().partition(|(i, _)| i / 20_000 == 1);
    assert!(gap.iter().all(|&(_, &y)| y == 1.0));
    assert!(written.iter().all(|&(_, &y)| y == 0.0));
}

/// Pieces that were read count only if the device is found not to be lost after the last of them.
#[test]
fn clips_are_complete_only_after_the_last_check() {
    let (gpu, plan) = (gpu(), plan());
    let clips = vec![vec![0.5_f32; 20_000]; 10];
    let batch: Batch<'_, f32> = clips.iter().map(|clip| (&plan, &clip[..])).collect();
    let mut complete = Vec::new();
    loop {
        // All buffers are there, so that each run makes the same calls.
        assert_eq!(run(&gpu, &batch, RunOptions::default()).0.result, Ok(()));
        let fault = Error::GpuLost { reason: "injected".to_owned() };
        let calls = u32::try_from(complete.len()).expect("few calls");
        let ((outcome, _), came) = with_fault(calls, fault.clone(), || run(&gpu, &batch, RunOptions::default()));
        if !came {
            assert_eq!((outcome.result, outcome.complete), (Ok(()), 10));
            break;
        }
        assert_eq!(outcome.result, Err(fault), "at call {calls}");
        complete.push(outcome.complete);
    }
    let (last, earlier) = complete.split_last().expect("calls");
    assert!(earlier.is_sorted() && earlier.first() == Some(&0) && earlier.last() >= Some(&8), "{complete:?}");
    assert_eq!(*last, 0, "{complete:?}");
}

#[test]
fn slices_are_those_between_offsets() {
    let mut packed = [0, 1, 2, 3, 4];
    assert_eq!(slices(&mut packed, &[0, 2, 2, 5]), [&[0, 1][..], &[], &[2, 3, 4]]);
    assert!(slices(&mut packed, &[0]).is_empty());
    let outcome = Outcome { clamped: vec![Clamped { count: 2 }; 3], ..Outcome::failed(3, Error::BatchOffsetsEmpty) };
    assert_eq!(Outcome { result: Ok(()), ..outcome }.total_clamped(), Ok(Clamped { count: 6 }));
}
