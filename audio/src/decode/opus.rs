//! Opus: its header, and its decoder. Everything that references ropus is in this file.
//!
//! Measured against `opusdec --float` (libopus 1.3.1) on 110 files of opusenc and ffmpeg: ropus, a port of libopus'
//! fixed-point decoder, is exact for SILK, and its error is below −84 dBFS rms for CELT, the rounding of that decoder,
//! on every file. Of the others, opus-rs 0.1.40 fails on frames of 2.5 ms, opus-wave 3.0.1 on hybrid packets, mousiki
//! 0.2.1 on nearly all packets, and opus-decoder 0.1.1 takes 75 times as long.

use std::fmt;

use ropus::{OpusDecoder, OpusMSDecoder};

use crate::error::{Error, Result};
use crate::pcm::samples::Float;

/// Rate of all decoded audio. The rate in the header is that of the original recording.
pub(super) const RATE: u32 = 48_000;

/// Frames of the longest packet: 120 ms.
const MAX_FRAMES: usize = 5760;

/// Masks of mapping family 1, by the number of channels.
pub(super) const MASKS: [u32; 8] = [0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f];

/// For each channel in the order of a mask, the channel of mapping family 1.
pub(super) const ORDERS: [&[usize]; 8] = [
    &[0],
    &[0, 1],
    &[0, 2, 1],
    &[0, 1, 2, 3],
    &[0, 2, 1, 3, 4],
    &[0, 2, 1, 5, 3, 4],
    &[0, 2, 1, 6, 5, 3, 4],
    &[0, 2, 1, 7, 5, 6, 3, 4],
];

/// The header of a stream (RFC 7845, section 5.1).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    pub(super) channels: usize,
    pub(super) channel_mask: u32,
    /// Frames at the beginning that are not part of the recording.
    pub(super) pre_skip: u64,
    /// Factor of all samples.
    gain: f64,
    streams: u8,
    coupled: u8,
    /// Decoded channel of each output channel, 255 for silence.
    mapping: Vec<u8>,
}

impl Head {
    /// Parses the header in MP4, whose numbers are in the other order.
    pub(super) fn parse_big_endian(packet: &[u8]) -> Result<Self> {
        let mut packet = packet.to_vec();
        for (start, end) in [(10, 12), (12, 16), (16, 18)] {
            if let Some(number) = packet.get_mut(start..end) {
                number.reverse();
            }
        }
        Self::parse(&packet)
    }

    /// Parses the packet `OpusHead`.
    ///
    /// # Errors
    /// If it is damaged, or maps channels in a way that is not known.
    pub(super) fn parse(packet: &[u8]) -> Result<Self> {
        let damaged = || Error::Damaged("damaged: the header of the Opus stream".to_owned());
        let fixed = packet.strip_prefix(b"OpusHead").and_then(|rest| rest.first_chunk::<11>()).ok_or_else(damaged)?;
        let &[version, channels, skip_low, skip_high, _, _, _, _, gain_low, gain_high, family] = fixed;
        if version >> 4 != 0 {
            return Err(Error::Unsupported(format!("Opus of version {version}, which is not read")));
        }
        let count = usize::from(channels);
        let unread =
            || Error::Unsupported(format!("Opus with {count} channels of mapping family {family}, which is not read"));
        let (streams, coupled, mapping, mask) = match family {
            0 if matches!(channels, 1 | 2) => (1, channels - 1, vec![0, 1][..count].to_vec(), MASKS[count - 1]),
            1..=2 | 255 if channels > 0 => {
                let table = packet.get(19..21 + count).ok_or_else(damaged)?;
                let order = if family == 1 { ORDERS.get(count - 1).copied().ok_or_else(unread)? } else { &[] };
                let mapping = (0..count).map(|i| table[2 + order.get(i).copied().unwrap_or(i)]).collect();
                (table[0], table[1], mapping, if family == 1 { MASKS[count - 1] } else { 0 })
            }
            0 | 1 | 255 => return Err(damaged()),
            _ => return Err(unread()),
        };
        let decibels = f64::from(i16::from_le_bytes([gain_low, gain_high])) / 256.0;
        Ok(Self {
            channels: count,
            channel_mask: mask,
            pre_skip: u16::from_le_bytes([skip_low, skip_high]).into(),
            gain: 10_f64.powf(decibels / 20.0),
            streams,
            coupled,
            mapping,
        })
    }
}

/// A decoder of one stream, or of several that were encoded together.
pub(super) struct Decoder {
    head: Head,
    decoder: Kind,
    decoded: Vec<i16>,
    /// Samples at full scale. Louder ones are clipped to it.
    saturated: u64,
}

enum Kind {
    One(Box<OpusDecoder>),
    Several(Box<OpusMSDecoder>),
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("head", &self.head).finish_non_exhaustive()
    }
}

impl Decoder {
    pub(super) fn new(head: Head) -> Result<Self> {
        let rate = i32::try_from(RATE).unwrap_or(i32::MAX);
        let damaged =
            |_| Error::Damaged("damaged: the header of the Opus stream maps channels that there are not".to_owned());
        let channels = i32::try_from(head.channels).unwrap_or(i32::MAX);
        let is_plain = head.streams == 1 && head.mapping.iter().enumerate().all(|(i, &from)| usize::from(from) == i);
        let decoder = if is_plain && head.channels == usize::from(head.coupled) + 1 {
            Kind::One(Box::new(OpusDecoder::new(rate, channels).map_err(damaged)?))
        } else {
            let (streams, coupled) = (head.streams.into(), head.coupled.into());
            let decoder = OpusMSDecoder::new(rate, channels, streams, coupled, &head.mapping).map_err(damaged)?;
            Kind::Several(Box::new(decoder))
        };
        Ok(Self { head, decoder, decoded: Vec::new(), saturated: 0 })
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// A warning about samples that were louder than full scale, if there were any.
    pub(super) fn warning(&self) -> Option<String> {
        (self.saturated > 0)
            .then(|| format!("{} samples of Opus are at full scale, and may have been clipped", self.saturated))
    }

    /// Appends the samples of a packet.
    ///
    /// # Errors
    /// If the packet is damaged.
    pub(super) fn decode<T: Float>(&mut self, packet: &[u8], samples: &mut Vec<T>) -> Result<()> {
        let damaged = || Error::Damaged("an Opus packet".to_owned());
        let frames = frames(packet).ok_or_else(damaged)?;
        let frames = usize::try_from(frames).unwrap_or(MAX_FRAMES);
        self.decoded.resize(frames * self.head.channels, 0);
        let most = i32::try_from(frames).unwrap_or(i32::MAX);
        let decoded = match &mut self.decoder {
            Kind::One(decoder) => decoder.decode(Some(packet), &mut self.decoded, most, false),
            Kind::Several(decoder) => {
                let len = i32::try_from(packet.len()).map_err(|_| damaged())?;
                decoder.decode(Some(packet), len, &mut self.decoded, most, false)
            }
        };
        if decoded != Ok(most) {
            return Err(damaged());
        }
        self.saturated += self.decoded.iter().filter(|&&sample| matches!(sample, i16::MIN | i16::MAX)).count() as u64;
        let scale = self.head.gain / 32_768.0;
        samples.extend(self.decoded.iter().map(|&sample| T::from_f64(f64::from(sample) * scale)));
        Ok(())
    }
}

/// Number of frames of a packet, by its first bytes (RFC 6716, section 3.1).
pub(super) fn frames(packet: &[u8]) -> Option<u64> {
    let toc = *packet.first()?;
    let config = toc >> 3;
    let frame = match config {
        0..12 => [480, 960, 1920, 2880][usize::from(config % 4)],
        12..16 => [480, 960][usize::from(config % 2)],
        _ => [120, 240, 480, 960][usize::from(config % 4)],
    };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1)? & 0x3f),
    };
    let frames = frame * count;
    (frames > 0 && frames <= MAX_FRAMES as u64).then_some(frames)
}
