//! A live stream: stereo at 44.1 kHz arrives in blocks of 128 frames, as in an audio callback, and leaves at 48 kHz. No
//! call allocates after `warm_up`, and the outputs are those of one call with the whole signal, bit for bit.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::f32::consts::TAU;
use std::time::{Duration, Instant};

use polyphase::{CpuResampler, Plan, Preset, Stream};

const CHANNELS: usize = 2;
const BLOCK: usize = 128;

fn main() -> polyphase::Result<()> {
    // Ten seconds: 440 Hz on the left, 660 Hz on the right.
    let tone = |frame: u32, hertz: u32| (TAU * (hertz * frame % 44_100) as f32 / 44_100.0).sin() / 2.0;
    let signal: Vec<f32> = (0..441_000).flat_map(|frame| [tone(frame, 440), tone(frame, 660)]).collect();

    let plan = Plan::new(44_100, 48_000, Preset::High)?;
    let mut stream = Stream::new(&plan, CHANNELS)?;
    stream.warm_up();
    let mut frames = vec![0.0; CHANNELS * stream.max_output_frames(BLOCK)];

    let mut received = Vec::with_capacity(CHANNELS * plan.output_len(441_000));
    let mut slowest = Duration::ZERO;
    for block in signal.chunks(CHANNELS * BLOCK) {
        let began = Instant::now();
        let written = stream.process_into(block, &mut frames)?;
        slowest = slowest.max(began.elapsed());
        received.extend_from_slice(&frames[..CHANNELS * written]);
    }
    stream.finish(&mut received)?;

    let look_ahead = stream.look_ahead();
    println!("the output is {look_ahead} frames ({:.1} ms) behind the input", look_ahead as f64 / 44.1);
    println!("the slowest of {} blocks, 2.9 ms each, took {slowest:.1?}", 441_000_usize.div_ceil(BLOCK));
    assert_eq!(received, CpuResampler::new().resample_interleaved(&plan, &signal, CHANNELS)?);
    Ok(())
}
