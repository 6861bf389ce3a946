//! Responses that are known in closed form, responses of altered taps, and arguments outside their ranges.

use super::*;
use crate::options::ResampleOptions;

/// Response of a filter that is given by the taps of its phases, each with the sample of the period at which they
/// begin.
fn of(phases: u64, stride: u64, phase_taps: &[(i64, &[f64])]) -> Response {
    let ratio = Ratio::new(stride, phases).expect("a ratio");
    let first = |phase: i128, start: i64| i128::from(start) * i128::from(phases) - phase * i128::from(stride);
    let phase_taps: Vec<_> =
        (0..).zip(phase_taps).map(|(phase, &(start, taps))| (first(phase, start), taps.to_vec())).collect();
    Response::of_phases(ratio, &phase_taps)
}

fn close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{actual} instead of {expected}");
}

/// Linear interpolation to twice the rate: p = ½, 1, ½, so H = (1 + cos ω)/2 with ω = π/2 at frequency 1, and the image
/// of a tone at f is H at 2 − f.
#[test]
fn linear_interpolation_has_the_response_of_its_formula() {
    let response = of(2, 1, &[(0, &[1.0]), (0, &[0.5, 0.5])]);
    let gain = |frequency: f64| 0.5 * (1.0 + (std::f64::consts::FRAC_PI_2 * frequency).cos());
    for frequency in [0.0, 0.1, 0.5, 1.0, 1.5, 2.0] {
        close(response.magnitude(frequency), gain(frequency));
    }
    for pass_band in [0.25, 0.5, 1.0] {
        close(response.pass_band_ripple(pass_band), -20.0 * gain(pass_band).log10());
        close(response.image_rejection(pass_band).expect("two phases"), -20.0 * gain(2.0 - pass_band).log10());
    }
    assert_eq!(response.alias_rejection(0.9), None);
    // (1 + cos ω)/2 = 1/2 at ω = π/2, 1/√2 at ω = acos(√2 − 1).
    close(response.edge(20.0 * 2.0_f64.log10()).expect("falls to a half"), 1.0);
    let half_power = (2.0_f64.sqrt() - 1.0).acos() / std::f64::consts::FRAC_PI_2;
    close(response.edge(10.0 * 2.0_f64.log10()).expect("falls to half the power"), half_power);
    assert_eq!((response.dc_image(), response.asymmetry(), response.delay()), (0.0, 0.0, 0.0));
}

/// The mean of two samples, one output for two inputs: H = cos(ω/2) with ω = π/2 at frequency 1, delayed by half a
/// sample.
#[test]
fn mean_of_two_has_the_response_of_its_formula() {
    let response = of(1, 2, &[(0, &[0.5, 0.5])]);
    for frequency in [0.0, 0.3, 1.0, 1.7] {
        close(response.magnitude(frequency), (std::f64::consts::FRAC_PI_4 * frequency).cos());
    }
    let alias = -20.0 * (std::f64::consts::FRAC_PI_4 * 1.5).cos().log10();
    close(response.alias_rejection(0.5).expect("tones fold"), alias);
    assert_eq!(response.image_rejection(0.5), None);
    assert_eq!((response.delay(), response.asymmetry(), response.dc_image()), (0.5, 1.0, 0.0));
}

#[test]
fn equal_rates_leave_everything_as_it_is() {
    let response = Plan::new(7, 7, ResampleOptions::default()).expect("a plan").response();
    close(response.magnitude(0.7), 1.0);
    assert!(response.pass_band_ripple(1.0) < 1e-12);
    assert_eq!((response.edge(0.1), response.alias_rejection(0.5), response.image_rejection(0.5)), (None, None, None));
    assert_eq!((response.dc_image(), response.asymmetry(), response.delay()), (0.0, 0.0, 0.0));
}

/// Any single tap that is altered by 1e-6 changes every figure.
#[test]
fn an_altered_tap_shows() {
    let plan = Plan::new(3, 2, ResampleOptions::kaiser_best()).expect("a plan");
    let altered = |change: &dyn Fn(i128, &mut [f64])| {
        let (ratio, mut phases) = plan.spaced_phases(MAX_PHASES);
        phases.iter_mut().for_each(|(first, taps)| change(first.rem_euclid(2), taps));
        Response::of_phases(ratio, &phases)
    };
    let whole = altered(&|_, _| {});
    assert!(whole.asymmetry() < 1e-15 && whole.delay().abs() < 1e-12 && whole.dc_image() < 2e-8, "{whole:?}");
    let images = |response: &Response| response.image_rejection(0.9).expect("two phases");
    let aliases = |response: &Response| response.alias_rejection(0.8).expect("tones fold");
    assert!(images(&whole) > 145.0 && aliases(&whole) > 145.0);
    for k in [0, 40, 96, 100, 150, 191] {
        let raised = altered(&|phase, taps| {
            if phase == 1 {
                taps[k] += 1e-6
            }
        });
        assert!(raised.asymmetry() > 1e-6, "tap {k}: {raised:?}");
        assert!(raised.delay().abs() > 1e-9, "tap {k}: {raised:?}");
        assert!(images(&raised) < 128.0 && aliases(&raised) < 129.0, "tap {k}: {}", images(&raised));
        assert!(raised.dc_image() > 9e-7, "tap {k}: {raised:?}");
    }
    // Both phases one input sample later, except that the last tap comes first.
    let shifted = altered(&|_, taps| taps.rotate_right(1));
    assert!((shifted.delay() - 1.0).abs() < 1e-5, "{shifted:?}");
    // A gain is no image.
    let louder = altered(&|_, taps| taps.iter_mut().for_each(|tap| *tap *= 1.001));
    assert!((images(&louder) - images(&whole)).abs() < 0.02);
    close(louder.magnitude(0.5), 1.001 * whole.magnitude(0.5));
}

/// Parseval's sum against the images one by one.
#[test]
fn images_together_are_their_sum() {
    for (orig, new) in [(5, 7), (7, 5), (160, 147)] {
        let plan = Plan::new(orig, new, ResampleOptions::default()).expect("a plan");
        let response = plan.response();
        // The input's rate, from one image to the next.
        let rate = 2.0 * response.input_nyquist;
        for frequency in [0.1, 0.5, 0.93] {
            let images = (1..plan.ratio().phases()).map(|k| response.magnitude(frequency + k as f64 * rate).powi(2));
            close(response.image_level(frequency), images.sum::<f64>().sqrt());
        }
    }
}

/// Some evenly spaced phases give the figures of all.
#[test]
fn evenly_spaced_phases_stand_for_all() {
    for (orig, new) in [(4003, 4001), (3001, 7001), (9001, 4001)] {
        let plan = Plan::new(orig, new, ResampleOptions::kaiser_fast()).expect("a plan");
        let [some, all] = [MAX_PHASES, u64::MAX].map(|most| {
            let (ratio, phases) = plan.spaced_phases(most);
            Response::of_phases(ratio, &phases)
        });
        assert_eq!((some.phases, all.phases), (1024, new as usize));
        for frequency in [0.0, 0.4, 0.93, 1.2] {
            assert!((some.magnitude(frequency) - all.magnitude(frequency)).abs() < 1e-7);
            assert!((some.image_level(frequency) / all.image_level(frequency) - 1.0).abs() < 1e-2);
        }
        assert!((some.dc_image() / all.dc_image() - 1.0).abs() < 1e-2);
        assert!(some.asymmetry() < 1e-14 && some.delay().abs() < 1e-12, "{some:?}");
    }
    let many = Plan::new(4_294_967_291, 4_294_967_279, ResampleOptions::kaiser_best()).expect("a plan");
    let few = Plan::new(1009, 1013, ResampleOptions::kaiser_best()).expect("a plan");
    let rejection = |plan: &Plan| plan.response().image_rejection(0.9).expect("images");
    assert!((rejection(&many) - rejection(&few)).abs() < 0.5);
}

/// Long phases are fewer, and stand for all of them too.
#[test]
fn long_filters_are_evaluated_in_bounded_memory() {
    let plan = |width: f64| {
        Plan::new(1_000_003_000, 1_000_033, ResampleOptions::default().lowpass_filter_width(width)).expect("a plan")
    };
    let long = plan(30.0);
    let (ratio, phases) = long.spaced_phases(MAX_PHASES);
    let taps: usize = phases.iter().map(|(_, taps)| taps.len()).sum();
    assert!((4_000_000..=1 << 22).contains(&taps), "{} phases, {taps} taps", phases.len());
    assert_eq!((phases.len(), long.impulse_response_density()), (69, 69));
    let (some, fewer) = (Response::of_phases(ratio, &phases), {
        let (ratio, phases) = long.spaced_phases(40);
        Response::of_phases(ratio, &phases)
    });
    for frequency in [0.0, 0.4, 0.93, 1.2] {
        assert!((some.magnitude(frequency) - fewer.magnitude(frequency)).abs() < 1e-7);
    }
    // 1024 phases of two million taps would take 16 GB.
    let (_, phases) = plan(1000.0).spaced_phases(MAX_PHASES);
    assert_eq!((phases.len(), phases[0].1.len() / 10_000), (2, 202));
    let response = plan(1000.0).impulse_response();
    assert!((response.iter().sum::<f64>() / 2.0 - 1.0).abs() < 1e-3);
    assert!((plan(1000.0).response().magnitude(0.5) - 1.0).abs() < 1e-6);
}

/// No argument makes a method hang or panic.
#[test]
fn arguments_outside_their_ranges_are_accepted() {
    let response = Plan::new(1, 3, ResampleOptions::default()).expect("a plan").response();
    for value in [f64::NAN, f64::INFINITY, -1.0, 1e300, 0.0] {
        let _ = (response.magnitude(value), response.pass_band_ripple(value), response.edge(value));
        let _ = (response.alias_rejection(value), response.image_rejection(value));
    }
    assert!(format!("{response:?}").len() < 200);
}

/// The impulse response interleaves the taps of the phases, at any ratio, normalised or not, and is even.
#[test]
fn impulse_responses_interleave_the_taps_of_the_phases() {
    for (orig_freq, new_freq) in [(2, 1), (1, 3), (160, 147), (7, 5), (16_001, 16_000)] {
        for options in [ResampleOptions::default(), ResampleOptions::kaiser_best().normalize_phases(true)] {
            let plan = Plan::new(orig_freq, new_freq, options).expect("a plan");
            let response = plan.impulse_response();
            let half = response.len() / 2;
            let count = usize::try_from(plan.ratio().phases().min(MAX_PHASES)).expect("a count of phases");
            assert_eq!((response.len() % 2, plan.impulse_response_density()), (1, count as u64));
            for m in 0..=half {
                close(response[half + m], response[half - m]);
            }
            if count as u64 == plan.ratio().phases() {
                let (phases, stride) = (plan.ratio().phases().cast_signed(), plan.ratio().stride().cast_signed());
                for j in 0..phases {
                    let window = plan.shape().window(j.unsigned_abs());
                    let m = |i: i64| {
                        usize::try_from(i64::try_from(half).expect("small") + i * phases - j * stride).expect("inside")
                    };
                    let mut taps = crate::filter::on_demand::OnDemandTaps::new(plan.shape());
                    let expected = taps.taps(j.unsigned_abs());
                    assert_eq!(window.map(|i| response[m(i)]).collect::<Vec<_>>(), expected, "phase {j}");
                }
            }
            let sum = response.iter().sum::<f64>() / count as f64;
            assert!((sum - 1.0).abs() < 1e-3, "{orig_freq}→{new_freq}: {sum}");
        }
    }
    assert_eq!(Plan::new(5, 5, ResampleOptions::default()).expect("a plan").impulse_response(), [1.0]);
}
