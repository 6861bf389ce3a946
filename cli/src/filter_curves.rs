//! [`curves`]: points of the impulse response and of the gain of a plan's filter.

use anyhow::{Result, ensure};
use polyphase::{Plan, Window};

use crate::fourier::{Fourier, decibels};
use crate::plot::filter::FilterCurves;

/// Points of the impulse response per sample of the higher rate, if the rates are close. The gain is then known up to
/// 32 times the higher rate.
const FINEST: f64 = 64.0;
/// Points of the impulse response per sample of the higher rate, if the rates are far apart.
const COARSEST: f64 = 4.0;

/// Least number of points of the gain from 0 to half the lower rate.
const PASS_BAND_POINTS: f64 = 1500.0;

/// Largest number of points of the transform.
const MAX_POINTS: usize = 1 << 23;

/// Returns the curves of the filter between two rates.
///
/// # Errors
/// If the rates are equal, or the filter is too long to be drawn.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of points"
)]
pub(crate) fn curves(orig_freq: u32, new_freq: u32, plan: &Plan) -> Result<FilterCurves> {
    let ratio = plan.ratio();
    ensure!(!ratio.is_identity(), "equal rates leave the samples unchanged: there is no filter to draw");
    let (higher, lower) = (f64::from(orig_freq.max(new_freq)), f64::from(orig_freq.min(new_freq)));
    let dense_rate = plan.impulse_response_density() as f64 * f64::from(orig_freq);
    let fineness = (512.0 * lower / higher).clamp(COARSEST, FINEST);
    let step = (dense_rate / (fineness * higher)).floor().max(1.0) as usize;
    let rate = dense_rate / step as f64;

    let options = plan.options();
    let reach = (options.lowpass_filter_width / options.rolloff * rate / lower).ceil();
    ensure!(reach < MAX_POINTS as f64 / 4.0, "a filter of {} taps is too long to be drawn", plan.taps());

    let dense = plan.impulse_response();
    let centre = dense.len() / 2;
    let response: Vec<f64> = dense[centre % step..].iter().copied().step_by(step).collect();
    let reach = centre / step;
    let seconds = |index: usize| (index as f64 - reach as f64) / rate;
    let impulse = response.iter().enumerate().map(|(index, &factor)| (seconds(index), factor)).collect();

    let needed = (2.0 * PASS_BAND_POINTS * rate / lower) as usize;
    let len = needed.max(4 * response.len()).next_power_of_two().min(MAX_POINTS).max(response.len());
    // The taps of an output sum to 1. The points are denser than the taps, by the inverse of this factor.
    let scale = f64::from(orig_freq) / rate;
    let mut fourier = Fourier::new(len);
    let powers = fourier.powers(|signal| signal[..response.len()].copy_from_slice(&response));
    let frequency = |bin: usize| bin as f64 * rate / len as f64;
    let gain =
        powers.iter().enumerate().map(|(bin, power)| (frequency(bin), decibels(power * scale * scale))).collect();
    let window = match options.window {
        Window::Kaiser { beta } => format!("Kaiser, beta {}", rounded(beta)),
        _ => "Hann".to_owned(),
    };
    let subtitle = format!(
        "width {}, rolloff {}, {window} · {} taps · {} phase{}",
        rounded(options.lowpass_filter_width),
        rounded(options.rolloff),
        plan.taps(),
        ratio.phases(),
        if ratio.phases() == 1 { "" } else { "s" }
    );
    Ok(FilterCurves { orig_freq, new_freq, title: format!("{orig_freq} Hz to {new_freq} Hz"), subtitle, impulse, gain })
}

/// Rounds to four decimals.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use polyphase::ResampleOptions;

    use super::*;

    fn curves_of(orig_freq: u32, new_freq: u32, options: &ResampleOptions) -> FilterCurves {
        let plan = Plan::new(orig_freq, new_freq, options).expect("a plan");
        curves(orig_freq, new_freq, &plan).expect("curves")
    }

    fn gain(curves: &FilterCurves, frequency: f64) -> f64 {
        let nearest = |a: &&(f64, f64), b: &&(f64, f64)| (a.0 - frequency).abs().total_cmp(&(b.0 - frequency).abs());
        curves.gain.iter().min_by(nearest).expect("points").1
    }

    #[test]
    fn the_impulse_response_is_the_windowed_sinc() {
        for (orig_freq, new_freq) in
            [(48_000, 44_100), (44_100, 48_000), (16_000, 8000), (8000, 16_000), (16_001, 16_000)]
        {
            let options = ResampleOptions::default();
            let base = f64::from(orig_freq.min(new_freq)) * options.rolloff;
            let curves = curves_of(orig_freq, new_freq, &options);
            assert!(curves.impulse.len() > 12);
            for (seconds, factor) in &curves.impulse {
                let t = seconds * base;
                let window = if t.abs() < 6.0 { (PI * t / 12.0).cos().powi(2) } else { 0.0 };
                let sinc = if t == 0.0 { 1.0 } else { (PI * t).sin() / (PI * t) };
                let expected = base / f64::from(orig_freq) * sinc * window;
                assert!(
                    (factor - expected).abs() < 1e-9,
                    "{orig_freq} to {new_freq} at {seconds}: {factor}, {expected}"
                );
            }
        }
    }

    #[test]
    fn the_gain_is_1_in_the_pass_band_and_one_half_at_the_cut_off() {
        for (orig_freq, new_freq) in [(48_000, 44_100), (44_100, 48_000), (192_000, 8000), (8000, 192_000), (3, 2)] {
            let curves = curves_of(orig_freq, new_freq, &ResampleOptions::kaiser_best());
            let nyquist = f64::from(orig_freq.min(new_freq)) / 2.0;
            assert!(gain(&curves, 0.0).abs() < 1e-5, "{orig_freq} to {new_freq}: {}", gain(&curves, 0.0));
            assert!(gain(&curves, 0.5 * nyquist).abs() < 1e-5);
            let at_cut_off = gain(&curves, nyquist * 0.9475937167399596);
            assert!((at_cut_off + 6.02).abs() < 0.3, "{orig_freq} to {new_freq}: {at_cut_off} dB");
            assert!(gain(&curves, 1.1 * nyquist) < -120.0);
            assert!(curves.gain.last().expect("points").0 >= f64::from(orig_freq.max(new_freq)) / 2.0);
        }
        // The default filter ripples by 8.8e-4.
        let ripple = curves_of(48_000, 32_000, &ResampleOptions::default()).ripple();
        assert!((1e-3..1e-1).contains(&ripple), "{ripple} dB");
    }

    #[test]
    fn equal_rates_and_very_long_filters_are_refused() {
        let refused = |orig_freq, new_freq, options: &ResampleOptions| {
            let plan = Plan::new(orig_freq, new_freq, options).expect("a plan");
            curves(orig_freq, new_freq, &plan).expect_err("no curves").to_string()
        };
        assert!(refused(8000, 8000, &ResampleOptions::default()).contains("unchanged"));
        let long = ResampleOptions::default().lowpass_filter_width(2200.0).max_filter_bytes(1 << 27);
        assert!(refused(1000, 1, &long).contains("too long"), "{}", refused(1000, 1, &long));
    }
}
