//! Kinds of AAC, of which the plainest is read: low complexity, in frames of 1024, with one or two channels.

use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

/// Packets in which the second part of HE-AAC is looked for.
pub(super) const CHECKED_PACKETS: usize = 8;

/// Name of a codec, if it is one that is not read, by the type of a stream in MPEG-4 systems and its configuration.
pub(super) fn unread((kind, config): (u8, &[u8])) -> Option<String> {
    let name = match kind {
        0x40 | 0x66..=0x68 if !config.is_empty() => return unread_config(config),
        0x66 => "AAC Main",
        0x68 => "AAC SSR",
        0xa5 => "AC-3 in MP4",
        0xa6 => "E-AC-3 in MP4",
        0xa9..=0xac => "DTS in MP4",
        0xe1 => "QCELP in MP4",
        _ => return None,
    };
    Some(name.to_owned())
}

/// Bits of a configuration, from the highest; zeros behind its end.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> u32 {
        let value = (self.at..self.at + count).fold(0, |value, at| value << 1 | u32::from(bit(self.bytes, at)));
        self.at += count;
        value
    }

    fn object_type(&mut self) -> u32 {
        match self.take(5) {
            31 => 32 + self.take(6),
            kind => kind,
        }
    }

    fn skip_rate(&mut self) {
        if self.take(4) == 15 {
            self.take(24);
        }
    }
}

fn bit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1)
}

/// Name of the kind of AAC that an AudioSpecificConfig describes, if it is one that is not read.
fn unread_config(config: &[u8]) -> Option<String> {
    let mut bits = Bits { bytes: config, at: 0 };
    let kind = bits.object_type();
    bits.skip_rate();
    let channels = bits.take(4);
    let name = match kind {
        2 => return unread_plain(&mut bits, channels),
        1 => "AAC Main",
        3 => "AAC SSR",
        4 => "AAC LTP",
        5 => "HE-AAC",
        17 => "ER AAC",
        22 => "ER BSAC",
        23 => "AAC-LD",
        29 => "HE-AAC v2",
        36 => "MPEG-4 ALS",
        39 => "AAC-ELD",
        42 => "xHE-AAC",
        8 => "CELP",
        9 => "HVXC",
        32 => "MPEG-1 layer I in MP4",
        33 | 34 => return None,
        _ => return Some(format!("MPEG-4 audio of type {kind}")),
    };
    Some(name.to_owned())
}

/// The rest of a configuration of low complexity.
fn unread_plain(bits: &mut Bits<'_>, channels: u32) -> Option<String> {
    let is_short = bits.take(1) == 1;
    if bits.take(1) == 1 {
        bits.take(14);
    }
    bits.take(1);
    if channels == 0 {
        return Some("AAC with a program config element".to_owned());
    }
    // The extension that older decoders do not see.
    if bits.take(11) == 0x2b7 && bits.object_type() == 5 && bits.take(1) == 1 {
        bits.skip_rate();
        let has_stereo = bits.take(11) == 0x548 && bits.take(1) == 1;
        return Some(if has_stereo { "HE-AAC v2" } else { "HE-AAC" }.to_owned());
    }
    if is_short {
        return Some("AAC in frames of 960".to_owned());
    }
    channels_name(if channels == 7 { 8 } else { channels as usize })
}

/// Name of AAC of more channels than are read.
pub(super) fn channels_name(channels: usize) -> Option<String> {
    (channels > 2).then(|| format!("AAC with {channels} channels"))
}

/// True if a packet holds the second part of HE-AAC, which the header of most ADTS streams does not tell.
///
/// The part is in a fill element behind the audio: `110`, a count of bytes, and a type of 13 or 14. A run of bits that
/// looks like one is one if the packet decodes to the same samples without it.
pub(super) fn has_replication(parameters: &AudioCodecParameters, packet: &[u8]) -> bool {
    const FILL: usize = 0b110;
    let Some(last) = packet.iter().rposition(|&byte| byte != 0) else { return false };
    // The packet ends with `111`, and zeros up to a whole byte.
    let Some(end) = (last * 8 + 8 - packet[last].trailing_zeros() as usize).checked_sub(3) else { return false };
    let number =
        |at: usize, count: usize| (at..at + count).fold(0, |value, at| value << 1 | usize::from(bit(packet, at)));
    let candidates = (1..=269).filter_map(|count: usize| {
        let payload = end.checked_sub(8 * count)?;
        let (start, is_fill) = if count < 15 {
            let start = payload.checked_sub(7)?;
            (start, number(start + 3, 4) == count)
        } else {
            let start = payload.checked_sub(15)?;
            (start, number(start + 3, 4) == 15 && number(start + 7, 8) == count - 14)
        };
        (is_fill && number(start, 3) == FILL && matches!(number(payload, 4), 13 | 14)).then_some(start)
    });
    let mut whole = None;
    for start in candidates {
        let whole = whole.get_or_insert_with(|| decoded(parameters, packet));
        let mut cut = packet[..start.div_ceil(8)].to_vec();
        if let Some(byte) = cut.last_mut().filter(|_| start % 8 > 0) {
            *byte &= !(0xff >> (start % 8));
        }
        cut.push(0);
        cut.push(0);
        (start..start + 3).for_each(|at| cut[at / 8] |= 0x80 >> (at % 8));
        if whole.is_some() && *whole == decoded(parameters, &cut) {
            return true;
        }
    }
    false
}

/// Samples of a packet alone.
fn decoded(parameters: &AudioCodecParameters, packet: &[u8]) -> Option<Vec<f32>> {
    let options = AudioDecoderOptions::default();
    let mut decoder: Box<dyn AudioDecoder> =
        symphonia::default::get_codecs().make_audio_decoder(parameters, &options).ok()?;
    let mut samples = Vec::new();
    let packet = Packet::new(0, Timestamp::ZERO, Duration::ZERO, packet);
    decoder.decode(&packet).ok()?.copy_to_vec_interleaved(&mut samples);
    Some(samples)
}

#[cfg(test)]
mod tests {
    use super::unread_config;

    #[test]
    fn kinds_are_named() {
        for (config, name) in [
            (&[0x12, 0x10][..], None),
            (&[0x12, 0x10, 0x56, 0xe5, 0x00], None),
            (&[0x13, 0x10, 0x56, 0xe5, 0x98], Some("HE-AAC")),
            (&[0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80], Some("HE-AAC v2")),
            (&[0x2b, 0x92, 0x08, 0x00], Some("HE-AAC")),
            (&[0xeb, 0x8a, 0x08, 0x00], Some("HE-AAC v2")),
            (&[0x12, 0x30], Some("AAC with 6 channels")),
            (&[0x12, 0x14], Some("AAC in frames of 960")),
            (&[0x0a, 0x10], Some("AAC Main")),
            (&[0xf8, 0xe8, 0x50, 0x00], Some("AAC-ELD")),
            (&[0xf9, 0x48, 0x50, 0x00], Some("xHE-AAC")),
        ] {
            assert_eq!(unread_config(config).as_deref(), name, "{config:x?}");
        }
    }
}
