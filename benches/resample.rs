//! Times of filter design and resampling, by rates, filter, SIMD level and threads.
//!
//! ```sh
//! cargo bench --bench resample                          # everything, some minutes
//! cargo bench --bench resample -- 'prebuilt/48000-44100' # one pair
//! cargo bench --bench resample -- --test                # each once, with its result checked
//! ```
//!
//! Groups: `plan` designs a filter; `oneshot` is the one-line call on 1 s, with a cached filter (`kept`) and with a new
//! one (`anew`); `prebuilt` resamples 1 s at every SIMD level, and 1 s, 10 s and a batch of 64 × 10 s on one thread and
//! on all; `copy` copies a minute of audio; `resident` and `round_trip` are for the GPU, if there is an adapter
//! (`benches/gpu`).
//!
//! `docs/performance.md` has the measurements that led to the kernels.

mod cases;
#[cfg(feature = "gpu")]
mod gpu;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use polyphase::{Batch, CpuResampler, Level};

use crate::cases::{cases, check, noise};

fn plan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    for case in cases() {
        group.bench_function(&case.name, |bencher| bencher.iter(|| case.plan()));
    }
}

fn oneshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("oneshot");
    for case in cases() {
        let input = case.input(1);
        let call = || polyphase::resample_with(black_box(&input), case.orig_freq, case.new_freq, case.options);
        check(&case.plan(), &input, &call().expect("an output"));
        group.throughput(Throughput::Elements(case.new_freq.into()));
        group.bench_function(BenchmarkId::new(&case.name, "kept"), |bencher| bencher.iter(call));
        group.bench_function(BenchmarkId::new(&case.name, "anew"), |bencher| {
            bencher.iter(|| CpuResampler::new().resample(&case.plan(), black_box(&input)));
        });
    }
}

fn prebuilt(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prebuilt");
    for case in cases() {
        let plan = case.plan();
        let mut bench = |what: String, cpu: CpuResampler, input: &[f32]| {
            let mut output = vec![0.0; plan.output_len(input.len())];
            cpu.resample_into(&plan, input, &mut output).expect("the output's length");
            check(&plan, input, &output);
            group.throughput(Throughput::Elements(output.len() as u64));
            group.bench_function(BenchmarkId::new(&case.name, what), |bencher| {
                bencher.iter(|| cpu.resample_into(&plan, black_box(input), &mut output));
            });
        };
        let second = case.input(1);
        for level in Level::available() {
            bench(format!("1 s, {level}"), CpuResampler::new().with_threads(1).with_level(level), &second);
        }
        let ten_seconds = case.input(10);
        for (threads, cpu) in threads() {
            bench(format!("10 s, {threads}"), cpu, &ten_seconds);
        }
        let clips: Vec<_> = (0..64).map(|_| case.input(10)).collect();
        let mut batch = Batch::new();
        clips.iter().for_each(|clip| batch.push(&plan, clip));
        for (threads, cpu) in threads() {
            let resampled = cpu.resample_batch(&batch).expect("an output");
            check(&plan, &clips[63], resampled.clip(63).expect("64 clips"));
            let (mut output, _) = resampled.into_parts();
            group.throughput(Throughput::Elements(output.len() as u64));
            group.bench_function(BenchmarkId::new(&case.name, format!("64 × 10 s, {threads}")), |bencher| {
                bencher.iter(|| cpu.resample_batch_into(&batch, &mut output));
            });
        }
    }
}

fn threads() -> [(String, CpuResampler); 2] {
    let all = CpuResampler::new();
    [("1 thread".to_owned(), all.with_threads(1)), (format!("all {} threads", all.threads()), all)]
}

/// Copies a minute of audio: the limit that memory sets.
fn copy(criterion: &mut Criterion) {
    let input = noise(60 * 48_000);
    let mut output = vec![0.0; input.len()];
    let mut group = criterion.benchmark_group("copy");
    group.throughput(Throughput::Elements(input.len() as u64));
    group.bench_function("60 s", |bencher| bencher.iter(|| output.copy_from_slice(black_box(&input))));
}

fn config() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
}

criterion_group! {
    name = benches;
    config = config();
    targets = plan, oneshot, prebuilt, copy
}
#[cfg(feature = "gpu")]
criterion_group! {
    name = on_a_gpu;
    config = config();
    targets = gpu::resident, gpu::round_trip, gpu::host_path
}
#[cfg(feature = "gpu")]
criterion_main!(benches, on_a_gpu);
#[cfg(not(feature = "gpu"))]
criterion_main!(benches);
