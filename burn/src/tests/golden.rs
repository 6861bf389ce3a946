//! Stored inputs, outputs and gradients of torchaudio, from `tests/golden` of the library.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use polyphase::ndarray::ArrayD;
use polyphase::{CpuResampler, Plan, ResampleOptions, Window};
use polyphase_checks::compare::{GPU, compare, peak};

use super::{devices, samples, to_f64};
use crate::resample;

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    orig_freq: u32,
    new_freq: u32,
    lowpass_filter_width: f64,
    rolloff: f64,
    window: String,
    beta: Option<f64>,
    input: PathBuf,
    output: PathBuf,
}

impl Case {
    fn plan(&self) -> Plan {
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
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

fn read(name: &Path) -> ArrayD<f64> {
    let file = npyz::NpyFile::new(fs::File::open(folder().join(name)).unwrap()).unwrap();
    let shape: Vec<_> = file.shape().iter().map(|&len| len as usize).collect();
    ArrayD::from_shape_vec(shape, file.into_vec().unwrap()).unwrap()
}

/// Stored array as a tensor of float32.
fn stored<const D: usize>(array: &ArrayD<f64>, device: &burn::tensor::Device) -> Tensor<D> {
    let samples: Vec<f32> = array.iter().map(|&sample| sample as f32).collect();
    Tensor::from_data(TensorData::new(samples, array.shape().to_vec()), device)
}

#[test]
fn tensors_are_torchaudios_and_the_cpus() {
    let cases: Vec<Case> = serde_json::from_slice(&fs::read(folder().join("cases.json")).unwrap()).unwrap();
    assert_eq!(cases.len(), 67, "all golden cases");
    for device in devices() {
        for case in &cases {
            let (plan, input, expected) = (case.plan(), read(&case.input), read(&case.output));
            let input = input.view().into_dimensionality::<polyphase::ndarray::Ix2>().unwrap();
            let x = stored::<2>(&input.to_owned().into_dyn(), &device);
            let y = resample(x, &plan);
            assert_eq!(y.dims().to_vec(), expected.shape(), "{}", case.name);
            let y = to_f64(&samples(y));
            let expected: Vec<f64> = expected.iter().copied().collect();
            let peak = peak(&input.iter().copied().collect::<Vec<_>>());
            compare(&y, &expected, peak, GPU).unwrap_or_else(|wrong| panic!("{} on {device:?}: {wrong}", case.name));
            let cpu = CpuResampler::new().resample_tensor(&plan, &input.mapv(|x| x as f32)).unwrap();
            let cpu: Vec<f64> = cpu.iter().map(|&y| y.into()).collect();
            compare(&y, &cpu, peak, GPU).unwrap_or_else(|wrong| panic!("{} on {device:?}: {wrong}", case.name));
        }
    }
}

#[cfg(feature = "autodiff")]
#[derive(serde::Deserialize)]
struct Gradient {
    name: String,
    orig_freq: u32,
    new_freq: u32,
    width: u32,
}

/// Gradients with respect to x of the sum of resample(x) · y.
#[cfg(feature = "autodiff")]
#[test]
fn gradients_are_torchs() {
    let mut stored_gradients: serde_json::Value =
        serde_json::from_slice(&fs::read(folder().join("gradients.json")).unwrap()).unwrap();
    let cases: Vec<Gradient> = serde_json::from_value(stored_gradients["cases"].take()).unwrap();
    assert_eq!(cases.len(), 5);
    for device in devices() {
        let device = device.autodiff();
        for Gradient { name, orig_freq, new_freq, width } in &cases {
            let options = ResampleOptions::default().lowpass_filter_width((*width).into());
            let plan = Plan::new(*orig_freq, *new_freq, options).unwrap();
            let (y, expected) =
                (read(Path::new(&format!("{name}.in.npy"))), read(Path::new(&format!("{name}.out.npy"))));
            let x = Tensor::<1>::zeros([expected.len()], &device).require_grad();
            let gradients = (resample(x.clone(), &plan) * stored::<1>(&y, &device)).sum().backward();
            let gradient = to_f64(&samples(x.grad(&gradients).unwrap()));
            let expected: Vec<f64> = expected.iter().copied().collect();
            compare(&gradient, &expected, 1.0, GPU).unwrap_or_else(|wrong| panic!("{name} on {device:?}: {wrong}"));
        }
    }
}
