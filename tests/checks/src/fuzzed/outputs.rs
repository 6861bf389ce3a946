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
    if taps.iter().any(|taps| taps.divisor < 0.1 * taps.sizes.min(1.0) || taps.divisor < 1e-3) {
        return Ok(());
    }
    // And errors are divided with what they are errors of.
    let least = taps.iter().fold(1.0, |least, taps| f64::min(least, taps.divisor));
    let is_interpolated = matches!(case.plan.filter_form(), FilterForm::Interpolated { .. });
    let divided = if is_interpolated { least } else { 1.0 };
    let single = single(case.plan.taps());
    // The relative bound is for outputs as loud as those of noise are: some are quieter, and err more, by chance. How much
    // depends on how many values are independent of each other, which a narrow filter leaves few of.
    let power: f64 = expected.iter().map(|y| y * y).sum();
    let usual: f64 = taps.iter().map(|taps| taps.squares / 3.0).sum();
    let (stride, phases) = (case.plan.ratio().stride() as f64, case.plan.ratio().phases() as f64);
    let samples = (case.len as f64).min(expected.len() as f64 * stride / phases);
    let independent = samples * (phases / stride).min(1.0) * case.options.rolloff;
    let chance = (usual / power).max(1.0) * (1.0 + 5.0 * (2.0 / independent.max(1.0)).sqrt());
    // Sums round at their size: the absolute bound is for outputs up to 1, and steep filters overshoot.
    let peak = expected.iter().fold(1.0, |peak, y| f64::max(peak, y.abs()));
    let within = |actual: &[f64], tolerance: Tolerance, divided: f64| {
        let rms_db = tolerance.rms_db + 10.0 * chance.log10();
        let tolerance = Tolerance { max_abs: tolerance.max_abs / divided, rms_db };
        compare(actual, &expected, peak, tolerance).unwrap_or_else(|wrong| panic!("{case:?}: {wrong}"));
    };
    let cpu = CpuResampler::new();
    within(&cpu.resample(&case.plan, &clip).expect("memory"), DOUBLE, 1.0);
    within(&to_f64(&cpu.resample(&case.plan, &to_f32(&clip)).expect("memory")), single, divided);
    Ok(())
}
