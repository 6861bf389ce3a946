//! Load: many threads on one plan, and many calls in a row, during which memory and descriptors do not grow.
//! `POLYPHASE_LOAD=20` makes twenty times as many calls.

use polyphase::{
    Batch, BatchBuf, Clamped, CpuResampler, Error, Plan, Preset, Ratio, ResampleOptions, Response, Stream,
};

use crate::signals::{noise, noise_f32};

/// Compiles only if a type is `Send` and `Sync`.
const fn is_send_and_sync<T: Send + Sync>() {}

const _: () = {
    is_send_and_sync::<CpuResampler>();
    is_send_and_sync::<Plan>();
    is_send_and_sync::<Stream<f32>>();
    is_send_and_sync::<Batch<'static, f32>>();
    is_send_and_sync::<BatchBuf<f32>>();
    is_send_and_sync::<Clamped>();
    is_send_and_sync::<Error>();
    is_send_and_sync::<Ratio>();
    is_send_and_sync::<Response>();
    is_send_and_sync::<ResampleOptions>();
};

/// A plan designs parts of its bank when they are first needed: here by eight threads at once.
#[test]
fn eight_threads_share_a_plan_from_its_first_use() {
    for (orig_freq, new_freq, preset) in
        [(48_000, 44_100, Preset::KaiserBest), (44_100, 47_999, Preset::Default), (99_991, 100_003, Preset::KaiserFast)]
    {
        let options = preset.options().normalize_phases(true).max_filter_bytes(16 << 20);
        let plan = || Plan::new(orig_freq, new_freq, options).unwrap();
        let (clip, double) = (noise_f32(1, 60_000), noise(2, 20_000));
        let run = |plan: &Plan, cpu: CpuResampler, first: usize| {
            // Each thread begins elsewhere, so that all parts of the bank are needed at once.
            let start = first * 7000;
            let mut batch = Batch::new();
            [&clip[start..], &clip[..start], &clip[start / 2..]].into_iter().for_each(|clip| batch.push(plan, clip));
            let ragged = cpu.resample_batch(&batch).unwrap();
            let range = cpu.resample_range(plan, &clip, start..start + 3000).unwrap();
            let exact = cpu.resample(plan, &double[first * 1000..]).unwrap();
            let gradient = cpu.adjoint(plan, &exact, 20_000 - first * 1000).unwrap();
            let one_line = polyphase::resample_with(&clip[start..start + 500], orig_freq, new_freq, options).unwrap();
            (ragged, range, exact, gradient, one_line)
        };
        let (alone, cpu) = (plan(), CpuResampler::new());
        let expected: Vec<_> = (0..8).map(|first| run(&alone, cpu.with_threads(1), first)).collect();
        let shared = plan();
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for (first, expected) in expected.iter().enumerate() {
                let (shared, start, run) = (&shared, &start, &run);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..2 {
                        assert!(run(shared, cpu, first) == *expected, "{orig_freq}→{new_freq}, thread {first}");
                    }
                });
            }
        });
    }
}

/// Tests of the memory and descriptors of a process, each run in a process of its own.
#[cfg(target_os = "linux")]
#[expect(clippy::print_stdout, reason = "shown with --nocapture")]
pub(crate) mod alone {
    use super::{Preset, ResampleOptions, noise_f32};

    /// Runs an ignored test of this binary in a process of its own, so that no other test changes its memory.
    pub(crate) fn run(name: &str) {
        let program = std::env::current_exe().unwrap();
        let child = std::process::Command::new(program).args(["--ignored", "--exact", "--nocapture", name]).output();
        let child = child.unwrap();
        let text = [child.stdout, child.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(child.status.success() && text.contains("1 passed"), "{name}: {text}");
        println!("{text}");
    }

    /// Calls `work` with the numbers below `count`, which is multiplied by `POLYPHASE_LOAD`. After a quarter of the
    /// calls, memory may grow only a little, and descriptors not at all.
    pub(crate) fn holds_no_more(count: usize, most_bytes: u64, mut work: impl FnMut(usize)) {
        let count = count * std::env::var("POLYPHASE_LOAD").map_or(1, |times| times.parse().unwrap());
        (0..count / 4).for_each(&mut work);
        let early = (resident_bytes(), descriptors());
        (count / 4..count).for_each(&mut work);
        let late = (resident_bytes(), descriptors());
        println!("{count} times: (bytes, descriptors) after a quarter {early:?}, at the end {late:?}");
        assert!(late.1 <= early.1, "descriptors: {} after a quarter, {} at the end", early.1, late.1);
        let grown = late.0.saturating_sub(early.0);
        assert!(grown < 12 << 20, "{grown} bytes more after {count} times than after a quarter of them");
        assert!(late.0 < most_bytes, "{} bytes", late.0);
    }

    fn resident_bytes() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    fn descriptors() -> usize {
        std::fs::read_dir("/proc/self/fd").unwrap().count()
    }

    #[test]
    fn memory_does_not_grow_with_the_number_of_rates() {
        run("load::alone::many_rates");
    }

    /// Every pair of rates is different and needs its own filter: 100,000 pairs with `POLYPHASE_LOAD=50`.
    #[test]
    #[ignore = "run by memory_does_not_grow_with_the_number_of_rates, in a process of its own"]
    fn many_rates() {
        let clip = noise_f32(1, 50);
        let options = [ResampleOptions::default(), Preset::KaiserFast.options()];
        holds_no_more(2000, 256 << 20, |i| {
            let (orig_freq, new_freq) = (8_009 + (i / 300) as u32, 44_101 + (i % 300) as u32);
            let output = polyphase::resample_with(&clip, orig_freq, new_freq, options[i % 2]).unwrap();
            assert_eq!(output.len(), (50 * u64::from(new_freq)).div_ceil(orig_freq.into()) as usize);
        });
    }
}
