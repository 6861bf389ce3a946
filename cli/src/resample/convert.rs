//! One file from end to end: decoded, resampled and encoded chunk by chunk, in memory that does not grow with it.

use std::sync::Arc;

use anyhow::{Context, Result};
use polyphase::{CpuResampler, Plan, ResampleOptions, Sample, Stream};

use super::Precision;
use super::array::convert_array;
use super::gpu::{GpuQueue, MAX_SAMPLES};
use super::paths::{Task, extension};
use super::progress::Progress;
use super::record::{Facts, Record};
use crate::filter_args::in_options;
use crate::interrupt;
use crate::rate::Rate;
use polyphase_audio::decode::{Decoded, Decoder};
use polyphase_audio::files::{self, Temporary};
use polyphase_audio::write::Writer;
use polyphase_audio::{SampleFormat, Spec};

/// Samples of all channels that are gathered before they are resampled, or that a call makes of them, whichever are more:
/// enough that the calls cost nothing.
const CHUNK_SAMPLES: usize = 1 << 17;

/// What every file is resampled with.
pub(super) struct Settings {
    pub(super) new_freq: Rate,
    /// The rate of the inputs, if it is not to be taken from them.
    pub(super) orig_freq: Option<Rate>,
    pub(super) options: ResampleOptions,
    /// `None`: float64 for float64 inputs, else float32.
    pub(super) precision: Option<Precision>,
    /// `None`: the input's own.
    pub(super) format: Option<SampleFormat>,
    pub(super) dither: bool,
    pub(super) overwrite: bool,
    pub(super) record: Arc<Record>,
    pub(super) cpu: CpuResampler,
    /// Where clips go whose work is worth a GPU, if there is one.
    pub(super) gpu: Option<GpuQueue>,
}

impl Settings {
    /// The rate of an input whose header tells `told`, and the plan for it.
    fn plan(&self, told: u32) -> Result<(Rate, Plan)> {
        let orig_freq = self.orig_freq.unwrap_or(told.into());
        Ok((orig_freq, self.plan_from(orig_freq)?))
    }

    /// The plan for inputs of a rate.
    pub(super) fn plan_from(&self, orig_freq: Rate) -> Result<Plan> {
        Plan::cached(Rate::ratio(orig_freq, self.new_freq)?, self.options).map_err(in_options)
    }
}

/// What became of a file.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) orig_freq: Rate,
    pub(super) channels: usize,
    pub(super) frames_in: u64,
    pub(super) frames_out: u64,
    pub(super) format: SampleFormat,
    pub(super) clipped: u64,
}

/// Resamples one file. The output appears under its name when it is whole, or not at all.
pub(super) fn convert(task: &Task, settings: &Settings, progress: &Progress) -> Result<Converted> {
    let folder = task.output.parent().context("the output has no folder")?;
    files::create_folder(folder).with_context(|| format!("creating the folder {}", folder.display()))?;
    let temporary = || Temporary::new(folder).with_context(|| format!("writing in {}", folder.display()));
    // Before it is read: what changes meanwhile will be seen to have changed.
    let input_is = Facts::at(&task.input);
    let (output, converted) = if extension(&task.input) == "npy" {
        progress.advance(task.bytes);
        convert_array(task, settings, temporary)?
    } else {
        let read = progress.clone();
        let decoder = Decoder::open(&task.input, move |bytes| read.advance(bytes))?;
        let double = decoder.spec().format == SampleFormat::F64;
        match settings.precision.unwrap_or(if double { Precision::F64 } else { Precision::F32 }) {
            Precision::F32 => convert_single(decoder, task, settings, temporary)?,
            Precision::F64 => convert_audio::<f64>(decoder, task, settings, temporary)?,
        }
    };
    interrupt::check()?;
    if let Some((input_is, output_is)) = input_is.zip(output.metadata().ok().as_ref().and_then(Facts::of))
        && let Err(error) = settings.record.add(task, input_is, output_is)
    {
        // What has been made is worth keeping all the same.
        progress.say(&format!("polyphase: {error:#}"));
    }
    let writing = || format!("writing {}", task.output.display());
    output.publish(&task.output, settings.overwrite).with_context(writing)?;
    Ok(converted)
}

/// In float32: whole through the GPU if that is worth it, else in chunks.
fn convert_single(
    decoder: Decoder,
    task: &Task,
    settings: &Settings,
    temporary: impl Fn() -> Result<Temporary>,
) -> Result<(Temporary, Converted)> {
    let Some(gpu) = &settings.gpu else { return convert_audio::<f32>(decoder, task, settings, temporary) };
    let (_, plan) = settings.plan(decoder.spec().rate)?;
    // Without a promise: no format packs more than some 24 samples into a byte, silence apart.
    let frames = decoder.promised_frames().unwrap_or(task.bytes.saturating_mul(24));
    if frames.saturating_mul(decoder.spec().channels as u64) > MAX_SAMPLES || !gpu.suits(&plan) {
        return convert_audio::<f32>(decoder, task, settings, temporary);
    }
    convert_whole(decoder, &plan, gpu, task, settings, temporary)
}

fn convert_whole(
    mut decoder: Decoder,
    plan: &Plan,
    gpu: &GpuQueue,
    task: &Task,
    settings: &Settings,
    temporary: impl Fn() -> Result<Temporary>,
) -> Result<(Temporary, Converted)> {
    let spec = decoder.spec();
    let (output, format, mut writer) = begin(&decoder, plan, task, settings, temporary)?;
    let (mut samples, mut packet) = (Vec::new(), Vec::new());
    while decoder.read(&mut samples, &mut packet)? {
        interrupt::check()?;
    }
    let frames_in = (samples.len() / spec.channels) as u64;
    let channels =
        (0..spec.channels).map(|channel| samples.iter().skip(channel).step_by(spec.channels).copied().collect());
    let resampled = gpu.resample(plan, channels.collect())?;
    let frames_out = resampled.first().map_or(0, Vec::len);
    samples.clear();
    for frame in 0..frames_out {
        samples.extend(resampled.iter().map(|channel| channel[frame]));
    }
    let writing = || format!("writing {}", task.output.display());
    writer.write(&samples).with_context(writing)?;
    let clipped = writer.finish().with_context(writing)?;
    let (orig_freq, frames_out) = (settings.orig_freq.unwrap_or(spec.rate.into()), frames_out as u64);
    Ok((output, Converted { orig_freq, channels: spec.channels, frames_in, frames_out, format, clipped }))
}

/// Begins the output: its temporary file, the format of its samples, and what writes them.
fn begin(
    decoder: &Decoder,
    plan: &Plan,
    task: &Task,
    settings: &Settings,
    temporary: impl Fn() -> Result<Temporary>,
) -> Result<(Temporary, SampleFormat, Writer)> {
    let spec = decoder.spec();
    let format = settings.format.unwrap_or_else(|| task.container.nearest(spec.format));
    let promised = decoder.promised_frames().and_then(|frames| usize::try_from(frames).ok());
    let promised = promised.map(|frames| plan.output_len(frames) as u64);
    let output = temporary()?;
    let written = Spec { rate: settings.new_freq.rounded()?, format, ..spec };
    // Samples that come back unchanged are already in steps of the output's format, or it is wider.
    let dither = settings.dither && !(plan.ratio().is_identity() && spec.format == format);
    let writer = Writer::new(&output, task.container, written, promised, dither)?;
    Ok((output, format, writer))
}

fn convert_audio<T: Sample + Decoded + Into<f64>>(
    mut decoder: Decoder,
    task: &Task,
    settings: &Settings,
    temporary: impl Fn() -> Result<Temporary>,
) -> Result<(Temporary, Converted)> {
    let spec = decoder.spec();
    let (orig_freq, plan) = settings.plan(spec.rate)?;
    let (output, format, mut writer) = begin(&decoder, &plan, task, settings, temporary)?;
    let mut stream = Stream::new(&plan, spec.channels)?.with_level(settings.cpu.level());

    let piece = piece_frames(&plan, spec.channels) * spec.channels;
    let writing = || format!("writing {}", task.output.display());
    let (mut frames_in, mut frames_out) = (0, 0);
    let (mut packet, mut chunk, mut resampled) = (Vec::new(), Vec::new(), Vec::<T>::new());
    let mut more = true;
    while more {
        chunk.clear();
        while more && chunk.len() < piece {
            interrupt::check()?;
            more = decoder.read(&mut chunk, &mut packet)?;
        }
        frames_in += (chunk.len() / spec.channels) as u64;
        // A packet alone may be more than a piece.
        for piece in chunk.chunks(piece) {
            interrupt::check()?;
            resampled.clear();
            stream.push(piece, &mut resampled)?;
            frames_out += (resampled.len() / spec.channels) as u64;
            writer.write(&resampled).with_context(writing)?;
        }
    }
    resampled.clear();
    stream.finish(&mut resampled)?;
    frames_out += (resampled.len() / spec.channels) as u64;
    writer.write(&resampled).with_context(writing)?;
    let clipped = writer.finish().with_context(writing)?;
    Ok((output, Converted { orig_freq, channels: spec.channels, frames_in, frames_out, format, clipped }))
}

/// Frames to resample in one call, so that neither they nor what they become are more than [`CHUNK_SAMPLES`] samples, or
/// what one frame becomes.
fn piece_frames(plan: &Plan, channels: usize) -> usize {
    let (stride, phases) = (u128::from(plan.ratio().stride()), u128::from(plan.ratio().phases()));
    let samples = CHUNK_SAMPLES as u128 * stride / stride.max(phases);
    usize::try_from(samples).unwrap_or(CHUNK_SAMPLES).div_ceil(channels)
}

#[cfg(test)]
mod tests {
    use polyphase::{Plan, ResampleOptions};

    use super::{CHUNK_SAMPLES, piece_frames};

    #[test]
    fn pieces_are_bounded_by_the_larger_of_input_and_output() {
        let frames = |orig_freq, new_freq, channels| {
            let plan = Plan::new(orig_freq, new_freq, &ResampleOptions::default()).expect("rates within the limits");
            piece_frames(&plan, channels)
        };
        assert_eq!(frames(3, 2, 1), CHUNK_SAMPLES);
        assert_eq!(frames(3, 2, 4), CHUNK_SAMPLES / 4);
        assert_eq!(frames(1, 1024, 1), CHUNK_SAMPLES / 1024);
        assert_eq!(frames(1, 1024, 1000), 1);
    }
}
