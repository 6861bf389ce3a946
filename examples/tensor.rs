//! Tensors of ndarray: a batch of stereo clips as (batch, channel, time), torchaudio's layout, and as (batch, time,
//! channel), resampled along axis 1 where the samples are.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use polyphase::ndarray::{Array3, Axis, s};
use polyphase::{CpuResampler, Plan, Preset};

/// Tones of 200, 400, …, 1600 Hz, one for each of 4 × 2 channels.
fn tones(rate: usize) -> Array3<f32> {
    Array3::from_shape_fn((4, 2, rate), |(clip, channel, time)| {
        let hertz = 200 * (1 + 2 * clip + channel);
        (std::f32::consts::TAU * (hertz * time % rate) as f32 / rate as f32).sin()
    })
}

fn main() -> polyphase::Result<()> {
    let waveform = tones(48_000);
    let plan = Plan::new(48_000, 16_000, Preset::High)?;
    let cpu = CpuResampler::new();
    let resampled = cpu.resample_tensor(&plan, &waveform)?;
    assert_eq!(resampled.shape(), [4, 2, 16_000]);

    // The tones at 16 kHz, but for the ends, where the signal begins and stops.
    let difference = &resampled - &tones(16_000);
    let worst = difference.slice(s![.., .., 100..15_900]).fold(0.0_f32, |worst, sample| worst.max(sample.abs()));
    println!("resampled tones are within {worst:.1e} of tones at 16 kHz");
    assert!(worst < 2e-6);

    // A view with other strides: no sample is copied into another order first.
    let interleaved = waveform.permuted_axes([0, 2, 1]);
    let by_axis = cpu.resample_axis(&plan, &interleaved, Axis(1))?;
    assert_eq!(by_axis.shape(), [4, 16_000, 2]);
    assert_eq!(by_axis.permuted_axes([0, 2, 1]), resampled);
    Ok(())
}
