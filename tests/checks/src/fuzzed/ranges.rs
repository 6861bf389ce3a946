//! Fuzz target: ranges, excerpts and batches against whole outputs.

use arbitrary::{Result, Unstructured};
use polyphase::{Batch, CpuResampler, Sample};

use super::case::Case;
use crate::signals::noise;

/// Compares ranges of the output, excerpts of the input, and clips in a batch with whole outputs, bit for bit.
pub fn ranges(bytes: &[u8]) {
    let _ = try_ranges(&mut Unstructured::new(bytes));
}

fn try_ranges(bytes: &mut Unstructured<'_>) -> Result<()> {
    let case = Case::new(bytes)?;
    match bytes.int_in_range(0..=3)? {
        0 => range(bytes, &case, |x| x),
        1 => range(bytes, &case, |x| (x * 40_000.0) as i16),
        // Infinities reach the same outputs.
        2 => range(bytes, &case, |x| if x > 0.99 { f32::INFINITY } else { x as f32 }),
        _ => range(bytes, &case, |x| x as f32),
    }
}

fn range<T: Sample + PartialEq>(bytes: &mut Unstructured<'_>, case: &Case, sample: impl Fn(f64) -> T) -> Result<()> {
    let (plan, cpu) = (&case.plan, CpuResampler::new());
    let clip: Vec<T> = noise(case.seed, case.len).into_iter().map(&sample).collect();
    let whole = cpu.with_threads(1).resample(plan, &clip).expect("memory");
    // NaN differs from itself, but is printed the same.
    let equal = |a: &[T], b: &[T]| a == b || format!("{a:?}") == format!("{b:?}");
    for _ in 0..4 {
        let start = bytes.int_in_range(0..=whole.len())?;
        let most = if bytes.arbitrary()? { whole.len() } else { whole.len().min(start + 40) };
        let range = start..bytes.int_in_range(start..=most)?;
        let expected = &whole[range.clone()];
        assert!(
            equal(&cpu.resample_range(plan, &clip, range.clone()).expect("memory"), expected),
            "{case:?}, {range:?}"
        );
        let excerpt = &clip[plan.input_range_for(case.len, range.clone()).expect("within the output")];
        let output = cpu.resample_excerpt(plan, excerpt, case.len, range.clone()).expect("the samples of its range");
        assert!(equal(&output, expected), "{case:?}, {range:?} from its excerpt");
    }
    let mut batch = Batch::new();
    let cut = bytes.int_in_range(0..=case.len)?;
    [&clip[..cut], &clip, &[], &clip[cut..]].into_iter().for_each(|clip| batch.push(plan, clip));
    let output = cpu.with_threads(bytes.int_in_range(0..=3)?).resample_batch(&batch).expect("memory");
    assert!(equal(output.clip(1).expect("four clips"), &whole), "{case:?} in a batch");
    let alone = cpu.resample(plan, &clip[cut..]).expect("memory");
    assert!(equal(output.clip(3).expect("four clips"), &alone), "{case:?} in a batch");
    Ok(())
}
