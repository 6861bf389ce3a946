//! FLAC (RFC 9639): [`FlacReader`] and [`FlacWriter`].
//!
//! ```text
//! file   fLaC  blocks of metadata  frames              metadata
//! frame  header  a subframe of each channel  CRC-16    header, frame
//!        subframe: predictor, residuals in Rice codes  predict, bits
//! ```
//!
//! A *frame* of FLAC is a block of frames (samples of every channel) in the words of this crate. Names here say *block*
//! for the number of these frames, and [`Frame`](frame::Frame) for the encoded block.

mod bit_writer;
mod bits;
mod block;
mod crc;
mod frame;
mod header;
mod input;
mod lpc;
mod metadata;
mod predict;
mod reader;
mod rice;
mod samples;
mod subframe;
mod trailer;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use self::reader::{FlacReader, is_behind_id3};
pub(crate) use self::writer::FlacWriter;

/// Largest number of channels.
const MAX_CHANNELS: usize = 8;

/// The speakers that the number of channels implies (RFC 9639, table 19).
fn implied_mask(channels: usize) -> u32 {
    const IMPLIED: [u32; MAX_CHANNELS] = [0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f];
    channels.checked_sub(1).and_then(|index| IMPLIED.get(index)).copied().unwrap_or(0)
}
