//! Texts about a recording, from Vorbis comments and from what symphonia reads.

use symphonia::core::meta::{MetadataRevision, RawValue, StandardTag, Tag};

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
pub(super) fn extend(tags: &mut Tags, revision: &MetadataRevision, track: u64) {
    let of_track = revision.per_track.iter().filter(|metadata| metadata.track_id == track);
    let all = std::iter::once(&revision.media).chain(of_track.map(|metadata| &metadata.metadata));
    for tag in all.flat_map(|container| &container.tags).take(MAX_COMMENTS as usize) {
        let Some((name, value)) = named(tag) else { continue };
        // An ID3v1 tag repeats what an ID3v2 tag says, cut to 30 letters.
        let is_repeated = tags
            .iter()
            .any(|(other, text)| other == name && (text == value || (value.len() >= 28 && text.starts_with(&value))));
        if !is_repeated {
            push(tags, &name, &value);
        }
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
