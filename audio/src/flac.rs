//! Writes FLAC. Everything that references flac-codec is here.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use flac_codec::encode::{FlacSampleWriter, Options};

use super::Spec;
use crate::files::File;

/// FLAC's own limit.
const MAX_CHANNELS: usize = 8;

impl fmt::Debug for FlacWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlacWriter").field("is_empty", &self.is_empty).finish_non_exhaustive()
    }
}

pub(crate) struct FlacWriter {
    encoder: FlacSampleWriter<SharedFile>,
    file: SharedFile,
    is_empty: bool,
}

/// The encoder drops its writer without a word when it is done; this keeps a hand on it, to see that all was written.
#[derive(Clone)]
struct SharedFile(Rc<RefCell<BufWriter<File>>>);

impl Write for SharedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.0.borrow_mut().seek(position)
    }
}

impl FlacWriter {
    pub(crate) fn new(writer: BufWriter<File>, spec: Spec) -> Result<Self> {
        let Spec { rate, channels, .. } = spec;
        ensure!(channels <= MAX_CHANNELS, "a FLAC file cannot hold {channels} channels: at most {MAX_CHANNELS}");
        let file = SharedFile(Rc::new(RefCell::new(writer)));
        let (bits, channels) = (spec.format.bits().into(), u8::try_from(channels)?);
        let mut options = Options::default();
        if !speakers_are_usual(spec) {
            options = options.tag("WAVEFORMATEXTENSIBLE_CHANNEL_MASK", format!("0x{:04X}", spec.channel_mask));
        }
        let encoder = FlacSampleWriter::new(file.clone(), options, rate, bits, channels, None)
            .with_context(|| format!("a FLAC file cannot hold {channels} channels at {rate} Hz"))?;
        Ok(Self { encoder, file, is_empty: true })
    }

    /// Appends whole interleaved frames.
    pub(crate) fn write(&mut self, samples: &[i32]) -> Result<()> {
        self.is_empty &= samples.is_empty();
        Ok(self.encoder.write(samples)?)
    }

    pub(crate) fn finish(self) -> Result<()> {
        ensure!(!self.is_empty, "a FLAC file cannot hold a signal of no samples: choose another --format");
        self.encoder.finalize()?;
        let mut file = self.file.0.borrow_mut();
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(())
    }
}

/// Whether the speakers are unknown, or those that FLAC takes so many channels for (RFC 9639, table 19).
fn speakers_are_usual(spec: Spec) -> bool {
    const USUAL: [u32; MAX_CHANNELS] = [0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f];
    // One channel has no place to be confused about.
    spec.channel_mask == 0 || spec.channels == 1 || USUAL.get(spec.channels - 1) == Some(&spec.channel_mask)
}
