//! How fast plans are made and clips resampled, by rates, filter, SIMD level and threads.
//!
//! ```sh
//! cargo bench --bench resample                          # everything, some minutes
//! cargo bench --bench resample -- 'prebuilt/48000-44100' # one pair
//! cargo bench --bench resample -- --test                # each once, with its result checked
//! ```
//!
//! Groups: `plan` designs a filter; `oneshot` is the one-line call on 1 s, with the filter kept and designed anew;
//! `prebuilt` resamples 1 s at every SIMD level, and 1 s, 10 s and a batch of 64 × 10 s on one thread and on all; `resident` and
//! `round_trip` are the GPU's, if there is an adapter (`benches/gpu`).
//!
//! # Notes
//!
//! Figures are useful GFLOP/s (two for each tap and output, zeros between taps not counted) on one thread of a core with two
//! 512-bit multiply-add units, peak 213 to 217, unless they say otherwise.
//!
//! ## Loops alone, on samples and taps in the first-level cache
//!
//! What a block of sums reaches by the loads that each multiply-add needs, at 160 steps:
//!
//! | lanes hold | 16 outputs: 1 × 12 periods | 2 × 6 | 2 × 12 | 3 × 8 | 48 periods: 4 outputs | 8 outputs |
//! |---|---|---|---|---|---|---|
//! | loads | 13/12 | 8/12 | 14/24 | 11/24 | 7/12 | 11/24 |
//! | GFLOP/s | 155–170 | 172–179 | 181 | 183 | 181 | 188 |
//!
//! Whole vectors from memory for both operands: 170. On another day's machine, 8 outputs of 48 periods, by the samples in one step
//! of the loop, the counters of which take slots of the multiply-adds:
//!
//! | samples a step | 1 | 2 | 4 | 8 |
//! |---|---|---|---|---|
//! | 40 steps, in the first-level cache | 192 | 191 | 184 | 183 |
//! | 160 | 202 | 203 | 203 | 191 |
//! | 304, from the second | 173 | 196 | 191 | 169 |
//! | 4000 | 174 | 195 | 194 | 168 |
//!
//! No loop that loads its operands passed 203 of 217.
//!
//! ## Many periods, `src/cpu/kernel/many_periods.rs`, at AVX-512
//!
//! Milliseconds for a second of ten, kaiser_best, least of 40 runs on a machine that others used too:
//!
//! | | 48→44.1 | 16→8 | 44.1→48 | 8→16 | 48→16 | 44.1→16 |
//! |---|---|---|---|---|---|---|
//! | sixteen outputs in the lanes alone | 0.116 | 0.035 | 0.113 | 0.036 | 0.102 | 0.093 |
//! | with 48 periods in the lanes | 0.098–0.107 | 0.030–0.033 | 0.095–0.103 | 0.028–0.030 | 0.091–0.099 | 0.088–0.094 |
//!
//! What two samples a step, edges copied rather than computed one by one, two vectors or one for the periods that are left over,
//! and blocks found without an iterator changed, before and after in one run, the least of 60 runs each:
//!
//! | | 48→44.1 | 16→8 | 44.1→48 | 8→16 | 48→16 | 44.1→16 |
//! |---|---|---|---|---|---|---|
//! | 1 s, before | 0.1057 | 0.0356 | 0.0946 | 0.0336 | 0.1004 | 0.0948 |
//! | after | 0.0944 | 0.0317 | 0.0899 | 0.0295 | 0.0903 | 0.0871 |
//! | a second of ten, before | 0.1076 | 0.0326 | 0.0967 | 0.0290 | 0.0995 | 0.0923 |
//! | after | 0.1034 | 0.0308 | 0.0964 | 0.0280 | 0.0946 | 0.0883 |
//!
//! - Where the time goes at 44.1→16 kHz, by samples of the program counter: three quarters the loop (which then runs at 185 to 195
//!   with its 5 % of zeros), a tenth transposing the samples, mostly waiting for them, a twentieth moving rows by a lane, the rest
//!   transposing and storing outputs. At 48→44.1 kHz the loop is two thirds.
//! - 4 outputs instead of 8, which halves the zeros and keeps the totals in registers: 5 to 10 % slower.
//! - The rows modulo the distance of the lanes, read at an offset of a lane instead of moved: the same at decimation, 15 % slower
//!   at 44.1→48 and 48→44.1 kHz, where windows wrap in the middle of the loop.
//! - Transposing 16 samples of all 48 lanes at a time, 48 streams through memory: 5 to 12 % slower than 16 lanes after another.
//! - Short filters gain more, since their share of zeros is larger: width 6 up to 50 % at 16→8 and 8→16 kHz.
//! - Blocks of 32 outputs in two vectors that share each sample, and skip what only one needs: predicted 145 GFLOP/s from the
//!   loop's 181 and the zeros, measured 86 to 113. Each of the four segments meets three loops, with 24 sums to be kept, spilled and
//!   added at each border. Half as many periods: the same.
//! - Samples summed from both ends of a block towards its middle, in one sum without a break: the errors are −141 dB at 148 taps,
//!   −139 at 271 and −137.8 at 113 taps of 48→16 kHz. 3 % faster at 16→8 kHz, nothing elsewhere. All segments in one sum, which
//!   would err by 10 dB more, is 3 % faster: so much, and no more, the breaks cost.
//! - Finding NaN as sums are transposed, instead of as they are summed: 2 to 3 % slower.
//! - Vectors taken from an array by value in a loop (`zip(sums)` instead of `zip(&sums)`) are copied through memory in halves, and
//!   waited for: a quarter slower. An array of samples for the edges that was cleared in each iteration: 5 %.
//! - Beyond the cache (160 s, 148 taps) reading a sample of each line of the next tile's input between the blocks of this one:
//!   48→44.1 kHz 6 % faster, 16→8 kHz 5 % slower. The same with the lines of the output: 10 %, 4 % and 0 % faster. Not kept: a batch
//!   of clips that are each beyond the cache waits for memory; at 48→44.1 kHz two threads hide it, and take less than half.
//! - What is missing to three quarters of the peak at 130 taps and more: the loop's own tenth, the zeros' twentieth, and the transpositions,
//!   which need 4 shuffles for 16 samples in and as many for 16 out on one of the two ports that also multiply. At 48→44.1 kHz the
//!   loops now take 70 % of the time, periods left over 5, filling rows 7, transposing and storing outputs 9.
//!
//! ## Few periods, `src/cpu/kernel/few_periods.rs`
//!
//! At 48→44.1 kHz with kaiser_best (148 taps):
//!
//! - One output at a time, its taps in 16 partial sums that are added at the end: the first version.
//! - Sixteen outputs in the lanes of a vector, each sample broadcast: 116, and 40 with width 6 (14 taps). Kept for ranges, chunks
//!   and the periods that are left over: no horizontal sum, no shuffle, short and long filters alike. What it loses is the zeros:
//!   the windows of 16 outputs span 15·M/L samples more than one, 11 % at width 64, 29 % with kaiser_fast, 55 % at width 6, and
//!   the broadcasts.
//! - Bounds checked for each sample instead of each step of 8: 76. Steps of 16: 99, steps of 4: 115.
//! - Periods at once: the table is beside `periods_at_once` in `src/cpu/kernel/few_periods.rs`. AVX2 reaches 88 with 6, of a peak of 108.
//! - Sums begun anew about the middle of the window: `segments` in `src/blocks.rs` has the errors.
//! - Finding NaN and infinities: 0 times each output is added to a vector in the kernel, one operation for 16 outputs. Without
//!   it the figures are the same to 1 %.
//! - Reading one sample of each cache line of the next periods ahead, for batches beyond the cache: 16→8 kHz 22 % faster,
//!   48→44.1 kHz 4 to 14 % slower. Not kept.
//! - Threads: one second with kaiser_best took 0.13 ms on one thread and 0.19 on two when each task had at least 1 million
//!   multiply-adds, hence the 8 million of `MIN_TASK_COST`.
//!
//! ## Design
//!
//! kaiser_best at 44.1→16 kHz, 60,000 taps: 324 µs with sine and window in vector code that was not inlined into functions with
//! AVX-512, 176 once it was, 119 with the values in the order in which the phases read them, 110 with windows found in 64 bits and
//! rows written by two loops without a check for each tap (at 48→44.1 kHz 62 became 50). Of these 110 a third is the window's power
//! series of 32 terms, a quarter the sine and its division, a ninth the zeros that the blocks begin with, a sixth writing the taps.
//! The window expanded about the middle of its range, 25 terms: 105. No second vector for the sake of the last values: 4 % less.
//! Taps transposed 16 × 16 instead of written one by one: another 6 of 110 µs, for forty lines. Not kept.
//!
//! Not tried: an FFT for hundreds of taps, halves of blocks (8 lanes) on AVX2, periods in the lanes at AVX2, and filling the next
//! tile's rows while this one is summed. The sine of a row's values by the addition theorem, from one sine for each phase and one
//! for each step, would save a tenth of the design.

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
    targets = gpu::resident, gpu::round_trip
}
#[cfg(feature = "gpu")]
criterion_main!(benches, on_a_gpu);
#[cfg(not(feature = "gpu"))]
criterion_main!(benches);
