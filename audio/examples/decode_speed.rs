//! Times the decoding of files to float32, of which the page cache holds the bytes:
//! `cargo run --release -p polyphase-audio --example decode_speed -- FILE...`

#![expect(clippy::print_stdout, reason = "the result")]

use std::path::Path;
use std::time::{Duration, Instant};

use polyphase_audio::{Decoder, Result};

/// Runs of which the fastest counts.
const RUNS: usize = 7;

/// Decodes a file to float32, and returns its samples and the time.
fn decode(path: &Path) -> Result<(usize, Duration)> {
    let began = Instant::now();
    let mut decoder = Decoder::open(path)?;
    let (mut samples, mut total) = (Vec::<f32>::new(), 0);
    while decoder.read(&mut samples)? {
        total += samples.len();
        samples.clear();
    }
    Ok((total, began.elapsed()))
}

fn main() -> Result<()> {
    for path in std::env::args_os().skip(1) {
        let path = Path::new(&path);
        let mut fastest = Duration::MAX;
        let mut samples = 0;
        for _ in 0..RUNS {
            let (count, time) = decode(path)?;
            (samples, fastest) = (count, fastest.min(time));
        }
        let seconds = fastest.as_secs_f64();
        let megabytes = std::fs::metadata(path)?.len() as f64 / 1e6;
        println!(
            "{}: {:.0} MB/s, {:.0} million samples/s",
            path.display(),
            megabytes / seconds,
            samples as f64 / 1e6 / seconds
        );
    }
    Ok(())
}
