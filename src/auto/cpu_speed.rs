//! Measurement of [`CpuSpeed`], once per process.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::choice::CpuSpeed;
use crate::cpu::CpuResampler;
use crate::error::Result;
use crate::gpu::Clock;
use crate::options::ResampleOptions;
use crate::plan::Plan;
use crate::simd::Level;

/// Speeds that have been measured, by level.
static MEASURED: Mutex<Vec<(Level, CpuSpeed)>> = Mutex::new(Vec::new());

/// Speed of a thread with AVX2 at 3 GHz, for targets without a clock.
const TYPICAL: CpuSpeed = CpuSpeed { multiply_adds_per_second: 40e9, samples_per_second: 2e9 };

/// Number of runs, of which the fastest counts.
const RUNS: u32 = 4;

/// Least time of a run: 40 steps of a browser's clock. Elsewhere clocks are fine enough for one call.
#[cfg(target_family = "wasm")]
const LEAST: Duration = Duration::from_millis(4);
#[cfg(not(target_family = "wasm"))]
const LEAST: Duration = Duration::ZERO;

/// Largest number of calls of a run, for clocks that stand still.
const MAX_CALLS: u32 = 1 << 8;

/// Samples of the clip: more than the first cache holds, and 0.1 ms of work for the long filter.
const CLIP: usize = 1 << 15;

impl CpuSpeed {
    /// Speed of one thread at the level of `cpu`. The first call for a level measures it, in less than 2 ms.
    pub(super) fn of(cpu: CpuResampler) -> Self {
        let mut measured = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, speed)) = measured.iter().find(|(level, _)| *level == cpu.level()) {
            return *speed;
        }
        let speed = measure(cpu.with_threads(1)).ok().flatten().unwrap_or(TYPICAL);
        measured.push((cpu.level(), speed));
        speed
    }
}

/// Times a filter of 19 taps and one of 194, and solves for the cost of a multiply-add and that of a sample.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn measure(cpu: CpuResampler) -> Result<Option<CpuSpeed>> {
    let clip = vec![0.0_f32; CLIP];
    let mut timed = Vec::new();
    for width in [6.0, 64.0] {
        let plan = Plan::new(3, 2, ResampleOptions::default().lowpass_filter_width(width))?;
        let mut output = vec![0.0; plan.output_len(CLIP)];
        let (mut fastest, mut calls) = (Duration::MAX, 1);
        for _ in 0..RUNS {
            let elapsed = loop {
                let clock = Clock::start();
                for _ in 0..calls {
                    cpu.resample_into(&plan, &clip, &mut output)?;
                }
                match clock.elapsed() {
                    Some(elapsed) if elapsed >= LEAST => break elapsed,
                    Some(_) if calls < MAX_CALLS => calls *= 2,
                    _ => return Ok(None),
                }
            };
            fastest = fastest.min(elapsed / calls);
        }
        timed.push((output.len() as f64 * plan.multiply_adds() as f64, fastest.as_secs_f64()));
    }
    let [(few, short), (many, long)] = timed[..] else { return Ok(None) };
    // Times of an interrupted measurement may be in the wrong order.
    let per_multiply_add = ((long - short) / (many - few)).max(1e-13);
    let samples = CLIP as f64 * 5.0 / 3.0;
    let per_sample = ((short - few * per_multiply_add) / samples).max(1e-11);
    Ok(Some(CpuSpeed { multiply_adds_per_second: per_multiply_add.recip(), samples_per_second: per_sample.recip() }))
}
