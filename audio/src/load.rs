//! [`load`] and [`save`]: whole recordings, as arrays.

use std::path::Path;

use ndarray::{Array2, ArrayView2};

use crate::decode::DecodedSample;
use crate::error::{Error, Result};
use crate::files::{Temporary, folder_of};
use crate::format::{Container, SampleFormat, Spec};
use crate::output::Output;
use crate::rate::Rate;
use crate::reader::{ReadOptions, Reader};
use crate::source::Source;
use crate::tags::Tags;
use crate::write::{WriteOptions, Writer};

/// A whole recording.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Audio<T> {
    /// Samples of shape (channels, frames), as in torchaudio. Full scale is [−1, 1).
    pub samples: Array2<T>,
    /// Frames per second.
    pub rate: Rate,
    /// Speakers of the channels as the bits of WAVE_FORMAT_EXTENSIBLE, 0 if unknown.
    pub channel_mask: u32,
    /// Type of the samples in the file.
    pub format: SampleFormat,
    /// Title, artist and the like.
    pub tags: Tags,
    /// What is odd about the file, a line each.
    pub warnings: Vec<String>,
}

/// Reads a recording, or a section of it, into memory, at the rate and with the channels of `options`.
///
/// ```
/// use polyphase_audio::{Channels, ReadOptions, SampleFormat, load, save};
///
/// # let folder = std::env::temp_dir().join(format!("polyphase-load-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("stereo.flac");
/// let samples = ndarray::arr2(&[[0.5_f32; 480], [0.25; 480]]);
/// save(&path, samples.view(), 48_000, SampleFormat::I24)?;
///
/// let options = ReadOptions::default().rate(16_000).channels(Channels::Mono);
/// let audio = load::<f32>(&path, &options)?;
/// assert_eq!(audio.samples.dim(), (1, 160));
/// assert!((audio.samples[[0, 80]] - 0.375).abs() < 1e-3);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), polyphase_audio::Error>(())
/// ```
///
/// # Errors
/// As [`Reader::open`] and [`Reader::read`].
pub fn load<T: DecodedSample>(source: impl Into<Source>, options: &ReadOptions) -> Result<Audio<T>> {
    let mut reader = Reader::<T>::open(source, options)?;
    let mut samples = Vec::new();
    while reader.read(&mut samples)? {}
    let channels = reader.spec().channels;
    let interleaved = (samples.len() / channels, channels);
    let frames =
        Array2::from_shape_vec(interleaved, samples).map_err(|_| Error::Damaged("a part of a frame".into()))?;
    Ok(Audio {
        samples: if channels == 1 { frames.reversed_axes() } else { frames.t().as_standard_layout().into_owned() },
        rate: reader.rate(),
        channel_mask: reader.spec().channel_mask,
        format: reader.spec().format,
        tags: reader.tags(),
        warnings: reader.decoder().warnings().to_vec(),
    })
}

/// Writes samples of shape (channels, frames) to a file, whose extension names its format: `wav`, `flac`, `npy` or
/// `raw`. An existing file is replaced when the new one is complete.
///
/// Returns the number of samples that were clipped to full scale, which floats are not. 16-bit samples are dithered.
///
/// # Errors
/// [`Error::Unrepresentable`] if the extension names no such format, or the format cannot hold the signal;
/// [`Error::Io`].
pub fn save<T: Copy + Into<f64>>(
    path: impl AsRef<Path>,
    samples: ArrayView2<'_, T>,
    rate: impl Into<Rate>,
    format: SampleFormat,
) -> Result<u64> {
    let path = path.as_ref();
    let Some(container) = Container::of_path(path) else {
        let text = format!("the extension of {} names no format that is written: wav, flac, npy, raw", path.display());
        return Err(Error::Unrepresentable(text));
    };
    let (channels, frames) = samples.dim();
    let spec = Spec { rate: rate.into().rounded()?, channels, channel_mask: 0, format };
    let temporary = Temporary::new(folder_of(path))?;
    let options = WriteOptions::new(container, spec).frames(Some(frames as u64));
    let mut writer = Writer::new(Output::temporary(&temporary)?, &options)?;
    let mut interleaved = Vec::new();
    for chunk in samples.axis_chunks_iter(ndarray::Axis(1), 4096) {
        interleaved.clear();
        interleaved.extend(chunk.t().iter().copied());
        writer.write(&interleaved)?;
    }
    let clipped = writer.finish()?;
    temporary.publish(path, true)?;
    Ok(clipped)
}
