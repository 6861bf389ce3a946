//! What a filter does, as curves to draw: found by resampling impulses in float64, so that it is what the program applies.

use anyhow::{Result, ensure};
use polyphase::{CpuResampler, Plan, Ratio, Window};

use crate::fourier::{Fourier, decibels};
use crate::plot::filter::FilterCurves;

/// Points of the impulse response for each sample of the higher rate, if the ratio is near 1: the band that is seen goes up
/// to half of that many times this rate.
const FINEST: f64 = 64.0;
const COARSEST: f64 = 4.0;

/// Points of the magnitude from 0 to half the lower rate, about.
const PASS_BAND_POINTS: f64 = 1500.0;

/// Multiply-adds that the impulse response may take, some seconds of work.
const MOST_WORK: u128 = 8 << 30;

const MOST_POINTS: usize = 1 << 23;

/// The curves of the filter between two rates, which must differ.
///
/// # Errors
/// If the filter is too long to be drawn.
pub(crate) fn curves(orig_freq: u32, new_freq: u32, plan: &Plan) -> Result<FilterCurves> {
    let ratio = plan.ratio();
    ensure!(!ratio.is_identity(), "equal rates give the samples back unchanged: there is no filter to draw");
    let (higher, lower) = (f64::from(orig_freq.max(new_freq)), f64::from(orig_freq.min(new_freq)));
    let fineness = (512.0 * lower / higher).clamp(COARSEST, FINEST);
    #[expect(clippy::cast_precision_loss, reason = "a rate that is divided")]
    let prototype_rate = ratio.phases() as f64 * f64::from(orig_freq);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1, and less than the phases")]
    let step = (prototype_rate / (fineness * higher)).floor().max(1.0) as u64;
    #[expect(clippy::cast_precision_loss, reason = "a rate that is divided")]
    let rate = prototype_rate / step as f64;

    let options = plan.options();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked below")]
    let reach = (options.lowpass_filter_width / options.rolloff * rate / lower).ceil() as usize;
    let work = 2 * reach as u128 * plan.taps() as u128;
    ensure!(work <= MOST_WORK && reach < MOST_POINTS / 4, "a filter of {} taps is too long to be drawn", plan.taps());

    let response = impulse_response(ratio, plan, step, reach)?;
    #[expect(clippy::cast_precision_loss, reason = "counts of points")]
    let at = |index: usize| index as f64 - reach as f64;
    let impulse = response.iter().enumerate().map(|(index, &factor)| (at(index) / rate, factor)).collect();

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
    let needed = (2.0 * PASS_BAND_POINTS * rate / lower) as usize;
    let len = needed.max(4 * response.len()).next_power_of_two().min(MOST_POINTS).max(response.len());
    // The factors on the samples of an input sum to 1, and there are more points than samples.
    let scale = f64::from(orig_freq) / rate;
    let mut fourier = Fourier::new(len);
    let powers = fourier.powers(|signal| signal[..response.len()].copy_from_slice(&response));
    #[expect(clippy::cast_precision_loss, reason = "a bin's frequency")]
    let magnitude = powers
        .iter()
        .enumerate()
        .map(|(bin, power)| (bin as f64 * rate / len as f64, decibels(power * scale * scale)))
        .collect();
    let window = match options.window {
        Window::Kaiser { beta } => format!("Kaiser, beta {}", short(beta)),
        _ => "Hann".to_owned(),
    };
    let title = format!("{orig_freq} Hz to {new_freq} Hz");
    let subtitle = format!(
        "width {}, rolloff {}, {window} · {} taps · {} phase{}",
        short(options.lowpass_filter_width),
        short(options.rolloff),
        plan.taps(),
        ratio.phases(),
        if ratio.phases() == 1 { "" } else { "s" }
    );
    Ok(FilterCurves { orig_freq, new_freq, title, subtitle, impulse, magnitude })
}

/// A number as it was given, or to four places.
fn short(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// h(m / (L · orig_freq)) for every multiple m of a step up to so many steps to either side.
///
/// Output n holds h at i·L − n·M of input i, so that m is found in the output n for which n·M + m is a multiple of L.
fn impulse_response(ratio: Ratio, plan: &Plan, step: u64, reach: usize) -> Result<Vec<f64>> {
    let (phases, stride) = (i128::from(ratio.phases()), i128::from(ratio.stride()));
    let inverse = inverse(stride, phases);
    let cpu = CpuResampler::new();
    let reach = i128::try_from(reach)?;
    let mut clip = Vec::<f64>::new();
    let mut sample = [0.0];
    let mut response = Vec::new();
    for index in -reach..=reach {
        let m = index * i128::from(step);
        let mut output = (-m * inverse).rem_euclid(phases);
        let mut input = (m + output * stride) / phases;
        // What is later by M in the input is later by L in the output.
        let later = (-input).max(0).div_euclid(stride) + i128::from(input < 0);
        output += later * phases;
        input += later * stride;
        let (input, output) = (usize::try_from(input)?, usize::try_from(output)?);
        // Long enough to hold the impulse, and to have that output.
        let len = (output * usize::try_from(stride)?).div_ceil(usize::try_from(phases)?).max(input) + 1;
        if clip.len() < len {
            clip.resize(len, 0.0);
        }
        clip[input] = 1.0;
        cpu.resample_range_into(plan, &clip[..len], output, &mut sample)?;
        clip[input] = 0.0;
        response.push(sample[0]);
    }
    Ok(response)
}

/// The inverse of a number modulo another that it has no divisor in common with.
fn inverse(number: i128, modulus: i128) -> i128 {
    let (mut previous, mut current) = ((modulus, 0), (number.rem_euclid(modulus), 1));
    while current.0 != 0 {
        let quotient = previous.0 / current.0;
        (previous, current) = (current, (previous.0 - quotient * current.0, previous.1 - quotient * current.1));
    }
    previous.1.rem_euclid(modulus)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use polyphase::ResampleOptions;

    use super::*;

    fn of(orig_freq: u32, new_freq: u32, options: &ResampleOptions) -> FilterCurves {
        let plan = Plan::new(orig_freq, new_freq, options).expect("a plan");
        curves(orig_freq, new_freq, &plan).expect("curves")
    }

    fn gain(curves: &FilterCurves, frequency: f64) -> f64 {
        let nearest = |a: &&(f64, f64), b: &&(f64, f64)| (a.0 - frequency).abs().total_cmp(&(b.0 - frequency).abs());
        curves.magnitude.iter().min_by(nearest).expect("points").1
    }

    #[test]
    fn the_impulse_response_is_the_windowed_sinc() {
        for (orig_freq, new_freq) in
            [(48_000, 44_100), (44_100, 48_000), (16_000, 8000), (8000, 16_000), (16_001, 16_000)]
        {
            let options = ResampleOptions::default();
            let base = f64::from(orig_freq.min(new_freq)) * options.rolloff;
            let curves = of(orig_freq, new_freq, &options);
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
    fn the_magnitude_is_one_in_the_pass_band_half_at_the_cut_off_and_small_beyond() {
        for (orig_freq, new_freq) in [(48_000, 44_100), (44_100, 48_000), (192_000, 8000), (8000, 192_000), (3, 2)] {
            let curves = of(orig_freq, new_freq, &ResampleOptions::kaiser_best());
            let nyquist = f64::from(orig_freq.min(new_freq)) / 2.0;
            assert!(gain(&curves, 0.0).abs() < 1e-5, "{orig_freq} to {new_freq}: {}", gain(&curves, 0.0));
            assert!(gain(&curves, 0.5 * nyquist).abs() < 1e-5);
            let at_cut_off = gain(&curves, nyquist * 0.9475937167399596);
            assert!((at_cut_off + 6.02).abs() < 0.3, "{orig_freq} to {new_freq}: {at_cut_off} dB");
            assert!(gain(&curves, 1.1 * nyquist) < -120.0);
            assert!(curves.magnitude.last().expect("points").0 >= f64::from(orig_freq.max(new_freq)) / 2.0);
        }
        // The default's ripple of 8.8e-4.
        let ripple = of(48_000, 32_000, &ResampleOptions::default()).ripple();
        assert!((1e-3..1e-1).contains(&ripple), "{ripple} dB");
    }

    #[test]
    fn equal_rates_and_endless_filters_are_refused() {
        let refused = |orig_freq, new_freq, options: &ResampleOptions| {
            let plan = Plan::new(orig_freq, new_freq, options).expect("a plan");
            curves(orig_freq, new_freq, &plan).expect_err("no curves").to_string()
        };
        assert!(refused(8000, 8000, &ResampleOptions::default()).contains("unchanged"));
        let long = ResampleOptions::default().lowpass_filter_width(64.0);
        assert!(refused(1000, 1, &long).contains("too long"), "{}", refused(1000, 1, &long));
    }
}
