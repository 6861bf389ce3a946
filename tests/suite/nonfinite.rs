//! NaN and infinities reach the outputs whose taps touch them, and no others.

use polyphase::{CpuResampler, FilterForm, Level, Plan, ResampleOptions, Sample, Stream};

use crate::signals::{noise, noise_f32};

/// The outputs whose taps touch input sample i, by the definition: |m| · rolloff / max(L, M) < W with m = i·L − n·M.
/// With a rolloff of 1 taps are zero where max(L, M) divides m, unless m is 0.
fn reached(plan: &Plan, i: usize, outputs: usize) -> Vec<bool> {
    let (l, m) = (plan.ratio().phases() as i64, plan.ratio().stride() as i64);
    let options = plan.options();
    (0..outputs as i64)
        .map(|n| i as i64 * l - n * m)
        .map(|distance| {
            let is_zero = options.rolloff == 1.0 && distance != 0 && distance % l.max(m) == 0;
            !is_zero && (distance as f64 * options.rolloff / l.max(m) as f64).abs() < options.lowpass_filter_width
        })
        .collect()
}

fn check<T: Sample + From<i8> + Into<f64>>(cpu: CpuResampler, plan: &Plan, clip: &[T], at: usize, value: T) {
    let clean = cpu.resample(plan, clip).unwrap();
    let mut altered = clip.to_vec();
    altered[at] = value;
    let output = cpu.resample(plan, &altered).unwrap();
    let mut without = clip.to_vec();
    without[at] = T::default();
    let without = cpu.resample(plan, &without).unwrap();
    // The taps by which the sample is multiplied.
    let mut impulse = vec![T::default(); clip.len()];
    impulse[at] = 1.into();
    let taps = cpu.resample(plan, &impulse).unwrap();
    for (n, inside) in reached(plan, at, clean.len()).into_iter().enumerate() {
        let (y, clean): (f64, f64) = (output[n].into(), clean[n].into());
        if inside {
            // An infinity takes the sign of its tap, which rounding may change for the smallest taps.
            let tap: f64 = taps[n].into();
            let expected = tap * value.into();
            let is_expected = y == expected || expected.is_nan() && y.is_nan() || tap.abs() < 1e-6 && !y.is_finite();
            assert!(is_expected, "{}→: output {n} of sample {at} is {y}", plan.ratio().stride());
        } else {
            assert_eq!(y, without[n].into(), "output {n} of sample {at}");
            // An interpolated tap is not quite zero at a structural zero.
            let error = if matches!(plan.filter_form(), FilterForm::Interpolated { .. }) { 1e-7 } else { 0.0 };
            assert!((y - clean).abs() <= error, "output {n} of sample {at} is {y}, not {clean}");
        }
    }
}

#[test]
fn nan_and_infinity_reach_only_the_outputs_whose_taps_touch_them() {
    let ratios = [(48_000, 44_100), (44_100, 48_000), (44_100, 16_000), (8_000, 48_000), (3, 2), (2, 1)];
    // The last two have too many phases: their banks are interpolated.
    for (orig, new) in ratios.into_iter().chain([(99_991, 100_003), (100_003, 48_017)]) {
        for width in [1.0, 6.0, 16.5] {
            let options = ResampleOptions::default().lowpass_filter_width(width).max_filter_bytes(1 << 20);
            let plan = Plan::new(orig, new, options).unwrap();
            let is_interpolated = matches!(plan.filter_form(), FilterForm::Interpolated { .. });
            assert_eq!(is_interpolated, new > 48_000 || orig > 100_000);
            for at in [0, 1, 17, 250, 498, 499] {
                for level in Level::available() {
                    let cpu = CpuResampler::new().with_level(level);
                    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                        check(cpu, &plan, &noise_f32(1, 500), at, value);
                    }
                }
                for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                    check(CpuResampler::new(), &plan, &noise(1, 500), at, value);
                }
            }
        }
    }
}

/// Every sample of two periods. Some lie under the last block of a period alone, which may be partial, and the last ones
/// of a whole number of periods do so too.
#[test]
fn any_sample_may_be_nan() {
    for (orig, new) in [(160, 147), (147, 160), (441, 160), (147, 40)] {
        let options = ResampleOptions::default().lowpass_filter_width(1.0);
        let plan = Plan::new(orig, new, options).unwrap();
        for len in [2 * orig as usize, 2 * orig as usize + 7] {
            for at in 0..len {
                for level in Level::available() {
                    check(CpuResampler::new().with_level(level), &plan, &noise_f32(1, len), at, f32::NAN);
                }
                check(CpuResampler::new(), &plan, &noise(1, len), at, f64::NAN);
            }
        }
    }
}

/// Ratios with structural zeros, for clips of hundreds of periods and of few.
#[test]
fn nothing_passes_a_structural_zero() {
    // Filters of 49 phases: 49 · (1/49) is not 1 in float64. The last two are interpolated.
    let ratios = [(2, 1), (1, 2), (3, 1), (3, 2), (2, 3), (1, 3), (5, 4), (6, 1), (160, 147), (49, 48), (48, 49)];
    for (orig, new) in ratios.into_iter().chain([(99_991, 100_003), (100_003, 48_017)]) {
        for (width, len) in [(6.0, 40), (16.5, if orig > 1000 { 400 } else { 3000 })] {
            let options = ResampleOptions::default().rolloff(1.0).lowpass_filter_width(width);
            let plan = Plan::new(orig, new, options.max_filter_bytes(1 << 20)).unwrap();
            assert_eq!(matches!(plan.filter_form(), FilterForm::Interpolated { .. }), orig > 1000);
            for at in [0, len / 2, len / 2 + 1, len / 2 + 2, len - 1] {
                for value in [f32::NAN, f32::INFINITY] {
                    for level in Level::available() {
                        check(CpuResampler::new().with_level(level), &plan, &noise_f32(1, len), at, value);
                    }
                    check(CpuResampler::new(), &plan, &noise(1, len), at, value.into());
                }
            }
        }
    }
}

/// NaN under a structural zero of some outputs, wherever they are computed.
fn check_ranges_and_streams<T: Sample + From<i8> + Into<f64>>(plan: &Plan, mut clip: Vec<T>, nan: T) {
    for at in [500, 1001, 2000, 2001] {
        clip[at] = nan;
    }
    let cpu = CpuResampler::new();
    let bits = |output: &[T]| output.iter().map(|&y| y.into().to_bits() << 1).collect::<Vec<_>>();
    let whole = bits(&cpu.resample(plan, &clip).unwrap());
    let mut ranges = Vec::new();
    for start in (0..whole.len()).step_by(7) {
        ranges.extend(bits(&cpu.resample_range(plan, &clip, start..(start + 7).min(whole.len())).unwrap()));
    }
    assert!(ranges == whole, "{plan:?}");
    for chunk in [37, 1200] {
        let (mut stream, mut output) = (Stream::new(plan, 1).unwrap(), Vec::new());
        for chunk in clip.chunks(chunk) {
            stream.push(chunk, &mut output).unwrap();
        }
        stream.finish(&mut output).unwrap();
        assert!(bits(&output) == whole, "{plan:?}");
    }
}

#[test]
fn structural_zeros_are_the_same_in_ranges_and_streams() {
    for (orig, new) in [(2, 1), (1, 2), (3, 1), (3, 2), (2, 3), (49, 48)] {
        let plan = Plan::new(orig, new, ResampleOptions::default().rolloff(1.0).lowpass_filter_width(16.5)).unwrap();
        check_ranges_and_streams(&plan, noise_f32(2, 4000), f32::NAN);
        check_ranges_and_streams(&plan, noise(2, 4000), f64::NAN);
    }
}

#[test]
fn all_nan_gives_all_nan() {
    let plan = Plan::new(48_000, 44_100, ResampleOptions::default()).unwrap();
    let output = CpuResampler::new().resample(&plan, &[f32::NAN; 10_000]).unwrap();
    assert!(output.iter().all(|y| y.is_nan()));
}

#[test]
fn sums_that_overflow_are_infinite_and_stay_in_their_window() {
    let plan = Plan::new(1, 2, ResampleOptions::default()).unwrap();
    let mut clip = vec![0.0_f32; 100];
    clip[50..52].fill(f32::MAX);
    let output = CpuResampler::new().resample(&plan, &clip).unwrap();
    assert_eq!(output[101], f32::INFINITY);
    assert!(output[..88].iter().chain(&output[116..]).all(|&y| y == 0.0));
}
