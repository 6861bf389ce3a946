//! This crate beside others of equal quality: the same pairs of rates in the same run, on one thread each, with filters
//! designed beforehand.
//!
//! ```sh
//! cargo bench --bench peers    # the rows below at six pairs of rates; those of one filter with `-- high`
//! python3 benches/peers.py     # then soxr and torchaudio beside them
//! ```
//!
//! | row | pass band, of the lower Nyquist frequency | rejection beyond its mirror image |
//! |---|---|---|
//! | `width 6` | torchaudio's default, with neither | |
//! | `high` | 0.913 | 120 dB |
//! | `best` | 0.95 | 140 dB, the limit of float32 |
//!
//! Each row has 10 s of one channel in float32, resampled by
//!
//! - `polyphase`;
//! - `rubato fft`: `Fft::new_custom` with chunks of 1024 frames in 4 sub-chunks, a squared Blackman-Harris window and
//!   both sizes fixed. It is by far the fastest of rubato's resamplers;
//! - `rubato async`: `Async::new_sinc` with its default parameters, and a filter as many times as long as the rates
//!   fall by.
//!
//! Both of rubato's run as streams, with `process_into_buffer` chunk by chunk, and give whole chunks only. Before a
//! peer is timed, tones measure its pass band and its rejection. One that does not reach those of the row is left out,
//! and a line says so.
//!
//! soxr is left to the Python script: the crates that bind it need the C library to be installed.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "samples in float32, a length above 0, and a line about each peer that is left out"
)]

mod cases;

use std::f64::consts::TAU;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use polyphase::CpuResampler;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, Fft, FixedAsync, FixedSync, Resampler, SincInterpolationParameters, WindowFunction};

use crate::cases::{Case, cases, check};

const SECONDS: u32 = 10;

/// Filters with the pass band and the rejection in dB that their peers must have.
const ROWS: [(&str, Option<(f64, f64)>); 3] =
    [("width 6", None), ("high", Some((0.913, 120.0))), ("best", Some((0.95, 140.0)))];

/// Largest loss at the edge of the pass band, in dB.
const MAX_LOSS: f64 = 0.1;

fn peers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("peers");
    for (filter, quality) in ROWS {
        for case in cases().filter(|case| case.name.split('/').next_back() == Some(filter)) {
            let (plan, input) = (case.plan(), case.input(SECONDS));
            let cpu = CpuResampler::new().with_threads(1);
            let mut output = vec![0.0; plan.output_len(input.len())];
            cpu.resample_into(&plan, &input, &mut output).expect("the output's length");
            check(&plan, &input, &output);
            group.throughput(Throughput::Elements(output.len() as u64));
            group.bench_function(BenchmarkId::new(&case.name, "polyphase"), |bencher| {
                bencher.iter(|| cpu.resample_into(&plan, black_box(&input), &mut output));
            });
            let rubato: [(&str, Box<dyn Resampler<f32>>); 2] =
                [("rubato fft", Box::new(fft(&case))), ("rubato async", Box::new(sinc(&case)))];
            for (name, mut resampler) in rubato {
                if let Some(lack) = quality.and_then(|quality| lack(&mut *resampler, &case, quality)) {
                    println!("peers/{}/{name}: left out, {lack}", case.name);
                    continue;
                }
                let done = run(&mut *resampler, &input, &mut output);
                // All outputs are there, up to whole chunks, and have about the power of the input.
                assert!(done + 2 * resampler.output_frames_max() >= output.len(), "{done} of {}", output.len());
                let power = output[..done].iter().map(|y| f64::from(y * y)).sum::<f64>() / done as f64;
                assert!((0.05..0.4).contains(&power), "mean power {power}");
                group.bench_function(BenchmarkId::new(&case.name, name), |bencher| {
                    bencher.iter(|| run(&mut *resampler, black_box(&input), &mut output));
                });
            }
        }
    }
}

fn fft(case: &Case) -> Fft<f32> {
    let (orig, new) = (case.orig_freq as usize, case.new_freq as usize);
    Fft::new_custom(orig, new, 1024, 4, 1, WindowFunction::BlackmanHarris2, FixedSync::Both).expect("rates above 0")
}

fn sinc(case: &Case) -> Async<f32> {
    let ratio = f64::from(case.new_freq) / f64::from(case.orig_freq);
    let defaults = SincInterpolationParameters::default();
    let len = (defaults.sinc_len as f64 / ratio.min(1.0)).ceil() as usize;
    Async::new_sinc(ratio, 1.0, &defaults.sinc_len(len), 1024, 1, FixedAsync::Input).expect("a ratio above 0")
}

/// Resamples whole chunks, and returns the number of outputs.
fn run(resampler: &mut dyn Resampler<f32>, input: &[f32], output: &mut [f32]) -> usize {
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

/// What a resampler lacks for a quality: `None` if it has it.
fn lack(resampler: &mut dyn Resampler<f32>, case: &Case, (pass_band, rejection): (f64, f64)) -> Option<String> {
    let [orig, new] = [case.orig_freq, case.new_freq].map(f64::from);
    let nyquist = orig.min(new) / 2.0;
    let (edge, mirrored) = (pass_band * nyquist, (2.0 - pass_band) * nyquist);
    let gain = level(resampler, case, edge, edge);
    if gain < -MAX_LOSS {
        return Some(format!("{gain:.2} dB at {pass_band} of the Nyquist frequency"));
    }
    // When decimating, a tone at the stop band's edge has an alias in the pass band, unless the input cannot hold it.
    // When interpolating, a tone in the pass band has an image at the stop band's edge.
    let passed = match new < orig {
        true if mirrored >= orig / 2.0 => return None,
        true => level(resampler, case, mirrored, edge),
        false => level(resampler, case, edge, mirrored),
    };
    (passed > -rejection).then(|| format!("{passed:.0} dB at the edge of the stop band"))
}

/// Amplitude in dB of the output at one frequency for a tone at another, both in hertz.
fn level(resampler: &mut dyn Resampler<f32>, case: &Case, tone: f64, at: f64) -> f64 {
    let turns = |frequency: f64, rate: u32| TAU * frequency / f64::from(rate);
    let step = turns(tone, case.orig_freq);
    let input: Vec<_> = (0..case.orig_freq).map(|i| (step * f64::from(i)).sin() as f32).collect();
    let mut output = vec![0.0; case.new_freq as usize];
    let done = run(resampler, &input, &mut output);
    // The middle half, in a window whose side lobes lie below −200 dB a few bins away.
    let middle = &output[done / 4..done / 4 * 3];
    let step = turns(at, case.new_freq);
    let (mut re, mut im, mut sum) = (0.0, 0.0, 0.0);
    for (i, &y) in middle.iter().enumerate() {
        let weight = (TAU / 2.0 * (i as f64 + 0.5) / middle.len() as f64).sin().powi(8);
        let (sin, cos) = (step * i as f64).sin_cos();
        re += f64::from(y) * weight * cos;
        im += f64::from(y) * weight * sin;
        sum += weight;
    }
    20.0 * (2.0 * re.hypot(im) / sum).log10()
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = peers
}
criterion_main!(benches);
