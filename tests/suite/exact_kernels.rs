//! An output has the same bits wherever in a clip it is computed, and by whichever kernel.

use polyphase::{CpuResampler, Level, Plan, ResampleOptions, Sample};

use crate::signals::{noise, noise_f32};

/// The kernel computes blocks of 16 outputs, for 12, 6, 3 or 1 periods at once, in steps of 8 samples, without the
/// steps outside the clip. However an output is computed, it has the same bits as when it is computed alone.
#[test]
fn every_output_alone_equals_its_place_in_blocks_and_tails() {
    let plans = [(48_000, 44_100), (2, 1), (1, 2), (3, 2), (5, 7), (441, 160), (1009, 997)]
        .into_iter()
        .flat_map(|(orig, new)| [1.0, 6.0, 64.0].map(|width| (orig, new, width)))
        .map(|(orig, new, width)| {
            Plan::new(orig, new, ResampleOptions::default().lowpass_filter_width(width)).unwrap()
        });
    for plan in plans {
        let period = 16 * plan.ratio().stride() as usize / plan.ratio().phases() as usize + 1;
        let sizes = [
            1,
            7,
            8,
            9,
            15,
            16,
            17,
            plan.taps(),
            period,
            2 * period,
            3 * period,
            6 * period,
            12 * period,
            16 * period + 3,
        ];
        for level in Level::available() {
            let cpu = CpuResampler::new().with_threads(1).with_level(level);
            for len in sizes.into_iter().flat_map(|size| [size.saturating_sub(1), size, size + 1]) {
                let clip = noise_f32(len as u64, len);
                let whole = cpu.resample(&plan, &clip).unwrap();
                // All of the first and last, a few of those between.
                let inner = (40..whole.len().saturating_sub(40)).step_by(37);
                for n in (0..whole.len().min(40)).chain(inner).chain(whole.len().saturating_sub(40)..whole.len()) {
                    let alone = cpu.resample_range(&plan, &clip, n..n + 1).unwrap();
                    assert!(alone[0].to_bits() == whole[n].to_bits(), "output {n} of {len} samples at {level}");
                }
            }
        }
    }
}

/// Ranges of 1 to 25 periods, at the start of the clip and within it, whatever number of periods the kernel computes at
/// once.
#[test]
fn results_do_not_depend_on_the_number_of_periods() {
    for (orig, new) in [(441, 160), (48_000, 44_100), (1, 2)] {
        let plan = Plan::new(orig, new, ResampleOptions::kaiser_fast()).unwrap();
        let stride = plan.ratio().stride() as usize;
        let clip = noise_f32(11, 40 * stride);
        for level in Level::available() {
            let cpu = CpuResampler::new().with_threads(1).with_level(level);
            let whole = cpu.resample(&plan, &clip).unwrap();
            for periods in 1..26 {
                for start in [0, 1, 5 * plan.ratio().phases() as usize] {
                    let range = start..start + periods * plan.ratio().phases() as usize;
                    let part = cpu.resample_range(&plan, &clip, range.clone()).unwrap();
                    assert!(part == whole[range], "{periods} periods from output {start} at {level}");
                }
            }
        }
    }
}

fn check_many_periods<T: Sample + PartialEq + std::fmt::Debug>(plan: &Plan, clip: &[T], step: usize) {
    let (stride, phases) = (plan.ratio().stride(), plan.ratio().phases() as usize);
    for level in Level::available() {
        let what = || format!("{stride}→{phases}, rolloff {}, at {level}", plan.options().rolloff);
        let cpu = CpuResampler::new().with_threads(1).with_level(level);
        let whole = cpu.resample(plan, clip).unwrap();
        let ends = (0..100).chain(whole.len() - 100..whole.len());
        for n in ends.chain((100..whole.len() - 100).step_by(step)) {
            let alone = cpu.resample_range(plan, clip, n..n + 1).unwrap();
            assert_eq!(alone[0], whole[n], "output {n} of {}", what());
        }
        for start in [1, phases - 1, phases + 1, 7 * phases, whole.len() / 3] {
            for end in [whole.len(), whole.len() - 1, whole.len() - phases] {
                let part = cpu.resample_range(plan, clip, start..end).unwrap();
                assert!(part == whole[start..end], "{start}..{end} of {}", what());
            }
        }
    }
}

/// Clips of so many periods that 48 are computed side by side, in tiles and a remainder; ranges that begin within a
/// period, extend to the end of the clip, and are longer than a tile.
#[test]
fn every_output_alone_equals_its_place_among_many_periods() {
    for (orig, new, width) in [
        (48_000, 44_100, 64.0),
        (441, 160, 6.0),
        (1, 2, 64.0),
        (2, 1, 16.0),
        (3, 1, 70.0),
        (1009, 997, 6.0),
        (7, 5, 1.0),
    ] {
        let plan = Plan::new(orig, new, ResampleOptions::default().lowpass_filter_width(width)).unwrap();
        // A period of the kernel is at most 16 periods of the ratio.
        let len = (60 * plan.ratio().stride() as usize).max(60_000);
        check_many_periods(&plan, &noise_f32(13, len), 307);
        check_many_periods(&plan, &noise(13, len), 1499);
    }
}

/// Ratios at which kernels skip structural zeros, in bands of 4 outputs and of 8, and in spans too long for the kernel
/// for many periods.
#[test]
fn structural_zeros_are_skipped_alike_by_all_kernels() {
    for (orig, new) in [(2, 1), (1, 2), (3, 1), (3, 2), (1, 3), (2, 3), (4, 1), (1, 4), (5, 4), (4, 5), (147, 160)] {
        for width in [6.0, 46.5, 150.0] {
            let options = ResampleOptions::default().rolloff(1.0).lowpass_filter_width(width);
            let plan = Plan::new(orig, new, options).unwrap();
            let len = (60 * plan.ratio().stride() as usize).max(8000);
            check_many_periods(&plan, &noise_f32(14, len), 307);
            check_many_periods(&plan, &noise(14, len), 307);
        }
    }
}
