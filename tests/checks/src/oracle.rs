//! [`Oracle`]: the definition, evaluated term by term in float64. It shares no line with the library, and is itself
//! tested on cases whose results are known analytically.

use std::f64::consts::PI;

/// Parameters of the windowed sinc.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Half-width in zero crossings.
    pub width: f64,
    /// Cut-off as a fraction of the lower Nyquist frequency.
    pub rolloff: f64,
    /// `None` is the Hann window.
    pub beta: Option<f64>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { width: 6.0, rolloff: 0.99, beta: None }
    }
}

/// The filter of torchaudio's tutorial and of resampy up to 0.2.
pub const KAISER_BEST: Filter = Filter { width: 64.0, rolloff: 0.9475937167399596, beta: Some(14.769656459379492) };

/// The definition between two rates.
#[derive(Debug, Clone, Copy)]
pub struct Oracle {
    /// Original rate, in lowest terms.
    pub orig: i64,
    /// New rate, in lowest terms.
    pub new: i64,
    /// The filter between them.
    pub filter: Filter,
    /// Offset in samples from the centre of a tap to leave out, for a negative control.
    pub drop_tap: Option<i64>,
    /// True to round phases to float32 as torchaudio does, for a negative control.
    pub float32_phases: bool,
}

impl Oracle {
    /// The definition between two rates, which need not be in lowest terms.
    #[must_use]
    pub fn new(orig_freq: i64, new_freq: i64, filter: Filter) -> Self {
        // Euclid's algorithm.
        let (mut divisor, mut rest) = (orig_freq, new_freq);
        while rest > 0 {
            (divisor, rest) = (rest, divisor - divisor / rest * rest);
        }
        let (orig, new) = (orig_freq / divisor, new_freq / divisor);
        Self { orig, new, filter, drop_tap: None, float32_phases: false }
    }

    /// Tap h of input sample i for output n.
    pub fn tap(&self, i: i64, n: i64) -> f64 {
        let Filter { width, rolloff, beta } = self.filter;
        let base = self.orig.min(self.new) as f64 * rolloff;
        // τ · base, with L·M / min(L, M) written as max(L, M), so that t = W is exact.
        let mut t = (i * self.new - n * self.orig) as f64 / self.orig.max(self.new) as f64 * rolloff;
        if self.float32_phases {
            t = f64::from((i as f32 / self.orig as f32 - n as f32 / self.new as f32) * base as f32);
        }
        if t.abs() >= width || self.drop_tap.is_some_and(|offset| i - n * self.orig / self.new == offset) {
            return 0.0;
        }
        let window = match beta {
            None => (t * PI / width / 2.0).cos().powi(2),
            Some(beta) => bessel_i0(beta * (1.0 - (t / width).powi(2)).sqrt()) / bessel_i0(beta),
        };
        let sinc = if t == 0.0 { 1.0 } else { (PI * t).sin() / (PI * t) };
        base / self.orig as f64 * sinc * window
    }

    /// Number of output samples: ⌈input_len · new / orig⌉.
    #[must_use]
    pub fn output_len(&self, input_len: usize) -> usize {
        let (scaled, orig) = (input_len as i128 * i128::from(self.new), i128::from(self.orig));
        (scaled / orig + i128::from(scaled % orig != 0)) as usize
    }

    /// Resamples a clip with zeros beyond its ends.
    #[must_use]
    pub fn resample(&self, input: &[f64]) -> Vec<f64> {
        if self.orig == self.new {
            return input.to_vec();
        }
        // All taps beyond this distance are zero.
        let slower = self.orig.max(self.new) as f64 / self.new as f64;
        let reach = (self.filter.width / self.filter.rolloff * slower).ceil() as i64 + 2;
        (0..self.output_len(input.len()) as i64)
            .map(|n| {
                let centre = n * self.orig / self.new;
                let from = (centre - reach).max(0);
                let to = (centre + reach).min(input.len() as i64);
                (from..to).map(|i| input[i as usize] * self.tap(i, n)).sum()
            })
            .collect()
    }
}

/// I₀ by its power series, term by term.
pub fn bessel_i0(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut k = 1.0;
    while term > sum * 1e-18 {
        term *= (x / 2.0 / k).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::tone;

    #[test]
    fn bessel_i0_has_its_tabulated_values() {
        // Abramowitz & Stegun, table 9.11, to more digits.
        for (x, expected) in
            [(0.0, 1.0), (1.0, 1.2660658777520084), (5.0, 27.239871823604442), (10.0, 2815.716628466254)]
        {
            assert!((bessel_i0(x) - expected).abs() <= 4e-15 * expected, "I0({x}) = {}", bessel_i0(x));
        }
    }

    /// The response to an impulse is the filter, whose values are known analytically for rolloff 1 and the Hann window.
    #[test]
    fn impulse_response_is_the_filter() {
        let filter = Filter { width: 2.0, rolloff: 1.0, beta: None };
        let output = Oracle::new(1, 2, filter).resample(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        // At t = 0, 1/2, 1, 3/2, 2: sinc(t) cos²(πt/4).
        let h = [
            1.0,
            2.0 / PI * (0.5 + 0.5 * (PI / 4.0).cos()),
            0.0,
            -2.0 / (3.0 * PI) * (0.5 - 0.5 * (PI / 4.0).cos()),
            0.0,
        ];
        for (n, &y) in output.iter().enumerate() {
            let expected = h.get((n as i64 - 6).unsigned_abs() as usize).copied().unwrap_or(0.0);
            assert!((y - expected).abs() < 1e-15, "{n}: {y} instead of {expected}");
        }
        // Downsampling by 2 stretches the filter by 2 and halves it.
        let output = Oracle::new(2, 1, filter).resample(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        for (n, expected) in [(0, h[3] / 2.0), (1, h[1] / 2.0), (2, h[1] / 2.0), (3, h[3] / 2.0)] {
            assert!((output[n] - expected).abs() < 1e-15, "{n}: {} instead of {expected}", output[n]);
        }
    }

    /// Away from the edges a constant stays constant, within the rejection of the stop band.
    #[test]
    fn constant_stays_constant() {
        for (filter, ripple) in [(Filter::default(), 9e-4), (KAISER_BEST, 1e-7)] {
            let output = Oracle::new(160, 147, filter).resample(&[1.0; 1000]);
            let worst = output[200..700].iter().fold(0.0, |worst, y| f64::max(worst, (y - 1.0).abs()));
            assert!(worst < ripple, "{worst:e}");
        }
    }

    /// A tone in the pass band keeps its frequency, phase and level. A tone above the lower Nyquist frequency vanishes.
    #[test]
    fn tone_stays_a_tone() {
        for (orig, new) in [(3, 2), (2, 3), (147, 160)] {
            let frequency = 0.2 * f64::min(1.0, new as f64 / orig as f64);
            let output = Oracle::new(orig, new, KAISER_BEST).resample(&tone(frequency, 0.3, 2000));
            let expected = tone(frequency * orig as f64 / new as f64, 0.3, output.len());
            let edge = output.len() / 5;
            for n in edge..output.len() - edge {
                assert!((output[n] - expected[n]).abs() < 1e-7, "{orig}→{new}, {n}: {} and {}", output[n], expected[n]);
            }
        }
        let output = Oracle::new(3, 1, KAISER_BEST).resample(&tone(0.4, 0.3, 3000));
        assert!(output[250..750].iter().all(|y| y.abs() < 1e-7));
    }
}
