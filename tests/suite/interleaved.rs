//! Interleaved channels: each has the same bits as when it is resampled alone.

use half::f16;
use num_complex::Complex;
use polyphase::{CpuResampler, Error, OutputLength, Padding, Plan, Preset, ResampleOptions, Sample, half, num_complex};

use crate::signals::noise;

fn check<T: Sample + PartialEq>(plan: &Plan, frames: usize, channels: usize, sample: impl Fn(f64) -> T) {
    let planar: Vec<Vec<T>> =
        (0..channels).map(|c| noise(c as u64, frames).into_iter().map(|x| sample(2.0 * x)).collect()).collect();
    let samples: Vec<_> = (0..frames).flat_map(|i| planar.iter().map(move |channel| channel[i])).collect();
    let (mut expected, mut clamped) = (vec![T::default(); channels * plan.output_len(frames)], 0);
    for (c, channel) in planar.iter().enumerate() {
        let mut output = vec![T::default(); plan.output_len(frames)];
        clamped += CpuResampler::new().resample_into(plan, channel, &mut output).unwrap().count;
        expected.iter_mut().skip(c).step_by(channels).zip(output).for_each(|(to, y)| *to = y);
    }
    for threads in [1, 3] {
        let cpu = CpuResampler::new().with_threads(threads);
        assert!(cpu.resample_interleaved(plan, &samples, channels).unwrap() == expected, "{frames} × {channels}");
        let mut output = vec![T::default(); expected.len()];
        let counted = cpu.resample_interleaved_into(plan, &samples, channels, &mut output).unwrap();
        assert!(output == expected && counted.count == clamped, "{frames} × {channels}: {counted:?} of {clamped}");
    }
}

#[test]
fn interleaved_channels_equal_separate_ones() {
    for (orig_freq, new_freq) in [(48_000, 44_100), (1, 3), (16_000, 16_000), (7, 2), (200, 1)] {
        for padding in [Padding::Zero, Padding::Reflect] {
            let plan = Plan::new(orig_freq, new_freq, ResampleOptions::default().padding(padding)).unwrap();
            // Blocks have up to 16,384 outputs.
            for (frames, channels) in [(0, 2), (1, 3), (100, 1), (16_384, 2), (16_385, 2), (40_000, 2), (3000, 5)] {
                check(&plan, frames, channels, |x| x as f32);
                check(&plan, frames, channels, |x| (x * 32_768.0) as i16);
            }
            check(&plan, 18_000, 2, |x| x);
            check(&plan, 18_000, 2, f16::from_f64);
            check(&plan, 18_000, 2, |x| Complex { re: x as f32, im: -0.5 * x as f32 });
        }
    }
}

/// A clip long enough to be divided among threads. If samples are counted, the divisions are within frames.
#[test]
fn threads_share_interleaved_clips() {
    let plan = Plan::new(44_100, 48_000, Preset::KaiserBest).unwrap();
    check(&plan, 150_001, 3, |x| x as f32);
}

#[test]
fn partial_frames_are_refused() {
    let (cpu, plan) = (CpuResampler::new(), Plan::new(2, 1, ResampleOptions::default()).unwrap());
    assert_eq!(cpu.resample_interleaved(&plan, &[0.0_f32; 7], 2), Err(Error::Interleaving { len: 7, channels: 2 }));
    assert_eq!(cpu.resample_interleaved(&plan, &[0.0_f32; 7], 0), Err(Error::NoChannels));
    let refused = cpu.resample_interleaved_into(&plan, &[0.0_f32; 8], 2, &mut [0.0; 5]);
    assert_eq!(refused, Err(Error::OutputLen { expected: 4, actual: 5 }));
    // No frames, of the largest number of channels.
    assert_eq!(cpu.resample_interleaved::<f32>(&plan, &[], usize::MAX), Ok(vec![]));
    let long = Plan::new(2, 1, ResampleOptions::default().output_length(OutputLength::Exact(3))).unwrap();
    let refused = cpu.resample_interleaved::<f32>(&long, &[], usize::MAX);
    assert!(matches!(refused, Err(Error::OutOfMemory { .. })), "{refused:?}");
}
