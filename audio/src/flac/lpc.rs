//! [`Analysis`]: linear prediction of a block.
//!
//! The coefficients that minimize the energy of the residual follow from the autocorrelation of the windowed samples, by
//! the recursion of Levinson and Durbin, for every order up to the largest.

use super::predict::{Coefficients, MAX_ORDER};

/// Largest order that is tried. `flac -3` tries 6, `flac -5` 8.
pub(super) const MAX_TRIED: usize = 8;

/// Window, and scratch of the size of a block.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    window: Vec<f32>,
    windowed: Vec<f32>,
}

/// Coefficients and energy of the residual of each order from 1 on.
pub(super) type Orders = [([f64; MAX_TRIED], f64); MAX_TRIED];

impl Analysis {
    /// Returns the predictors of a block, or `None` if its samples are 0.
    #[inline(always)]
    pub(super) fn orders(&mut self, samples: &[i32]) -> Option<Orders> {
        if self.window.len() != samples.len() {
            self.window = tukey(samples.len());
        }
        self.windowed.clear();
        self.windowed.extend(samples.iter().zip(&self.window).map(|(&sample, window)| sample as f32 * window));
        levinson_durbin(&autocorrelation(&self.windowed))
    }
}

/// A window of which the middle half is flat, and the rest of raised cosines.
fn tukey(len: usize) -> Vec<f32> {
    let quarter = len as f64 / 4.0;
    let raised = |distance: f64| 0.5 - 0.5 * (std::f64::consts::PI * distance / quarter).cos();
    #[expect(clippy::cast_possible_truncation, reason = "rounded to float32")]
    let at = |i| raised((i as f64 + 0.5).min((len - i) as f64 - 0.5).min(quarter)) as f32;
    (0..len).map(at).collect()
}

/// Autocorrelation at lags from 0 on.
#[inline(always)]
fn autocorrelation(samples: &[f32]) -> [f64; MAX_TRIED + 1] {
    /// Samples whose products are summed in float32.
    const CHUNK: usize = 512;
    let mut sums = [0.0; MAX_TRIED + 1];
    for (lag, sum) in sums.iter_mut().enumerate() {
        let later = samples.get(lag..).unwrap_or_default();
        for (a, b) in samples.chunks(CHUNK).zip(later.chunks(CHUNK)) {
            *sum += dot(&a[..b.len()], b);
        }
    }
    sums
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 32;
    let mut lanes = [0.0_f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    rest + lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>()
}

/// Coefficients of every order, from an autocorrelation.
fn levinson_durbin(correlation: &[f64; MAX_TRIED + 1]) -> Option<Orders> {
    let mut orders = [([0.0; MAX_TRIED], 0.0); MAX_TRIED];
    let mut coefficients = [0.0; MAX_TRIED];
    let mut energy = correlation[0];
    if energy <= 0.0 {
        return None;
    }
    for order in 0..MAX_TRIED {
        let mut reflection = correlation[order + 1];
        for i in 0..order {
            reflection -= coefficients[i] * correlation[order - i];
        }
        reflection /= energy;
        let previous = coefficients;
        coefficients[order] = reflection;
        for i in 0..order {
            coefficients[i] -= reflection * previous[order - 1 - i];
        }
        // Rounding may make the energy of a signal that can be predicted exactly negative.
        energy = (energy * (1.0 - reflection * reflection)).max(correlation[0] * 1e-12);
        orders[order] = (coefficients, energy);
    }
    Some(orders)
}

/// Rounds coefficients to integers of `precision` bits, with the error of each carried to the next. Returns `None` if
/// they are too large.
pub(super) fn quantized(coefficients: &[f64], precision: u32) -> Option<Coefficients> {
    let largest = coefficients.iter().fold(0.0_f64, |largest, coefficient| largest.max(coefficient.abs()));
    if !(1e-9..1e9).contains(&largest) {
        return None;
    }
    let limit = f64::from(1 << (precision - 1));
    // The largest shift with which all fit.
    let shift = (0..=15_u32).rev().find(|&shift| largest * f64::from(1 << shift) < limit - 0.5)?;
    let mut values = [0; MAX_ORDER];
    let mut error = 0.0;
    for (value, coefficient) in values.iter_mut().zip(coefficients) {
        error += coefficient * f64::from(1 << shift);
        let rounded = error.round().clamp(-limit, limit - 1.0);
        error -= rounded;
        #[expect(clippy::cast_possible_truncation, reason = "clamped")]
        let rounded = rounded as i32;
        *value = rounded;
    }
    Some(Coefficients { values, order: coefficients.len(), shift })
}
