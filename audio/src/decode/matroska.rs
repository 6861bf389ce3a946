//! Matroska and WebM: delay and padding of the codec, and codecs that are not read.
//!
//! ```text
//! Segment  Tracks   TrackEntry  number, kind, codec, delay
//!          Cluster  BlockGroup  block, padding
//! ```

use super::aac;
use super::head::{Head, TrackInfo};
use crate::error::Result;

/// Most elements that are looked at.
const MAX_ELEMENTS: usize = 200_000;
/// Largest body that is read.
const MAX_BODY: u64 = 1 << 16;

const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TITLE: u32 = 0x7ba9;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK: u32 = 0xae;
const CLUSTER: u32 = 0x1f43_b675;
const BLOCK_GROUP: u32 = 0xa0;

/// An element: its identity, and where its body begins and ends.
#[derive(Debug, Clone, Copy)]
struct Element {
    id: u32,
    body: u64,
    /// `None` if it goes on until another of its kind.
    end: Option<u64>,
}

/// Reads what a file says about its audio tracks.
pub(super) fn tracks(head: &mut Head) -> Result<Vec<TrackInfo>> {
    let mut tracks = Vec::new();
    let (mut at, mut last_cluster, mut last_group, mut title) = (0, None, None, None);
    for _ in 0..MAX_ELEMENTS {
        let Some(element) = element(head, at)? else { break };
        match element.id {
            SEGMENT | TRACKS | INFO => at = element.body,
            TITLE => {
                let len = element.end.map_or(0, |end| (end - element.body).min(MAX_BODY));
                let text = head.get(element.body, usize::try_from(len).unwrap_or(0))?;
                title = Some(String::from_utf8_lossy(text).into_owned());
                at = element.end.unwrap_or(u64::MAX);
            }
            TRACK => {
                tracks.extend(track(head, element)?);
                at = element.end.unwrap_or(u64::MAX);
            }
            // The padding is in the last cluster.
            CLUSTER => {
                (last_cluster, last_group) = (Some(element), None);
                at = element.end.unwrap_or(element.body);
            }
            BLOCK_GROUP => {
                last_group = Some(element);
                at = element.end.unwrap_or(u64::MAX);
            }
            _ => at = element.end.unwrap_or(u64::MAX),
        }
    }
    if let Some(Element { body, end: Some(end), .. }) = last_cluster {
        let mut at = body;
        while at < end
            && let Some(element) = element(head, at)?
        {
            if element.id == BLOCK_GROUP {
                last_group = Some(element);
            }
            at = element.end.unwrap_or(u64::MAX);
        }
    }
    if let Some(group) = last_group {
        padding(head, group, &mut tracks)?;
    }
    tracks.iter_mut().for_each(|track| track.title.clone_from(&title));
    Ok(tracks)
}

/// Reads the header of an element.
fn element(head: &mut Head, at: u64) -> Result<Option<Element>> {
    let bytes = head.get(at, 12)?;
    let Some((id, rest)) = variable(bytes, false) else { return Ok(None) };
    let Some((size, rest)) = variable(rest, true) else { return Ok(None) };
    let body = at + (bytes.len() - rest.len()) as u64;
    let header = bytes.len() - rest.len();
    let is_open = bytes[header - 1] == 0xff
        && size.count_ones() == size.trailing_ones()
        && size.trailing_ones() % 7 == 0
        && size > 0;
    let id = u32::try_from(id).unwrap_or(0);
    Ok(Some(Element { id, body, end: if is_open { None } else { Some(body.saturating_add(size)) } }))
}

/// Splits off a number of one to eight bytes, with or without the bit that marks its length.
fn variable(bytes: &[u8], is_size: bool) -> Option<(u64, &[u8])> {
    let first = *bytes.first()?;
    let len = first.leading_zeros() as usize + 1;
    if len > 8 || (!is_size && len > 4) {
        return None;
    }
    let (number, rest) = bytes.split_at_checked(len)?;
    let value = number.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    Some((if is_size { value & ((1 << (7 * len)) - 1) } else { value }, rest))
}

/// Calls a function with the elements in a body.
fn children(body: &[u8], mut call: impl FnMut(u64, &[u8])) {
    let mut rest = body;
    while let Some((id, after)) = variable(rest, false)
        && let Some((size, after)) = variable(after, true)
    {
        let (child, after) = after.split_at(usize::try_from(size).unwrap_or(usize::MAX).min(after.len()));
        call(id, child);
        rest = after;
    }
}

/// The body of an element, or its beginning.
fn body(head: &mut Head, element: Element) -> Result<Vec<u8>> {
    let size = element.end.map_or(0, |end| (end - element.body).min(MAX_BODY));
    Ok(head.get(element.body, usize::try_from(size).unwrap_or(0))?.to_vec())
}

/// Reads a track, if it is audio.
fn track(head: &mut Head, element: Element) -> Result<Option<TrackInfo>> {
    const AUDIO: u64 = 2;
    let body = body(head, element)?;
    let (mut info, mut kind, mut codec, mut private) = (TrackInfo::new(0), 0, String::new(), Vec::new());
    children(&body, |id, child| match id {
        0xd7 => info.id = u32::try_from(number(child)).unwrap_or(0),
        0x83 => kind = number(child),
        0x86 => codec = String::from_utf8_lossy(child).trim_end_matches('\0').to_owned(),
        0x63a2 => private = child.to_vec(),
        0x56aa => info.delay = number(child) as f64 * 1e-9,
        _ => {}
    });
    info.unread = unread(&codec, &private).map(|name| format!("{name} in Matroska"));
    Ok((kind == AUDIO).then_some(info))
}

/// Name of a codec, if it is one that is not read.
fn unread(codec: &str, private: &[u8]) -> Option<String> {
    let name = match codec {
        "A_AAC" => return aac::unread((0x40, private)),
        _ if codec.starts_with("A_AAC/") && codec.ends_with("/SBR") => "HE-AAC",
        _ if codec.starts_with("A_AC3") => "AC-3",
        _ if codec.starts_with("A_EAC3") => "E-AC-3",
        _ if codec.starts_with("A_DTS") => "DTS",
        _ if codec.starts_with("A_REAL") => "RealAudio",
        _ if codec.starts_with("A_QUICKTIME") => "QuickTime audio",
        "A_TRUEHD" | "A_MLP" => "Dolby TrueHD",
        "A_WAVPACK4" => "WavPack",
        "A_TTA1" => "TTA",
        "A_MPC" => "Musepack",
        "A_MS/ACM" => "a Windows codec",
        "A_ATRAC/AT1" => "ATRAC",
        _ => return None,
    };
    Some(name.to_owned())
}

/// Reads the padding of the last block.
fn padding(head: &mut Head, group: Element, tracks: &mut [TrackInfo]) -> Result<()> {
    let body = body(head, group)?;
    let (mut number_of_track, mut padding) = (0, 0);
    children(&body, |id, child| match id {
        0xa1 => number_of_track = variable(child, true).map_or(0, |(number, _)| number),
        0x75a2 if child.len() <= 8 => {
            padding = child.iter().fold(0_i64, |value, &byte| value << 8 | i64::from(byte));
        }
        _ => {}
    });
    for track in tracks.iter_mut().filter(|track| u64::from(track.id) == number_of_track) {
        track.padding = padding.max(0) as f64 * 1e-9;
    }
    Ok(())
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}
