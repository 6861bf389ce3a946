//! The module.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use polyphase::{CpuResampler, DEFAULT_BETA, Plan, Preset, ResampleOptions, Window};
use polyphase_checks::signals::noise_f32;

use super::{devices, samples, tensor};
use crate::{Resample, ResampleConfig, ResamplingMethod, resample};

/// A network with a resampler in it.
#[derive(Module, Debug)]
struct Network {
    resample: Resample,
}

impl Network {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.resample.forward(x)
    }
}

/// The defaults are torchaudio's, and each parameter reaches the plan.
#[test]
fn configurations_are_torchaudios() {
    let plan = |config: ResampleConfig| config.init().plan().clone();
    let config = || ResampleConfig::new(48_000, 16_000);
    let expected = |options: ResampleOptions| Plan::new(48_000, 16_000, options).unwrap();
    let options = ResampleOptions::default();
    assert_eq!(plan(config()), expected(Preset::Default.options()));
    assert_eq!(plan(config().with_lowpass_filter_width(16)), expected(options.lowpass_filter_width(16.0)));
    assert_eq!(plan(config().with_rolloff(0.9)), expected(options.rolloff(0.9)));
    // torchaudio ignores beta with the Hann window.
    assert_eq!(plan(config().with_beta(Some(5.0))), expected(options));
    let kaiser = || config().with_resampling_method(ResamplingMethod::SincInterpKaiser);
    assert_eq!(plan(kaiser()), expected(options.window(Window::Kaiser { beta: DEFAULT_BETA })));
    assert_eq!(plan(kaiser().with_beta(Some(5.0))), expected(options.window(Window::Kaiser { beta: 5.0 })));
    assert!(ResampleConfig::new(0, 16_000).try_init().is_err());
}

#[test]
fn configurations_are_saved_and_loaded() {
    let config = ResampleConfig::new(44_100, 48_000)
        .with_resampling_method(ResamplingMethod::SincInterpKaiser)
        .with_lowpass_filter_width(64)
        .with_rolloff(0.95)
        .with_beta(Some(14.5));
    let path = std::env::temp_dir().join(format!("polyphase-burn-{}.json", std::process::id()));
    config.save(&path).unwrap();
    let loaded = ResampleConfig::load(&path);
    std::fs::remove_file(&path).unwrap();
    let module = loaded.unwrap().init();
    assert_eq!((module.config(), module.plan()), (&config, config.init().plan()));
}

/// The module has no parameters, and follows the devices of its tensors.
#[test]
fn modules_follow_their_tensors() {
    let x = noise_f32(1, 2 * 480);
    let network = Network { resample: ResampleConfig::new(48_000, 44_100).init() };
    assert_eq!((network.num_params(), network.devices().len()), (0, 0));
    let text = network.to_string();
    assert!(text.contains("orig_freq: 48000") && text.contains("SincInterpHann"), "{text}");
    for device in devices() {
        let network = network.clone().to_device(&device).fork(&device);
        let y = samples(network.forward(tensor(&x, [2, 480], &device)));
        assert_eq!(y, samples(resample(tensor(&x, [2, 480], &device), network.resample.plan())));
        let cpu = x.chunks(480).flat_map(|row| CpuResampler::new().resample(network.resample.plan(), row).unwrap());
        assert!(y.iter().zip(cpu).all(|(y, expected)| (y - expected).abs() < 2e-6));
    }
}
