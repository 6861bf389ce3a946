//! rubato's outputs of the test signals, for `polyphase quality --files`; see `peers.py` beside this file.
//!
//! ```sh
//! cargo run --release --example rubato_files -- DIR
//! ```

#![expect(clippy::print_stdout, clippy::cast_possible_truncation, reason = "a program, for float32 resamplers")]

use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use npyz::{NpyFile, WriterBuilder};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, Fft, FixedAsync, FixedSync, Resampler, SincInterpolationParameters};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// The float32 resamplers, with their own defaults.
fn resampler(name: &str, orig: usize, new: usize) -> Result<Box<dyn Resampler<f32>>> {
    Ok(match name {
        "rubato Fft" => Box::new(Fft::new(orig, new, 1024, 1, FixedSync::Both)?),
        _ => {
            let (ratio, sinc) = (new as f64 / orig as f64, SincInterpolationParameters::default());
            Box::new(Async::new_sinc(ratio, 1.0, &sinc, 1024, 1, FixedAsync::Input)?)
        }
    })
}

/// One clip, without the resampler's delay.
fn resample(name: &str, orig: usize, new: usize, input: &[f32]) -> Result<Vec<f32>> {
    let mut resampler = resampler(name, orig, new)?;
    let len = (input.len() * new).div_ceil(orig);
    let mut output = vec![0.0; resampler.process_all_needed_output_len(input.len())];
    let frames = output.len();
    let mut buffer = InterleavedSlice::new_mut(&mut output, 1, frames)?;
    resampler.process_all_into_buffer(
        &InterleavedSlice::new(input, 1, input.len())?,
        &mut buffer,
        input.len(),
        None,
    )?;
    output.truncate(len);
    Ok(output)
}

fn write(path: &Path, rows: &[Vec<f32>]) -> Result<()> {
    let shape = [rows.len() as u64, rows[0].len() as u64];
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(File::create(path)?).begin_nd()?;
    writer.extend(rows.iter().flatten())?;
    Ok(writer.finish()?)
}

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("which folder?")?);
    let manifest: serde_json::Value = serde_json::from_reader(File::open(folder.join("signals.json"))?)?;
    let pairs: Vec<(usize, usize)> = serde_json::from_value(manifest["pairs"].clone())?;
    for name in ["rubato Fft", "rubato Sinc 256"] {
        fs::create_dir_all(folder.join(name))?;
        for &(orig, new) in &pairs {
            let pair = format!("{orig}_{new}");
            let file = NpyFile::new(BufReader::new(File::open(folder.join(format!("{pair}.npy")))?))?;
            let len = usize::try_from(file.shape()[1])?;
            let samples: Vec<f32> = file.into_vec::<f64>()?.into_iter().map(|sample| sample as f32).collect();
            let rows: Vec<_> =
                samples.chunks_exact(len).map(|row| resample(name, orig, new, row)).collect::<Result<_>>()?;
            // The noise is the last row.
            let back = resample(name, new, orig, rows.last().ok_or("no rows")?)?;
            write(&folder.join(name).join(format!("{pair}.npy")), &rows)?;
            write(&folder.join(name).join(format!("{pair}.back.npy")), &[back])?;
        }
        println!("{name}: done");
    }
    Ok(())
}
