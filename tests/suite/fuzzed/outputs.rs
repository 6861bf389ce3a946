//! What comes out, against the definition.

use arbitrary::{Result, Unstructured};
use polyphase::{CpuResampler, FilterForm};

use super::case::Case;
use crate::compare::{DOUBLE, Tolerance, compare, single};
use crate::signals::{noise, to_f32, to_f64};

/// What comes out, against the definition.
pub fn outputs(bytes: &[u8]) {
    let _ = try_outputs(&mut Unstructured::new(bytes));
}

fn try_outputs(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    // The oracle is slow, and no judge where it rounds on the edge of a cliff; the bounds are for up to 4096 taps.
    let taps = case.plan.taps();
    if case.is_on_edge() || taps > 4096 || taps * case.plan.output_len(case.len) > 200_000 {
        return Ok(());
    }
    // As float32 holds them.
    let clip = to_f64(&to_f32(&noise(case.seed, case.len)));
    let (expected, taps) = case.expected(&clip);
    // Where the taps of a phase all but cancel, or vanish, what is divided by their sum is rounding.
    if taps.iter().any(|&(divisor, sizes)| divisor < 0.1 * sizes.min(1.0) || divisor < 1e-3) {
        return Ok(());
    }
    // And errors are divided with what they are errors of.
    let least = taps.iter().fold(1.0, |least, &(divisor, _)| f64::min(least, divisor));
    let is_interpolated = matches!(case.plan.filter_form(), FilterForm::Interpolated { .. });
    let divided = if is_interpolated { least } else { 1.0 };
    // Interpolated taps are as far from the exact ones, −140 dB, as sums of these may be from the definition.
    let single = single(case.plan.taps());
    let power = |db: f64| 10_f64.powf(db / 10.0);
    let interpolated = Tolerance { rms_db: 10.0 * (power(single.rms_db) + power(-140.0)).log10(), ..single };
    let single = if is_interpolated { interpolated } else { single };
    // The relative bound is for outputs of some number and size, from samples of some number: a few may err, or cancel, by
    // chance.
    let many = expected.len() >= 200
        && case.len >= 100
        && expected.iter().map(|y| y * y).sum::<f64>() > 0.01 * expected.len() as f64;
    // Sums round at their size: the absolute bound is for outputs up to 1, and steep filters overshoot.
    let peak = expected.iter().fold(1.0, |peak, y| f64::max(peak, y.abs()));
    let within = |actual: &[f64], tolerance: Tolerance, divided: f64| {
        let tolerance = Tolerance { max_abs: tolerance.max_abs / divided, ..tolerance };
        let tolerance = if many { tolerance } else { Tolerance { rms_db: f64::INFINITY, ..tolerance } };
        compare(actual, &expected, peak, tolerance).unwrap_or_else(|wrong| panic!("{case:?}: {wrong}"));
    };
    let cpu = CpuResampler::new();
    within(&cpu.resample(&case.plan, &clip).expect("memory"), DOUBLE, 1.0);
    within(&to_f64(&cpu.resample(&case.plan, &to_f32(&clip)).expect("memory")), single, divided);
    Ok(())
}
