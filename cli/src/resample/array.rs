//! Conversion of arrays of any rank, whose last axis is time. An array is resampled as a whole, in memory.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use polyphase::Sample;
use polyphase::ndarray::ArrayD;
use polyphase_audio::files::Temporary;
use polyphase_audio::{Channels, Container, Level, SampleFormat, Spec, WriteOptions, npy};

use super::args::Precision;
use super::conversion::Conversion;
use super::converted::Converted;
use crate::interrupt;

/// Lock that is held while an array is in memory, so that there is one at a time.
static ONE_ARRAY: Mutex<()> = Mutex::new(());

/// Number of frames that are interleaved at a time.
const CHUNK_FRAMES: usize = 4096;

/// Resamples one array into a temporary file.
pub(super) fn convert_array(conversion: Conversion<'_>) -> Result<(Temporary, Converted)> {
    let _one = ONE_ARRAY.lock().unwrap_or_else(PoisonError::into_inner);
    interrupt::check()?;
    if conversion.settings.channels != Channels::All || conversion.settings.level != Level::Unchanged {
        bail!("channels and levels of arrays stay as they are: leave out --mono, --channels, --pick and the level");
    }
    let array = npy::read(&conversion.task.input)?;
    let input = array.format();
    let precision = conversion.settings.precision(input);
    let (computed, bytes) = match precision {
        Precision::F32 => (SampleFormat::F32, 4),
        Precision::F64 => (SampleFormat::F64, 8),
    };
    if input != computed {
        npy::check_memory(array.len() as u128 * bytes)?;
    }
    match precision {
        Precision::F32 => resample_array(conversion, array.into_f32(), input),
        Precision::F64 => resample_array(conversion, array.into_f64(), input),
    }
}

/// Index of the axis of time, which is counted from the end if it is negative.
fn time_axis(axis: isize, ndim: usize) -> Result<usize> {
    let index = if axis < 0 { ndim.checked_add_signed(axis) } else { usize::try_from(axis).ok() };
    let index = index.filter(|&index| index < ndim);
    index.with_context(|| format!("--axis {axis}: the array has {ndim} dimensions"))
}

/// Moves an axis behind the others.
fn time_last<T: Clone>(array: ArrayD<T>, axis: usize) -> ArrayD<T> {
    if axis + 1 == array.ndim() {
        return array;
    }
    let order: Vec<_> = (0..array.ndim()).filter(|&other| other != axis).chain([axis]).collect();
    array.permuted_axes(order)
}

/// Moves the last axis to an index, in standard layout.
fn time_at<T: Clone>(array: ArrayD<T>, axis: usize) -> ArrayD<T> {
    let last = array.ndim() - 1;
    if axis == last {
        return array;
    }
    let order: Vec<_> = (0..axis).chain([last]).chain(axis..last).collect();
    array.permuted_axes(order).as_standard_layout().into_owned()
}

/// Resamples an array that was stored in the sample format `input`.
fn resample_array<T: Sample + Into<f64>>(
    conversion: Conversion<'_>,
    array: ArrayD<T>,
    input: SampleFormat,
) -> Result<(Temporary, Converted)> {
    let Conversion { task, settings, .. } = conversion;
    let axis = time_axis(settings.axis, array.ndim())?;
    // Time becomes the last axis, and returns to its place in an array.
    let array = time_last(array, axis);
    let orig_freq = settings.orig_freq.context("an array has no sampling rate of its own: add --orig-freq")?;
    let Some((&frames_in, rest)) = array.shape().split_last() else { bail!("the array has no dimensions") };
    let channels: usize = rest.iter().product();
    let plan = settings.plan(orig_freq)?;
    let output_len = plan.output_len(frames_in) as u128 * channels as u128;
    npy::check_memory(output_len * size_of::<T>() as u128)?;
    let resampled = match &settings.gpu {
        Some(gpu) if gpu.suits(&plan) => gpu.resample_array(&plan, &array)?,
        _ => settings.cpu.resample_tensor(&plan, &array)?,
    };
    let frames_out = resampled.shape()[rest.len()];
    let resampled = if task.container == Container::Npy { time_at(resampled, axis) } else { resampled };
    let samples = resampled.as_slice().context("a new array is in standard layout")?;
    let format = conversion.format(input);
    let dither = settings.dithers(&plan, input, format);

    let output = conversion.temporary()?;
    let write_error = |error| conversion.explained(error);
    let clipped = if task.container == Container::Npy {
        task.container.check(format).map_err(write_error)?;
        let file = output.writer().map_err(|error| write_error(error.into()))?;
        npy::write(file, resampled.shape(), samples, format, dither).map_err(write_error)?
    } else {
        let (container, ndim) = (task.container, array.ndim());
        ensure!(ndim <= 2, "{container} files hold arrays of (time) or (channels, time), not of {ndim} dimensions");
        ensure!(channels > 0, "the array has no channels");
        let spec = Spec { rate: 0, channels, channel_mask: 0, format };
        let options = WriteOptions::new(container, spec).frames(Some(frames_out as u64)).dither(dither);
        let mut writer = conversion.writer(&output, options)?;
        let mut interleaved = Vec::<T>::new();
        for start in (0..frames_out).step_by(CHUNK_FRAMES) {
            interleaved.clear();
            for frame in start..(start + CHUNK_FRAMES).min(frames_out) {
                interleaved.extend(samples.iter().skip(frame).step_by(frames_out));
            }
            writer.write(&interleaved).map_err(write_error)?;
        }
        writer.finish().map_err(write_error)?
    };
    let (frames_in, frames_out) = (frames_in as u64, frames_out as u64);
    let (peak, warnings) = (None, Vec::new());
    Ok((
        output,
        Converted {
            orig_freq,
            input_channels: channels,
            channels,
            frames_in,
            frames_out,
            format,
            clipped,
            peak,
            warnings,
        },
    ))
}
