//! How fast plans are made and clips resampled, by rates, filter, SIMD level and threads.
//!
//! ```sh
//! cargo bench --bench resample                          # everything, some minutes
//! cargo bench --bench resample -- 'prebuilt/48000-44100' # one pair
//! cargo bench --bench resample -- --test                # each once, with its result checked
//! ```
//!
//! Groups: `plan` designs a filter; `oneshot` is the one-line call on 1 s, with the filter kept and designed anew;
//! `prebuilt` resamples 1 s at every SIMD level, and 1 s, 10 s and a batch of 64 × 10 s on one thread and on all.
//!
//! # Notes
//!
//! Figures are useful GFLOP/s (two for each tap and output, zeros between taps not counted) on one thread of a core with two
//! 512-bit multiply-add units, peak 217, unless they say otherwise.
//!
//! What was tried for the kernel, at 48→44.1 kHz with kaiser_best (148 taps):
//!
//! - One output at a time, its taps in 16 partial sums that are added at the end: the first version.
//! - Sixteen outputs in the lanes of a vector, each sample broadcast: 116, and 40 with width 6 (14 taps). Kept: no
//!   horizontal sum, no shuffle, short and long filters alike. What it loses is the zeros: the windows of 16 outputs span
//!   15·M/L samples more than one, 11 % at width 64, 29 % with kaiser_fast, 55 % at width 6 (where memory is the limit), and
//!   the broadcasts: without zeros, edges and memory the loop reaches 155, while the same loop on registers reaches 217.
//! - Frames in the lanes, after a transpose of the samples, 8 outputs × 3 vectors, taps broadcast: 107 at 48→44.1 kHz, where
//!   the transposed samples leave the first-level cache, 99 at 44.1→16 kHz, 137 to 143 (against 126 to 131) at 48→16,
//!   16→8 and 8→16 kHz, 22 with width 6. 4 × 4: 100, 4 × 6: 98, 8 × 2: 116. A tenth of the time is the transpose; on samples
//!   in the first-level cache the loop alone reaches 179. Not kept: a second kernel, for a tenth in half of the cases.
//! - Bounds checked for each sample instead of each step of 8: 76. Steps of 16: 99, steps of 4: 115.
//! - Frames at once: the table is beside `frames_at_once` in `src/cpu/kernel.rs`. AVX2 reaches 88 with 6, of a peak of 108.
//! - Sums begun anew about the middle of the window (`segments` in `src/blocks.rs`): costs 1 % at 148 taps and 4 % at 405
//!   against one that does so every 64 samples, which is too inexact.
//! - Finding NaN and infinities: 0 times each output is added to a vector in the kernel, one operation for 16 outputs. Without
//!   it the figures are the same to 1 %.
//! - Reading one sample of each cache line of the next frames ahead, for batches beyond the cache: 16→8 kHz 22 % faster,
//!   48→44.1 kHz 4 to 14 % slower. Not kept.
//! - Threads: one second with kaiser_best took 0.13 ms on one thread and 0.19 on two when each task had at least 1 million
//!   multiply-adds, hence the 8 million of `MIN_TASK_COST`.
//!
//! Designing kaiser_best at 44.1→16 kHz, 60,000 taps: 324 µs with sine and window in vector code that was not inlined into
//! functions with AVX-512, 176 once it was, 119 with the values in the order in which the phases read them; about half are
//! the prototype's 30,000 values, each a sum of some 45 terms for the window and 12 for the sine.
//!
//! Not tried: an FFT for hundreds of taps, halves of blocks (8 lanes) on AVX2, and pairs of frames in the lanes, which would
//! halve the zeros.

mod cases;

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
        let call = || polyphase::resample_with(black_box(&input), case.orig_freq, case.new_freq, &case.options);
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

/// What the limits are set by: a copy of a minute of audio.
fn copy(criterion: &mut Criterion) {
    let input = noise(60 * 48_000);
    let mut output = vec![0.0; input.len()];
    let mut group = criterion.benchmark_group("copy");
    group.throughput(Throughput::Elements(input.len() as u64));
    group.bench_function("60 s", |bencher| bencher.iter(|| output.copy_from_slice(black_box(&input))));
    assert_eq!(output, input);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = plan, oneshot, prebuilt, copy
}
criterion_main!(benches);
