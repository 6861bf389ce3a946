//! [`before`] and [`probe`]: the beginning of a file that symphonia reads.

use std::io;

use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::{MediaSource, MediaSourceStream};

use super::head::{Head, TrackInfo};
use super::{caught, damaged, described, matroska, mp4};
use crate::error::{Error, Result};

/// What is known of a file before symphonia reads it.
pub(super) struct Before {
    /// What the container says about its tracks, beyond what symphonia reads.
    pub(super) infos: Vec<TrackInfo>,
    /// The last bytes of MPEG audio: an ID3v1 tag, if there is one.
    pub(super) id3v1: Vec<u8>,
    pub(super) source: Box<dyn MediaSource>,
}

/// Looks at a file before symphonia reads it. `container` is what its first bytes name.
pub(super) fn before(source: Box<dyn MediaSource>, container: Option<&str>) -> Result<Before> {
    let (mut infos, mut id3v1) = (Vec::new(), Vec::new());
    if container.is_none() && !source.is_seekable() {
        return Ok(Before { infos, id3v1, source });
    }
    let mut head = Head::new(source)?;
    match container {
        Some("MP4") => infos = mp4::tracks(&mut head)?,
        Some("Matroska") => infos = matroska::tracks(&mut head)?,
        None => id3v1 = head.last(128)?.to_vec(),
        _ => {}
    }
    Ok(Before { infos, id3v1, source: head.into_source()? })
}

/// Opens a file with symphonia. `container` is what its first bytes name.
pub(super) fn probe(
    hint: &Hint,
    stream: MediaSourceStream<'static>,
    container: Option<&str>,
) -> Result<Box<dyn FormatReader>> {
    let is_pipe = !stream.is_seekable();
    caught("reader of audio files", || {
        let probed = symphonia::default::get_probe().probe(hint, stream, Default::default(), Default::default());
        probed.map_err(|error| match (container, error) {
            (_, SymphoniaError::IoError(error)) if error.kind() != io::ErrorKind::UnexpectedEof => Error::Io(error),
            (Some("MP4"), error) if is_pipe && error.to_string().contains("missing moov") => {
                let text = "the index of the MP4 file is behind the audio, or missing, and a pipe cannot be read \
                            backwards: read it from a file, or move the index with `ffmpeg -movflags +faststart`";
                Error::Unsupported(text.to_owned())
            }
            (Some(container), error) => damaged(format!(
                "truncated or damaged: the file begins as {container}, but its header cannot be read: {}",
                described(&error)
            )),
            (None, SymphoniaError::Unsupported(_)) => {
                Error::Unsupported("not an audio file of a known format".to_owned())
            }
            (None, error) => {
                damaged(format!("not an audio file of a known format, or its header is damaged: {}", described(&error)))
            }
        })
    })
}
