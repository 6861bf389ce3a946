//! Every small ratio, length and width against the oracle, and a few odd filters.

use polyphase::{CpuResampler, Plan, ResampleOptions, Window};

use crate::compare::{self, Tolerance, compare};
use crate::oracle::{Filter, Oracle};
use crate::signals::{noise, to_f32, to_f64};

/// Compares outputs with the oracle. `single` returns the tolerance of float32 for a number of taps.
fn check(orig: u32, new: u32, filter: Filter, lengths: impl Iterator<Item = usize>, single: fn(usize) -> Tolerance) {
    let window = filter.beta.map_or(Window::Hann, |beta| Window::Kaiser { beta });
    let options = ResampleOptions::default().lowpass_filter_width(filter.width).rolloff(filter.rolloff).window(window);
    let plan = Plan::new(orig, new, options).unwrap();
    let oracle = Oracle::new(orig.into(), new.into(), filter);
    let cpu = CpuResampler::new().with_threads(1);
    for len in lengths {
        let what = || format!("{orig}→{new}, {filter:?}, {len} samples");
        let rounded = to_f32(&noise(u64::from(orig * 100 + new), len));
        let input = to_f64(&rounded);
        let expected = oracle.resample(&input);
        assert_eq!(plan.output_len(len), expected.len(), "{}", what());

        let double = cpu.resample(&plan, &input).unwrap();
        compare(&double, &expected, 1.0, compare::DOUBLE).unwrap_or_else(|wrong| panic!("{}: {wrong}", what()));
        let actual = to_f64(&cpu.resample(&plan, &rounded).unwrap());
        compare(&actual, &expected, 1.0, single(plan.taps())).unwrap_or_else(|wrong| panic!("{}: {wrong}", what()));
    }
}

fn coprime(a: u32, b: u32) -> bool {
    (2..=a.min(b)).all(|d| !a.is_multiple_of(d) || !b.is_multiple_of(d))
}

#[test]
fn small_ratios_lengths_and_widths() {
    for orig in 1..=16 {
        for new in (1..=16).filter(|&new| coprime(orig, new)) {
            for width in 1..=4 {
                let filter = Filter { width: width.into(), ..Filter::default() };
                check(orig, new, filter, 0..=64, compare::single);
            }
        }
    }
}

#[test]
fn lengths_around_the_taps_and_a_block() {
    for (orig, new) in [(48_000, 44_100), (44_100, 48_000), (16_000, 8_000), (48_000, 16_000), (8_000, 16_000)] {
        for filter in [Filter::default(), crate::oracle::KAISER_BEST] {
            let taps =
                Plan::new(orig, new, ResampleOptions::default().lowpass_filter_width(filter.width)).unwrap().taps();
            let lengths = [taps - 1, taps, taps + 1, 2 * taps, 2 * taps + 1, 2047, 2048, 2049, 4096 + 17];
            check(orig, new, filter, lengths.into_iter(), compare::single);
        }
    }
}

#[test]
fn fractional_and_extreme_filters() {
    for (orig, new) in [(3, 2), (2, 3), (147, 160), (1, 7), (7, 1), (100, 1), (1, 100), (997, 1009)] {
        for width in [0.01, 0.3, 0.5, 1.5, 2.75, 6.1, 45.867] {
            for (rolloff, beta) in [(1.0, None), (0.5, Some(0.0)), (0.123, Some(3.0)), (0.99, Some(60.0))] {
                // Some of these filters pass little of the noise, so that rounding is larger relative to the output:
                // use the bound for many taps.
                let single = |_| compare::single(4096);
                check(orig, new, Filter { width, rolloff, beta }, [0, 1, 2, 50, 123].into_iter(), single);
            }
        }
    }
}

/// Clips of hundreds of periods, with a rolloff of 1, whose taps are zero at every multiple of max(L, M).
#[test]
fn structural_zeros_change_no_output() {
    for (orig, new) in [(2, 1), (1, 2), (3, 1), (1, 3), (3, 2), (2, 3), (4, 1), (1, 4), (5, 4), (49, 48), (48, 49)] {
        for (width, beta) in [(6.0, None), (20.5, Some(8.0)), (46.4, Some(9.6))] {
            let filter = Filter { width, rolloff: 1.0, beta };
            check(orig, new, filter, [500, 3500].into_iter(), compare::single);
        }
    }
}

/// A filter of low rolloff has many taps that are nearly as large as the largest. A single running sum would be rounded
/// to the precision of the whole sum at every tap.
#[test]
fn wide_main_lobes_round_no_worse() {
    for (orig, new) in [(16, 1), (160, 147), (1, 16)] {
        for width in [6.0, 9.0] {
            let filter = Filter { width, rolloff: 0.08, beta: None };
            check(orig, new, filter, [4000].into_iter(), |_| compare::single(400));
        }
    }
}
