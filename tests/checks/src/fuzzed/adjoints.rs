//! Fuzz target: the adjoint against its definition.

use arbitrary::{Result, Unstructured};
use polyphase::{CpuResampler, FilterForm};

use super::case::Case;
use crate::signals::{noise, to_f32, to_f64};

/// Checks the adjoint: ⟨Ax, y⟩ = ⟨x, Aᵀy⟩.
pub fn adjoints(bytes: &[u8]) {
    let _ = try_adjoints(&mut Unstructured::new(bytes));
}

fn try_adjoints(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    let (plan, cpu) = (&case.plan, CpuResampler::new());
    let x = to_f64(&to_f32(&noise(case.seed, case.len)));
    let y = to_f64(&to_f32(&noise(case.seed + 1, plan.output_len(case.len))));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let norm = |a: &[f64]| dot(a, a).sqrt();
    // The filter of the adjoint may exceed the limit of memory even if the filter itself does not.
    let Ok(gradient) = cpu.adjoint(plan, &y, case.len) else {
        assert!(plan.options().limits.max_filter_bytes < 64 << 20, "{case:?}");
        return Ok(());
    };
    let output = cpu.resample(plan, &x).expect("memory");
    assert_eq!(gradient.len(), case.len);
    // Normalisation by a small sum makes the taps of a phase large.
    let scale = norm(&x) * norm(&y) + norm(&output) * norm(&y) + norm(&x) * norm(&gradient) + 1.0;
    let apart = (dot(&output, &y) - dot(&x, &gradient)).abs();
    assert!(apart <= 1e-11 * scale, "{case:?}: {apart:e} of {scale}");
    let output = to_f64(&cpu.resample(plan, &to_f32(&x)).expect("memory"));
    let gradient = to_f64(&cpu.adjoint(plan, &to_f32(&y), case.len).expect("its length"));
    let apart = (dot(&output, &y) - dot(&x, &gradient)).abs();
    let form = if plan.filter_form() == FilterForm::Exact { 1.0 } else { 2.0 };
    assert!(apart <= 1e-6 * form * scale, "{case:?}, float32: {apart:e} of {scale}");
    Ok(())
}
