//! Gradient steps through the resampling: finds a signal at 44.1 kHz that sounds like a recording at 16 kHz once it is
//! resampled. With y = A·x the loss is |A·x − target|² / 2, and its gradient Aᵀ·(A·x − target) is the adjoint.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use polyphase::{CpuResampler, Plan, Preset};

const LENGTH: usize = 44_100;
const STEPS: usize = 20;

fn main() -> polyphase::Result<()> {
    let plan = Plan::new(44_100, 16_000, Preset::High)?;
    let cpu = CpuResampler::new();
    // A chirp from 100 to 6000 Hz.
    let phase = |time: f64| std::f64::consts::TAU * time * (100.0 + 2950.0 * time);
    let target: Vec<f64> = (0..16_000).map(|n| phase(f64::from(n) / 16_000.0).sin()).collect();

    let residual = |x: &[f64]| -> polyphase::Result<Vec<f64>> {
        Ok(cpu.resample(&plan, x)?.iter().zip(&target).map(|(y, target)| y - target).collect())
    };
    let loss = |residual: &[f64]| residual.iter().map(|r| r * r).sum::<f64>() / 2.0;

    let mut x = vec![0.0; LENGTH];
    let before = residual(&x)?;
    let mut now = before.clone();
    for step in 1..=STEPS {
        let gradient = cpu.adjoint(&plan, &now, LENGTH)?;
        // The largest eigenvalue of A·Aᵀ is about 16000 / 44100: its inverse is the step.
        x.iter_mut().zip(&gradient).for_each(|(x, gradient)| *x -= 44_100.0 / 16_000.0 * gradient);
        now = residual(&x)?;
        if step.is_power_of_two() {
            println!("step {step}: the loss is {:.1e}", loss(&now));
        }
    }
    assert!(loss(&now) < 1e-6 * loss(&before), "{} of {}", loss(&now), loss(&before));
    Ok(())
}
