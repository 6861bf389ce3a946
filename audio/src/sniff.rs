//! What the first bytes of a file tell that its reader would not: formats that cannot be read, named, and WAV files that were
//! never finished.

use std::io::{self, Read, Seek, SeekFrom};

use anyhow::{Result, bail};

use crate::files::File;

/// The container that a file begins as, if that is beyond doubt; a file that cannot be read for what its first bytes say is
/// refused. The file is at its beginning afterwards.
pub(super) fn container(file: &mut File) -> Result<Option<&'static str>> {
    let mut head = Vec::new();
    file.take(64).read_to_end(&mut head)?;
    let at = |start: usize| head.get(start..start + 4).unwrap_or_default();
    let container = match (at(0), at(4)) {
        (b"RF64" | b"BW64", _) => bail!("{}", unread("RF64")),
        (b"riff", _) => bail!("{}", unread("Wave64")),
        (b"OggS", _) if head.windows(8).any(|bytes| bytes == b"OpusHead") => bail!("{}", unread("Opus")),
        (b"OggS", _) => Some("Ogg"),
        (b"RIFF", _) if at(8) == b"WAVE" => Some("WAV"),
        (b"FORM", _) => Some("AIFF"),
        (b"fLaC", _) => Some("FLAC"),
        (b"caff", _) => Some("CAF"),
        (b"\x1a\x45\xdf\xa3", _) => Some("Matroska"),
        (_, b"ftyp") => Some("MP4"),
        _ => None,
    };
    if container == Some("WAV")
        && let Some(bytes) = samples_behind_an_empty_chunk(file)?
    {
        bail!(
            "unfinished, as an interrupted recording is: the header promises no samples, {bytes} bytes follow it: \
             repair it first, as with `sox --ignore-length IN OUT.wav`"
        );
    }
    file.rewind()?;
    Ok(container)
}

/// What to say of a format that cannot be read.
pub(super) fn unread(format: &str) -> String {
    format!("the file is {format}, which is not read: convert it first, as with `ffmpeg -i IN OUT.flac`")
}

/// The bytes behind a data chunk of size 0 that are no further chunks, if there are any.
fn samples_behind_an_empty_chunk(file: &mut File) -> io::Result<Option<u64>> {
    /// More than any recording has.
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
        let ends_within = at + 8 + size <= len;
        match empty_data {
            None if &name == b"data" && size == 0 => empty_data = Some(at + 8),
            None if &name == b"data" => return Ok(None),
            None => {}
            Some(_) if is_name && ends_within => {}
            Some(data) => return Ok(Some(len - data)),
        }
        at += 8 + size.next_multiple_of(2);
    }
    // What is left is too short for a chunk.
    Ok(empty_data.filter(|_| at < len).map(|data| len - data))
}
