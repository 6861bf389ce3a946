//! One array from end to end. It is held in memory whole: any rank, the last axis is time.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use polyphase::Sample;
use polyphase::ndarray::ArrayD;

use super::Precision;
use super::convert::{Converted, Settings};
use super::paths::Task;
use crate::interrupt;
use polyphase_audio::encode::Encoder;
use polyphase_audio::files::Temporary;
use polyphase_audio::write::Writer;
use polyphase_audio::{Container, SampleFormat, Spec, npy};

/// One array at a time, however many workers there are.
static ONE_ARRAY: Mutex<()> = Mutex::new(());

/// Resamples one array into a temporary file.
pub(super) fn convert_array(
    task: &Task,
    settings: &Settings,
    temporary: impl Fn() -> Result<Temporary>,
) -> Result<(Temporary, Converted)> {
    let _one = ONE_ARRAY.lock().unwrap_or_else(PoisonError::into_inner);
    interrupt::check()?;
    let array = npy::read(&task.input)?;
    let (own, double) = match array {
        npy::Array::I16(_) => (SampleFormat::I16, false),
        npy::Array::I32(_) => (SampleFormat::I32, false),
        npy::Array::F32(_) => (SampleFormat::F32, false),
        npy::Array::F64(_) => (SampleFormat::F64, true),
    };
    let format = settings.format.unwrap_or_else(|| task.container.nearest(own));
    let precision = settings.precision.unwrap_or(if double { Precision::F64 } else { Precision::F32 });
    let (computed, bytes) = match precision {
        Precision::F32 => (SampleFormat::F32, 4),
        Precision::F64 => (SampleFormat::F64, 8),
    };
    if own != computed {
        npy::check_memory(array.len() as u128 * bytes)?;
    }
    match precision {
        Precision::F32 => {
            #[expect(clippy::cast_possible_truncation, reason = "that precision was asked for")]
            let array = match array {
                npy::Array::I16(array) => array.mapv(|sample| f32::from(sample) / 32768.0),
                npy::Array::I32(array) => array.mapv(|sample| (f64::from(sample) / 2_147_483_648.0) as f32),
                npy::Array::F32(array) => array,
                npy::Array::F64(array) => array.mapv(|sample| sample as f32),
            };
            resample_array(&array, format, own, task, settings, temporary)
        }
        Precision::F64 => {
            let array = match array {
                npy::Array::I16(array) => array.mapv(|sample| f64::from(sample) / 32768.0),
                npy::Array::I32(array) => array.mapv(|sample| f64::from(sample) / 2_147_483_648.0),
                npy::Array::F32(array) => array.mapv(f64::from),
                npy::Array::F64(array) => array,
            };
            resample_array(&array, format, own, task, settings, temporary)
        }
    }
}

fn resample_array<T: Sample + Into<f64>>(
    array: &ArrayD<T>,
    format: SampleFormat,
    own: SampleFormat,
    task: &Task,
    settings: &Settings,
    temporary: impl Fn() -> Result<Temporary>,
) -> Result<(Temporary, Converted)> {
    let orig_freq = settings.orig_freq.context("an array has no sampling rate of its own: add --orig-freq")?;
    ensure!(array.ndim() > 0, "the array has no dimensions: the last one is time");
    let plan = settings.plan_from(orig_freq)?;
    let (frames_in, channels) = (array.shape()[array.ndim() - 1], array.shape()[..array.ndim() - 1].iter().product());
    let output_len = plan.output_len(frames_in) as u128 * channels as u128;
    npy::check_memory(output_len * size_of::<T>() as u128)?;
    let resampled = settings.cpu.resample_tensor(&plan, array)?;
    let frames_out = resampled.shape()[array.ndim() - 1];
    let samples = resampled.as_slice().context("a new array is in standard layout")?;
    let dither = settings.dither && !(plan.ratio().is_identity() && own == format);

    let output = temporary()?;
    let writing = || format!("writing {}", task.output.display());
    task.container.check(format)?;
    let clipped = if task.container == Container::Npy {
        let mut encoder = Encoder::new(format, dither);
        npy::write(output.writer()?, resampled.shape(), samples, &mut encoder).with_context(writing)?;
        encoder.clipped()
    } else {
        let (container, ndim) = (task.container, array.ndim());
        ensure!(ndim <= 2, "{container} files hold arrays of (time) or (channels, time), not of {ndim} dimensions");
        ensure!(channels > 0, "the array has no channels");
        let written = Spec { rate: settings.new_freq.rounded()?, channels, channel_mask: 0, format };
        let mut writer = Writer::new(&output, container, written, Some(frames_out as u64), dither)?;
        let mut interleaved = Vec::<T>::new();
        for start in (0..frames_out).step_by(4096) {
            interleaved.clear();
            for frame in start..(start + 4096).min(frames_out) {
                interleaved.extend(samples.iter().skip(frame).step_by(frames_out));
            }
            writer.write(&interleaved).with_context(writing)?;
        }
        writer.finish().with_context(writing)?
    };
    let (frames_in, frames_out) = (frames_in as u64, frames_out as u64);
    Ok((output, Converted { orig_freq, channels, frames_in, frames_out, format, clipped }))
}
