//! [`sweep`]: the signal of the tutorial, a sine whose frequency rises exponentially from 0 to half the rate in one
//! second.

use std::f64::consts::TAU;

/// Offset of the exponential sweep in Hz, with which it can begin at 0 Hz.
const OFFSET: f64 = 201.0;

/// Returns one second of the sweep at a rate: log(frequency + offset) rises linearly as the frequency goes from 0 Hz to
/// half the rate.
pub(super) fn sweep(rate: u32) -> Vec<f64> {
    let (first, last) = (OFFSET.ln(), (OFFSET + f64::from(rate / 2)).ln());
    let steps = f64::from(rate - 1);
    let mut phase = 0.0;
    let sample = |index: u32| {
        let frequency = (first + (last - first) * f64::from(index) / steps).exp() - OFFSET;
        phase += TAU * frequency / f64::from(rate);
        phase.sin()
    };
    (0..rate).map(sample).collect()
}

/// Returns the time at which the sweep reaches a frequency, in seconds.
pub(super) fn second_of(frequency: f64, rate: u32) -> f64 {
    (1.0 + frequency / OFFSET).ln() / (1.0 + f64::from(rate / 2) / OFFSET).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tutorial::tests::golden;

    #[test]
    fn the_sweep_is_the_tutorials() {
        let (ours, theirs) = (sweep(48_000), golden("sweep_48000.npy"));
        assert_eq!(ours.len(), theirs.len());
        // The phases, sums of up to 5000 radians, differ in their last digits.
        assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-8));
    }

    #[test]
    fn frequencies_are_reached_at_the_computed_time() {
        assert_eq!((second_of(0.0, 48_000), second_of(24_000.0, 48_000)), (0.0, 1.0));
        // Two zero crossings in a period.
        let signal = sweep(48_000);
        let around = second_of(1000.0, 48_000);
        let near = (0_u32..).zip(signal.windows(2)).filter(|(i, _)| (f64::from(*i) / 48e3 - around).abs() < 0.01);
        let crossings = near.filter(|(_, pair)| pair[0] * pair[1] < 0.0).count();
        assert!((39..=41).contains(&crossings), "{crossings} in 20 ms");
    }
}
