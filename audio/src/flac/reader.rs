//! [`FlacReader`]: reads FLAC files and pipes.

use std::fmt;
use std::io::{Read, Seek, SeekFrom};

use md5::Context;

use super::bits::Flaw;
use super::frame::Frame;
use super::header::{self, Format, Header};
use super::input::Input;
use super::metadata::{self, Metadata};
use super::samples;
use super::trailer::{self, Rest, id3v2_len};
use crate::error::{Error, Result};
use crate::format::{SampleFormat, Spec};
use crate::pcm::samples::Float;
use crate::tags::Tags;

/// Bytes that are there, if the file has them, before a frame is decoded: most frames are shorter.
const FRAME: usize = 1 << 16;
/// Bytes of the longest frame that is read. Eight channels of the longest block take two million samples, 8.7 million
/// bytes as they are.
const MAX_FRAME: usize = 1 << 24;

/// A FLAC stream that is being read, from a source that is passed to each call. It is never sought.
pub(crate) struct FlacReader {
    input: Input,
    metadata: Metadata,
    /// What the first frame says.
    format: Format,
    spec: Spec,
    frame: Frame,
    /// Header of the last frame.
    last: Option<Header>,
    /// True if a frame had another number than the one before it demands.
    is_out_of_order: bool,
    /// Frames (samples of every channel) read so far.
    frames: u64,
    /// Checksum of the samples so far, if one is stored.
    checksum: Option<Context>,
    bytes: Vec<u8>,
    is_at_end: bool,
    warnings: Vec<String>,
}

impl fmt::Debug for FlacReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlacReader")
            .field("spec", &self.spec)
            .field("info", &self.metadata.info)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

/// True if a file begins with an ID3v2 tag and FLAC is behind that: it may also be MPEG audio. Leaves the file at its
/// first byte.
pub(crate) fn is_behind_id3(file: &mut (impl Read + Seek), head: &[u8]) -> Result<bool> {
    let Some(len) = id3v2_len(head) else { return Ok(false) };
    file.seek(SeekFrom::Start(len))?;
    let mut name = Vec::new();
    file.take(4).read_to_end(&mut name)?;
    file.rewind()?;
    Ok(name == b"fLaC")
}

impl FlacReader {
    /// Reads everything before the audio. The source stands at its first byte.
    ///
    /// # Errors
    /// If the source is not FLAC, or has a damaged header.
    pub(crate) fn open(source: &mut (impl Read + ?Sized)) -> Result<Self> {
        let mut input = Input::default();
        let metadata = Metadata::read(&mut input, source)?;
        let mut warnings = Vec::new();
        let info = metadata.info;
        let format = match first_frame(&mut input, source, info.format, &mut warnings)? {
            Some(header) => header.format,
            None => info.format,
        };
        if format != info.format {
            warnings.push(format!(
                "the header gives {}, the audio is of {}",
                described(info.format),
                described(format)
            ));
        }
        metadata::check(format)?;
        let spec = Spec {
            rate: format.rate,
            channels: format.channels,
            channel_mask: metadata.channel_mask(format.channels),
            format: match format.bits {
                ..=16 => SampleFormat::I16,
                17..=24 => SampleFormat::I24,
                _ => SampleFormat::I32,
            },
        };
        Ok(Self {
            input,
            metadata,
            format,
            spec,
            frame: Frame::default(),
            last: None,
            is_out_of_order: false,
            frames: 0,
            checksum: info.md5.map(|_| Context::new()),
            bytes: Vec::new(),
            is_at_end: false,
            warnings,
        })
    }

    pub(crate) fn spec(&self) -> Spec {
        self.spec
    }

    /// Number of frames (samples of every channel) in the file, if the header gives it.
    pub(crate) fn promised_frames(&self) -> Option<u64> {
        self.metadata.info.total
    }

    pub(crate) fn tags(&self) -> &Tags {
        &self.metadata.tags
    }

    /// What is odd about the file, one line each. There may be more at the end of the file.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Appends the interleaved samples of the next block. Returns false at the end.
    ///
    /// # Errors
    /// If the block is damaged. At the end of the file, if it comes before the end that the header promises, or if a
    /// stored checksum differs.
    pub(crate) fn read<T: Float>(&mut self, source: &mut (impl Read + ?Sized), samples: &mut Vec<T>) -> Result<bool> {
        if self.is_at_end {
            return Ok(false);
        }
        let mut wanted = FRAME;
        let (header, size) = loop {
            self.input.fill(source, wanted)?;
            match self.frame.decode(self.input.padded(), self.metadata.info.format) {
                Ok(decoded) => break decoded,
                Err(Flaw::Short) if !self.input.is_at_end() && wanted < MAX_FRAME => wanted *= 4,
                Err(flaw) => {
                    self.end(source, flaw)?;
                    self.is_at_end = true;
                    return Ok(false);
                }
            }
        };
        self.check_header(&header)?;
        self.input.consume(size);
        self.frames += header.block as u64;
        self.last = Some(header);
        let (channels, bits) = (self.frame.channels(), self.format.bits);
        if let Some(checksum) = &mut self.checksum {
            samples::checksum_bytes(channels, bits, &mut self.bytes);
            checksum.consume(&self.bytes);
        }
        samples::interleave(channels, bits, samples);
        Ok(true)
    }

    /// Checks that a frame belongs behind the last one.
    fn check_header(&mut self, header: &Header) -> Result<()> {
        if header.format != self.format {
            return Err(Error::Unsupported(format!(
                "after {} frames the audio changes from {} to {}",
                self.frames,
                described(self.format),
                described(header.format)
            )));
        }
        let Some(last) = &self.last else { return Ok(()) };
        if (last.is_variable, last.next_number()) != (header.is_variable, header.number) {
            let info = self.metadata.info;
            if info.total.is_none() && info.md5.is_none() {
                return Err(self.damaged("frames are missing here"));
            }
            self.is_out_of_order = true;
        }
        Ok(())
    }

    fn damaged(&self, what: &str) -> Error {
        let (frames, at) = (self.frames, self.input.position());
        Error::Damaged(format!("damaged after {frames} frames, at byte {at}: {what}"))
    }

    /// Judges whether the stream may end here, where the next bytes are no whole frame.
    fn end(&mut self, source: &mut (impl Read + ?Sized), flaw: Flaw) -> Result<()> {
        let at = self.input.position();
        let damaged = self.damaged(match flaw {
            Flaw::Short => "a frame is incomplete",
            Flaw::NoFrame => "no frame begins here",
            Flaw::Damaged(what) => what,
        });
        let is_cut = flaw == Flaw::Short && !self.input.bytes().is_empty();
        let rest = self.look_behind(source)?;
        if rest == Rest::Stream {
            return Err(Error::Unsupported("the file holds several streams one after the other".to_owned()));
        }
        let info = self.metadata.info;
        let is_right = self.checksum.take().zip(info.md5).map(|(checksum, md5)| checksum.finalize().0 == md5);
        let is_complete = is_right.unwrap_or(info.total == Some(self.frames));
        if !is_complete {
            if rest == Rest::Frame || matches!(flaw, Flaw::Damaged(_)) {
                return Err(damaged);
            }
            self.check_length(is_right)?;
        }
        if let Some(total) = info.total.filter(|&total| total != self.frames) {
            self.warnings.push(format!("the header promises {total} frames, the file has {}", self.frames));
        }
        match rest {
            _ if is_cut && !is_complete => {
                self.warnings.push(format!("the last block of the audio, at byte {at}, is incomplete and left out"));
            }
            Rest::Junk(bytes) => {
                self.warnings.push(format!("{bytes} bytes behind the audio are neither audio nor tags"));
            }
            Rest::Frame => self.warnings.push("behind the audio are frames of another stream".to_owned()),
            Rest::Tags | Rest::Stream => {}
        }
        if self.is_out_of_order {
            self.warnings.push("the frames of the stream are numbered out of order".to_owned());
        }
        Ok(())
    }

    /// Checks the number of frames of a stream that neither its checksum nor its total shows to be complete. `is_right`
    /// is false if its checksum shows that it is not.
    fn check_length(&self, is_right: Option<bool>) -> Result<()> {
        match self.metadata.info.total {
            _ if self.frames == 0 => {
                Err(Error::Damaged("truncated or damaged: not one frame could be read".to_owned()))
            }
            Some(promised) if self.frames < promised => Err(Error::Truncated { promised, read: self.frames }),
            _ if is_right == Some(false) => {
                Err(Error::Damaged("damaged: the audio does not match its checksum".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Looks at everything behind the last frame.
    fn look_behind(&mut self, source: &mut (impl Read + ?Sized)) -> Result<Rest> {
        let (last, format) = (self.last, self.format);
        trailer::look(&mut self.input, source, |bytes| match &last {
            Some(last) => trailer::is_frame_of(bytes, last),
            None => Header::read(bytes, format).is_ok_and(|header| header.format == format),
        })
    }
}

/// Reads the header of the first frame, and passes over what is before it. Returns `None` if there is none.
fn first_frame(
    input: &mut Input,
    source: &mut (impl Read + ?Sized),
    implied: Format,
    warnings: &mut Vec<String>,
) -> Result<Option<Header>> {
    /// Bytes that are searched: a picture may be longer than its block can say.
    const SEARCHED: usize = 1 << 22;
    if let Ok(header) = Header::read(input.fill(source, header::LONGEST)?, implied) {
        return Ok(Some(header));
    }
    let bytes = input.fill(source, SEARCHED)?;
    let is_first = |bytes: &[u8]| {
        bytes[0] == 0xff
            && Header::read(bytes, implied).is_ok_and(|header| header.number == 0 && header.format == implied)
    };
    let Some(at) = (0..bytes.len()).find(|&at| is_first(&bytes[at..])) else { return Ok(None) };
    warnings.push(format!("{at} bytes before the audio are no part of the header"));
    let header = Header::read(&bytes[at..], implied).ok();
    input.consume(at);
    Ok(header)
}

/// Names a format.
fn described(format: Format) -> String {
    let Format { rate, channels, bits } = format;
    format!("{channels} channels of {bits} bits at {rate} Hz")
}
