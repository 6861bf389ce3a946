//! [`convert`]: decodes, resamples and encodes one file, chunk by chunk on the CPU, in memory that does not grow with
//! the file.

use anyhow::{Context, Result};
use polyphase::Plan;
use polyphase_audio::files::Temporary;
use polyphase_audio::{
    ConvertOptions, DecodedSample, Decoder, Level, Output, Reader, SampleFormat, Spec, WriteOptions, convert_from,
};

use super::args::Precision;
use super::array::convert_array;
use super::conversion::Conversion;
use super::converted::Converted;
use super::gpu::{Clips, GpuQueue, MAX_SAMPLES, Resampled};
use super::paths::{STDIN, Task, extension};
use super::progress::Progress;
use super::record::Stamp;
use super::settings::Settings;
use crate::interrupt;

/// Upper bound of the samples that a format stores in a byte, except for silence.
const MAX_SAMPLES_PER_BYTE: u64 = 24;

/// Resamples one file. The output appears under its name when it is complete, or not at all.
pub(super) fn convert(task: &Task, settings: &Settings, progress: &Progress) -> Result<Converted> {
    let conversion = Conversion::new(task, settings)?;
    // Taken before the file is read, so that a change while it is read makes the record invalid.
    let input = Stamp::of_path(&task.input);
    let (output, converted) = if extension(&task.input) == "npy" {
        progress.advance(task.bytes);
        convert_array(conversion)?
    } else {
        let read = progress.clone();
        let decoder = Decoder::open(settings.source(&task.input).on_read(move |bytes| read.advance(bytes)))?;
        match settings.precision(decoder.spec().format) {
            Precision::F32 => convert_f32(conversion, decoder)?,
            Precision::F64 => convert_stream::<f64>(conversion, decoder)?,
        }
    };
    interrupt::check()?;
    let stamps = input.zip(output.metadata().ok().as_ref().and_then(Stamp::new));
    if let Some((input, output)) = stamps
        && let Err(error) = settings.record.add(task, input, output, &converted)
    {
        // The output is worth keeping without the record.
        progress.eprint_line(&format!("polyphase: {error:#}"));
    }
    let published = output.publish(&task.output, settings.overwrite);
    published.with_context(|| format!("writing {}", task.output.display()))?;
    Ok(converted)
}

/// Converts a file in float32: whole on the GPU if the transfer is worth it, else in chunks on the CPU.
fn convert_f32(conversion: Conversion<'_>, decoder: Decoder) -> Result<(Temporary, Converted)> {
    let Conversion { task, settings, .. } = conversion;
    let Some(gpu) = settings.gpu.as_ref().filter(|_| settings.level == Level::Unchanged) else {
        return convert_stream::<f32>(conversion, decoder);
    };
    let plan = settings.plan(settings.orig_freq.unwrap_or(decoder.rate()))?;
    let frames = decoder.promised_frames().unwrap_or(task.bytes.saturating_mul(MAX_SAMPLES_PER_BYTE));
    if frames.saturating_mul(decoder.spec().channels as u64) > MAX_SAMPLES || !gpu.suits(&plan) {
        return convert_stream::<f32>(conversion, decoder);
    }
    convert_on_gpu(conversion, decoder, &plan, gpu)
}

fn convert_on_gpu(
    conversion: Conversion<'_>,
    decoder: Decoder,
    plan: &Plan,
    gpu: &GpuQueue,
) -> Result<(Temporary, Converted)> {
    let settings = conversion.settings;
    let mut reader = Reader::<f32>::new(decoder, &settings.read_options(None))?;
    let (input, channels) = (reader.spec().format, reader.spec().channels);
    let format = conversion.format(input);
    let promised = reader.promised_frames().and_then(|frames| usize::try_from(frames).ok());
    let is_copied = plan.ratio().is_identity() && reader.is_copy() && input == format;
    let dither = settings.dither && !is_copied;
    // The reader reads at the rate of the input.
    let tags = reader.tags().at_rate(settings.new_freq.hz() / reader.orig_rate().hz());
    let options = WriteOptions::new(conversion.task.container, Spec { format, ..reader.spec() })
        .frames(promised.map(|frames| plan.output_len(frames) as u64))
        .dither(dither)
        .tags(tags);
    let output = conversion.temporary()?;
    let mut writer = conversion.writer(&output, options)?;
    let mut samples = Vec::new();
    while reader.read(&mut samples)? {
        interrupt::check()?;
    }
    let frames_in = reader.frames_read();
    // With dither, outputs are rounded after the dither is added, and must be floats until then. A mix of integers is
    // none.
    let rounds_on_gpu = [input, format] == [SampleFormat::I16; 2] && !dither && reader.is_copy();
    let clips = if rounds_on_gpu {
        #[expect(clippy::cast_possible_truncation, reason = "samples that were 16-bit integers")]
        let integer = |sample: f32| (sample * INTEGER_SCALE) as i16;
        Clips::I16(deinterleaved(&samples, channels, integer))
    } else {
        Clips::F32(deinterleaved(&samples, channels, |sample| sample))
    };
    let Resampled { clips, clamped } = gpu.resample(plan, clips)?;
    match clips {
        Clips::F32(clips) => interleave(&clips, &mut samples, |sample| sample),
        Clips::I16(clips) => interleave(&clips, &mut samples, |sample| f32::from(sample) / INTEGER_SCALE),
    }
    writer.write(&samples).map_err(|error| conversion.explained(error))?;
    let clipped = writer.finish().map_err(|error| conversion.explained(error))? + clamped.count as u64;
    let peak = samples.iter().fold(0.0, |peak: f32, sample| peak.max(sample.abs()));
    let converted = Converted {
        orig_freq: reader.orig_rate(),
        input_channels: reader.decoder().spec().channels,
        channels,
        frames_in,
        frames_out: (samples.len() / channels) as u64,
        format,
        clipped,
        peak: Some(peak.into()),
        warnings: reader.decoder().warnings().to_vec(),
    };
    Ok((output, converted))
}

/// Full scale of 16-bit integers.
const INTEGER_SCALE: f32 = 32_768.0;

fn deinterleaved<T>(samples: &[f32], channels: usize, convert: impl Fn(f32) -> T) -> Vec<Vec<T>> {
    let channel = |channel| samples.iter().skip(channel).step_by(channels).map(|&sample| convert(sample)).collect();
    (0..channels).map(channel).collect()
}

fn interleave<T: Copy>(channels: &[Vec<T>], samples: &mut Vec<f32>, convert: impl Fn(T) -> f32) {
    samples.clear();
    for frame in 0..channels.first().map_or(0, Vec::len) {
        samples.extend(channels.iter().map(|channel| convert(channel[frame])));
    }
}

/// Converts a file in chunks on the CPU.
fn convert_stream<T: DecodedSample>(conversion: Conversion<'_>, decoder: Decoder) -> Result<(Temporary, Converted)> {
    let Conversion { task, settings, .. } = conversion;
    let mut options = ConvertOptions::new(task.container, settings.read_options(Some(settings.new_freq)));
    (options.format, options.dither, options.level) = (settings.format, settings.dither, settings.level);
    let explained = |error| conversion.explained(error);
    let reader = Reader::<T>::new(decoder, &options.read).map_err(explained)?;
    let again = (task.input.as_os_str() != STDIN).then(|| settings.source(&task.input));
    let output = conversion.temporary()?;
    let converted = convert_from(reader, again, Output::temporary(&output)?, &options, || Ok(interrupt::check()?));
    let converted = converted.map_err(|error: anyhow::Error| match error.downcast::<polyphase_audio::Error>() {
        Ok(error) => explained(error),
        Err(error) => error,
    })?;
    Ok((output, converted.into()))
}
