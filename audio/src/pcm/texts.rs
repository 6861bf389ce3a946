//! Texts in WAV, AIFF and CAF, and the broadcast extension of WAV.
//!
//! ```text
//! WAV    LIST size INFO   (name 4, size 4, text with a NUL, to an even position) …
//! AIFF   NAME size text   and other names
//! CAF    info size count  (key with a NUL, text with a NUL) …
//! ```

use super::Container;
use super::bytes::{Bytes, Fields, Order};
use super::chunks::{Chunks, Style};
use crate::error::Result;
use crate::tags::Tags;

/// Bytes of the largest chunk of texts that is read.
const MAX_LEN: u64 = 1 << 16;

/// Walks the chunks of a file once more, for its texts. Of a pipe, only those before the audio are known.
pub(super) fn read(bytes: &mut Bytes<'_>, container: Container) -> Result<Tags> {
    let order = if container == Container::Rifx { Order::Big } else { Order::Little };
    let (style, start) = match container {
        Container::Aiff | Container::Aifc => (Style::Riff(Order::Big), 12),
        Container::Caf => (Style::Caf, 8),
        Container::Wave64 => (Style::Wave64, 40),
        _ => (Style::Riff(order), 12),
    };
    let mut chunks = Chunks::new(style, start, [*b"fmt ", *b"data"]);
    chunks.stop_searching();
    let mut tags = Tags::default();
    while let Some(chunk) = chunks.next(bytes)? {
        if bytes.len().is_none() && matches!(&chunk.name, b"data" | b"SSND") {
            break;
        }
        let Some(size) = usize::try_from(chunk.size).ok().filter(|_| chunk.size <= MAX_LEN) else { continue };
        let aiff_name = of_aiff(chunk.name);
        match (&chunk.name, style) {
            (b"LIST", _) => read_list(bytes.get(chunk.at, size)?, order, &mut tags),
            (b"bext", _) if container != Container::Rifx => tags.set_broadcast(bytes.get(chunk.at, size)?),
            (b"info", Style::Caf) => read_info(bytes.get(chunk.at, size)?, &mut tags),
            (_, Style::Riff(Order::Big)) if aiff_name.is_some() => {
                let text = decoded(bytes.get(chunk.at, size)?);
                aiff_name.into_iter().for_each(|name| tags.push(name, &text));
            }
            _ => {}
        }
    }
    Ok(tags)
}

/// Another name of the number of a track, which is read only.
const PART: [u8; 4] = *b"IPRT";

/// Names of texts in `INFO`, and those of Vorbis comments.
const NAMES: [([u8; 4], &str); 17] = [
    (*b"INAM", "TITLE"),
    (*b"IART", "ARTIST"),
    (*b"IPRD", "ALBUM"),
    (*b"ICRD", "DATE"),
    (*b"IGNR", "GENRE"),
    (*b"ICMT", "COMMENT"),
    (*b"ITRK", "TRACKNUMBER"),
    (PART, "TRACKNUMBER"),
    (*b"ICOP", "COPYRIGHT"),
    (*b"IENG", "ENGINEER"),
    (*b"ILNG", "LANGUAGE"),
    (*b"IMUS", "COMPOSER"),
    (*b"IKEY", "KEYWORDS"),
    (*b"ISBJ", "SUBJECT"),
    (*b"ISRC", "SOURCE"),
    (*b"ITCH", "TECHNICIAN"),
    (*b"IPUB", "PUBLISHER"),
];

/// Reads the body of a `LIST` chunk, if it is of kind `INFO`.
fn read_list(body: &[u8], order: Order, tags: &mut Tags) {
    let mut fields = Fields::new(order, body);
    if fields.name() != *b"INFO" {
        return;
    }
    loop {
        let (name, size) = (fields.name(), fields.u32());
        if name == [0; 4] {
            return;
        }
        let text = fields.take(usize::try_from(size).unwrap_or(usize::MAX));
        fields.take((size % 2) as usize);
        if let Some((_, known)) = NAMES.iter().find(|(other, _)| *other == name) {
            tags.push(known, &decoded(text));
        }
    }
}

/// Reads the body of an `info` chunk of CAF.
fn read_info(body: &[u8], tags: &mut Tags) {
    let mut texts = body.get(4..).unwrap_or_default().split(|byte| *byte == 0);
    while let Some((key, value)) = texts.next().zip(texts.next()) {
        let name = match key.to_ascii_lowercase().as_slice() {
            b"title" => "TITLE",
            b"artist" => "ARTIST",
            b"album" => "ALBUM",
            b"genre" => "GENRE",
            b"year" | b"recorded date" => "DATE",
            b"track number" => "TRACKNUMBER",
            b"composer" => "COMPOSER",
            b"comments" => "COMMENT",
            b"copyright" => "COPYRIGHT",
            _ => continue,
        };
        tags.push(name, &decoded(value));
    }
}

/// The Vorbis comment's name of a text chunk of AIFF.
fn of_aiff(name: [u8; 4]) -> Option<&'static str> {
    match &name {
        b"NAME" => Some("TITLE"),
        b"AUTH" => Some("ARTIST"),
        b"(c) " => Some("COPYRIGHT"),
        b"ANNO" => Some("COMMENT"),
        _ => None,
    }
}

/// A text in UTF-8, or else in Latin-1, up to its NUL.
pub(crate) fn decoded(text: &[u8]) -> String {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => text.iter().copied().map(char::from).collect(),
    }
}

/// A `LIST` chunk with the texts that have a name there; empty if there are none.
pub(crate) fn list_chunk(tags: &Tags) -> Vec<u8> {
    let mut list = Vec::new();
    for (id, name) in NAMES.iter().filter(|(id, _)| *id != PART) {
        // A list has one text of a name: several are joined, as ID3v2 editors do.
        let mut values: Vec<_> = tags.iter().filter(|(other, _)| other == name).map(|(_, value)| value).collect();
        if *name == "COMMENT" && values.is_empty() {
            values.extend(tags.get("DESCRIPTION"));
        }
        let value = values.join("; ");
        if value.is_empty() {
            continue;
        }
        let Ok(size) = u32::try_from(value.len() + 1) else { continue };
        if list.len() as u64 + u64::from(size) + 10 > MAX_LEN {
            break;
        }
        list.extend(id);
        list.extend(size.to_le_bytes());
        list.extend(value.as_bytes());
        list.push(0);
        list.resize(list.len().next_multiple_of(2), 0);
    }
    if list.is_empty() {
        return list;
    }
    let size = u32::try_from(list.len() + 4).unwrap_or(0);
    [&b"LIST"[..], &size.to_le_bytes(), b"INFO", &list].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let mut tags = Tags::default();
        for (name, value) in [
            ("TITLE", "Ödön"),
            ("artist", "B"),
            ("ARTIST", "C"),
            ("ISRC", "unknown here"),
            ("DATE", "2026-11-26"),
            ("TRACKNUMBER", "7"),
            ("DESCRIPTION", "D"),
        ] {
            tags.push(name, value);
        }
        let chunk = list_chunk(&tags);
        assert_eq!(chunk[4..8], u32::try_from(chunk.len() - 8).expect("short").to_le_bytes());
        let mut read = Tags::default();
        read_list(&chunk[8..], Order::Little, &mut read);
        let expected =
            [("TITLE", "Ödön"), ("ARTIST", "B; C"), ("DATE", "2026-11-26"), ("COMMENT", "D"), ("TRACKNUMBER", "7")];
        assert_eq!(read.iter().collect::<Vec<_>>(), expected);
        for end in 0..chunk.len() - 8 {
            read_list(&chunk[8..8 + end], Order::Little, &mut Tags::default());
        }
        assert!(list_chunk(&Tags::default()).is_empty());
        assert_eq!(decoded(b"caf\xe9\0junk"), "café");
    }
}
