//! The host path of batches, without a GPU: `cargo bench --bench resample -- host_path`.
//!
//! wgpu's `noop` device copies buffers and computes nothing, so that what remains is the host's work: cutting the batch
//! into pieces, tables, copies, submissions and waits. A small batch runs first, as the self-test of `Resampler` does:
//! its small buffers must not stay in the way of larger ones.
//!
//! Two cores of an Intel Xeon (AVX-512), 2026-11-26, median of ten, both states in one run. The state before is commit 0f1bb94, whose pool kept its first two slots, whose waits slept, and which copied on one
//! thread. The device's own copies are part of all figures.
//!
//! | batch, 44.1 to 48 kHz   | before   | now      | ratio |
//! |-------------------------|----------|----------|-------|
//! | 1 × 0.1 s, kaiser_best  | 681 µs   | 14.5 µs  | 47    |
//! | 64 × 1 s, kaiser_best   | 34.0 ms  | 5.28 ms  | 6.4   |
//! | 200 × 10 s, kaiser_best | 2.11 s   | 0.388 s  | 5.4   |
//! | 64 × 10 s, width 6      | 426 ms   | 123 ms   | 3.5   |

use std::time::Duration;

use criterion::{Criterion, Throughput};
use polyphase::{Batch, GpuResampler, Plan, Preset, ResampleOptions, wgpu};

use crate::cases::noise;

pub(crate) fn host_path(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("host_path");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    let (best, short) = (Preset::KaiserBest.options(), ResampleOptions::default());
    for (name, options, count, clip_len) in [
        ("1 × 0.1 s, kaiser_best", best, 1, 4410),
        ("64 × 1 s, kaiser_best", best, 64, 44_100),
        ("200 × 10 s, kaiser_best", best, 200, 441_000),
        ("64 × 10 s, width 6", short, 64, 441_000),
    ] {
        let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor::default());
        let gpu = GpuResampler::new(&device, &queue).expect("a device");
        let plan = Plan::new(44_100, 48_000, options).expect("a plan");
        let small: Batch<'_, f32> = [(&plan, &[0.5; 5000][..])].into_iter().collect();
        gpu.resample_batch(&small).expect("resampled");

        let samples = noise(count * clip_len);
        let batch: Batch<'_, f32> = samples.chunks(clip_len).map(|clip| (&plan, clip)).collect();
        let outputs = gpu.resample_batch(&batch).expect("resampled").samples().len();
        assert_eq!(outputs, count * plan.output_len(clip_len));
        group.throughput(Throughput::Elements((samples.len() + outputs) as u64));
        group.bench_function(name, |bencher| bencher.iter(|| gpu.resample_batch(&batch).expect("resampled")));
    }
    group.finish();
}
