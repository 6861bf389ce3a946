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
    /// A container that symphonia reads, by its name
    Other(&'static str),
}

/// Returns the container that the first bytes of a file name.
///
/// # Errors
/// If they name a format that is not read.
pub(crate) fn container(head: &[u8]) -> Result<Option<Container>> {
    if let Some(container) = pcm::Container::of(head) {
        return Ok(Some(Container::Pcm(container)));
    }
    let tag = |start: usize| head.get(start..start + 4).unwrap_or_default();
    Ok(match (tag(0), tag(4)) {
        (b"OggS", _) if head.windows(8).any(|bytes| bytes == b"OpusHead") => return Err(unread("Opus")),
        (b"OggS", _) => Some(Container::Other("Ogg")),
        (b"fLaC", _) => Some(Container::Flac),
        (b"\x1a\x45\xdf\xa3", _) => Some(Container::Other("Matroska")),
        (_, b"ftyp") => Some(Container::Other("MP4")),
        _ => None,
    })
}

/// The error for a format that is not read.
pub(crate) fn unread(format: &str) -> Error {
    Error::Unsupported(format!(
        "the file is {format}, which is not read: convert it first, as with `ffmpeg -i IN OUT.flac`"
    ))
}
