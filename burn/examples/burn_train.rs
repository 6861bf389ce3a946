//! A small network that learns to tell synthetic speech commands apart, from recordings at two rates. They are made
//! here, as tones and chirps in noise, and resampled on the device, in the forward pass.
//!
//! ```sh
//! cd burn && cargo run --example burn_train
//! ```

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::time::Instant;

use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use polyphase_burn::{Resample, ResampleConfig};

/// Rate of the network.
const RATE: u32 = 4_000;
/// Rates of the recordings.
const RATES: [u32; 2] = [8_000, 11_025];
/// Commands: a low tone, a high tone, a rising and a falling chirp.
const COMMANDS: [(f32, f32); 4] = [(300.0, 300.0), (1200.0, 1200.0), (300.0, 1200.0), (1200.0, 300.0)];
/// Recordings of each rate in a batch.
const BATCH: usize = 16;
/// Seconds of a recording.
const SECONDS: f32 = 0.25;
const STEPS: usize = 40;

#[derive(Module, Debug)]
struct Network {
    /// One resampler for each rate of the recordings. They have no parameters.
    resamplers: Vec<Resample>,
    first: Conv1d,
    second: Conv1d,
    output: Linear,
}

impl Network {
    fn new(device: &Device) -> Self {
        Self {
            resamplers: RATES.iter().map(|&rate| ResampleConfig::new(rate, RATE).init()).collect(),
            first: Conv1dConfig::new(1, 8, 32).with_stride(4).init(device),
            second: Conv1dConfig::new(8, 16, 8).with_stride(4).init(device),
            output: LinearConfig::new(2 * 16, COMMANDS.len()).init(device),
        }
    }

    /// Scores of the commands for recordings of each rate, one batch after the other.
    fn forward(&self, recordings: Vec<Tensor<2>>) -> Tensor<2> {
        let resampled = self.resamplers.iter().zip(recordings).map(|(resample, batch)| resample.forward(batch));
        let x = Tensor::cat(resampled.collect(), 0).unsqueeze_dim::<3>(1);
        let x = relu(self.second.forward(relu(self.first.forward(x))));
        // The mean of each half of a recording, so that the two chirps differ.
        let [batch, channels, len] = x.dims();
        let half = len / 2;
        let mean = |from: usize| x.clone().slice([0..batch, 0..channels, from..from + half]).mean_dim(2);
        let features = Tensor::cat(vec![mean(0), mean(half)], 1);
        self.output.forward(features.reshape([batch, 2 * channels]))
    }
}

/// Numbers in [0, 1) from a linear congruential generator.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(self.0 >> 16).unwrap_or(0)) / 65_536.0
    }
}

/// A batch of recordings at a rate: the commands in turn, each with its own loudness, phase and noise.
fn recordings(rate: u32, noise: &mut Noise, device: &Device) -> Tensor<2> {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
    let (rate, len) = (rate as f32, (rate as f32 * SECONDS) as usize);
    let mut samples = Vec::with_capacity(BATCH * len);
    for row in 0..BATCH {
        let (from, to) = COMMANDS[row % COMMANDS.len()];
        let (loudness, mut cycles) = (0.3 + 0.5 * noise.next(), noise.next());
        for n in 0..len {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let position = n as f32 / len as f32;
            cycles += (from + (to - from) * position) / rate;
            samples.push(loudness * (std::f32::consts::TAU * cycles).sin() + 0.2 * (noise.next() - 0.5));
        }
    }
    Tensor::from_data(TensorData::new(samples, [BATCH, len]), device)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::wgpu_options().init()?.autodiff();
    device.seed(7);
    let mut network = Network::new(&device);
    let mut optimizer = AdamConfig::new().init();
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let labels: Vec<i32> = (0..4).cycle().take(RATES.len() * BATCH).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::from(&labels[..]), &device);
    let mut noise = Noise(1);
    let begin = Instant::now();
    let (mut first, mut last) = (0.0, 0.0);
    for step in 0..STEPS {
        let batches = RATES.iter().map(|&rate| recordings(rate, &mut noise, &device)).collect();
        let loss = cross_entropy.forward(network.forward(batches), labels.clone());
        last = loss.clone().into_scalar::<f32>();
        if step == 0 {
            first = last;
        }
        if step % 10 == 0 {
            println!("step {step}: loss {last:.3}");
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(0.01, network, gradients);
    }
    println!("loss {first:.3} at first, {last:.3} after {STEPS} steps in {:.1?}", begin.elapsed());
    assert!(last * 5.0 < first, "the loss fell from {first} to {last} only");
    Ok(())
}
