//! [`WavWriter`]: writes WAV of 16 to 32 bit integers and 32 or 64 bit floats, and RF64 beyond 4 GiB.
//!
//! ```text
//! RIFF size WAVE                        or: RF64 0xffffffff WAVE
//!   JUNK 28 bytes                           ds64 riff size, data size, frames       (if the file may be long)
//!   fmt  tag, channels, rate, …             fmt
//!   bext, LIST                              bext, LIST                              (if there are tags)
//!   fact frames                             fact                                    (floats only)
//!   data size samples pad                   data 0xffffffff samples pad
//! ```
//!
//! Sizes are written last. A file that outgrows 32 bits becomes RF64: JUNK, which readers skip, is then replaced by
//! ds64. In a stream, whose header cannot be written again, unknown sizes are −1, as ffmpeg writes them. hound has
//! neither 64-bit floats nor RF64.

use std::io::Write;

use crate::error::{Error, Result};
use crate::format::Spec;
use crate::output::Output;
use crate::pcm::texts;
use crate::tags::Tags;

const PCM: u16 = 1;
const IEEE_FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xfffe;
/// The GUID of WAVE_FORMAT_EXTENSIBLE after its first two bytes, which are the format tag.
const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
/// Payload of the ds64 chunk: sizes of RIFF and data, frames, and an empty table.
const DS64_LEN: u32 = 28;

/// Upper bound of the size of a header without texts.
const MAX_HEADER: u64 = 1024;

/// Largest broadcast extension that is written: many times the size without a coding history.
const MAX_BROADCAST: usize = 1 << 16;

/// Writes encoded samples as WAV.
#[derive(Debug)]
pub(crate) struct WavWriter {
    output: Output,
    spec: Spec,
    /// Largest size of RIFF; beyond it the file becomes RF64.
    max_len: u32,
    /// True if room for a ds64 chunk was left.
    can_be_rf64: bool,
    /// Bytes of samples that are expected, if their number is known.
    expected: Option<u64>,
    /// Position of the number of frames, in formats that store it.
    fact_at: Option<u64>,
    data_at: u64,
    data_len: u64,
}

impl WavWriter {
    /// Begins a file of `frames` frames, `None` if the number is unknown.
    pub(crate) fn new(output: Output, spec: Spec, frames: Option<u64>, tags: &Tags) -> Result<Self> {
        Self::with_max_len(output, spec, frames, tags, u32::MAX)
    }

    fn with_max_len(output: Output, spec: Spec, frames: Option<u64>, tags: &Tags, max_len: u32) -> Result<Self> {
        let block = block_align(spec)?;
        let texts = text_chunks(tags);
        let longest = MAX_HEADER + texts.len() as u64;
        // The plain header of 44 bytes is the one that readers handle best: leave room for ds64 only where it may be
        // needed.
        let expected = frames.and_then(|frames| frames.checked_mul(block.into()));
        let may_be_long = expected.is_none_or(|bytes| bytes.saturating_add(longest) > max_len.into());
        let can_be_rf64 = may_be_long && output.can_seek();
        let mut this = Self { output, spec, max_len, can_be_rf64, expected, fact_at: None, data_at: 0, data_len: 0 };
        let mut header = this.header(block, &texts)?;
        if !this.output.can_seek() {
            let riff = expected.map(|data| this.riff_len(data));
            let size = |size: Option<u64>| size.and_then(|size| u32::try_from(size).ok()).unwrap_or(u32::MAX);
            let mut patch = |at: u64, value: u32| {
                let place = usize::try_from(at).ok().and_then(|at| header.get_mut(at..at + 4));
                place.into_iter().for_each(|place| place.copy_from_slice(&value.to_le_bytes()));
            };
            patch(4, size(riff));
            // Both sizes are known, or neither.
            patch(this.data_at - 4, if size(riff) == u32::MAX { u32::MAX } else { size(expected) });
            this.fact_at.into_iter().for_each(|at| patch(at, size(frames)));
        }
        this.output.write_all(&header)?;
        Ok(this)
    }

    /// Size of RIFF for so many bytes of samples.
    fn riff_len(&self, data_len: u64) -> u64 {
        data_len.saturating_add(data_len % 2).saturating_add(self.data_at - 8)
    }

    fn header(&mut self, block: u16, texts: &[u8]) -> Result<Vec<u8>> {
        let Spec { rate, channels, channel_mask, format } = self.spec;
        let tag = if format.is_float() { IEEE_FLOAT } else { PCM };
        // Required for more than two channels and for integers of more than 16 bits.
        let extensible = channels > 2 || (!format.is_float() && format.bits() > 16);
        let mut header = Vec::new();
        header.extend(b"RIFF\0\0\0\0WAVE");
        if self.can_be_rf64 {
            header.extend(b"JUNK");
            header.extend(DS64_LEN.to_le_bytes());
            header.resize(header.len() + DS64_LEN as usize, 0);
        }
        header.extend(b"fmt ");
        // Formats other than plain PCM give the size of their extension, even if it is 0.
        let fmt_len = if extensible {
            40
        } else if format.is_float() {
            18
        } else {
            16_u32
        };
        header.extend(fmt_len.to_le_bytes());
        header.extend(if extensible { EXTENSIBLE } else { tag }.to_le_bytes());
        let channels = u16::try_from(channels);
        header.extend(channels.map_err(|_| too_wide(self.spec))?.to_le_bytes());
        header.extend(rate.to_le_bytes());
        header.extend(rate.saturating_mul(block.into()).to_le_bytes());
        header.extend(block.to_le_bytes());
        header.extend(format.bits().to_le_bytes());
        if extensible {
            header.extend(22_u16.to_le_bytes());
            header.extend(format.bits().to_le_bytes());
            header.extend(channel_mask.to_le_bytes());
            header.extend(tag.to_le_bytes());
            header.extend(GUID_TAIL);
        } else if format.is_float() {
            header.extend(0_u16.to_le_bytes());
        }
        header.extend(texts);
        if format.is_float() {
            header.extend(b"fact\x04\0\0\0");
            self.fact_at = Some(header.len() as u64);
            header.extend([0; 4]);
        }
        header.extend(b"data\0\0\0\0");
        self.data_at = header.len() as u64;
        Ok(header)
    }

    /// Appends encoded samples of whole frames.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write_all(bytes)?;
        self.data_len += bytes.len() as u64;
        Ok(())
    }

    /// Writes the sizes, and syncs the file to the disk.
    pub(crate) fn finish(mut self) -> Result<()> {
        if self.data_len % 2 == 1 {
            self.output.write_all(&[0])?;
        }
        if !self.output.can_seek() {
            if let Some(expected) = self.expected.filter(|&expected| expected != self.data_len) {
                let text = format!("the output has {} bytes of samples, its header says {expected}", self.data_len);
                return Err(Error::Unrepresentable(text));
            }
            return self.output.finish();
        }
        let frames = self.data_len / u64::from(block_align(self.spec)?);
        let riff_len = self.riff_len(self.data_len);
        match (u32::try_from(riff_len), u32::try_from(self.data_len)) {
            (Ok(riff), Ok(data)) if riff <= self.max_len => {
                self.output.patch(4, &riff.to_le_bytes())?;
                self.output.patch(self.data_at - 4, &data.to_le_bytes())?;
            }
            _ if self.can_be_rf64 => {
                self.output.patch(0, b"RF64\xff\xff\xff\xff")?;
                let mut ds64 = b"ds64".to_vec();
                ds64.extend(DS64_LEN.to_le_bytes());
                [riff_len, self.data_len, frames].iter().for_each(|value| ds64.extend(value.to_le_bytes()));
                self.output.patch(12, &ds64)?;
                self.output.patch(self.data_at - 4, &[0xff; 4])?;
            }
            _ => {
                let text = format!("a WAV file of {riff_len} bytes is longer than its input promised");
                return Err(Error::Unrepresentable(text));
            }
        }
        if let Some(fact_at) = self.fact_at {
            self.output.patch(fact_at, &u32::try_from(frames).unwrap_or(u32::MAX).to_le_bytes())?;
        }
        self.output.finish()
    }
}

/// The chunks of the tags.
fn text_chunks(tags: &Tags) -> Vec<u8> {
    let mut chunks = Vec::new();
    let broadcast = tags.broadcast();
    if let Ok(size) = u32::try_from(broadcast.len())
        && (1..=MAX_BROADCAST).contains(&broadcast.len())
    {
        chunks.extend(b"bext");
        chunks.extend(size.to_le_bytes());
        chunks.extend(broadcast);
        chunks.resize(chunks.len().next_multiple_of(2), 0);
    }
    chunks.extend(texts::list_chunk(tags));
    chunks
}

/// Size of a frame in bytes.
fn block_align(spec: Spec) -> Result<u16> {
    u16::try_from(spec.channels * spec.format.bytes()).map_err(|_| too_wide(spec))
}

fn too_wide(spec: Spec) -> Error {
    let bytes = spec.channels * spec.format.bytes();
    Error::Unrepresentable(format!("a WAV file cannot hold frames of {bytes} bytes"))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Seek};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::files::Temporary;
    use crate::format::SampleFormat;

    /// Bytes of a file of `frames` frames of zeros.
    fn written(spec: Spec, promised: Option<u64>, frames: usize, max_len: u32) -> Result<Vec<u8>> {
        let file = Temporary::new(&std::env::temp_dir())?;
        let output = Output::temporary(&file)?;
        let mut writer = WavWriter::with_max_len(output, spec, promised, &Tags::default(), max_len)?;
        writer.write(&vec![0; frames * usize::from(block_align(spec)?)])?;
        writer.finish()?;
        let (mut file, mut bytes) = (file.writer()?, Vec::new());
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Bytes that are written into a stream.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("one thread").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn streamed(promised: Option<u64>, frames: usize) -> Result<Vec<u8>> {
        let sink = Sink::default();
        let mut writer = WavWriter::new(Output::stream(sink.clone()), MONO, promised, &Tags::default())?;
        writer.write(&vec![0; frames * 3])?;
        writer.finish()?;
        let bytes = sink.0.lock().expect("one thread");
        Ok(bytes.clone())
    }

    #[test]
    fn streams_have_their_length_in_the_header_or_minus_one() {
        let known = streamed(Some(5), 5).expect("a file");
        assert_eq!(known, written(MONO, Some(5), 5, u32::MAX).expect("a file"));
        let unknown = streamed(None, 5).expect("a file");
        assert_eq!((u32_at(&unknown, 4), u32_at(&unknown, 64), unknown.len()), (u32::MAX, u32::MAX, 68 + 16));
        assert!(streamed(Some(4), 5).is_err());
    }

    #[test]
    fn tags_stand_before_the_samples() {
        let mut tags = Tags::default();
        tags.push("TITLE", "T");
        tags.set_broadcast(&[7; 603]);
        let file = Temporary::new(&std::env::temp_dir()).expect("a file");
        let output = Output::temporary(&file).expect("a file");
        let mut writer = WavWriter::new(output, MONO, Some(1), &tags).expect("a header");
        writer.write(&[1, 2, 3]).expect("a sample");
        writer.finish().expect("sizes");
        let decoder = crate::Decoder::open(file.path()).expect("a recording");
        assert_eq!((decoder.tags(), decoder.promised_frames()), (&tags, Some(1)));
    }

    fn u64_at(bytes: &[u8], at: usize) -> u64 {
        u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    fn u32_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
    }

    const MONO: Spec = Spec { rate: 8000, channels: 1, channel_mask: 0, format: SampleFormat::I24 };

    #[test]
    fn odd_data_is_padded_and_sizes_leave_the_padding_out() {
        let bytes = written(MONO, Some(5), 5, u32::MAX).expect("a file");
        assert_eq!(bytes.len(), 68 + 15 + 1);
        assert_eq!((u32_at(&bytes, 4), u32_at(&bytes, 64)), (68 + 16 - 8, 15));
    }

    #[test]
    fn speakers_are_kept() {
        let surround = Spec { channels: 6, channel_mask: 0x60f, ..MONO };
        let bytes = written(surround, None, 1, u32::MAX).expect("a file");
        let fmt = bytes.windows(4).position(|name| name == b"fmt ").expect("a format");
        assert_eq!(u32_at(&bytes, fmt + 8 + 20), 0x60f);
    }

    #[test]
    fn files_too_long_for_riff_become_rf64_if_room_was_left() {
        for promised in [None, Some(5000)] {
            let bytes = written(MONO, promised, 5000, 4000).expect("a file");
            assert_eq!((&bytes[..4], &bytes[8..16]), (&b"RF64"[..], &b"WAVEds64"[..]));
            assert_eq!((u32_at(&bytes, 4), u32_at(&bytes, 16)), (u32::MAX, 28));
            assert_eq!([20, 28, 36].map(|at| u64_at(&bytes, at)), [bytes.len() as u64 - 8, 15_000, 5000]);
            let data = bytes.windows(4).position(|name| name == b"data").expect("samples");
            assert_eq!((u32_at(&bytes, data + 4), bytes.len() - data - 8), (u32::MAX, 15_000));
        }
        // Short files have the plain header; files of unknown length have room for ds64.
        assert_eq!(&written(MONO, Some(5), 5, 4000).expect("a file")[12..16], b"fmt ");
        assert_eq!(&written(MONO, None, 5, 4000).expect("a file")[12..16], b"JUNK");
        assert!(written(MONO, Some(5), 5000, 4000).is_err());
    }
}
