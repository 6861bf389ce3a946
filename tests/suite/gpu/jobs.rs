//! Jobs on the caller's buffers: several in one submission, on ranges of buffers, and recorded again on other buffers.

use polyphase::{CpuResampler, GpuClip, GpuResampler, Plan, Preset, SampleFormat, wgpu};

use super::device::{device, filled, read};
use crate::signals::noise_f32;

fn close(actual: &[f32], expected: &[f32]) -> bool {
    actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, e)| (a - e).abs() < 2e-6)
}

#[test]
fn jobs_in_one_submission_do_not_disturb_each_other() {
    let Some((device, queue)) = device() else { return };
    let gpu = GpuResampler::new(&device, &queue).unwrap();
    let plans = [(48_000, 44_100), (8_000, 16_000), (5, 5), (3, 1)]
        .map(|(orig, new)| Plan::new(orig, new, Preset::KaiserFast.options()).unwrap());
    let clips: Vec<_> = (0..4).map(|seed| noise_f32(seed, 1000 + 777 * seed as usize)).collect();
    // One input buffer with a clip every 16 KiB, and output buffers with a clip every 32 KiB: multiples of any
    // alignment.
    const APART: u64 = 1 << 14;
    let mut samples = vec![f32::NAN; 4 * APART as usize / 4];
    for (clip, place) in clips.iter().zip(samples.chunks_mut(APART as usize / 4)) {
        place[..clip.len()].copy_from_slice(clip);
    }
    let input = filled(&device, &queue, bytemuck::cast_slice(&samples));
    let output = filled(&device, &queue, &vec![0; 4 * APART as usize * 2]);
    let other = filled(&device, &queue, &vec![0; 4 * APART as usize * 2]);
    let jobs: Vec<_> = plans
        .iter()
        .zip(&clips)
        .map(|(plan, clip)| gpu.prepare(&[GpuClip::new(plan, 0, clip.len() as u64, 0)], SampleFormat::F32).unwrap())
        .collect();
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    for output in [&output, &other] {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for (i, job) in jobs.iter().enumerate() {
            let range =
                |buffer, offset: u64, size| wgpu::BufferBinding { buffer, offset, size: wgpu::BufferSize::new(size) };
            let from = range(&input, i as u64 * APART, job.input_bytes());
            let to = range(output, i as u64 * 2 * APART, job.output_bytes());
            gpu.record(&mut pass, job, from, to).unwrap();
        }
    }
    queue.submit([encoder.finish()]);
    let (first, second) = (read(&device, &queue, &output), read(&device, &queue, &other));
    assert!(first == second, "a job may be recorded any number of times");
    for ((plan, clip), place) in plans.iter().zip(&clips).zip(first.chunks(APART as usize / 2)) {
        let expected = CpuResampler::new().resample(plan, clip).unwrap();
        assert!(close(&place[..expected.len()], &expected), "{:?}", plan.ratio());
        assert!(place[expected.len()..].iter().all(|&y| y == 0.0), "nothing is written beyond the outputs");
    }
}

/// All types of the GPU path can be shared between threads.
#[test]
fn resamplers_clips_and_jobs_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<GpuResampler>();
    check::<GpuClip>();
    check::<polyphase::Job>();
    check::<polyphase::AdapterSummary>();
    check::<polyphase::Resampler>();
}
