//! Gain of a filter from its impulse response.

use crate::fourier::Fourier;

/// Least number of bins of the transform from one point to the next, so that no lobe falls between two bins.
const BINS_PER_POINT: f64 = 2.0;

/// Most bins of a transform.
const MAX_BINS: f64 = 4_194_304.0;

/// Returns gains in dB at `points` evenly spaced frequencies from 0 to `highest`: for each, the highest gain up to the
/// middle between it and its neighbours. Of the impulse response, every `step`-th value is used. Frequencies are in
/// cycles per `step` values.
pub(crate) fn gains(impulse: &[f64], step: usize, highest: f64, points: usize) -> Vec<f64> {
    let step = step.max(1);
    // The middle of a symmetric response is one of the values.
    let values: Vec<f64> = impulse.iter().copied().skip(impulse.len() / 2 % step).step_by(step).collect();
    let spacing = highest / count(points.saturating_sub(1).max(1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most MAX_BINS")]
    let bins = (BINS_PER_POINT / spacing).clamp(2.0, MAX_BINS) as usize;
    let len = bins.max(4 * values.len()).next_power_of_two();
    let mut fourier = Fourier::<f64>::new(len);
    let powers: Vec<f64> = fourier.powers(|signal| signal[..values.len()].copy_from_slice(&values)).collect();
    let sum: f64 = values.iter().sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the bins")]
    let bin = |frequency: f64| (frequency * count(len)).round().clamp(0.0, count(powers.len() - 1)) as usize;
    let gain = |point: usize| {
        let frequency = count(point) * spacing;
        let span = bin(frequency - spacing / 2.0)..=bin(frequency + spacing / 2.0);
        let power = powers[span].iter().copied().fold(0.0, f64::max);
        10.0 * (power / (sum * sum)).max(1e-60).log10()
    };
    (0..points).map(gain).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of points and bins")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_the_gain_of_its_formula() {
        // Four equal taps: |sin(4πf) / (4 sin(πf))|, with zeros at ¼ and ½.
        let gains = gains(&[1.0; 4], 1, 0.5, 1001);
        let formula = |frequency: f64| {
            let (numerator, denominator) =
                ((4.0 * std::f64::consts::PI * frequency).sin(), 4.0 * (std::f64::consts::PI * frequency).sin());
            20.0 * (numerator / denominator).abs().log10()
        };
        assert!(gains[0].abs() < 1e-9);
        for point in [100, 200, 350, 700, 900] {
            let expected = formula(point as f64 * 0.0005);
            assert!((gains[point] - expected).abs() < 0.1, "{point}: {} for {expected}", gains[point]);
        }
        assert!(gains[500] < -45.0, "{}", gains[500]);
    }

    #[test]
    fn fewer_values_and_a_single_one_have_the_same_gain() {
        let dense: Vec<f64> = (-400..=400).map(|index| (-f64::from(index * index) / 5000.0).exp()).collect();
        let (all, half) = (gains(&dense, 1, 0.01, 50), gains(&dense, 4, 0.04, 50));
        assert!(all.iter().zip(&half).take(25).all(|(a, b)| (a - b).abs() < 0.1), "{all:?} {half:?}");
        assert!(gains(&[1.0], 1, 0.75, 10).iter().all(|gain| gain.abs() < 1e-9));
        assert!(gains(&[], 0, 0.0, 3).iter().all(|gain| !gain.is_infinite()));
    }
}
