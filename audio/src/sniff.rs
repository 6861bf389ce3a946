//! A look at the first bytes of a file, for what its reader would not say: the names of formats that are not read, and
//! WAV files whose sizes were never written.

use std::io::{self, Read, Seek, SeekFrom};

use crate::error::{Error, Result};
use crate::files::File;

/// Returns the container that the first bytes name beyond doubt, and leaves the file at its beginning.
///
/// # Errors
/// If they name a format that is not read, or if the file is a WAV that was never finished.
pub(crate) fn container(file: &mut File) -> Result<Option<&'static str>> {
    let mut head = Vec::new();
    file.take(64).read_to_end(&mut head)?;
    let tag = |start: usize| head.get(start..start + 4).unwrap_or_default();
    let container = match (tag(0), tag(4)) {
        (b"RF64" | b"BW64", _) => return Err(unread("RF64")),
        (b"riff", _) => return Err(unread("Wave64")),
        (b"OggS", _) if head.windows(8).any(|bytes| bytes == b"OpusHead") => return Err(unread("Opus")),
        (b"OggS", _) => Some("Ogg"),
        (b"RIFF", _) if tag(8) == b"WAVE" => Some("WAV"),
        (b"FORM", _) => Some("AIFF"),
        (b"fLaC", _) => Some("FLAC"),
        (b"caff", _) => Some("CAF"),
        (b"\x1a\x45\xdf\xa3", _) => Some("Matroska"),
        (_, b"ftyp") => Some("MP4"),
        _ => None,
    };
    if container == Some("WAV")
        && let Some(bytes) = bytes_after_empty_data(file)?
    {
        return Err(Error::Damaged(format!(
            "unfinished, as an interrupted recording is: the header promises no samples, {bytes} bytes follow it: \
             repair it first, as with `sox --ignore-length IN OUT.wav`"
        )));
    }
    file.rewind()?;
    Ok(container)
}

/// The error for a format that is not read.
pub(crate) fn unread(format: &str) -> Error {
    Error::Unsupported(format!(
        "the file is {format}, which is not read: convert it first, as with `ffmpeg -i IN OUT.flac`"
    ))
}

/// Bytes after a data chunk of size 0 that do not form further chunks: samples of a recorder that was stopped before it
/// wrote their size. `None` if there are none.
fn bytes_after_empty_data(file: &mut File) -> io::Result<Option<u64>> {
    /// More chunks than any recording has.
    const MAX_CHUNKS: usize = 1000;
    let len = file.metadata()?.len();
    let (mut at, mut empty_data) = (12, None);
    for _ in 0..MAX_CHUNKS {
        if at + 8 > len {
            break;
        }
        let mut chunk = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut chunk)?;
        let [a, b, c, d, size @ ..] = chunk;
        let (name, size) = ([a, b, c, d], u64::from(u32::from_le_bytes(size)));
        let is_name = name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        let is_complete = at + 8 + size <= len;
        match empty_data {
            None if &name == b"data" && size == 0 => empty_data = Some(at + 8),
            None if &name == b"data" => return Ok(None),
            None => {}
            Some(_) if is_name && is_complete => {}
            Some(data) => return Ok(Some(len - data)),
        }
        at += 8 + size.next_multiple_of(2);
    }
    // The rest is too short for a chunk.
    Ok(empty_data.filter(|_| at < len).map(|data| len - data))
}
