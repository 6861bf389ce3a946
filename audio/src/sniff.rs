//! A look at the first bytes of a file, for what its reader would not say: the container, and the names of formats that
//! are not read.

use crate::error::{Error, Result};
use crate::pcm;

/// Number of bytes that are looked at.
pub(crate) const HEAD: usize = 64;

/// Container that the first bytes of a file name beyond doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// A container of PCM
    Pcm(pcm::Container),
    /// FLAC
    Flac,
    /// A container of compressed audio, by its name
    Other(&'static str),
}

/// Formats that are audio, or hold some, and are not read: position of their mark, the mark, and name.
const UNREAD: [(usize, &[u8], &str); 42] = [
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF (WMA)"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"wvpk", "WavPack"),
    (0, b"TTA1", "TTA"),
    (0, b"TTA2", "TTA"),
    (0, b"DSD ", "DSD in DSF"),
    (0, b"FRM8", "DSD in DFF"),
    (0, b"#!AMR-WB", "AMR-WB"),
    (0, b"#!AMR", "AMR"),
    (0, b"#!SILK_V3", "Skype SILK"),
    (1, b"#!SILK_V3", "Skype SILK"),
    (0, b"#!EVRC", "EVRC"),
    (0, b".snd", "AU"),
    (0, b"dns.", "AU"),
    (0, b"MThd", "MIDI, which holds notes and no sound"),
    (0, b"Creative Voice File", "VOC"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"tBaK", "TAK"),
    (0, b"OFR ", "OptimFROG"),
    (0, b"LA0", "Lossless Audio"),
    (0, b".ra\xfd", "RealAudio"),
    (0, b".RMF", "RealMedia"),
    (0, b"FLV\x01", "FLV"),
    (0, b"\x0b\x77", "AC-3"),
    (0, b"\x7f\xfe\x80\x01", "DTS"),
    (0, b"\xfe\x7f\x01\x80", "DTS"),
    (0, b"\xf8\x72\x6f", "Dolby TrueHD"),
    (0, b"ajkg", "Shorten"),
    (0, b"NIST_1A", "NIST SPHERE"),
    (0, b"8SVX", "8SVX"),
    (8, b"8SVX", "8SVX"),
    (0, b" paf", "PAF"),
    (0, b"fap ", "PAF"),
    (0, b"\x64\xa3\x01\x00", "IRCAM"),
    (0, b"2BIT", "AVR"),
    (0, b"IMPM", "a tracker module"),
    (0, b"Extended Module: ", "a tracker module"),
    (0, b"ADIF", "AAC in ADIF"),
    (0, b"\x47\x40\x00\x10", "an MPEG transport stream"),
    (0, b"\x47\x40\x11\x10", "an MPEG transport stream"),
    (0, b"\0\0\x01\xba", "an MPEG program stream"),
];

/// Formats that are not audio: mark and name.
const NOT_AUDIO: [(&[u8], &str); 24] = [
    (b"version https://git-lfs", "a Git LFS pointer, not the recording itself: fetch it with `git lfs pull`"),
    (b"PK\x03\x04", "a ZIP archive, not audio"),
    (b"\x1f\x8b", "compressed with gzip, not audio"),
    (b"BZh", "compressed with bzip2, not audio"),
    (b"\xfd7zXZ\0", "compressed with xz, not audio"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd, not audio"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, not audio"),
    (b"Rar!\x1a\x07", "a RAR archive, not audio"),
    (b"\x89PNG", "a PNG image, not audio"),
    (b"\xff\xd8\xff", "a JPEG image, not audio"),
    (b"GIF8", "a GIF image, not audio"),
    (b"BM6", "a BMP image, not audio"),
    (b"%PDF", "a PDF document, not audio"),
    (b"\x93NUMPY", "a NumPy array, not a recording"),
    (b"\x89HDF", "an HDF5 file, not a recording"),
    (b"PAR1", "a Parquet table, not a recording"),
    (b"SQLite format 3\0", "a database, not audio"),
    (b"\x7fELF", "a program, not audio"),
    (b"MZ\x90", "a program, not audio"),
    (b"<!DOCTYPE", "a web page, not audio"),
    (b"<!doctype", "a web page, not audio"),
    (b"<html", "a web page, not audio"),
    (b"<HTML", "a web page, not audio"),
    (b"<?xml", "XML, not audio"),
];

/// Returns the container that the first bytes of a file name.
///
/// # Errors
/// If they name a format that is not read.
pub(crate) fn container(head: &[u8]) -> Result<Option<Container>> {
    if let Some(container) = pcm::Container::of(head) {
        return Ok(Some(Container::Pcm(container)));
    }
    let tag = |start: usize| head.get(start..start + 4).unwrap_or_default();
    let container = match (tag(0), tag(4)) {
        (b"OggS", _) => "Ogg",
        (b"fLaC", _) => return Ok(Some(Container::Flac)),
        (b"\x1a\x45\xdf\xa3", _) => "Matroska",
        (_, b"ftyp" | b"moov") => "MP4",
        _ => return refused(head).map_or(Ok(None), Err),
    };
    Ok(Some(Container::Other(container)))
}

/// The error for first bytes of what is not read.
fn refused(head: &[u8]) -> Option<Error> {
    let is_there = |at: usize, mark: &[u8]| head.get(at..).is_some_and(|bytes| bytes.starts_with(mark));
    if let Some((_, _, name)) = UNREAD.iter().find(|(at, mark, _)| is_there(*at, mark)) {
        return Some(Error::unread(name));
    }
    match *head.first_chunk::<3>()? {
        // 11 bits that mark a frame.
        [0x56, second, _] if second >> 5 == 7 => return Some(Error::unread("AAC in LOAS")),
        // A frame of layer III whose bit rate is not of the table.
        [0xff, second, third] if second & 0xe6 == 0xe2 && third >> 4 == 0 => {
            return Some(Error::unread("MP3 of a free bit rate"));
        }
        _ => {}
    }
    if is_there(0, b"RIFF") {
        let name = match head.get(8..12).unwrap_or_default() {
            b"AVI " => "AVI",
            b"RMID" => "MIDI, which holds notes and no sound",
            b"WEBP" => return Some(not_audio("a WebP image, not audio")),
            _ => "RIFF of an unknown kind",
        };
        return Some(Error::unread(name));
    }
    if let Some((_, name)) = NOT_AUDIO.iter().find(|(mark, _)| is_there(0, mark)) {
        return Some(not_audio(name));
    }
    is_text(head).then(|| not_audio("text, not audio"))
}

/// True for at least a few bytes of text.
fn is_text(head: &[u8]) -> bool {
    let end = match std::str::from_utf8(head) {
        Ok(text) => text.len(),
        // A letter that is cut off.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return false,
    };
    end >= 8 && head[..end].iter().all(|&byte| byte >= b' ' || b"\t\r\n".contains(&byte))
}

fn not_audio(what: &str) -> Error {
    Error::Unsupported(format!("the file is {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_are_not_read_are_named() {
        for (head, name) in [
            (&b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9"[..], "is ASF (WMA), which is not read"),
            (b"#!AMR-WB\n\x04", "is AMR-WB,"),
            (b"#!AMR\n\x3c", "is AMR,"),
            (b"RIFF\0\0\0\0AVI LIST", "is AVI,"),
            (b"version https://git-lfs.github.com/spec/v1\noid", "is a Git LFS pointer, not the recording itself"),
            (b"PK\x03\x04\x14\0\0\0", "is a ZIP archive"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "is a JPEG image"),
            (b"one line of text\nand another, not ASCII: \xc3\xa9\xc3", "is text, not audio"),
            (b"<!DOCTYPE html>", "is a web page"),
        ] {
            let error = container(head).expect_err(name);
            assert!(matches!(&error, Error::Unsupported(text) if text.contains(name)), "{name}: {error}");
        }
        // MPEG audio, ADTS and ID3 are left to their reader.
        for head in
            [&b"\xff\xfb\x90\x64\0\0\0\0\0\0"[..], b"\xff\xf1\x50\x80\x02\x1f\xfc\xde", b"ID3\x04\0\0\0\0\0\x23TSSE"]
        {
            assert_eq!(container(head).expect("no refusal"), None);
        }
    }
}
