//! Audio files in and out: decoding to interleaved samples, packet by packet, and encoding of WAV, FLAC and `.npy`.
//!
//! - [`Decoder`] reads WAV, RF64, Wave64, FLAC, MP3, Ogg Vorbis, AAC, ALAC, AIFF, CAF and Matroska in memory that does
//!   not grow with the file.
//! - [`Writer`] writes WAV, FLAC and `.npy` the same way, with dither for 16-bit integers and a count of clipped
//!   samples.
//! - [`npy`] reads and writes whole arrays of any rank.
//! - [`files`] holds outputs under temporary names until they are complete.
//!
//! ```
//! use polyphase_audio::files::Temporary;
//! use polyphase_audio::{Container, Decoder, SampleFormat, Spec, Writer};
//!
//! # let folder = std::env::temp_dir().join(format!("polyphase-audio-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let path = folder.join("three.wav");
//! let spec = Spec { rate: 8000, channels: 1, channel_mask: 0, format: SampleFormat::I16 };
//! let output = Temporary::new(&folder)?;
//! let mut writer = Writer::new(&output, Container::Wav, spec, Some(3), false)?;
//! writer.write(&[0.25, 0.5, 1.0])?;
//! assert_eq!(writer.finish()?, 1); // full scale is 1 − 2⁻¹⁵: one sample is clipped
//! output.publish(&path, false)?;
//!
//! let mut decoder = Decoder::open(&path, |_bytes_read| {})?;
//! let (mut samples, mut packet) = (Vec::<f64>::new(), Vec::new());
//! while decoder.read(&mut samples, &mut packet)? {}
//! assert_eq!((decoder.spec().rate, samples), (8000, vec![0.25, 0.5, 1.0 - 0.5_f64.powi(15)]));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), polyphase_audio::Error>(())
//! ```
//!
//! PCM in WAV, RF64, Wave64, AIFF and CAF is read by `pcm`, in this crate. Each format's crate is named in one file or
//! folder and nowhere else: symphonia in `decode`, flac-codec in `flac.rs`, npyz in `npy.rs`.

#![forbid(unsafe_code)]

mod decode;
mod decoder;
mod encode;
mod error;
pub mod files;
mod flac;
mod format;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
pub mod npy;
mod pcm;
mod sniff;
mod tags;
mod wav;
mod write;

pub use self::decode::DecodedSample;
pub use self::decoder::{Decoder, EXTENSIONS};
pub use self::error::{Error, Result};
pub use self::format::{Container, SampleFormat, Spec};
pub use self::tags::Tags;
pub use self::write::Writer;
