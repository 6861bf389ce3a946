//! [`Codec`]: the decoder of packets that symphonia's readers hand out.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known as codecs;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::Packet;

use super::{aac, caught, described, mp3, opus, vorbis};
use crate::error::{Error, Result};
use crate::format::{Spec, check_channels};
use crate::pcm::samples::Float;

/// Decoder of the packets.
pub(super) enum Codec {
    /// Of symphonia.
    Symphonia(Box<dyn AudioDecoder>),
    /// Opus.
    Opus(opus::Decoder),
    /// MP3.
    Mp3(mp3::Decoder),
    /// Vorbis of more than two channels.
    Surround(Box<vorbis::Decoder>),
}

impl Codec {
    /// Makes the decoder of a track in a container of this (short) name.
    ///
    /// # Errors
    /// If its codec is not read, or its header is damaged.
    pub(super) fn of(parameters: &AudioCodecParameters, format: &str) -> Result<Self> {
        let header = parameters.extra_data.as_deref().unwrap_or_default();
        if parameters.codec == codecs::CODEC_ID_OPUS {
            let parse = if format == "isomp4" { opus::Head::parse_big_endian } else { opus::Head::parse };
            let head = parse(header)?;
            return caught("Opus decoder", || Ok(Self::Opus(opus::Decoder::new(head)?)));
        }
        if parameters.codec == codecs::CODEC_ID_MP3 {
            return Ok(Self::Mp3(mp3::Decoder::new()));
        }
        if parameters.codec == codecs::CODEC_ID_VORBIS && vorbis::channels(header) > 2 {
            let decoder = caught("Vorbis decoder", || vorbis::Decoder::from_matroska(header))?;
            return Ok(Self::Surround(Box::new(decoder)));
        }
        // Before the decoder allocates memory for them.
        let channels = parameters.channels.as_ref().map_or(0, Channels::count);
        check_channels(channels)?;
        if parameters.codec == codecs::CODEC_ID_AAC
            && let Some(name) = aac::channels_name(channels)
        {
            return Err(Error::unread(&name));
        }
        caught("decoder", || {
            let options = AudioDecoderOptions::default().verify(true);
            let decoder = symphonia::default::get_codecs().make_audio_decoder(parameters, &options);
            decoder.map(Self::Symphonia).map_err(|error| {
                Error::Unsupported(format!("the audio is of a codec that is not supported: {}", described(&error)))
            })
        })
    }

    /// Appends the samples of a packet, with a decoder that is not symphonia's.
    ///
    /// # Errors
    /// If the packet is damaged, or not as `spec` says.
    pub(super) fn decode<T: Float>(&mut self, packet: &Packet, spec: Spec, samples: &mut Vec<T>) -> Result<()> {
        match self {
            Self::Symphonia(_) => Ok(()),
            Self::Opus(decoder) => caught("Opus decoder", || decoder.decode(&packet.data, samples)),
            Self::Mp3(decoder) => caught("MP3 decoder", || decoder.decode(packet, spec, samples)),
            Self::Surround(decoder) => caught("Vorbis decoder", || decoder.decode(&packet.data, samples)),
        }
    }
}
