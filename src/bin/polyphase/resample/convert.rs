//! One file from end to end: decoded, resampled and encoded chunk by chunk, in memory that does not grow with it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use polyphase::{CpuResampler, Plan, ResampleOptions, Sample, Stream};
use tempfile::NamedTempFile;

use super::Precision;
use super::array::convert_array;
use super::paths::{Task, extension};
use super::progress::Progress;
use crate::audio::decode::{Decoded, Decoder};
use crate::audio::write::Writer;
use crate::audio::{SampleFormat, Spec};

/// Samples of all channels that are gathered before they are resampled: enough that the calls cost nothing.
const CHUNK_SAMPLES: usize = 1 << 17;

/// What every file is resampled with.
pub(super) struct Settings {
    pub(super) new_freq: u32,
    /// The rate of the inputs, if it is not to be taken from them.
    pub(super) orig_freq: Option<u32>,
    pub(super) options: ResampleOptions,
    /// `None`: float64 for float64 inputs, else float32.
    pub(super) precision: Option<Precision>,
    /// `None`: the input's own.
    pub(super) format: Option<SampleFormat>,
    pub(super) dither: bool,
    pub(super) overwrite: bool,
    pub(super) cpu: CpuResampler,
}

/// What became of a file.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) orig_freq: u32,
    pub(super) channels: usize,
    pub(super) frames_in: u64,
    pub(super) frames_out: u64,
    pub(super) format: SampleFormat,
    pub(super) clipped: u64,
}

/// Resamples one file. The output appears under its name when it is whole, or not at all.
pub(super) fn convert(task: &Task, settings: &Settings, progress: &Progress) -> Result<Converted> {
    let folder = task.output.parent().context("the output has no folder")?;
    fs::create_dir_all(folder).with_context(|| format!("creating the folder {}", folder.display()))?;
    let temporary = || {
        let mut builder = tempfile::Builder::new();
        // Temporary files are private by default; this one is to be as readable as any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.prefix(".polyphase-").tempfile_in(folder);
        file.with_context(|| format!("writing in {}", folder.display()))
    };
    let (output, converted) = if extension(&task.input) == "npy" {
        progress.advance(task.bytes);
        convert_array(task, settings, temporary)?
    } else {
        let progress = progress.clone();
        let decoder = Decoder::open(&task.input, move |bytes| progress.advance(bytes))?;
        let double = decoder.spec().format == SampleFormat::F64;
        match settings.precision.unwrap_or(if double { Precision::F64 } else { Precision::F32 }) {
            Precision::F32 => convert_audio::<f32>(decoder, task, settings, temporary)?,
            Precision::F64 => convert_audio::<f64>(decoder, task, settings, temporary)?,
        }
    };
    publish(output, &task.output, settings.overwrite)?;
    Ok(converted)
}

/// Gives a finished temporary file its name.
fn publish(file: NamedTempFile, name: &Path, overwrite: bool) -> Result<()> {
    let persisted = if overwrite { file.persist(name) } else { file.persist_noclobber(name) };
    persisted.map(drop).map_err(|error| error.error).with_context(|| format!("writing {}", name.display()))
}

fn convert_audio<T: Sample + Decoded + Into<f64>>(
    mut decoder: Decoder,
    task: &Task,
    settings: &Settings,
    temporary: impl Fn() -> Result<NamedTempFile>,
) -> Result<(NamedTempFile, Converted)> {
    let spec = decoder.spec();
    let orig_freq = settings.orig_freq.unwrap_or(spec.rate);
    let plan = Plan::cached(orig_freq, settings.new_freq, &settings.options)?;
    let format = settings.format.unwrap_or_else(|| task.container.nearest(spec.format));
    let promised = decoder.promised_frames().and_then(|frames| usize::try_from(frames).ok());
    let promised = promised.map(|frames| plan.output_len(frames) as u64);
    let output = temporary()?;
    let written = Spec { rate: settings.new_freq, format, ..spec };
    // Samples that come back unchanged are already in steps of the output's format, or it is wider.
    let dither = settings.dither && !(plan.ratio().is_identity() && spec.format == format);
    let mut writer = Writer::new(output.reopen()?, task.container, written, promised, dither)?;
    let mut stream = Stream::new(&plan, spec.channels)?.with_resampler(settings.cpu);

    let (mut frames_in, mut frames_out) = (0, 0);
    let (mut packet, mut chunk, mut resampled) = (Vec::new(), Vec::new(), Vec::<T>::new());
    let mut more = true;
    while more {
        while more && chunk.len() < CHUNK_SAMPLES {
            more = decoder.read(&mut chunk, &mut packet)?;
        }
        stream.push(&chunk, &mut resampled)?;
        if !more {
            stream.finish(&mut resampled)?;
        }
        writer.write(&resampled)?;
        frames_in += (chunk.len() / spec.channels) as u64;
        frames_out += (resampled.len() / spec.channels) as u64;
        chunk.clear();
        resampled.clear();
    }
    let clipped = writer.finish()?;
    Ok((output, Converted { orig_freq, channels: spec.channels, frames_in, frames_out, format, clipped }))
}
