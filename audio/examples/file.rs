//! A recording of any format that is read, as one channel at 16 kHz:
//! `cargo run --release -p polyphase-audio --example file -- tests/data/speech-mpeg-22050.mp3 speech.flac`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use polyphase::Preset;
use polyphase_audio::{Channels, ReadOptions, SampleFormat, load, save};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("the arguments are an input and an output".into());
    };
    let (input, output) = (std::path::PathBuf::from(input), std::path::PathBuf::from(output));

    let options = ReadOptions::default().rate(16_000).channels(Channels::Mono).filter(Preset::High);
    let audio = load::<f32>(&input, &options)?; // audio.samples: (channels, frames)
    let clipped = save(&output, audio.samples.view(), audio.rate, SampleFormat::I16)?;
    let (channels, frames) = audio.samples.dim();
    println!("{frames} frames, {:.2} s; {clipped} samples clipped", frames as f64 / 16_000.0);

    // 16-bit samples with triangular dither are within 1.5 steps of the floats.
    let written = load::<f32>(&output, &ReadOptions::default())?;
    assert_eq!((channels, written.samples.dim()), (1, (1, frames)));
    let steps = (&written.samples - &audio.samples).mapv(|difference| (32_768.0 * difference).abs());
    let worst = steps.fold(0.0, |worst: f32, step| worst.max(*step));
    println!("{}: largest error of its 16-bit samples {worst:.2} steps", output.display());
    assert!(clipped > 0 || worst <= 1.5 + 1e-3, "{worst} steps");
    Ok(())
}
