//! Links of an Ogg file: recordings that follow each other, each with its own headers.
//!
//! A link may hold several streams at once, as a film does. The first audio stream of a known codec is read.

use super::pages::{Page, Pages, Source};
use crate::error::{Error, Result};

/// Largest packet that is kept. Comments may hold pictures.
const MAX_PACKET: usize = 1 << 26;

/// Codec of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Opus,
    Vorbis,
    Flac,
}

impl Codec {
    /// The codec that a stream's first packet names.
    fn of(packet: &[u8]) -> Option<Self> {
        match packet {
            _ if packet.starts_with(b"OpusHead") => Some(Self::Opus),
            _ if packet.starts_with(b"\x01vorbis") => Some(Self::Vorbis),
            _ if packet.starts_with(b"\x7fFLAC") => Some(Self::Flac),
            _ => None,
        }
    }
}

/// Name of a codec that is not read, and true if it is audio.
fn unread_codec(packet: &[u8]) -> Option<(&'static str, bool)> {
    const CODECS: [(&[u8], &str, bool); 9] = [
        (b"Speex   ", "Speex", true),
        (b"CELT    ", "CELT", true),
        (b"PCM     ", "PCM in Ogg", true),
        (b"fLaC", "FLAC in Ogg of an old kind", true),
        (b"\x80theora", "Theora", false),
        (b"BBCD\0", "Dirac", false),
        (b"\x4fVP80", "VP8", false),
        (b"\x80kate", "Kate", false),
        (b"\x01video", "OGM video", false),
    ];
    CODECS.iter().find(|(magic, ..)| packet.starts_with(magic)).map(|&(_, name, is_audio)| (name, is_audio))
}

/// Headers of a link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) codec: Codec,
    /// The first packet.
    pub(super) head: Vec<u8>,
    /// The packet of comments, if there is one.
    pub(super) comments: Vec<u8>,
    /// The third packet of Vorbis.
    pub(super) setup: Vec<u8>,
    /// Further audio streams, which are not read.
    pub(super) others: usize,
}

/// Packets that end on one page.
#[derive(Debug, Default)]
pub(super) struct Packets {
    pub(super) packets: Vec<Vec<u8>>,
    pub(super) granule: Option<u64>,
    pub(super) is_last: bool,
    /// A page before this one is missing.
    pub(super) follows_a_gap: bool,
}

/// Reads links.
pub(super) struct Links {
    pub(super) pages: Pages,
    /// A page that was read too early.
    next: Option<Page>,
    serial: u32,
    sequence: Option<u32>,
    partial: Vec<u8>,
    /// Audio packets that were read with the headers.
    early: Option<Packets>,
    /// The stream's last page was read.
    pub(super) has_ended: bool,
}

impl Links {
    pub(super) fn new(source: Source) -> Self {
        Self {
            pages: Pages::new(source),
            next: None,
            serial: 0,
            sequence: None,
            partial: Vec::new(),
            early: None,
            has_ended: false,
        }
    }

    /// Reads the headers of the next link. Returns `None` at the end of the file.
    pub(super) fn next_link(&mut self) -> Result<Option<Link>> {
        let Some((first, others)) = self.first_pages()? else { return Ok(None) };
        (self.sequence, self.has_ended, self.early) = (None, false, None);
        self.partial.clear();
        self.serial = first.serial;
        let mut headers = self.packets_of(&first)?;
        let head = headers.packets.first().cloned().unwrap_or_default();
        let Some(codec) = Codec::of(&head) else { return Ok(None) };
        while !is_complete(codec, &headers.packets) {
            let Some(more) = self.next_packets()? else {
                if codec == Codec::Flac {
                    break;
                }
                let text = "truncated or damaged: the file begins as Ogg, but ends within its headers";
                return Err(Error::Damaged(text.to_owned()));
            };
            headers.packets.extend(more.packets);
            (headers.granule, headers.is_last) = (more.granule, more.is_last);
        }
        let count = header_packets(codec, &headers.packets);
        let audio = headers.packets.split_off(count);
        if !audio.is_empty() {
            self.early = Some(Packets { packets: audio, ..headers });
        }
        let mut packets = headers.packets.into_iter().skip(1);
        let comments = packets.next().unwrap_or_default();
        Ok(Some(Link { codec, head, comments, setup: packets.next().unwrap_or_default(), others }))
    }

    /// Reads the first pages of all streams of a link. Returns that of the stream to read, and the number of other
    /// audio streams.
    fn first_pages(&mut self) -> Result<Option<(Page, usize)>> {
        let (mut chosen, mut others, mut any) = (None, 0, false);
        let mut unread: Option<(&str, bool)> = None;
        while let Some(page) = self.next_page()? {
            if !page.is_first {
                if any {
                    self.next = Some(page);
                    break;
                }
                // The file begins within a stream, or a link that was not read goes on.
                continue;
            }
            any = true;
            let (packet, _) = page.parts().next().unwrap_or((&[], true));
            if Codec::of(packet).is_some() {
                others += 1;
                chosen = chosen.or(Some(page));
            } else if unread.is_none_or(|(_, is_audio)| !is_audio) {
                unread = unread_codec(packet).or(unread);
            }
        }
        match (chosen, unread) {
            (Some(page), _) => Ok(Some((page, others - 1))),
            (None, Some((name, true))) => Err(Error::unread(name)),
            (None, Some((name, false))) => {
                Err(Error::Unsupported(format!("the file is Ogg with {name} video and no audio")))
            }
            (None, None) if any => {
                Err(Error::Unsupported("the audio is of a codec that is not known, in Ogg".to_owned()))
            }
            (None, None) => Ok(None),
        }
    }

    /// Returns the packets that end on the next page of the stream, or `None` where the link ends.
    pub(super) fn next_packets(&mut self) -> Result<Option<Packets>> {
        if let Some(early) = self.early.take() {
            return Ok(Some(early));
        }
        loop {
            let Some(page) = self.next_page()? else { return Ok(None) };
            if page.is_first {
                self.next = Some(page);
                return Ok(None);
            }
            // Some writers go on after the page that they mark as the last.
            if page.serial == self.serial {
                return self.packets_of(&page).map(Some);
            }
        }
    }

    fn next_page(&mut self) -> Result<Option<Page>> {
        self.next.take().map_or_else(|| self.pages.next(), |page| Ok(Some(page)))
    }

    /// Takes the packets that end on a page of the stream, and keeps the beginning of the one that does not.
    fn packets_of(&mut self, page: &Page) -> Result<Packets> {
        let follows_a_gap = self.sequence.is_some_and(|sequence| page.sequence != sequence.wrapping_add(1));
        self.sequence = Some(page.sequence);
        self.has_ended |= page.is_last;
        // Without the beginning of a packet, its end is of no use.
        let is_orphan = page.is_continued && (self.partial.is_empty() || follows_a_gap);
        if !page.is_continued || follows_a_gap {
            self.partial.clear();
        }
        let mut packets = Vec::new();
        for (i, (part, is_end)) in page.parts().enumerate() {
            if self.partial.len() + part.len() > MAX_PACKET {
                return Err(Error::Damaged(format!("damaged: a packet is longer than {MAX_PACKET} bytes")));
            }
            self.partial.extend_from_slice(part);
            if is_end {
                let packet = std::mem::take(&mut self.partial);
                if !(i == 0 && is_orphan) {
                    packets.push(packet);
                }
            }
        }
        Ok(Packets { packets, granule: page.granule, is_last: page.is_last, follows_a_gap })
    }
}

/// Number of header packets at the beginning of these.
fn header_packets(codec: Codec, packets: &[Vec<u8>]) -> usize {
    let expected = match codec {
        Codec::Opus => 2,
        Codec::Vorbis => 3,
        // A frame begins with 14 ones.
        Codec::Flac => packets.iter().take_while(|packet| packet.first() != Some(&0xff)).count(),
    };
    expected.min(packets.len())
}

/// True if these packets hold all headers.
fn is_complete(codec: Codec, packets: &[Vec<u8>]) -> bool {
    match codec {
        Codec::Opus => packets.len() >= 2,
        Codec::Vorbis => packets.len() >= 3,
        Codec::Flac => header_packets(codec, packets) < packets.len(),
    }
}
