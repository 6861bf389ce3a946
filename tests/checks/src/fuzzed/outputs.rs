//! Fuzz target: outputs against the definition.

use arbitrary::{Result, Unstructured};
use polyphase::{CpuResampler, FilterForm};

use super::case::Case;
use crate::compare::{DOUBLE, Tolerance, compare, single};
use crate::signals::{noise, to_f32, to_f64};

/// Compares outputs with the definition.
pub fn outputs(bytes: &[u8]) {
    let _ = try_outputs(&mut Unstructured::new(bytes));
}

fn try_outputs(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    // Skip long computations, filters with a tap on the edge of the window, where the oracle is ambiguous, and filters
    // of more than 4096 taps, for which the tolerances do not hold.
    let taps = case.plan.taps();
    if case.is_on_edge() || taps > 4096 || taps * case.plan.output_len(case.len) > 200_000 {
        return Ok(());
    }
    // Rounded to float32.
    let clip = to_f64(&to_f32(&noise(case.seed, case.len)));
    let (expected, taps) = case.expected(&clip);
    // Skip phases whose taps nearly cancel or vanish: normalisation divides rounding errors by their small sum.
    if taps.iter().any(|taps| taps.divisor < 0.1 * taps.sizes.min(1.0) || taps.divisor < 1e-3) {
        return Ok(());
    }
    // Normalisation divides the errors of an interpolated bank too.
    let least = taps.iter().fold(1.0, |least, taps| f64::min(least, taps.divisor));
    let is_interpolated = matches!(case.plan.filter_form(), FilterForm::Interpolated { .. });
    let divided = if is_interpolated { least } else { 1.0 };
    let single = single(case.plan.taps());
    // The relative bound is for outputs with the expected power of noise. Some outputs are quieter by chance, which
    // makes their relative error larger. The fewer independent values there are, the larger the deviation, and a narrow
    // filter leaves few.
    let power: f64 = expected.iter().map(|y| y * y).sum();
    let usual: f64 = taps.iter().map(|taps| taps.squares / 3.0).sum();
    let (stride, phases) = (case.plan.ratio().stride() as f64, case.plan.ratio().phases() as f64);
    let samples = (case.len as f64).min(expected.len() as f64 * stride / phases);
    let independent = samples * (phases / stride).min(1.0) * case.options.rolloff;
    let chance = (usual / power).max(1.0) * (1.0 + 5.0 * (2.0 / independent.max(1.0)).sqrt());
    // The absolute bound is for outputs of at most 1. Scale it for steep filters, whose outputs overshoot.
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
