//! Ratios whose exact bank would be too large: the interpolated bank, its error and its cost.

use polyphase::{CpuResampler, Error, FilterForm, Level, Plan, Preset, Ratio, ResampleOptions, Window};

use crate::compare::{DOUBLE, INTERPOLATED, compare, peak, single};
use crate::oracle::{Filter, Oracle};
use crate::signals::{noise, to_f32, to_f64};

fn interpolated(orig_freq: u32, new_freq: u32, options: &ResampleOptions) -> Plan {
    // The limit is below the size of all exact banks here, and above that of all interpolated ones.
    let plan = Plan::new(orig_freq, new_freq, options.max_filter_bytes(1_200_000)).unwrap();
    assert!(matches!(plan.filter_form(), FilterForm::Interpolated { .. }), "{orig_freq}→{new_freq}");
    plan
}

fn options() -> Vec<ResampleOptions> {
    let default = ResampleOptions::default();
    let presets = [Preset::Default, Preset::KaiserFast, Preset::KaiserBest].map(Preset::options);
    let windows = [
        // The window ends between zero crossings, where the sinc is cut off at full height.
        default.lowpass_filter_width(1.5).window(Window::Kaiser { beta: 0.0 }),
        default.lowpass_filter_width(3.3).window(Window::Kaiser { beta: 2.0 }),
        default.lowpass_filter_width(0.3),
        default.lowpass_filter_width(20.0).window(Window::Kaiser { beta: 100.0 }),
        default.rolloff(0.5).normalize_phases(true),
        default.lowpass_filter_width(2.7).window(Window::Kaiser { beta: 1.0 }).normalize_phases(true),
    ];
    presets.into_iter().chain(windows).collect()
}

/// Outputs in float32 with an interpolated bank, against those of the exact filter in float64, from the same samples.
#[test]
fn interpolated_banks_are_within_their_error_of_the_exact_filter() {
    for (orig_freq, new_freq) in [(48_017, 44_101), (44_101, 48_017), (99_991, 10_007), (10_007, 99_991)] {
        for options in options() {
            let plan = interpolated(orig_freq, new_freq, &options);
            let clip = to_f32(&noise(7, 3000));
            let exact = CpuResampler::new().resample(&plan, &to_f64(&clip)).unwrap();
            for level in Level::available() {
                let output = CpuResampler::new().with_level(level).resample(&plan, &clip).unwrap();
                let tolerance = single(plan.taps());
                compare(&to_f64(&output), &exact, peak(&to_f64(&clip)), tolerance)
                    .unwrap_or_else(|wrong| panic!("{orig_freq}→{new_freq}, {options:?}, {level}: {wrong}"));
            }
        }
    }
}

/// The taps themselves, read one by one with impulses and summed in float64, so that only the taps are rounded.
#[test]
fn interpolated_taps_are_the_exact_ones() {
    const LEN: usize = 120;
    let clip = noise(9, LEN);
    for (orig_freq, new_freq) in [(48_017, 44_101), (44_101, 48_017), (99_991, 10_007)] {
        for options in options() {
            let plan = interpolated(orig_freq, new_freq, &options);
            let exact = CpuResampler::new().resample(&plan, &clip).unwrap();
            let mut output = vec![0.0; exact.len()];
            for (i, sample) in clip.iter().enumerate() {
                let mut impulse = [0.0_f32; LEN];
                impulse[i] = 1.0;
                let taps = CpuResampler::new().resample(&plan, &impulse).unwrap();
                output.iter_mut().zip(taps).for_each(|(sum, tap)| *sum += f64::from(tap) * sample);
            }
            compare(&output, &exact, 1.0, INTERPOLATED)
                .unwrap_or_else(|wrong| panic!("{orig_freq}→{new_freq}, {options:?}: {wrong}"));
        }
    }
}

/// float64 has no interpolated bank: its taps are computed for each output, and are those of the bank in every bit. The
/// two kernels add their products in different orders.
#[test]
fn float64_is_exact_in_either_form() {
    let clip = noise(8, 500);
    let mut impulse = vec![0.0; 500];
    impulse[217] = 1.0;
    for (orig_freq, new_freq) in [(48_017, 44_101), (44_101, 48_017), (99_991, 10_007)] {
        for options in options() {
            let exact = Plan::new(orig_freq, new_freq, options.max_filter_bytes(1 << 30)).unwrap();
            assert_eq!(exact.filter_form(), FilterForm::Exact);
            let few = interpolated(orig_freq, new_freq, &options);
            let cpu = CpuResampler::new();
            assert_eq!(cpu.resample(&few, &impulse).unwrap(), cpu.resample(&exact, &impulse).unwrap());
            let (plain, whole) = (cpu.resample(&few, &clip).unwrap(), cpu.resample(&exact, &clip).unwrap());
            compare(&plain, &whole, 1.0, DOUBLE).unwrap();
        }
    }
    let filter = Filter::default();
    let plan = Plan::new(4_294_967_291, 4_294_967_279, ResampleOptions::default()).unwrap();
    let expected = Oracle::new(4_294_967_291, 4_294_967_279, filter).resample(&clip);
    compare(&CpuResampler::new().resample(&plan, &clip).unwrap(), &expected, 1.0, DOUBLE).unwrap();
    let output = CpuResampler::new().resample(&plan, &to_f32(&clip)).unwrap();
    compare(&to_f64(&output), &expected, 1.0, single(plan.taps())).unwrap();
}

/// A few kilobytes of samples with a forged rate cost a few megabytes and milliseconds, whatever the rate.
#[test]
fn forged_rates_cost_no_more_than_the_clip() {
    let clip = vec![0.25_f32; 1000];
    for (orig_freq, new_freq) in [
        (4_294_967_291, 4_294_967_279),
        (44_101, 48_000),
        (48_000, 44_101),
        (192_000, 16_001),
        (191_999, 16_000),
        (999_983, 16_000),
        (16_000, 999_983),
        (4_294_967_291, 48_000 * 90),
    ] {
        for options in [ResampleOptions::default(), ResampleOptions::kaiser_best()] {
            let started = std::time::Instant::now();
            let used = allocation_counter::measure(|| {
                let plan = Plan::new(orig_freq, new_freq, options).unwrap();
                CpuResampler::new().resample(&plan, &clip).unwrap();
            });
            let (bytes, seconds) = (used.bytes_max, started.elapsed().as_secs_f64());
            // The last filter alone has 134,000 taps.
            assert!(bytes < 6 << 20, "{orig_freq}→{new_freq}: {bytes} bytes");
            // Milliseconds in a release build on an idle machine.
            assert!(seconds < 2.0, "{orig_freq}→{new_freq}: {seconds} s");
        }
    }
}

#[test]
fn lengths_and_positions_are_exact_at_any_ratio() {
    // A ramp stays a ramp away from the edges, and shows the position of each output: 1e-9 of 20,000 samples is 2e-5.
    let (orig_freq, new_freq) = (4_294_967_291_u32, 4_294_967_279);
    let options = ResampleOptions::kaiser_best().normalize_phases(true);
    let plan = Plan::new(orig_freq, new_freq, options).unwrap();
    let ramp: Vec<_> = (0..20_000).map(f64::from).map(|x| x / 20_000.0).collect();
    let output = CpuResampler::new().resample(&plan, &ramp).unwrap();
    assert_eq!(output.len(), 20_000);
    for (n, y) in output.iter().enumerate().take(19_800).skip(200) {
        let position = n as f64 * f64::from(orig_freq) / f64::from(new_freq);
        assert!((y - position / 20_000.0).abs() < 1e-9, "{n}");
    }
    let ratio = Ratio::new(u64::MAX, u64::MAX - 1).unwrap();
    let plan = Plan::with_ratio(ratio, ResampleOptions::default()).unwrap();
    let output = CpuResampler::new().resample(&plan, &to_f32(&ramp)).unwrap();
    assert_eq!(output.len(), 20_000);
    assert!((output[10_000] - 0.5).abs() < 1e-3);
}

#[test]
fn filters_too_large_in_every_form_are_refused() {
    let narrow = ResampleOptions::default().window(Window::Kaiser { beta: 1e9 });
    assert!(Plan::new(48_000, 44_100, narrow).is_ok());
    assert!(matches!(Plan::new(999_983, 999_979, narrow), Err(Error::FilterTooLarge { .. })));
    // The widest filter at nearly the largest ratio has five rows of 8 million taps, which take 165 MB.
    let wide = |width| Plan::new(1_000_003 * 1000, 1_000_033, ResampleOptions::default().lowpass_filter_width(width));
    assert!(wide(1900.0).unwrap().filter_bytes() <= 64 << 20);
    let refused = wide(4096.0);
    assert!(matches!(refused, Err(Error::FilterTooLarge { bytes: 165_000_000..166_000_000, .. })), "{refused:?}");
}
