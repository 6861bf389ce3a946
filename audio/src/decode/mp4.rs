//! MP4: edit lists, the tag `iTunSMPB`, and codecs, none of which symphonia's reader hands out.
//!
//! ```text
//! moov  mvhd  trak  tkhd id
//!                   edts elst: part of the media that is played
//!                   mdia mdhd: units per second, length; hdlr: kind; minf stbl stsd: codec
//!             udta meta ilst ----: iTunSMPB, delay and length in frames
//! ```

use symphonia::core::codecs::audio::{AudioCodecId, well_known as codecs};

use super::aac;
use super::head::{Head, TrackInfo};
use crate::error::Result;

/// Most atoms that are looked at.
const MAX_ATOMS: usize = 20_000;
/// Most bytes of an atom that are read.
const MAX_BODY: u64 = 1 << 16;

/// A track, as far as it was read.
#[derive(Debug, Default)]
struct Track {
    id: u32,
    is_audio: bool,
    /// Units per second, and length in units.
    media: (u32, u64),
    /// Length in units of the movie, and start in units of the media, of the parts that are played.
    edits: Vec<(u64, i64)>,
    unread: Option<String>,
    codec: Option<String>,
    corrected: Option<AudioCodecId>,
}

#[derive(Debug, Default)]
struct Movie {
    units: u32,
    tracks: Vec<Track>,
    /// Delay, padding and length in frames.
    gapless: Option<[u64; 3]>,
    atoms: usize,
}

/// Reads what a file says about its audio tracks.
pub(super) fn tracks(head: &mut Head) -> Result<Vec<TrackInfo>> {
    let mut movie = Movie::default();
    walk(head, 0, u64::MAX, 0, &mut movie)?;
    let (units, gapless) = (movie.units, movie.gapless);
    Ok(movie.tracks.iter().filter(|track| track.is_audio).map(|track| info(track, units, gapless)).collect())
}

/// Walks the atoms between two positions.
fn walk(head: &mut Head, mut at: u64, end: u64, depth: u32, movie: &mut Movie) -> Result<()> {
    while at.saturating_add(8) <= end && movie.atoms < MAX_ATOMS {
        movie.atoms += 1;
        let header = head.get(at, 16)?.to_vec();
        let Some((size, name)) = header.first_chunk().zip(header.get(4..8)) else { break };
        let (size, skip) = match u32::from_be_bytes(*size) {
            0 => (u64::MAX, 8),
            1 => (header.get(8..16).map_or(0, number), 16),
            size => (size.into(), 8),
        };
        let next = at.saturating_add(size).min(end);
        if size < skip {
            break;
        }
        let body = at + skip;
        match name {
            b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" | b"edts" | b"udta" | b"ilst" if depth < 8 => {
                if name == b"trak" {
                    movie.tracks.push(Track::default());
                }
                walk(head, body, next, depth + 1, movie)?;
                if name == b"moov" {
                    return Ok(());
                }
            }
            b"meta" if depth < 8 => walk(head, body + 4, next, depth + 1, movie)?,
            b"mvhd" | b"tkhd" | b"mdhd" | b"hdlr" | b"elst" | b"stsd" | b"----" => {
                let len = usize::try_from((next - body).min(MAX_BODY)).unwrap_or(0);
                read(name, head.get(body, len)?, movie);
            }
            _ => {}
        }
        at = next;
    }
    Ok(())
}

/// Reads an atom that holds no others.
fn read(name: &[u8], body: &[u8], movie: &mut Movie) {
    let field = |at: usize, len: usize| body.get(at..at + len).map_or(0, number);
    let word = |at: usize| u32::try_from(field(at, 4)).unwrap_or(0);
    // Version 1 has times of 64 bits.
    let is_long = body.first() == Some(&1);
    let units = if is_long { word(20) } else { word(12) };
    if name == b"mvhd" {
        movie.units = units;
    }
    if name == b"----" {
        movie.gapless = gapless(body).or(movie.gapless);
    }
    let Some(track) = movie.tracks.last_mut() else { return };
    match name {
        b"tkhd" => track.id = if is_long { word(20) } else { word(12) },
        b"mdhd" => track.media = (units, if is_long { field(24, 8) } else { field(16, 4) }),
        b"hdlr" => track.is_audio |= body.get(8..12) == Some(b"soun"),
        b"elst" => {
            let size = if is_long { 20 } else { 12 };
            let entries = body.get(8..).unwrap_or_default().chunks_exact(size).take(field(4, 4).min(1024) as usize);
            let signed = |bytes: &[u8]| match *bytes {
                [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).into(),
                _ => i64::from_be_bytes(bytes.try_into().unwrap_or_default()),
            };
            let half = (size - 4) / 2;
            track.edits = entries.map(|entry| (number(&entry[..half]), signed(&entry[half..2 * half]))).collect();
        }
        b"stsd" => {
            track.unread = unread(body);
            track.codec = codec(body);
            track.corrected = big_endian(body);
        }
        _ => {}
    }
}

/// Name of the codec of a sample description, if it is one that is not read.
fn unread(body: &[u8]) -> Option<String> {
    let codec = body.get(12..16)?;
    let name = match codec {
        b"mp4a" => return aac::unread(config(body)?),
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"ac-4" => "AC-4",
        b"dtsc" | b"dtse" | b"dtsh" | b"dtsl" => "DTS",
        b"samr" => "AMR",
        b"sawb" | b"sawp" => "AMR-WB",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"enca" => "encrypted audio",
        b"mha1" | b"mhm1" => "MPEG-H 3D audio",
        b"mlpa" => "Dolby TrueHD",
        b"Qclp" | b"sqcp" => "QCELP",
        b"agsm" => "GSM 6.10",
        b"wma " | b"wmap" => "WMA",
        _ => return None,
    };
    Some(format!("{name} in MP4"))
}

/// Name of the codec and number of channels of a sample description.
fn codec(body: &[u8]) -> Option<String> {
    let (name, channels) = (body.get(12..16)?, number(body.get(32..34)?));
    let plural = if channels == 1 { "" } else { "s" };
    Some(format!("audio with the codec `{}` and {channels} channel{plural} in MP4", name.escape_ascii()))
}

/// The codec of integers of 24 and 32 bits and of floats in QuickTime, which are big-endian unless the atom `enda` says
/// otherwise. symphonia takes them for little-endian.
fn big_endian(body: &[u8]) -> Option<AudioCodecId> {
    let codec = match body.get(12..16)? {
        b"in24" => codecs::CODEC_ID_PCM_S24BE,
        b"in32" => codecs::CODEC_ID_PCM_S32BE,
        b"fl32" => codecs::CODEC_ID_PCM_F32BE,
        b"fl64" => codecs::CODEC_ID_PCM_F64BE,
        _ => return None,
    };
    let order = body.windows(6).find(|bytes| bytes.starts_with(b"enda"));
    let is_little = order.is_some_and(|bytes| bytes[4..] == [0, 1]);
    (!is_little).then_some(codec)
}

/// The decoder's configuration in a sample description: objects with a type, a size of up to four bytes, and a body.
/// The first element of the result is the type of the stream.
fn config(body: &[u8]) -> Option<(u8, &[u8])> {
    let at = body.windows(4).position(|name| name == b"esds")? + 8;
    let object = |bytes: &mut &[u8]| -> Option<u8> {
        let (&tag, mut rest) = bytes.split_first()?;
        for _ in 0..4 {
            let (&size, after) = rest.split_first()?;
            rest = after;
            if size < 0x80 {
                break;
            }
        }
        *bytes = rest;
        Some(tag)
    };
    let mut rest = body.get(at..)?;
    if object(&mut rest)? == 3 {
        let flags = *rest.get(2)?;
        let optional = usize::from(flags >> 7) * 2 + usize::from(flags >> 5 & 1) * 2;
        rest = rest.get(3 + optional..)?;
        (object(&mut rest)? == 4).then_some(())?;
    }
    let kind = *rest.first()?;
    rest = rest.get(13..)?;
    let has_config = rest.first() == Some(&5);
    if has_config {
        object(&mut rest)?;
    }
    Some((kind, if has_config { rest } else { &[] }))
}

/// Delay, padding and length of the tag `iTunSMPB`: hexadecimal numbers behind a 0.
fn gapless(body: &[u8]) -> Option<[u64; 3]> {
    body.windows(8).find(|name| name == b"iTunSMPB")?;
    let at = body.windows(4).rposition(|name| name == b"data")? + 12;
    let text = std::str::from_utf8(body.get(at..)?).ok()?;
    let mut numbers = text.split_ascii_whitespace().map(|word| u64::from_str_radix(word, 16).ok());
    let _zero = numbers.next()?;
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

/// What to leave out of a track.
fn info(track: &Track, movie_units: u32, gapless: Option<[u64; 3]>) -> TrackInfo {
    let mut info = TrackInfo::new(track.id);
    info.unread.clone_from(&track.unread);
    info.codec.clone_from(&track.codec);
    info.corrected = track.corrected;
    let (units, length) = (f64::from(track.media.0), track.media.1);
    if track.media.0 == 0 || movie_units == 0 {
        return info;
    }
    // The tag is left over from another file if it does not add up to the length of this one.
    if let Some([delay, padding, frames]) = gapless
        && length > 0
        && delay.checked_add(padding).and_then(|sum| sum.checked_add(frames)) == Some(length)
    {
        (info.delay, info.length) = (delay as f64 / units, Some(frames as f64 / units));
        return info;
    }
    // A part that begins at −1 is silence, which players do not add to a single track.
    let mut played = track.edits.iter().filter(|(_, start)| *start >= 0);
    let Some(&(duration, start)) = played.next() else { return info };
    if played.next().is_some() {
        info.warnings.push("the edit list plays several parts: the audio is read whole".to_owned());
        return info;
    }
    info.delay = start as f64 / units;
    let tick = 1.0 / f64::from(movie_units);
    let (edited, stored) = (duration as f64 * tick, length as f64 / units - info.delay);
    // Lengths in units of the movie are rounded.
    if length > 0 && duration > 0 {
        info.length = Some(if (edited - stored).abs() <= tick { stored } else { edited });
    }
    info
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}
