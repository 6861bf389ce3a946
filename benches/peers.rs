//! This crate beside others: the same cases in the same run, on one thread each, with filters designed beforehand.
//!
//! ```sh
//! cargo bench --bench peers
//! ```
//!
//! - `polyphase`: 10 s of one channel, float32.
//! - `rubato`: its FFT resampler, `Fft::new_custom` with chunks of 1024 frames in 4 sub-chunks, a squared
//!   Blackman-Harris window and both sizes fixed. It is by far the fastest of rubato's resamplers, and has one filter
//!   of its own for each pair of rates. It runs as a stream, with `process_into_buffer` chunk by chunk, and gives whole
//!   chunks only.
//!
//! The filters differ. Among this crate's, kaiser_best is of comparable quality.
//!
//! soxr is left out: the crates that bind it, `soxr` and `libsoxr`, need the C library to be installed.

mod cases;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use polyphase::CpuResampler;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

use crate::cases::{Case, cases, check};

const SECONDS: u32 = 10;

fn ours(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("polyphase");
    for case in cases() {
        let (plan, input) = (case.plan(), case.input(SECONDS));
        let cpu = CpuResampler::new().with_threads(1);
        let mut output = vec![0.0; plan.output_len(input.len())];
        cpu.resample_into(&plan, &input, &mut output).expect("the output's length");
        check(&plan, &input, &output);
        group.throughput(Throughput::Elements(output.len() as u64));
        group.bench_function(&case.name, |bencher| {
            bencher.iter(|| cpu.resample_into(&plan, black_box(&input), &mut output));
        });
    }
}

fn rubato(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rubato");
    // The filter is rubato's own: one case for each pair of rates is enough.
    for case in cases().filter(|case| case.name.ends_with("kaiser_best")) {
        let input = case.input(SECONDS);
        let mut resampler = resampler(&case);
        let mut output = vec![0.0; (case.new_freq * SECONDS) as usize];
        let done = run(&mut resampler, &input, &mut output);
        // All outputs are there, up to whole chunks, and have about the power of the input.
        assert!(done + 2 * resampler.output_frames_max() >= output.len(), "{done} of {}", output.len());
        let power = output[..done].iter().map(|y| f64::from(y * y)).sum::<f64>() / done as f64;
        assert!((0.05..0.4).contains(&power), "mean power {power}");
        group.throughput(Throughput::Elements(output.len() as u64));
        group.bench_function(BenchmarkId::new("fft", format!("{}-{}", case.orig_freq, case.new_freq)), |bencher| {
            bencher.iter(|| run(&mut resampler, black_box(&input), &mut output));
        });
    }
}

fn resampler(case: &Case) -> Fft<f32> {
    let (orig, new) = (case.orig_freq as usize, case.new_freq as usize);
    Fft::new_custom(orig, new, 1024, 4, 1, WindowFunction::BlackmanHarris2, FixedSync::Both).expect("rates above 0")
}

/// Resamples whole chunks, and returns the number of outputs.
fn run(resampler: &mut Fft<f32>, input: &[f32], output: &mut [f32]) -> usize {
    resampler.reset();
    let (mut read, mut written) = (0, 0);
    while input.len() - read >= resampler.input_frames_next()
        && output.len() - written >= resampler.output_frames_next()
    {
        let (from, to) = (&input[read..], &mut output[written..]);
        let (frames_in, frames_out) = (from.len(), to.len());
        let from = InterleavedSlice::new(from, 1, frames_in).expect("one channel");
        let mut to = InterleavedSlice::new_mut(to, 1, frames_out).expect("one channel");
        let (more_read, more_written) = resampler.process_into_buffer(&from, &mut to, None).expect("room for a chunk");
        read += more_read;
        written += more_written;
    }
    written
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = ours, rubato
}
criterion_main!(benches);
