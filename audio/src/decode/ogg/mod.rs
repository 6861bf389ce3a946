//! Ogg with Opus, Vorbis or FLAC: one recording, or several that follow each other and make one.
//!
//! ```text
//! pages  bytes → pages
//! links  pages → headers and packets of each recording
//! clock  positions on pages → frames to leave out
//! ```
//!
//! symphonia's Ogg reader stops where the first recording ends, and does not say what Opus needs to trim.

mod clock;
mod links;
mod pages;

use std::collections::VecDeque;
use std::fmt;

use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, VerificationCheck, well_known,
};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use self::clock::Clock;
use self::links::{Codec, Link, Links};
pub(super) use self::pages::Source;
use super::{DecodedSample, append, caught, damaged, described, opus, spec, tags, vorbis};
use crate::error::{Error, Result};
use crate::format::{SampleFormat, Spec};
use crate::tags::Tags;

/// Decoder of a link.
enum Decoder {
    Opus(opus::Decoder),
    Vorbis(Box<dyn AudioDecoder>),
    /// Vorbis of more than two channels.
    Surround(Box<vorbis::Decoder>),
    Flac {
        decoder: Box<dyn AudioDecoder>,
        promised: Option<u64>,
    },
}

/// An Ogg file that is being read.
pub(super) struct Audio {
    links: Links,
    decoder: Decoder,
    spec: Spec,
    tags: Tags,
    warnings: Vec<String>,
    clock: Clock,
    /// Packets of the current page that are still to be decoded.
    packets: VecDeque<Vec<u8>>,
    /// Frames of the file that were handed out.
    frames: u64,
    /// Frames of this link that were decoded.
    link_frames: u64,
    /// Links read so far.
    count: u64,
}

impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ogg").field("spec", &self.spec).field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl Audio {
    /// Opens a file, and reads the headers of its first link.
    ///
    /// # Errors
    /// If the file cannot be read, holds no audio of a codec that is read, or is damaged.
    pub(super) fn open(source: Source) -> Result<Self> {
        let mut links = Links::new(source);
        let link = links
            .next_link()?
            .ok_or_else(|| damaged("truncated or damaged: the file begins as Ogg, but has no first page"))?;
        let (decoder, spec, clock) = decoder_of(&link)?;
        let mut warnings = Vec::new();
        if link.others > 0 {
            warnings.push(format!("of {} audio streams, only the first is read", link.others + 1));
        }
        let tags = tags_of(&link);
        let packets = VecDeque::new();
        Ok(Self { links, decoder, spec, tags, warnings, clock, packets, frames: 0, link_frames: 0, count: 1 })
    }

    pub(super) fn spec(&self) -> Spec {
        self.spec
    }

    pub(super) fn tags(&self) -> &Tags {
        &self.tags
    }

    pub(super) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Appends the samples of the next packet or page. Returns false at the end of the file.
    pub(super) fn read<T: DecodedSample>(&mut self, samples: &mut Vec<T>) -> Result<bool> {
        let before = samples.len();
        while samples.len() == before {
            if let Some(packet) = self.packets.pop_front() {
                self.decode(&packet, samples)?;
                self.clock.trim.apply(samples, before, self.spec.channels);
            } else if !self.next_page(samples)? && !self.next_link()? {
                self.check_end()?;
                return Ok(false);
            }
        }
        self.frames += ((samples.len() - before) / self.spec.channels) as u64;
        Ok(true)
    }

    /// Takes the packets of the next page. Returns false if the link has ended.
    fn next_page<T: DecodedSample>(&mut self, samples: &mut Vec<T>) -> Result<bool> {
        let Some(page) = self.links.next_packets().map_err(|error| self.located(error))? else { return Ok(false) };
        let before = samples.len();
        let frames = match &self.decoder {
            Decoder::Opus(_) => page.packets.iter().filter_map(|packet| opus::frames(packet)).sum(),
            Decoder::Flac { .. } => {
                self.packets = page.packets.into();
                return Ok(true);
            }
            // Lengths of packets are known when they are decoded.
            Decoder::Vorbis(_) | Decoder::Surround(_) => {
                for packet in &page.packets {
                    self.decode(packet, samples)?;
                }
                ((samples.len() - before) / self.spec.channels) as u64
            }
        };
        let gap = self.clock.page(frames, page.granule, page.is_last);
        if page.follows_a_gap && gap > 0 {
            return Err(damaged(format!("truncated or damaged: pages are missing after {} frames", self.frames)));
        }
        if gap > 0 && !page.is_last && self.warnings.len() < 8 {
            let place = self.frames;
            self.warnings
                .push(format!("the positions in the file leave out {gap} frames after {place} frames: ignored"));
        }
        if matches!(self.decoder, Decoder::Opus(_)) {
            self.packets = page.packets.into();
        } else {
            self.clock.trim.apply(samples, before, self.spec.channels);
        }
        Ok(true)
    }

    /// Begins the next link. Returns false at the end of the file.
    fn next_link(&mut self) -> Result<bool> {
        self.check_link()?;
        let Some(link) = self.links.next_link().map_err(|error| self.located(error))? else { return Ok(false) };
        let (decoder, spec, clock) = decoder_of(&link)?;
        if (spec.rate, spec.channels) != (self.spec.rate, self.spec.channels) {
            return Err(Error::Unsupported(format!(
                "after {} frames the audio changes from {} channels at {} Hz to {} at {} Hz",
                self.frames, self.spec.channels, self.spec.rate, spec.channels, spec.rate
            )));
        }
        (self.decoder, self.clock, self.link_frames) = (decoder, clock, 0);
        self.count += 1;
        Ok(true)
    }

    /// Checks that a link ends where it should.
    fn check_link(&mut self) -> Result<()> {
        if let Decoder::Opus(decoder) = &self.decoder {
            self.warnings.extend(decoder.warning());
        }
        if let Decoder::Flac { decoder, promised } = &mut self.decoder {
            if let Some(promised) = promised.filter(|&promised| promised > self.link_frames) {
                return Err(Error::Truncated { promised, read: self.link_frames });
            }
            if decoder.finalize().verify_ok == Some(false) {
                return Err(damaged("damaged: the audio does not match its checksum"));
            }
        } else if self.links.has_ended && self.clock.missing > 0 {
            let (read, promised) = (self.frames, self.frames + self.clock.missing);
            return Err(Error::Truncated { promised, read });
        }
        Ok(())
    }

    /// Checks that the file ends where it should.
    fn check_end(&mut self) -> Result<()> {
        let frames = self.frames;
        if self.links.pages.is_cut_short {
            let text = format!("truncated or damaged: the end of the audio is missing, after {frames} frames");
            return Err(damaged(text));
        }
        if frames == 0 && !self.links.has_ended {
            return Err(damaged("truncated or damaged: not one frame could be read"));
        }
        if !self.links.has_ended {
            let text = format!("the file has no last page: it may have been cut off, after {frames} frames");
            self.warnings.push(text);
        }
        if self.links.pages.skipped > 0 {
            self.warnings
                .push(format!("{} bytes between and behind the Ogg pages were skipped", self.links.pages.skipped));
        }
        if self.count > 1 {
            self.warnings.push(format!("the file holds {} recordings one after the other: read as one", self.count));
        }
        Ok(())
    }

    /// Appends the samples of a packet.
    fn decode<T: DecodedSample>(&mut self, packet: &[u8], samples: &mut Vec<T>) -> Result<()> {
        let (frames, before) = (self.frames, samples.len());
        let located = |error: Error| damaged(format!("damaged after {frames} frames: {error}"));
        match &mut self.decoder {
            // libvorbis ignores empty packets, and ffmpeg ends FLAC with one.
            _ if packet.is_empty() => {}
            Decoder::Opus(decoder) => caught("Opus decoder", || decoder.decode(packet, samples).map_err(located))?,
            Decoder::Surround(decoder) => {
                caught("Vorbis decoder", || decoder.decode(packet, samples).map_err(located))?
            }
            Decoder::Vorbis(decoder) | Decoder::Flac { decoder, .. } => {
                let name = decoder.codec_info().long_name;
                let packet = Packet::new(0, Timestamp::ZERO, Duration::ZERO, packet);
                caught(&format!("{name} decoder"), || match decoder.decode(&packet) {
                    Ok(decoded) if decoded.spec().channels().count() == self.spec.channels => {
                        append(&decoded, samples);
                        Ok(())
                    }
                    Ok(_) => Err(located(damaged("a packet has another number of channels"))),
                    Err(error) => Err(located(damaged(described(&error)))),
                })?;
            }
        }
        self.link_frames += ((samples.len() - before) / self.spec.channels) as u64;
        Ok(())
    }

    fn located(&self, error: Error) -> Error {
        match error {
            Error::Damaged(text) => damaged(format!("{text}, after {} frames", self.frames)),
            error => error,
        }
    }
}

/// Makes the decoder of a link.
fn decoder_of(link: &Link) -> Result<(Decoder, Spec, Clock)> {
    if link.codec == Codec::Opus {
        let head = opus::Head::parse(&link.head)?;
        let (channels, channel_mask) = (head.channels, head.channel_mask);
        let clock = Clock::new(head.pre_skip, false);
        let spec = Spec { rate: opus::RATE, channels, channel_mask, format: SampleFormat::F32 };
        return Ok((Decoder::Opus(caught("Opus decoder", || opus::Decoder::new(head))?), spec, clock));
    }
    if link.codec == Codec::Vorbis && vorbis::channels(&link.head) > 2 {
        let decoder = caught("Vorbis decoder", || vorbis::Decoder::new(&link.head, &link.setup))?;
        let spec = decoder.spec();
        return Ok((Decoder::Surround(Box::new(decoder)), spec, Clock::new(0, true)));
    }
    let mut parameters = AudioCodecParameters::new();
    let mut promised = None;
    if link.codec == Codec::Vorbis {
        let headers = [&*link.head, &*link.setup].concat();
        parameters.for_codec(well_known::CODEC_ID_VORBIS).with_extra_data(headers.into());
    } else {
        let incomplete = || damaged("damaged: the header of the FLAC stream in Ogg");
        // Signature, version, number of headers, `fLaC`, header of the block.
        let info = link.head.get(17..17 + 34).ok_or_else(incomplete)?;
        let number = |at: usize, len: usize| info[at..at + len].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        let packed = number(10, 8);
        promised = Some(packed & 0xf_ffff_ffff).filter(|&frames| frames > 0);
        parameters.for_codec(well_known::CODEC_ID_FLAC).with_extra_data(info.into());
        parameters.with_sample_rate(u32::try_from(packed >> 44).unwrap_or(0));
        parameters.with_bits_per_sample(u32::try_from((packed >> 36 & 31) + 1).unwrap_or(0));
        if info[18..].iter().any(|&byte| byte != 0) {
            parameters.with_verification_code(VerificationCheck::Md5(std::array::from_fn(|i| info[18 + i])));
        }
    }
    let decoder = caught("decoder", || {
        let options = AudioDecoderOptions::default().verify(true);
        symphonia::default::get_codecs()
            .make_audio_decoder(&parameters, &options)
            .map_err(|error| damaged(format!("truncated or damaged: the headers in Ogg: {}", described(&error))))
    })?;
    if link.codec == Codec::Vorbis {
        let (channels, rate) = vorbis_format(&link.head)?;
        let channel_mask = opus::MASKS.get(channels - 1).copied().unwrap_or(0);
        let spec = Spec { rate, channels, channel_mask, format: SampleFormat::F32 };
        return Ok((Decoder::Vorbis(decoder), spec, Clock::new(0, true)));
    }
    let spec = spec::of_flac(&link.head[17..])?;
    Ok((Decoder::Flac { decoder, promised }, spec, Clock::new(0, false)))
}

/// Channels and rate in the first packet of Vorbis.
fn vorbis_format(head: &[u8]) -> Result<(usize, u32)> {
    let fields = head.get(11..16).and_then(|fields| fields.first_chunk::<5>());
    let &[channels, a, b, c, d] = fields.ok_or_else(|| damaged("damaged: the header of the Vorbis stream"))?;
    match (channels, u32::from_le_bytes([a, b, c, d])) {
        (0, _) => Err(damaged("the header gives no channels")),
        (_, 0) => Err(damaged("the header gives a sampling rate of 0")),
        (channels, rate) => Ok((channels.into(), rate)),
    }
}

fn tags_of(link: &Link) -> Tags {
    let comments = match link.codec {
        Codec::Opus => link.comments.strip_prefix(b"OpusTags"),
        Codec::Vorbis => link.comments.strip_prefix(b"\x03vorbis"),
        Codec::Flac => link.comments.get(4..).filter(|_| link.comments[0] & 0x7f == 4),
    };
    comments.map(tags::of_comments).unwrap_or_default()
}
