//! Audio files in and out: decoding to interleaved samples, packet by packet, and encoding of WAV, FLAC and `.npy`.
//!
//! - [`Decoder`] reads WAV, RF64, Wave64, FLAC, MP3, Ogg Vorbis, AAC, ALAC, AIFF, CAF and Matroska in memory that does
//!   not grow with the file.
//! - [`Writer`] writes WAV, FLAC and `.npy` the same way, with dither for 16-bit integers and a count of clipped
//!   samples.
//! - [`npy`] reads and writes whole arrays of any rank.
//! - [`files`] holds outputs under temporary names until they are complete.
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
mod wav;
mod write;

pub use self::decode::DecodedSample;
pub use self::decoder::{Decoder, EXTENSIONS};
pub use self::error::{Error, Result};
pub use self::format::{Container, SampleFormat, Spec};
pub use self::write::Writer;
