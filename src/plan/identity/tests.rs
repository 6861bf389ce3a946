//! Equality of plans.

use std::collections::HashSet;

use crate::cpu::CpuResampler;
use crate::options::{OutputLength, Padding, ResampleOptions, Window};
use crate::plan::Plan;

fn plans(options: ResampleOptions) -> Vec<Plan> {
    let plan = |orig_freq, new_freq, options: ResampleOptions| {
        Plan::new(orig_freq, new_freq, options).expect("a plan within the limits")
    };
    let first = plan(48_000, 44_100, options);
    let transposed = first.transposed().expect("within the limits").clone();
    // Its ratio and options are those of the transpose, but its filter is not.
    let reversed = Plan::with_ratio(transposed.ratio(), *transposed.options()).expect("a plan within the limits");
    vec![
        first,
        transposed,
        reversed,
        plan(44_100, 48_000, options),
        plan(48_000, 44_100, options.lowpass_filter_width(7.0)),
        plan(48_000, 44_100, options.rolloff(0.9)),
        plan(48_000, 44_100, options.window(Window::Hann)),
        plan(48_000, 44_100, options.window(Window::Kaiser { beta: 5.0 })),
        plan(48_000, 44_100, options.normalize_phases(true)),
        plan(48_000, 44_100, options.padding(Padding::Edge)),
        plan(48_000, 44_100, options.output_length(OutputLength::Floor)),
        plan(48_000, 44_100, options.output_length(OutputLength::Exact(700))),
        plan(48_000, 44_100, options.max_filter_bytes(32_000)),
    ]
}

/// Plans that were made alike are equal and give equal bits. Plans that differ in one respect are not equal, and
/// their bits or their errors differ.
#[test]
#[expect(clippy::mutable_key_type, reason = "the taps that are designed on first use are no part of the key")]
fn equal_plans_give_equal_bits_and_others_are_not_equal() {
    let options = ResampleOptions::default().window(Window::KAISER);
    let (plans, again) = (plans(options), plans(options));
    let clip: Vec<f32> = (0..775_u32).map(|i| (i * i % 509) as f32 / 254.5 - 1.0).collect();
    let bits = |plan: &Plan| {
        let outputs = CpuResampler::new().resample(plan, &clip).expect("a short clip");
        outputs.iter().map(|y| y.to_bits()).collect::<Vec<_>>()
    };
    for (i, (a, b)) in plans.iter().zip(&again).enumerate() {
        assert_eq!(a, b);
        assert_eq!(bits(a), bits(b));
        for other in plans[..i].iter().chain(&plans[i + 1..]) {
            assert_ne!(a, other);
            assert_ne!(bits(a), bits(other), "{a:?} {other:?}");
        }
    }
    let count = plans.len();
    let distinct: HashSet<Plan> = plans.into_iter().chain(again).collect();
    assert_eq!(distinct.len(), count);
}

/// The transpose of a transpose has lost padding and normalisation, and is not the plan that had them.
#[test]
fn a_plan_is_its_transpose_twice_only_without_padding() {
    let twice = |plan: &Plan| plan.transposed().and_then(Plan::transposed).expect("within the limits").clone();
    let plan = Plan::new(3, 2, ResampleOptions::default()).expect("a plan");
    assert_eq!(twice(&plan), plan);
    let padded = Plan::new(3, 2, ResampleOptions::default().padding(Padding::Edge)).expect("a plan");
    assert_eq!(twice(&padded), plan);
}
