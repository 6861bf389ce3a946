//! Stored inputs and outputs (`tests/golden`), and the figures that the audio resampling tutorial prints.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array1, ArrayD};
use polyphase::{CpuResampler, Level, Plan, Preset, ResampleOptions, Window};

use crate::compare::{self, Tolerance, compare, peak};
use crate::oracle::bessel_i0;
use crate::signals::{to_f32, to_f64};

#[derive(Debug, serde::Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) orig_freq: u32,
    pub(crate) new_freq: u32,
    lowpass_filter_width: f64,
    rolloff: f64,
    window: String,
    beta: Option<f64>,
    input: PathBuf,
    output: PathBuf,
}

impl Case {
    pub(crate) fn plan(&self) -> Plan {
        let window = match self.beta {
            Some(beta) => Window::Kaiser { beta },
            None => self.window.parse().unwrap(),
        };
        let options = ResampleOptions::default()
            .lowpass_filter_width(self.lowpass_filter_width)
            .rolloff(self.rolloff)
            .window(window);
        Plan::new(self.orig_freq, self.new_freq, options).unwrap()
    }

    /// Channels of the input, each with its expected output.
    pub(crate) fn channels(&self) -> Vec<(Vec<f64>, Vec<f64>)> {
        let (input, output) = (read(&self.input), read(&self.output));
        let rows = |array: ArrayD<f64>| array.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
        rows(input).into_iter().zip(rows(output)).collect()
    }
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

pub(crate) fn read(name: &Path) -> ArrayD<f64> {
    let file = npyz::NpyFile::new(fs::File::open(folder().join(name)).unwrap()).unwrap();
    let shape: Vec<_> = file.shape().iter().map(|&len| len as usize).collect();
    assert_eq!(file.order(), npyz::Order::C);
    ArrayD::from_shape_vec(shape, file.into_vec().unwrap()).unwrap()
}

pub(crate) fn cases() -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_slice(&fs::read(folder().join("cases.json")).unwrap()).unwrap();
    assert_eq!(cases.len(), 67, "all golden cases");
    cases
}

#[test]
fn float64_is_exact() {
    let cpu = CpuResampler::new();
    for case in cases() {
        for (input, expected) in case.channels() {
            let actual = cpu.resample(&case.plan(), &input).unwrap();
            compare(&actual, &expected, 1.0, compare::DOUBLE).unwrap_or_else(|wrong| panic!("{}: {wrong}", case.name));
        }
    }
}

#[test]
fn float32_is_within_its_tolerance_at_every_level() {
    for level in Level::available() {
        let cpu = CpuResampler::new().with_level(level);
        for case in cases() {
            let plan = case.plan();
            for (input, expected) in case.channels() {
                let actual = to_f64(&cpu.resample(&plan, &to_f32(&input)).unwrap());
                // The input is rounded to float32 too, which takes up part of the tolerance. Filters of more than 400
                // taps reach −135 dB here, although the table allows more.
                let tolerance = compare::single(plan.taps());
                let tolerance = Tolerance { rms_db: tolerance.rms_db.min(-135.0), ..tolerance };
                compare(&actual, &expected, peak(&input), tolerance)
                    .unwrap_or_else(|wrong| panic!("{} at {level}: {wrong}", case.name));
            }
        }
    }
}

/// "torchaudio and librosa kaiser best MSE" and "… fast MSE", 48→32 kHz, to all digits that the tutorial prints.
///
/// torchaudio rounds β and I₀(β) to float32 in its window, which scales its output by about 1 ± 4e-8 and shows in the
/// sixth digit of the mean squared difference. The same two roundings reproduce the tutorial's figures; the figures of
/// the exact filter are different.
#[test]
fn tutorial_differences_from_resampy_are_reproduced() {
    let sweep: Array1<f64> = read(Path::new("tutorial/sweep_48000.npy")).into_flat();
    for (preset, file, tutorial, exact) in [
        (Preset::KaiserBest, "kaiser_best", 2.0806901153659937e-06, 2.0806947e-06),
        (Preset::KaiserFast, "kaiser_fast", 2.5200744248601027e-05, 2.5200759e-05),
    ] {
        let theirs = read(Path::new(&format!("tutorial/resampy_0.2.2_{file}_48000_32000.npy"))).into_flat();
        let mean_squared_difference = |options: &ResampleOptions, gain: f64| {
            let plan = Plan::new(48_000, 32_000, options).unwrap();
            let ours = CpuResampler::new().resample_tensor(&plan, &sweep).unwrap();
            assert_eq!(ours.len(), theirs.len());
            (ours * gain - &theirs).mapv(|difference| difference * difference).mean().unwrap()
        };
        let options = preset.options();
        approx::assert_relative_eq!(mean_squared_difference(&options, 1.0), exact, max_relative = 3e-8);

        let Window::Kaiser { beta } = options.window else { panic!("{preset} has a Kaiser window") };
        let beta = f64::from(beta as f32);
        let gain = bessel_i0(beta) / f64::from(bessel_i0(beta) as f32);
        let options = options.window(Window::Kaiser { beta });
        approx::assert_relative_eq!(mean_squared_difference(&options, gain), tutorial, max_relative = 1e-11);
    }
}
