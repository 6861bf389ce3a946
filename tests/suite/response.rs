//! The frequency response, which is computed from the coefficients, against measurements of resampled tones; and the
//! documented figures of the designed presets.

use std::f64::consts::TAU;

use polyphase::{CpuResampler, Plan, Preset, ResampleOptions};

use crate::signals::tone;

const PAIRS: [(u32, u32); 6] =
    [(48_000, 44_100), (44_100, 48_000), (16_000, 8_000), (8_000, 16_000), (48_000, 16_000), (44_100, 16_000)];

/// Least-squares fit of a sine of known frequency and a constant. Returns the amplitude of the sine and the root mean
/// square of the residual.
fn fit(samples: &[f64], cycles_per_sample: f64) -> (f64, f64) {
    let basis = |n: usize| {
        let (sine, cosine) = (TAU * cycles_per_sample * n as f64).sin_cos();
        [cosine, sine, 1.0]
    };
    // The normal equations, solved by elimination.
    let mut equations = [[0.0; 4]; 3];
    for (n, sample) in samples.iter().enumerate() {
        let basis = basis(n);
        for (row, a) in equations.iter_mut().zip(basis) {
            row.iter_mut().zip(basis.into_iter().chain([*sample])).for_each(|(sum, b)| *sum += a * b);
        }
    }
    for k in 0..3 {
        let pivot = equations[k];
        for (_, row) in equations.iter_mut().enumerate().filter(|&(i, _)| i != k) {
            let factor = row[k] / pivot[k];
            row.iter_mut().zip(pivot).for_each(|(value, pivot)| *value -= factor * pivot);
        }
    }
    let [cosine, sine, constant] = [0, 1, 2].map(|k| equations[k][3] / equations[k][k]);
    let rest = samples.iter().enumerate().map(|(n, sample)| {
        let [a, b, c] = basis(n);
        (sample - cosine * a - sine * b - constant * c).powi(2)
    });
    (cosine.hypot(sine), (rest.sum::<f64>() / samples.len() as f64).sqrt())
}

#[test]
fn the_fit_finds_a_known_sine_and_a_known_rest() {
    let samples: Vec<_> = tone(0.123, 0.7, 1000)
        .iter()
        .zip(tone(0.4, 0.2, 1000))
        .map(|(wanted, rest)| 0.8 * wanted + 1e-3 * rest + 0.1)
        .collect();
    let (amplitude, rest) = fit(&samples, 0.123);
    assert!((amplitude - 0.8).abs() < 1e-5 && (rest - 1e-3 / 2.0_f64.sqrt()).abs() < 1e-6, "{amplitude}, {rest}");
}

/// Resamples a tone near `fraction` of the lower Nyquist frequency. Returns its frequency as such a fraction, its
/// amplitude in the output, and the level of the rest of the output, measured over whole periods of all images.
fn measured(plan: &Plan, fraction: f64) -> (f64, f64, f64) {
    let (stride, phases) = (plan.ratio().stride(), plan.ratio().phases());
    // A multiple of four periods. The tones have an odd number of cycles in it, so that no tone coincides with its
    // image.
    let periods = 4 * (250 / stride.min(phases) + 1);
    let (period_in, period_out) = ((periods * stride) as usize, (periods * phases) as usize);
    let nyquist = (periods * stride.min(phases) / 2) as f64;
    let cycles = 2.0 * (fraction * nyquist / 2.0).floor() + 1.0;
    let before = (plan.taps() * 2).next_multiple_of(period_in);
    let input = tone(cycles / period_in as f64, 0.3, 2 * before + period_in);
    let output = CpuResampler::new().resample(plan, &input).unwrap();
    let start = before / period_in * period_out;
    let (amplitude, rest) = fit(&output[start..start + period_out], cycles / period_out as f64);
    (cycles / nyquist, amplitude, rest * 2.0_f64.sqrt())
}

#[test]
fn gains_and_images_are_those_of_resampled_tones() {
    for (orig, new) in [(3, 2), (2, 3), (160, 147), (2, 1), (1, 2), (13, 29)] {
        for preset in [Preset::Default, Preset::High, Preset::Best] {
            let plan = Plan::new(orig, new, preset.options()).unwrap();
            let response = plan.response();
            for fraction in [0.03, 0.4, 0.75, 0.9, 0.94, 0.97] {
                let (frequency, amplitude, rest) = measured(&plan, fraction);
                let (gain, images) = (response.magnitude(frequency), response.image_level(frequency));
                let what = format!("{preset}, {orig}→{new} at {frequency}");
                assert!((amplitude - gain).abs() < 1e-12, "{what}: gain {amplitude} measured, {gain} computed");
                assert!(
                    (rest - images).abs() < 1e-12 + 1e-9 * images,
                    "{what}: {rest:e} measured, {images:e} computed"
                );
            }
        }
    }
}

#[test]
fn aliases_are_those_of_resampled_tones() {
    for (orig, new) in [(2, 1), (3, 1), (13, 5)] {
        for preset in [Preset::Default, Preset::High] {
            let plan = Plan::new(orig, new, preset.options()).unwrap();
            let response = plan.response();
            let input_nyquist = f64::from(orig) / f64::from(new);
            let mut worst: f64 = 0.0;
            for k in 0..60 {
                // Closer together near the edge, where the worst is.
                let fraction = 1.1 + (input_nyquist - 1.1) * (f64::from(k) / 60.0).powi(2);
                let (frequency, amplitude, _) = measured(&plan, fraction);
                let gain = response.magnitude(frequency);
                assert!((amplitude - gain).abs() < 1e-12, "{preset}, {orig}→{new} at {frequency}: {amplitude}, {gain}");
                worst = worst.max(if frequency >= 1.1 { gain } else { 0.0 });
            }
            // The worst of all tones is at least as strong as the worst of those tried, and not much stronger.
            let rejection = response.alias_rejection(0.9).unwrap();
            let tried = -20.0 * worst.log10();
            assert!(rejection <= tried && rejection > tried - 2.0, "{preset}, {orig}→{new}: {rejection}, {tried}");
        }
    }
}

/// The ripple of a constant after torchaudio's default filter is the one computed from the coefficients.
#[test]
fn the_computed_ripple_of_a_constant_is_measured() {
    for ((orig, new), expected) in [((44_100, 48_000), 8.8e-4), ((48_000, 44_100), 6.9e-4), ((16_000, 8_000), 4.6e-4)] {
        let plan = Plan::new(orig, new, ResampleOptions::default()).unwrap();
        let output = CpuResampler::new().resample(&plan, &[1.0_f64; 2000]).unwrap();
        let steady = &output[100..output.len() - 100];
        let worst = steady.iter().fold(0.0, |worst: f64, sample| worst.max((sample - 1.0).abs()));
        let computed = plan.response().dc_image();
        assert!((worst - computed).abs() < 1e-14, "{orig}→{new}: {worst:e} measured, {computed:e} computed");
        assert!((computed - expected).abs() < 0.05e-4, "{orig}→{new}: {computed:e}");
    }
}

#[test]
fn the_designed_presets_reach_their_figures_at_the_common_rates() {
    for preset in [Preset::Fast, Preset::High, Preset::Best] {
        let (stop_band_db, pass_band) = preset.designed_for().unwrap();
        for (orig_freq, new_freq) in PAIRS {
            let response = Plan::new(orig_freq, new_freq, preset.options()).unwrap().response();
            let rejections = |pass_band| {
                [response.alias_rejection(pass_band), response.image_rejection(pass_band)].into_iter().flatten()
            };
            let what = format!("{preset}, {orig_freq}→{new_freq}");
            for rejection in rejections(pass_band) {
                assert!(rejection >= stop_band_db, "{what}: {rejection} dB");
            }
            let ripple = -20.0 * (1.0 - 10.0_f64.powf(-stop_band_db / 20.0)).log10();
            assert!(response.pass_band_ripple(pass_band) <= ripple, "{what}");
            assert!(response.dc_image() < 10.0_f64.powf(-stop_band_db / 20.0), "{what}");
            // A negative control: the filter misses the figures in a wider pass band.
            let wider = 1.0 - 0.75 * (1.0 - pass_band);
            assert!(response.pass_band_ripple(wider) > ripple, "{what}");
            // Aliases and images of the wider pass band are checked between 8 and 16 kHz only.
            if new_freq == 8_000 || orig_freq == 8_000 {
                assert!(rejections(wider).all(|rejection| rejection < stop_band_db), "{what}");
            }
            let half = response.edge(20.0 * 2.0_f64.log10()).unwrap();
            assert!((half - 1.0).abs() < 1e-4, "{what}: half at {half}");
        }
    }
}
