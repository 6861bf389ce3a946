//! Time and error of `resample` beside torchaudio's own formulation, a strided convolution, written with burn's `conv1d`
//! and run on the same device.
//!
//! ```sh
//! cd burn
//! cargo bench            # best of several rounds, which alternate the two
//! cargo bench -- --test  # each once, with its error checked
//! ```
//!
//! Errors are those of float32 results against float64 on the CPU, in dB relative to the signal.

#![expect(clippy::print_stdout, reason = "a bench shows its result")]
#![expect(clippy::unwrap_used, reason = "a panic ends the bench")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "small sizes"
)]

use std::f64::consts::PI;
use std::time::{Duration, Instant};

use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use polyphase::{CpuResampler, Plan, Preset, ResampleOptions, Window};
use polyphase_burn::resample;
use polyphase_checks::compare::error_db;
use polyphase_checks::oracle::bessel_i0;
use polyphase_checks::signals::noise_f32;

/// Rows of a batch, one second each.
const ROWS: usize = 16;
const ROUNDS: usize = 20;

/// Cases, with the factor of time that the project aims at.
const CASES: [(&str, u32, u32, Preset, f64); 2] = [
    ("44.1 → 48 kHz, kaiser_best", 44_100, 48_000, Preset::KaiserBest, 10.0),
    ("48 → 16 kHz, width 6", 48_000, 16_000, Preset::Default, 3.0),
];

/// torchaudio's resampling: a convolution with one output channel for each phase, at a stride of a period.
struct Convolution {
    kernel: Tensor<3>,
    width: usize,
    stride: usize,
    phases: usize,
}

impl Convolution {
    /// The kernel of `torchaudio.functional.functional._get_sinc_resample_kernel`, in float64 and rounded to float32.
    fn new(plan: &Plan, options: &ResampleOptions, device: &Device) -> Self {
        let (stride, phases) = (plan.ratio().stride() as usize, plan.ratio().phases() as usize);
        let base = stride.min(phases) as f64 * options.rolloff;
        let width = (options.lowpass_filter_width * stride as f64 / base).ceil() as usize;
        let taps = 2 * width + stride;
        let scale = base / stride as f64;
        let tap = |phase: usize, i: usize| {
            let time = (i as f64 - width as f64) / stride as f64 - phase as f64 / phases as f64;
            let t = (time * base).clamp(-options.lowpass_filter_width, options.lowpass_filter_width);
            let position = t / options.lowpass_filter_width;
            let window = match options.window {
                Window::Kaiser { beta } => bessel_i0(beta * (1.0 - position * position).sqrt()) / bessel_i0(beta),
                _ => (position * PI / 2.0).cos().powi(2),
            };
            let sinc = if t == 0.0 { 1.0 } else { (t * PI).sin() / (t * PI) };
            (sinc * window * scale) as f32
        };
        let kernel: Vec<f32> =
            (0..phases).flat_map(|phase| (0..taps).map(move |i| (phase, i))).map(|(phase, i)| tap(phase, i)).collect();
        let kernel = Tensor::from_data(TensorData::new(kernel, [phases, 1, taps]), device);
        Self { kernel, width, stride, phases }
    }

    fn resample(&self, x: Tensor<2>) -> Tensor<2> {
        let [rows, len] = x.dims();
        let x = x.unsqueeze_dim::<3>(1).pad((self.width, self.width + self.stride, 0, 0), 0.0);
        let y = conv1d(x, self.kernel.clone(), None, ConvOptions::new([self.stride], [0], [1], 1));
        let periods = y.dims()[2];
        let target = (len * self.phases).div_ceil(self.stride);
        y.swap_dims(1, 2).reshape([rows, periods * self.phases]).slice([0..rows, 0..target])
    }
}

/// Time until the device has computed a result.
fn time(device: &Device, run: impl Fn() -> Tensor<2>) -> Duration {
    let begin = Instant::now();
    let result = run();
    device.sync().unwrap();
    let elapsed = begin.elapsed();
    drop(result);
    elapsed
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (device, setup) = Device::wgpu_options().init_with_setup().unwrap();
    println!("{}, {ROWS} rows of 1 s, float32, fusion {}", setup.adapter.get_info().name, cfg!(feature = "fusion"));
    println!("| case | resample | conv1d | factor | error of resample | error of conv1d |");
    println!("|---|---|---|---|---|---|");
    for (name, orig_freq, new_freq, preset, factor) in CASES {
        let options = preset.options();
        let plan = Plan::new(orig_freq, new_freq, options).unwrap();
        let convolution = Convolution::new(&plan, &options, &device);
        let len = orig_freq as usize;
        let samples = noise_f32(1, ROWS * len);
        let x = Tensor::<2>::from_data(TensorData::new(samples.clone(), [ROWS, len]), &device);
        let exact: Vec<f64> = samples
            .chunks(len)
            .flat_map(|row| {
                let row: Vec<f64> = row.iter().map(|&x| x.into()).collect();
                CpuResampler::new().resample(&plan, &row).unwrap()
            })
            .collect();
        let error = |y: Tensor<2>| {
            let y: Vec<f32> = y.into_data().try_into_vec().unwrap();
            let y: Vec<f64> = y.into_iter().map(f64::from).collect();
            assert_eq!(y.len(), exact.len());
            error_db(&y, &exact)
        };
        let errors = [error(resample(x.clone(), &plan)), error(convolution.resample(x.clone()))];
        assert!(errors[0] <= -130.0, "{name}: {:.1} dB", errors[0]);
        // Another formula would be fast too.
        assert!(errors[1] <= -100.0, "{name}: the convolution is at {:.1} dB", errors[1]);
        if is_test {
            continue;
        }
        let mut best = [Duration::MAX; 2];
        for _ in 0..ROUNDS {
            best[0] = best[0].min(time(&device, || resample(x.clone(), &plan)));
            best[1] = best[1].min(time(&device, || convolution.resample(x.clone())));
        }
        let ratio = best[1].as_secs_f64() / best[0].as_secs_f64();
        println!(
            "| {name} | {:.2?} | {:.2?} | {ratio:.1} (aim: {factor}) | {:.1} dB | {:.1} dB |",
            best[0], best[1], errors[0], errors[1]
        );
    }
}
