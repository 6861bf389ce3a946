//! Texts about a recording, from Vorbis comments and from what symphonia reads.

use symphonia::core::meta::{MetadataRevision, RawValue, StandardTag, Tag};

use crate::pcm::texts;
use crate::tags::Tags;

/// Most comments that are kept, and their bytes.
const MAX_COMMENTS: u32 = 4096;
const MAX_TEXT: usize = 1 << 16;

/// Names that are not kept: pictures, and the program that wrote the file that is read.
const DROPPED: [&str; 6] =
    ["ENCODER", "METADATA_BLOCK_PICTURE", "COVERART", "COVERARTMIME", "ENCODER_OPTIONS", "ENCODERSETTINGS"];

/// Appends a text if it is one to keep.
fn push(tags: &mut Tags, name: &str, value: &str) {
    if value.len() <= MAX_TEXT && !DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped)) {
        tags.push(name, value);
    }
}

/// Parses a block of Vorbis comments: the writer's name, then texts `NAME=value`, each behind its size.
pub(super) fn of_comments(block: &[u8]) -> Tags {
    let mut rest = block;
    let mut tags = Tags::default();
    let _writer = text(&mut rest);
    let count = size(&mut rest).unwrap_or(0).min(MAX_COMMENTS);
    for _ in 0..count {
        let Some(comment) = text(&mut rest) else { break };
        if let Some((name, value)) = String::from_utf8_lossy(comment).split_once('=') {
            push(&mut tags, name, value);
        }
    }
    tags
}

fn size(rest: &mut &[u8]) -> Option<u32> {
    let (size, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_le_bytes(*size))
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let size = usize::try_from(size(rest)?).ok()?;
    let (text, after) = rest.split_at_checked(size)?;
    *rest = after;
    Some(text)
}

/// Appends the texts that symphonia read.
pub(super) fn extend(tags: &mut Tags, revision: &MetadataRevision, track: u64, is_matroska: bool) {
    let of_track = revision.per_track.iter().filter(|metadata| metadata.track_id == track);
    let of_tracks = |tag: &Tag| tag.raw.key.starts_with("TRACK@");
    let all = std::iter::once(&revision.media).chain(of_track.map(|metadata| &metadata.metadata));
    let all: Vec<_> = all.flat_map(|container| &container.tags).take(MAX_COMMENTS as usize).collect();
    let is_flat = is_matroska && !all.iter().any(|tag| of_tracks(tag));
    for tag in all {
        let of_matroska = if is_flat { named_in_matroska(tag) } else { None };
        let Some((name, value)) = of_matroska.or_else(|| named(tag)) else { continue };
        // An ID3v1 tag repeats what an ID3v2 tag says, cut to 30 letters.
        let is_repeated = tags
            .iter()
            .any(|(other, text)| other == name && (text == value || (value.len() >= 28 && text.starts_with(&value))));
        if !is_repeated {
            push(tags, &name, &value);
        }
    }
}

/// Appends the texts of an ID3v1 tag, the last 128 bytes of a file, under names that have no text yet.
///
/// ```text
/// TAG   title 30   artist 30   album 30   year 4   comment 30, of which the last two may be 0 and a track   genre 1
/// ```
pub(super) fn extend_by_id3v1(tags: &mut Tags, tag: &[u8]) {
    let Some(fields) = tag.strip_prefix(b"TAG").filter(|fields| fields.len() == 125) else { return };
    let text = |bytes: &[u8]| texts::decoded(bytes).trim_end().to_owned();
    let mut texts = vec![
        ("TITLE", text(&fields[..30])),
        ("ARTIST", text(&fields[30..60])),
        ("ALBUM", text(&fields[60..90])),
        ("DATE", text(&fields[90..94])),
        ("COMMENT", text(&fields[94..124])),
    ];
    if fields[122] == 0 && fields[123] > 0 {
        texts.push(("TRACKNUMBER", fields[123].to_string()));
    }
    for (name, value) in texts {
        if tags.get(name).is_none() {
            push(tags, name, &value);
        }
    }
}

/// Name and text of a tag of Matroska in a file whose tags are all about the album: ffmpeg leaves out what a tag is
/// about, which by default is the album.
fn named_in_matroska(tag: &Tag) -> Option<(String, String)> {
    let key = tag.raw.key.rsplit_once('@').map_or(tag.raw.key.as_str(), |(_, key)| key);
    let name = match key {
        name @ ("TITLE" | "ARTIST" | "ALBUM") => name,
        "ALBUM_ARTIST" => "ALBUMARTIST",
        "DATE" | "DATE_RELEASED" | "DATE_RECORDED" => "DATE",
        "PART_NUMBER" | "TRACK" => "TRACKNUMBER",
        _ => return None,
    };
    match &tag.raw.value {
        RawValue::String(value) => Some((name.to_owned(), value.to_string())),
        RawValue::UnsignedInt(value) => Some((name.to_owned(), value.to_string())),
        _ => None,
    }
}

/// Name and text of a tag, in the names of Vorbis comments.
fn named(tag: &Tag) -> Option<(String, String)> {
    use StandardTag as Std;
    let text = |name: &str, value: &std::sync::Arc<String>| Some((name.to_owned(), value.to_string()));
    let number = |name: &str, value: u64| Some((name.to_owned(), value.to_string()));
    match tag.std.as_ref() {
        Some(Std::TrackTitle(value)) => text("TITLE", value),
        Some(Std::Artist(value)) => text("ARTIST", value),
        Some(Std::Album(value)) => text("ALBUM", value),
        Some(Std::AlbumArtist(value)) => text("ALBUMARTIST", value),
        Some(Std::Composer(value) | Std::Writer(value)) => text("COMPOSER", value),
        Some(Std::Performer(value)) => text("PERFORMER", value),
        Some(Std::Conductor(value)) => text("CONDUCTOR", value),
        Some(Std::Lyricist(value)) => text("LYRICIST", value),
        Some(Std::Lyrics(value)) => text("LYRICS", value),
        Some(Std::Narrator(value)) => text("NARRATOR", value),
        Some(Std::Genre(value)) => text("GENRE", value),
        Some(Std::Comment(value)) => text("COMMENT", value),
        Some(Std::Description(value)) => text("DESCRIPTION", value),
        Some(Std::Copyright(value)) => text("COPYRIGHT", value),
        Some(Std::License(value)) => text("LICENSE", value),
        Some(Std::Label(value)) => text("ORGANIZATION", value),
        Some(Std::Language(value)) => text("LANGUAGE", value),
        Some(Std::IdentIsrc(value)) => text("ISRC", value),
        Some(Std::EncodedBy(value)) => text("ENCODED-BY", value),
        Some(Std::RecordingDate(value) | Std::ReleaseDate(value)) => text("DATE", value),
        Some(Std::RecordingYear(value) | Std::ReleaseYear(value)) => number("DATE", (*value).into()),
        Some(Std::TrackNumber(value)) => number("TRACKNUMBER", *value),
        Some(Std::TrackTotal(value)) => number("TRACKTOTAL", *value),
        Some(Std::DiscNumber(value)) => number("DISCNUMBER", *value),
        Some(Std::DiscTotal(value)) => number("DISCTOTAL", *value),
        Some(Std::Bpm(value)) => number("BPM", *value),
        Some(Std::Encoder(_) | Std::EncoderSettings(_)) => None,
        // Texts that a person gave a name: `TXXX:NAME` in ID3v2, `NAME` in Matroska.
        _ => {
            let name = tag.raw.key.strip_prefix("TXXX:").unwrap_or(&tag.raw.key);
            let is_name =
                name.len() > 4 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_- ".contains(&byte));
            match &tag.raw.value {
                RawValue::String(value) if is_name => text(name, value),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of_comments;

    #[test]
    fn comments_are_kept_except_pictures_and_the_writer() {
        let mut block = b"\x03\0\0\0abc\x04\0\0\0".to_vec();
        for comment in ["title=A=B", "ENCODER=x", "METADATA_BLOCK_PICTURE=AAAA", "ARTIST=é"] {
            block.extend(u32::try_from(comment.len()).expect("short").to_le_bytes());
            block.extend(comment.as_bytes());
        }
        assert_eq!(of_comments(&block).iter().collect::<Vec<_>>(), [("TITLE", "A=B"), ("ARTIST", "é")]);
        for end in 0..block.len() {
            assert!(of_comments(&block[..end]).iter().count() < 2, "{end}");
        }
    }
}
