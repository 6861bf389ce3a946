//! [`Machine`]: the peak rates of multiply-adds and of copies. Everything in `cli` that references fearless_simd is in
//! this file.

use std::hint::black_box;
use std::time::Instant;

use fearless_simd::{Level, Simd, dispatch, f32x16, prelude::*};
use rayon::prelude::*;
use serde::Serialize;

/// Independent sums, enough to hide the latency of a fused multiply-add.
const SUMS: usize = 12;

/// Samples of the copied buffer, larger than most caches.
const COPIED: usize = 8 << 20;

/// Peak rates of all threads together.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Machine {
    pub(crate) threads: usize,
    /// float32 operations per second, where a multiply-add counts as two.
    pub(crate) flops: f64,
    /// Bytes copied per second, where reads and writes both count.
    pub(crate) copied_bytes: f64,
}

impl Machine {
    /// Measures all threads of the current rayon pool at once.
    pub(crate) fn measure(repeat: usize) -> Self {
        let threads = rayon::current_num_threads();
        let steps = 100_000;
        let multiply_add = fastest(repeat, || {
            rayon::broadcast(|_| black_box(dispatch!(Level::new(), simd => multiply_adds(simd, black_box(steps)))));
        });
        let input = vec![1.0_f32; COPIED];
        let mut output = vec![0.0_f32; COPIED];
        let copy = fastest(repeat, || {
            let part = COPIED.div_ceil(threads);
            output
                .par_chunks_mut(part)
                .zip(black_box(&input).par_chunks(part))
                .for_each(|(to, from)| to.copy_from_slice(from));
        });
        Self {
            threads,
            flops: count(threads * steps * SUMS * 16 * 2) / multiply_add,
            copied_bytes: count(2 * size_of_val(&*input)) / copy,
        }
    }

    /// Shortest possible time, in seconds, in which `outputs` samples are computed from `inputs` samples with `taps`
    /// multiply-adds each.
    pub(crate) fn limit(&self, taps: usize, inputs: usize, outputs: usize) -> f64 {
        let multiply_adds = count(2 * taps * outputs) / self.flops;
        multiply_adds.max(count(size_of::<f32>() * (inputs + outputs)) / self.copied_bytes)
    }
}

#[inline(always)]
fn multiply_adds<S: Simd>(simd: S, steps: usize) -> f32 {
    let (factor, term) = (f32x16::splat(simd, black_box(0.999)), f32x16::splat(simd, black_box(1e-3)));
    let mut sums = [f32x16::splat(simd, 1.0); SUMS];
    for _ in 0..steps {
        for sum in &mut sums {
            *sum = sum.mul_add(factor, term);
        }
    }
    sums.iter().map(|sum| sum.reduce_sum()).sum()
}

/// Time of the fastest of at least ten runs, in seconds. A peak rate is reached only in a run that nothing disturbs.
fn fastest(repeat: usize, mut run: impl FnMut()) -> f64 {
    (0..=repeat.max(9)).map(|_| seconds(&mut run)).fold(f64::INFINITY, f64::min)
}

/// Median time of a call in seconds. Each run makes enough calls to take about a millisecond.
pub(crate) fn median(repeat: usize, mut run: impl FnMut()) -> f64 {
    run();
    let once = seconds(&mut run);
    let mut calls = 1;
    while once * f64::from(calls) < 1e-3 && calls < 1000 {
        calls += 1;
    }
    let mut times: Vec<_> =
        (0..repeat.max(1)).map(|_| seconds(|| (0..calls).for_each(|_| run())) / f64::from(calls)).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn seconds(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "a count that is divided by a measured time")]
fn count(value: usize) -> f64 {
    value as f64
}
