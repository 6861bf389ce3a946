//! Tags, warnings and truncation of compressed files, and headers that were altered.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Packets, caught};
use crate::error::{Error, Result};
use crate::sniff::{self, Container};
use crate::source::Source;

/// Samples, tags and warnings of a file.
type Contents = (Vec<f32>, Vec<(String, String)>, Vec<String>);

/// Reads a file of these bytes.
fn contents(bytes: &[u8], extension: &str) -> Result<Contents> {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join(format!("file.{extension}"));
    fs::write(&path, bytes).expect("a file");
    let container = match sniff::container(&bytes[..bytes.len().min(sniff::HEAD)])? {
        Some(Container::Other(name)) => Some(name),
        _ => None,
    };
    let (input, _) = Source::path(path).open()?;
    let mut packets = Packets::open(input, container, Some(extension))?;
    let mut samples = Vec::new();
    while packets.read(&mut samples)? {}
    assert_eq!(samples.len() % packets.spec().channels, 0);
    let tags = packets.tags().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok((samples, tags, packets.warnings().to_vec()))
}

fn recording(name: &str) -> (Vec<u8>, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let extension = path.extension().expect("an extension").to_string_lossy().into_owned();
    (fs::read(path).expect("a recording"), extension)
}

#[test]
fn tags_have_the_names_of_vorbis_comments() {
    let all = [
        ("TITLE", "T"),
        ("ARTIST", "A"),
        ("ALBUM", "L"),
        ("ALBUMARTIST", "AA"),
        ("COMPOSER", "Co"),
        ("COPYRIGHT", "Cr"),
        ("DATE", "2020"),
        ("TRACKNUMBER", "3"),
        ("GENRE", "Rock"),
        ("COMMENT", "C"),
    ];
    for (name, expected) in [
        ("20-short-frames.opus", &["TITLE", "ARTIST"][..]),
        ("21-vorbis.ogg", &["TITLE", "ARTIST", "DATE", "TRACKNUMBER", "GENRE", "COMMENT"]),
        (
            "22-aac.m4a",
            &["TITLE", "ARTIST", "ALBUMARTIST", "COMPOSER", "COPYRIGHT", "DATE", "TRACKNUMBER", "GENRE", "COMMENT"],
        ),
        ("23-vbr.mp3", &["TITLE", "ARTIST", "ALBUM", "DATE", "TRACKNUMBER", "GENRE", "COMMENT"]),
    ] {
        let (bytes, extension) = recording(name);
        let (_, tags, warnings) = contents(&bytes, &extension).expect(name);
        for tag in expected {
            let text = all.iter().find(|(other, _)| other == tag).expect("a tag").1;
            let found: Vec<_> = tags.iter().filter(|(other, _)| other == tag).map(|(_, text)| text.as_str()).collect();
            assert_eq!(found, [text], "{name} {tag}: {tags:?}");
        }
        assert!(tags.iter().all(|(tag, _)| !tag.contains("ENCODER") && !tag.contains("PICTURE")), "{name}: {tags:?}");
        assert_eq!(warnings, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn tags_of_id3v1_and_of_matroska_without_a_target_are_read() {
    for (name, expected) in [
        ("23-id3v1.mp3", &[("TITLE", "Title"), ("ARTIST", "Art"), ("TRACKNUMBER", "7")][..]),
        ("20-tags.webm", &[("TITLE", "Tee"), ("ARTIST", "Bo"), ("ALBUM", "Al"), ("DATE", "2020")]),
    ] {
        let (bytes, extension) = recording(name);
        let (_, tags, _) = contents(&bytes, &extension).expect(name);
        for &(tag, text) in expected {
            assert!(tags.contains(&(tag.to_owned(), text.to_owned())), "{name} {tag}: {tags:?}");
        }
        assert!(tags.iter().all(|(tag, _)| tag != "ALBUMARTIST"), "{name}: {tags:?}");
    }
}

/// A truncated file is an error, or its true beginning with a warning. Streams and fragments that tell no length can
/// only be read to where they end.
#[test]
fn truncated_files_are_errors_or_true_beginnings() {
    for (name, step, is_stream) in [
        ("20-celt.opus", 1, false),
        ("21-vorbis.ogg", 13, false),
        ("20-opus.webm", 1, false),
        ("22-aac.m4a", 1, false),
        ("22-alac.m4a", 5, false),
        ("22-fragmented.mp4", 3, true),
        ("23-vbr.mp3", 3, false),
        ("22-adts.aac", 5, true),
        ("23-no-tag.mp3", 5, true),
    ] {
        let (bytes, extension) = recording(name);
        let (whole, ..) = contents(&bytes, &extension).expect(name);
        let (mut errors, mut beginnings) = (0, 0);
        for end in (0..bytes.len()).step_by(step) {
            match contents(&bytes[..end], &extension) {
                Err(error) => {
                    assert!(!error.to_string().contains('\n'), "{name} {end}");
                    errors += 1;
                }
                Ok((samples, _, warnings)) => {
                    beginnings += 1;
                    assert!(whole.starts_with(&samples), "{name} {end}: {} of {}", samples.len(), whole.len());
                    let is_complete = samples.len() == whole.len();
                    assert!(is_complete || is_stream || !warnings.is_empty(), "{name} {end}: {}", samples.len());
                }
            }
        }
        assert!(errors > 0 && (beginnings > 0 || !is_stream), "{name}: {errors} errors, {beginnings} beginnings");
    }
}

/// An ADTS stream whose frames also hold the part that makes it HE-AAC, which no header tells.
#[test]
fn he_aac_that_no_header_tells_is_refused() {
    let (bytes, _) = recording("22-adts.aac");
    let mut rest = &*bytes;
    let mut stream = Vec::new();
    while let Some(header) = rest.first_chunk::<7>() {
        let len = usize::from(header[3] & 3) << 11 | usize::from(header[4]) << 3 | usize::from(header[5] >> 5);
        let (frame, after) = rest.split_at(len);
        rest = after;
        stream.extend(with_replication(frame));
    }
    assert!(contents(&bytes, "aac").is_ok());
    let error = contents(&stream, "aac").expect_err("HE-AAC");
    assert!(matches!(&error, Error::Unsupported(text) if text.contains("HE-AAC")), "{error}");
}

/// A frame with another element before its end: `110`, 3 bytes, a type of 13.
fn with_replication(frame: &[u8]) -> Vec<u8> {
    let last = frame.iter().rposition(|&byte| byte != 0).expect("an end");
    let end = last * 8 + 8 - frame[last].trailing_zeros() as usize - 3;
    let mut bits: Vec<bool> = (0..end).map(|at| frame[at / 8] >> (7 - at % 8) & 1 == 1).collect();
    let mut push = |value: u32, count: u32| bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    push(0b110, 3);
    push(3, 4);
    push(0xd1_2345, 24);
    push(0b111, 3);
    let mut bytes: Vec<u8> =
        bits.chunks(8).map(|bits| (0..8).fold(0, |byte, i| byte << 1 | u8::from(bits.get(i) == Some(&true)))).collect();
    let len = bytes.len();
    bytes[3] = bytes[3] & !3 | u8::try_from(len >> 11).expect("short");
    bytes[4] = u8::try_from(len >> 3 & 0xff).expect("a byte");
    bytes[5] = bytes[5] & 0x1f | u8::try_from(len << 5 & 0xff).expect("a byte");
    bytes
}

#[test]
fn oddities_of_ogg_are_warnings_and_damage_is_an_error() {
    let (bytes, _) = recording("20-celt.opus");
    let (whole, ..) = contents(&bytes, "opus").expect("a recording");
    let with_tag = [&*bytes, b"TAG", &[0; 125]].concat();
    let (samples, _, warnings) = contents(&with_tag, "opus").expect("a recording");
    assert_eq!((samples == whole, warnings.len()), (true, 1), "{warnings:?}");
    let (samples, _, warnings) = contents(&bytes.repeat(2), "opus").expect("a chain");
    assert_eq!((samples.len(), warnings.len()), (2 * whole.len(), 1), "{warnings:?}");
    // Another number of channels.
    let (mono, _) = recording("20-silk.opus");
    let error = contents(&[&*bytes, &*mono].concat(), "opus").expect_err("a change");
    assert!(error.to_string().contains("the audio changes from 2 channels at 48000 Hz to 1 at 48000 Hz"), "{error}");
    // One bit in the middle.
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    let error = contents(&damaged, "opus").expect_err("damage");
    assert!(error.to_string().starts_with("truncated or damaged: an Ogg page does not match its checksum"), "{error}");
}

#[test]
fn panics_of_symphonia_are_errors_that_name_what_failed() {
    let error = caught("MPEG Audio Layer 3 decoder", || -> Result<()> { panic!("index out of bounds") });
    let text = "the MPEG Audio Layer 3 decoder failed (an internal error of symphonia): the file is damaged or unusual";
    assert_eq!(error.expect_err("an error").to_string(), text);
}

/// A pipe cannot seek: what is read of it first must be read again.
#[cfg(unix)]
#[test]
fn pipes_are_read_as_files_are() {
    use crate::Decoder;
    for name in ["20-opus.webm", "21-vorbis.webm", "20-celt.opus", "22-fragmented.mp4", "23-vbr.mp3"] {
        let (bytes, extension) = recording(name);
        let (whole, ..) = contents(&bytes, &extension).expect(name);
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        let written = path.clone();
        let writer = std::thread::spawn(move || fs::write(written, bytes));
        let mut decoder = Decoder::open(&path).expect(name);
        let mut samples = Vec::<f32>::new();
        while decoder.read(&mut samples).expect(name) {}
        writer.join().expect("a thread").expect("a pipe");
        assert!(samples == whole, "{name}: {} {}", samples.len(), whole.len());
    }
}
