//! The [`Spec`] of a signal, from decoded audio or from a header.

use symphonia::core::audio::sample::SampleFormat as DecodedFormat;
use symphonia::core::audio::{Channels, GenericAudioBufferRef};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known as codecs;

use crate::error::{Error, Result};
use crate::format::{SampleFormat, Spec, check_channels};

/// Returns the spec of decoded audio.
pub(super) fn of_decoded(decoded: &GenericAudioBufferRef<'_>, parameters: &AudioCodecParameters) -> Result<Spec> {
    let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels());
    let format = match decoded {
        GenericAudioBufferRef::F32(_) => SampleFormat::F32,
        GenericAudioBufferRef::F64(_) => SampleFormat::F64,
        GenericAudioBufferRef::U8(_) | GenericAudioBufferRef::S8(_) => SampleFormat::I16,
        GenericAudioBufferRef::U16(_) | GenericAudioBufferRef::S16(_) => SampleFormat::I16,
        GenericAudioBufferRef::U24(_) | GenericAudioBufferRef::S24(_) => integer_format(parameters, 24),
        GenericAudioBufferRef::U32(_) | GenericAudioBufferRef::S32(_) => integer_format(parameters, 32),
    };
    checked(rate, Some(channels), format)
}

/// Returns the spec of a file without frames.
pub(super) fn of_header(parameters: &AudioCodecParameters) -> Result<Spec> {
    let format = match parameters.sample_format {
        Some(DecodedFormat::F64) => SampleFormat::F64,
        Some(DecodedFormat::F32) | None if parameters.bits_per_sample.is_none() => SampleFormat::F32,
        Some(DecodedFormat::F32) => SampleFormat::F32,
        _ => integer_format(parameters, 16),
    };
    checked(parameters.sample_rate.unwrap_or(0), parameters.channels.as_ref(), format)
}

/// Returns the spec in the first block of a FLAC stream, STREAMINFO.
pub(super) fn of_flac(info: &[u8]) -> Result<Spec> {
    /// Masks of FLAC (RFC 9639, table 19).
    const MASKS: [u32; 8] = [0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f];
    let packed = info.iter().skip(10).take(8).fold(0_u64, |packed, &byte| packed << 8 | u64::from(byte));
    let rate = u32::try_from(packed >> 44).unwrap_or(0);
    let channels = (packed >> 41 & 7) as usize + 1;
    let format = match (packed >> 36 & 31) + 1 {
        0..=16 => SampleFormat::I16,
        17..=24 => SampleFormat::I24,
        _ => SampleFormat::I32,
    };
    if rate == 0 {
        return Err(Error::Damaged("the header gives a sampling rate of 0".to_owned()));
    }
    Ok(Spec { rate, channels, channel_mask: MASKS[channels - 1], format })
}

/// Returns the narrowest format for integers that were decoded to `decoded_bits`: decoders widen samples, and the
/// header may know of fewer bits.
fn integer_format(parameters: &AudioCodecParameters, decoded_bits: u32) -> SampleFormat {
    let bits = match parameters.codec {
        codecs::CODEC_ID_ADPCM_MS | codecs::CODEC_ID_ADPCM_IMA_WAV | codecs::CODEC_ID_ADPCM_IMA_QT => Some(16),
        // The sixth byte of ALAC's own header. In CAF files two atoms of 12 bytes may precede that header.
        codecs::CODEC_ID_ALAC => parameters.extra_data.as_deref().and_then(|header| {
            let at = if header.get(4..8) == Some(b"frma") { 24 + 5 } else { 5 };
            header.get(at).map(|&bits| bits.into())
        }),
        _ => parameters.bits_per_sample,
    };
    match bits.unwrap_or(decoded_bits) {
        0..=16 => SampleFormat::I16,
        17..=24 => SampleFormat::I24,
        _ => SampleFormat::I32,
    }
}

fn checked(rate: u32, channels: Option<&Channels>, format: SampleFormat) -> Result<Spec> {
    let count = channels.map_or(0, Channels::count);
    if rate == 0 {
        return Err(Error::Damaged("the header gives a sampling rate of 0".to_owned()));
    }
    if count == 0 {
        return Err(Error::Damaged("the header gives no channels".to_owned()));
    }
    check_channels(count)?;
    let channel_mask = match channels {
        // symphonia takes a single channel for the left one.
        Some(Channels::Positioned(_)) if count == 1 => 0x4,
        Some(Channels::Positioned(positions)) => u32::try_from(positions.bits()).unwrap_or(0),
        _ => 0,
    };
    Ok(Spec { rate, channels: count, channel_mask, format })
}
