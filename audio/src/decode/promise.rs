//! [`Promise`]: the length that a header gives, and how far it can be trusted.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::formats::Track;

use crate::error::{Error, Result};

/// Frames of the longest packet of ALAC, AAC and Vorbis.
const PACKET: u64 = 4096;
/// Frames of the longest packet of MPEG audio.
const MPEG_PACKET: u32 = 1152;

/// The length that a header promises.
#[derive(Debug, Clone, Copy)]
pub(super) struct Promise {
    pub(super) frames: u64,
    /// Frames by which a complete file may be shorter.
    slack: u64,
    /// Timestamp from which on there should be no packet, if it is known.
    packets_end: Option<i64>,
}

impl Promise {
    /// The promise of a file's header: the track, in a container of this (short) name, whose decoded audio has this rate.
    pub(super) fn of_header(
        container: &str,
        track: &Track,
        parameters: &AudioCodecParameters,
        rate: Option<u32>,
    ) -> Option<Self> {
        let codec = symphonia::default::get_codecs().get_audio_decoder(parameters.codec);
        let is_pcm = codec.is_some_and(|codec| codec.codec.info.short_name.starts_with("pcm"));
        let mut track = track.clone();
        // MP4 counts in units of its own.
        if container == "isomp4"
            && let (Some(units), Some(base), Some(rate)) = (track.num_frames, track.time_base, rate)
        {
            let frames =
                u128::from(units) * u128::from(base.numer.get()) * u128::from(rate) / u128::from(base.denom.get());
            // The header of a file in fragments promises nothing.
            track.with_num_frames(u64::try_from(frames).ok().filter(|&frames| frames > 0)?);
        }
        Self::of(&track, is_pcm, container)
    }

    /// The promise of a track in a container of this (short) name.
    fn of(track: &Track, is_pcm: bool, container: &str) -> Option<Self> {
        let frames = track.num_frames?;
        let exact = Self { frames, slack: 0, packets_end: None };
        match container {
            "wave" | "flac" => Some(exact),
            // Some writers round up to whole packets.
            "caf" | "isomp4" => Some(Self { slack: if is_pcm { 0 } else { PACKET }, ..exact }),
            // Counted from the timestamp of the first page, which is not 0 in a part of a longer stream. The first
            // packet of such a part gives no frames.
            "ogg" => {
                let frames = frames.saturating_sub(track.start_ts.get().max(0).unsigned_abs());
                Some(Self { frames, slack: PACKET, ..exact })
            }
            // From a Xing or VBRI tag. A tag without LAME's part may count the packet that holds the tag.
            "mp1" | "mp2" | "mp3" => {
                let slack = if track.delay.is_some() { 0 } else { MPEG_PACKET.into() };
                // Tags after the audio can look like a packet or two.
                let after = u64::from(track.padding.unwrap_or(0)) + u64::from(4 * MPEG_PACKET);
                let packets_end = i64::try_from(frames.saturating_add(after)).ok();
                Some(Self { frames, slack, packets_end })
            }
            _ => None,
        }
    }

    /// The number of frames, if it is exact.
    pub(super) fn exact(self) -> Option<u64> {
        (self.slack == 0).then_some(self.frames)
    }

    /// True for the timestamp of a packet that should not exist.
    pub(super) fn is_past_end(self, timestamp: i64) -> bool {
        self.packets_end.is_some_and(|end| timestamp >= end)
    }

    /// Checks the number of frames in the file.
    pub(super) fn check(self, read: u64) -> Result<()> {
        if read.saturating_add(self.slack) >= self.frames {
            return Ok(());
        }
        Err(Error::Truncated { promised: self.frames, read })
    }
}
