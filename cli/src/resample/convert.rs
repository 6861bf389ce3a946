//! [`convert`]: decodes, resamples and encodes one file, chunk by chunk on the CPU, in memory that does not grow with
//! the file.

use anyhow::{Context, Result};
use polyphase::{Plan, Sample, Stream};
use polyphase_audio::files::Temporary;
use polyphase_audio::{DecodedSample, Decoder, SampleFormat, Spec, Writer};

use super::args::Precision;
use super::array::convert_array;
use super::conversion::{Conversion, Converted};
use super::gpu::{Clips, GpuQueue, MAX_SAMPLES, Resampled};
use super::paths::{Task, extension};
use super::progress::Progress;
use super::record::Stamp;
use super::settings::Settings;
use crate::interrupt;

/// Largest number of samples, over all channels, that one call of the resampler reads or writes: enough to make the
/// overhead of a call negligible.
const CHUNK_SAMPLES: usize = 1 << 17;

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
        let decoder = Decoder::open(&task.input, move |bytes| read.advance(bytes))?;
        match settings.precision(decoder.spec().format) {
            Precision::F32 => convert_f32(conversion, decoder)?,
            Precision::F64 => convert_stream::<f64>(conversion, decoder)?,
        }
    };
    interrupt::check()?;
    let stamps = input.zip(output.metadata().ok().as_ref().and_then(Stamp::new));
    if let Some((input, output)) = stamps
        && let Err(error) = settings.record.add(task, input, output)
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
    let Some(gpu) = &settings.gpu else { return convert_stream::<f32>(conversion, decoder) };
    let plan = settings.plan(settings.orig_freq(decoder.rate()))?;
    let frames = decoder.promised_frames().unwrap_or(task.bytes.saturating_mul(MAX_SAMPLES_PER_BYTE));
    if frames.saturating_mul(decoder.spec().channels as u64) > MAX_SAMPLES || !gpu.suits(&plan) {
        return convert_stream::<f32>(conversion, decoder);
    }
    convert_on_gpu(conversion, decoder, &plan, gpu)
}

fn convert_on_gpu(
    conversion: Conversion<'_>,
    mut decoder: Decoder,
    plan: &Plan,
    gpu: &GpuQueue,
) -> Result<(Temporary, Converted)> {
    let spec = decoder.spec();
    let (output, format, mut writer) = begin(conversion, &decoder, plan)?;
    let (mut samples, mut packet) = (Vec::new(), Vec::new());
    while decoder.read(&mut samples, &mut packet)? {
        interrupt::check()?;
    }
    let frames_in = (samples.len() / spec.channels) as u64;
    // With dither, outputs are rounded after the dither is added, and must be floats until then.
    let rounds_on_gpu =
        [spec.format, format] == [SampleFormat::I16; 2] && !conversion.settings.dithers(plan, spec.format, format);
    let clips = if rounds_on_gpu {
        #[expect(clippy::cast_possible_truncation, reason = "samples that were 16-bit integers")]
        let integer = |sample: f32| (sample * INTEGER_SCALE) as i16;
        Clips::I16(deinterleaved(&samples, spec.channels, integer))
    } else {
        Clips::F32(deinterleaved(&samples, spec.channels, |sample| sample))
    };
    let Resampled { clips, clamped } = gpu.resample(plan, clips)?;
    match clips {
        Clips::F32(clips) => interleave(&clips, &mut samples, |sample| sample),
        Clips::I16(clips) => interleave(&clips, &mut samples, |sample| f32::from(sample) / INTEGER_SCALE),
    }
    writer.write(&samples).map_err(|error| conversion.write_error(error))?;
    let clipped = writer.finish().map_err(|error| conversion.write_error(error))? + clamped.count as u64;
    let orig_freq = conversion.settings.orig_freq(decoder.rate());
    let frames_out = (samples.len() / spec.channels) as u64;
    Ok((output, Converted { orig_freq, channels: spec.channels, frames_in, frames_out, format, clipped }))
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

/// Begins an output: returns its temporary file, the format of its samples, and its writer.
fn begin(conversion: Conversion<'_>, decoder: &Decoder, plan: &Plan) -> Result<(Temporary, SampleFormat, Writer)> {
    let spec = decoder.spec();
    let format = conversion.format(spec.format);
    let promised = decoder.promised_frames().and_then(|frames| usize::try_from(frames).ok());
    let promised = promised.map(|frames| plan.output_len(frames) as u64);
    let output = conversion.temporary()?;
    let dither = conversion.settings.dithers(plan, spec.format, format);
    let writer = conversion.writer(&output, Spec { format, ..spec }, promised, dither)?;
    Ok((output, format, writer))
}

/// Converts a file in chunks on the CPU.
fn convert_stream<T: Sample + DecodedSample + Into<f64>>(
    conversion: Conversion<'_>,
    mut decoder: Decoder,
) -> Result<(Temporary, Converted)> {
    let (settings, spec) = (conversion.settings, decoder.spec());
    let orig_freq = settings.orig_freq(decoder.rate());
    let plan = settings.plan(orig_freq)?;
    let (output, format, mut writer) = begin(conversion, &decoder, &plan)?;
    let mut stream = Stream::new(&plan, spec.channels)?.with_level(settings.cpu.level());

    let chunk_len = chunk_frames(&plan, spec.channels) * spec.channels;
    let (mut frames_in, mut frames_out) = (0, 0);
    let (mut packet, mut decoded, mut resampled) = (Vec::new(), Vec::new(), Vec::<T>::new());
    let mut more = true;
    while more {
        decoded.clear();
        while more && decoded.len() < chunk_len {
            interrupt::check()?;
            more = decoder.read(&mut decoded, &mut packet)?;
        }
        frames_in += (decoded.len() / spec.channels) as u64;
        // One packet may be longer than a chunk.
        for chunk in decoded.chunks(chunk_len) {
            interrupt::check()?;
            resampled.clear();
            stream.push(chunk, &mut resampled)?;
            frames_out += (resampled.len() / spec.channels) as u64;
            writer.write(&resampled).map_err(|error| conversion.write_error(error))?;
        }
    }
    resampled.clear();
    stream.finish(&mut resampled)?;
    frames_out += (resampled.len() / spec.channels) as u64;
    writer.write(&resampled).map_err(|error| conversion.write_error(error))?;
    let clipped = writer.finish().map_err(|error| conversion.write_error(error))?;
    Ok((output, Converted { orig_freq, channels: spec.channels, frames_in, frames_out, format, clipped }))
}

/// Number of frames in a chunk. Neither the chunk nor its output has more than [`CHUNK_SAMPLES`] samples, unless a
/// single frame has.
fn chunk_frames(plan: &Plan, channels: usize) -> usize {
    let (stride, phases) = (u128::from(plan.ratio().stride()), u128::from(plan.ratio().phases()));
    let samples = CHUNK_SAMPLES as u128 * stride / stride.max(phases);
    usize::try_from(samples).unwrap_or(CHUNK_SAMPLES).div_ceil(channels)
}

#[cfg(test)]
mod tests {
    use polyphase::{Plan, ResampleOptions};

    use super::{CHUNK_SAMPLES, chunk_frames};

    #[test]
    fn chunks_are_bounded_by_the_larger_of_input_and_output() {
        let frames = |orig_freq, new_freq, channels| {
            let plan = Plan::new(orig_freq, new_freq, ResampleOptions::default()).expect("rates within the limits");
            chunk_frames(&plan, channels)
        };
        assert_eq!(frames(3, 2, 1), CHUNK_SAMPLES);
        assert_eq!(frames(3, 2, 4), CHUNK_SAMPLES / 4);
        assert_eq!(frames(1, 1024, 1), CHUNK_SAMPLES / 1024);
        assert_eq!(frames(1, 1024, 1000), 1);
    }
}
