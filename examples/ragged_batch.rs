//! A ragged batch: 300 clips of different lengths and rates to 16 kHz in one call, on all threads of the current rayon
//! pool. Work is divided by its cost, so that one long clip occupies several threads.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::time::Instant;

use polyphase::{Batch, CpuResampler, Plan, Preset};

fn main() -> polyphase::Result<()> {
    // Clips of 0 to 8 seconds, and one of a minute.
    let rates = [44_100, 48_000, 22_050];
    let length = |clip: usize| if clip == 7 { 60 * 48_000 } else { clip * 7919 % (8 * 44_100) };
    let noise = |i: usize| (i * 1_103_515_245 % 65_536) as f32 / 32_768.0 - 1.0;
    let clips: Vec<Vec<f32>> = (0..300).map(|clip| (0..length(clip)).map(noise).collect()).collect();

    let plans = rates.map(|rate| Plan::new(rate, 16_000, Preset::High));
    let plans: Vec<Plan> = plans.into_iter().collect::<polyphase::Result<_>>()?;
    let batch: Batch<'_, f32> = clips.iter().enumerate().map(|(i, clip)| (&plans[i % 3], &clip[..])).collect();

    let cpu = CpuResampler::new();
    let began = Instant::now();
    let resampled = cpu.resample_batch(&batch)?;
    let elapsed = began.elapsed();
    let seconds: f64 = clips.iter().enumerate().map(|(i, clip)| clip.len() as f64 / f64::from(rates[i % 3])).sum();
    println!("{} clips, {seconds:.0} s of audio, {} threads: {elapsed:.1?}", resampled.len(), cpu.threads());

    // One buffer holds all clips. Each has the bits of a call of its own.
    assert_eq!(resampled.offsets().last(), Some(&resampled.samples().len()));
    for ((plan, clip), output) in batch.iter().zip(&resampled) {
        assert_eq!(output, cpu.resample(plan, clip)?);
    }
    Ok(())
}
