//! The tolerances, and the comparison that applies them.

/// Largest allowed difference of two signals: a bound for every sample, and a bound for the root mean square, since the
/// first alone hides small systematic errors.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// Largest difference, as a multiple of the peak of the input, or of 1 if the peak is lower.
    pub max_abs: f64,
    /// Root mean square of the difference over that of the expected signal, in dB.
    pub rms_db: f64,
}

/// Tolerance of float64 against the oracle and the golden files.
pub const DOUBLE: Tolerance = Tolerance { max_abs: 1e-11, rms_db: -270.0 };

/// Tolerance of float32 against the oracle, by the number of taps. Every product and every sum is rounded; up to 1/16
/// of the taps are summed one after the other.
pub fn single(taps: usize) -> Tolerance {
    let rms_db = match taps {
        0..=150 => -138.0,
        151..=400 => -135.0,
        _ => -128.0,
    };
    Tolerance { max_abs: 5e-7, rms_db }
}

/// Tolerance of an interpolated bank against the exact one: the error of its taps, and a step of float32 for the
/// rounding of the sum of four products.
pub const INTERPOLATED: Tolerance = Tolerance { max_abs: 1e-7 + f32::EPSILON as f64, rms_db: -140.0 };

/// Tolerance of float32 on the GPU.
pub const GPU: Tolerance = Tolerance { max_abs: 2e-6, rms_db: -130.0 };

/// Root mean square of the difference relative to that of `expected`, in dB.
pub fn error_db(actual: &[f64], expected: &[f64]) -> f64 {
    let error: f64 = actual.iter().zip(expected).map(|(a, e)| (a - e) * (a - e)).sum();
    let signal: f64 = expected.iter().map(|e| e * e).sum();
    if error == 0.0 { f64::NEG_INFINITY } else { 10.0 * (error / signal).log10() }
}

/// Compares two signals, edges included.
///
/// The bound of the root mean square is relative to the signal, and is applied to signals of 16 samples or more.
///
/// # Errors
/// A description of the first difference beyond the tolerance.
pub fn compare(actual: &[f64], expected: &[f64], peak: f64, tolerance: Tolerance) -> Result<(), String> {
    if actual.len() != expected.len() {
        return Err(format!("{} samples instead of {}", actual.len(), expected.len()));
    }
    let limit = tolerance.max_abs * peak.max(1.0);
    for (n, (a, e)) in actual.iter().zip(expected).enumerate() {
        let within = (a - e).abs() <= limit; // false for NaN
        if !within {
            return Err(format!("sample {n} of {} is {a:e}, not {e:e}: {:e} apart", actual.len(), (a - e).abs()));
        }
    }
    let db = error_db(actual, expected);
    let quiet = db <= tolerance.rms_db; // false for NaN
    if actual.len() >= 16 && !quiet {
        return Err(format!("the error is at {db:.1} dB, above {} dB", tolerance.rms_db));
    }
    Ok(())
}

/// Largest magnitude of a sample.
#[must_use]
pub fn peak(samples: &[f64]) -> f64 {
    samples.iter().fold(0.0, |peak, sample| f64::max(peak, sample.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{Filter, Oracle};
    use crate::signals::noise;

    /// Negative controls: the comparison rejects the outputs of broken resamplers.
    #[test]
    fn outputs_of_broken_resamplers_are_rejected() {
        let input = noise(1, 500);
        let oracle = Oracle::new(3, 2, Filter::default());
        let expected = oracle.resample(&input);
        let other = Oracle::new(3, 2, Filter::default()).resample(&noise(2, 500));
        let tolerances = [DOUBLE, single(100), single(4096)];
        let refused = |what: &str, actual: &[f64]| {
            for tolerance in tolerances {
                assert!(compare(actual, &expected, 1.0, tolerance).is_err(), "accepted: {what}, {tolerance:?}");
            }
        };
        for tolerance in tolerances {
            compare(&expected, &expected, 1.0, tolerance).expect("equal signals");
        }

        let mut shifted = expected.clone();
        shifted.rotate_right(1);
        refused("a shift by one", &shifted);
        let mut swapped = expected.clone();
        swapped.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        refused("two swapped phases", &swapped);
        refused("a gain of 1.0001", &expected.iter().map(|y| y * 1.0001).collect::<Vec<_>>());
        refused("another clip", &other);
        refused("an empty output", &[]);
        refused("silence", &vec![0.0; expected.len()]);
        refused("a missing sample", &expected[1..]);
        refused("an offset of 1e-6", &expected.iter().map(|y| y + 1e-6).collect::<Vec<_>>());
        let mut one_nan = expected.clone();
        one_nan[200] = f64::NAN;
        refused("a NaN", &one_nan);
        let dropped = Oracle { drop_tap: Some(2), ..oracle }.resample(&input);
        refused("a dropped tap", &dropped);
        let float_phases: Vec<f64> = Oracle { float32_phases: true, ..oracle }.resample(&input);
        refused("phases in float32", &float_phases);
        refused(
            "another signal added at -120 dB",
            &expected.iter().zip(&other).map(|(y, o)| y + o * 1e-6).collect::<Vec<_>>(),
        );
    }
}
