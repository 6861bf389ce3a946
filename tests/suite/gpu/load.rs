//! Load on one device: eight threads on one resampler, and many batches in a row, whose memory and descriptors do not
//! grow.

use polyphase::{Batch, GpuResampler, Plan, Preset};

use super::batches::batch;
use super::device::device;
use crate::signals::noise_f32;

fn clips(seed: u64) -> Vec<(Plan, Vec<f32>)> {
    let rates = [(48_000, 16_000), (44_100, 16_000), (8_000, 16_000), (99_991, 100_003)];
    let options = Preset::Default.options().max_filter_bytes(1 << 20);
    (0..8)
        .map(|i| {
            let (orig_freq, new_freq) = rates[i % 4];
            let len = (seed as usize * 131 + i * 977) % 2500;
            (Plan::new(orig_freq, new_freq, options).unwrap(), noise_f32(seed + i as u64, len))
        })
        .collect()
}

/// Pipelines, banks and buffers are created on first use, here by eight threads at once.
#[test]
fn eight_threads_share_a_resampler_from_its_first_use() {
    let Some((device, queue)) = device() else { return };
    let work: Vec<_> = (0..8).map(clips).collect();
    let gradients = |clips: &[(Plan, Vec<f32>)]| -> Vec<_> {
        clips.iter().map(|(plan, clip)| noise_f32(1, plan.output_len(clip.len()))).collect()
    };
    let run = |gpu: &GpuResampler, clips: &[(Plan, Vec<f32>)]| {
        let (gradients, lengths) = (gradients(clips), clips.iter().map(|(_, clip)| clip.len()).collect::<Vec<_>>());
        let mut adjoint = Batch::new();
        clips.iter().zip(&gradients).for_each(|((plan, _), gradient)| adjoint.push(plan, gradient));
        (gpu.resample_batch(&batch(clips)).unwrap(), gpu.adjoint_batch(&adjoint, &lengths).unwrap())
    };
    let alone = GpuResampler::new(&device, &queue).unwrap();
    let expected: Vec<_> = work.iter().map(|clips| run(&alone, clips)).collect();
    let shared = GpuResampler::new(&device, &queue).unwrap();
    let start = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for (clips, expected) in work.iter().zip(&expected) {
            let (shared, start, run) = (&shared, &start, &run);
            scope.spawn(move || {
                start.wait();
                for _ in 0..3 {
                    assert!(run(shared, clips) == *expected);
                }
            });
        }
    });
}

#[cfg(target_os = "linux")]
mod alone {
    use polyphase::{Backend, Resampler};

    use super::{batch, clips};
    use crate::gpu::device::adapter;
    use crate::load::alone::{holds_no_more, run};

    #[test]
    fn memory_and_descriptors_do_not_grow_with_the_number_of_batches() {
        run("gpu::load::alone::many_batches_on_the_cpu");
        if adapter().is_some() {
            run("gpu::load::alone::many_batches_on_the_gpu");
        }
    }

    fn many_batches(backend: Backend, count: usize, most_bytes: u64) {
        let resampler = Resampler::builder().backend(backend).allow_software(true).build().unwrap();
        let expected: Vec<_> = (0..4).map(|i| resampler.resample_batch(&batch(&clips(i))).unwrap().0).collect();
        holds_no_more(count, most_bytes, |i| {
            let (output, report) = resampler.resample_batch(&batch(&clips(i as u64 % 4))).unwrap();
            assert!(output == expected[i % 4]);
            let expected = if backend == Backend::Gpu { (8, 0) } else { (0, 8) };
            assert_eq!((report.gpu_clips, report.cpu_clips()), expected, "{report:?}");
        });
    }

    /// 20,000 clips with `POLYPHASE_LOAD=50`.
    #[test]
    #[ignore = "run by memory_and_descriptors_do_not_grow_with_the_number_of_batches, in a process of its own"]
    fn many_batches_on_the_cpu() {
        many_batches(Backend::Cpu, 50, 128 << 20);
    }

    /// 2,240 clips with `POLYPHASE_LOAD=10`.
    #[test]
    #[ignore = "run by memory_and_descriptors_do_not_grow_with_the_number_of_batches, in a process of its own"]
    fn many_batches_on_the_gpu() {
        many_batches(Backend::Gpu, 28, 1 << 30);
    }
}
