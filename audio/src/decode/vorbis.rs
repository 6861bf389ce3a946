//! Vorbis of more than two channels. Everything that references lewton is in this file.
//!
//! symphonia 0.6.1 undoes the coupling of channels in the order in which the encoder coupled them, where the opposite
//! order is right (Vorbis I, section 4.3.5): pairs that share a channel, as in 5.1, come out wrong. It takes mono and
//! stereo, which have one pair at most.

use std::fmt;

use lewton::audio::{PreviousWindowRight, read_audio_packet_generic};
use lewton::header::{IdentHeader, SetupHeader, read_header_ident, read_header_setup};
use lewton::samples::InterleavedSamples;

use super::damaged;
use crate::error::Result;
use crate::format::{SampleFormat, Spec};
use crate::pcm::samples::Float;

/// Masks and orders of channels are those of Opus.
use super::opus::{MASKS, ORDERS};

/// Bytes of the first packet.
const IDENT: usize = 30;

/// A decoder of one stream.
pub(super) struct Decoder {
    ident: IdentHeader,
    setup: SetupHeader,
    window: PreviousWindowRight,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("channels", &self.ident.audio_channels).finish_non_exhaustive()
    }
}

impl Decoder {
    /// Makes a decoder from the first and the third packet of a stream.
    ///
    /// # Errors
    /// If a header is damaged.
    pub(super) fn new(ident: &[u8], setup: &[u8]) -> Result<Self> {
        let header = |error| damaged(format!("truncated or damaged: the headers of the Vorbis stream: {error}"));
        let ident = read_header_ident(ident).map_err(header)?;
        let blocks = (ident.blocksize_0, ident.blocksize_1);
        let setup = read_header_setup(setup, ident.audio_channels, blocks).map_err(header)?;
        Ok(Self { ident, setup, window: PreviousWindowRight::new() })
    }

    /// Makes a decoder from the headers in Matroska: the number of packets less one, sizes of all but the last, packets.
    /// symphonia may have left out the sizes, and the second packet.
    pub(super) fn from_matroska(headers: &[u8]) -> Result<Self> {
        let (ident, setup) = match laced(headers) {
            Some(([ident, comments], packets)) => (&packets[..ident], &packets[ident + comments..]),
            None => headers.split_at(IDENT.min(headers.len())),
        };
        Self::new(ident, setup)
    }

    /// Rate and channels.
    pub(super) fn spec(&self) -> Spec {
        let channels = usize::from(self.ident.audio_channels);
        let channel_mask = channels.checked_sub(1).and_then(|index| MASKS.get(index)).copied().unwrap_or(0);
        Spec { rate: self.ident.audio_sample_rate, channels, channel_mask, format: SampleFormat::F32 }
    }

    /// Appends the samples of a packet, with the channels in the order of a mask.
    ///
    /// # Errors
    /// If the packet is damaged.
    pub(super) fn decode<T: Float>(&mut self, packet: &[u8], samples: &mut Vec<T>) -> Result<()> {
        let decoded: InterleavedSamples<f32> =
            read_audio_packet_generic(&self.ident, &self.setup, packet, &mut self.window)
                .map_err(|error| damaged(error.to_string()))?;
        let channels = usize::from(self.ident.audio_channels);
        let order = channels.checked_sub(1).and_then(|index| ORDERS.get(index)).copied().unwrap_or_default();
        for frame in decoded.samples.chunks_exact(channels) {
            samples.extend((0..channels).map(|i| T::from_f32(frame[order.get(i).copied().unwrap_or(i)])));
        }
        Ok(())
    }
}

/// Number of channels in the first packet of a stream, or in the headers in Matroska.
pub(super) fn channels(headers: &[u8]) -> usize {
    let ident = match laced(headers) {
        Some((_, packets)) => packets,
        None => headers,
    };
    ident.get(11).map_or(0, |&channels| channels.into())
}

/// Sizes of the first two packets, and all packets.
fn laced(headers: &[u8]) -> Option<([usize; 2], &[u8])> {
    let mut rest = headers.strip_prefix(&[2])?;
    let mut sizes = [0; 2];
    for size in &mut sizes {
        loop {
            let (&byte, after) = rest.split_first()?;
            *size += usize::from(byte);
            rest = after;
            if byte < 255 {
                break;
            }
        }
    }
    (sizes[0] + sizes[1] <= rest.len()).then_some((sizes, rest))
}
