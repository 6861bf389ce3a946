//! Audio files in and out: decoding to interleaved samples, packet by packet, and encoding of WAV, FLAC and `.npy`.
//!
//! - [`load`] and [`save`]: whole recordings as arrays, resampled and mixed on the way.
//! - [`convert`]: one recording to another.
//! - [`Reader`] reads a recording at the rate and with the channels that are wanted, [`Decoder`] as it is, in memory
//!   that does not grow with it. Both read files, bytes and readers ([`Source`]).
//! - [`Writer`] writes WAV, FLAC, `.npy` and raw samples into files, buffers and streams ([`Output`]), with dither for
//!   16-bit integers and a count of clipped samples.
//! - [`npy`] reads and writes whole arrays of any rank.
//! - [`files`] holds outputs under temporary names until they are complete.
//!
//! ```
//! use polyphase_audio::{Channels, ReadOptions, SampleFormat, load, save};
//!
//! # let folder = std::env::temp_dir().join(format!("polyphase-audio-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let path = folder.join("three.wav");
//! let clipped = save(&path, ndarray::arr2(&[[0.25_f32, 0.5, 1.0]]).view(), 8000, SampleFormat::I24)?;
//! assert_eq!(clipped, 1); // full scale is 1 − 2⁻²³: one sample is clipped
//!
//! let audio = load::<f32>(&path, &ReadOptions::default())?;
//! assert_eq!((audio.rate, audio.samples), (8000.into(), ndarray::arr2(&[[0.25, 0.5, 1.0 - 0.5_f32.powi(23)]])));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), polyphase_audio::Error>(())
//! ```
//!
//! PCM in WAV, RF64, Wave64, AIFF and CAF is read by `pcm`, and FLAC is read and written by `flac`, in this crate. Each
//! format's crate is named in one file or folder and nowhere else: symphonia in `decode`, with ropus, lewton and nanomp3
//! in one file each; npyz in `npy.rs`.

#![forbid(unsafe_code)]

mod channels;
mod convert;
mod decode;
mod decoder;
mod encode;
mod error;
pub mod files;
mod flac;
mod format;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
mod load;
pub mod npy;
mod output;
mod pcm;
mod rate;
mod raw;
mod reader;
mod simd;
mod sniff;
mod source;
mod tags;
mod trim;
mod wav;
mod write;

pub use self::channels::Channels;
pub use self::convert::{ConvertOptions, Converted, Level, convert, convert_from};
pub use self::decode::DecodedSample;
pub use self::decoder::{Decoder, EXTENSIONS};
pub use self::error::{Error, Result};
pub use self::format::{Container, SampleFormat, Spec};
pub use self::load::{Audio, load, save};
pub use self::output::Output;
pub use self::rate::Rate;
pub use self::raw::RawFormat;
pub use self::reader::{ReadOptions, Reader, Time};
pub use self::source::Source;
pub use self::tags::Tags;
pub use self::write::{WriteOptions, Writer};

/// The example of the guide, as a test.
#[cfg(doctest)]
#[doc = include_str!("../../docs/files.md")]
struct Guide;
