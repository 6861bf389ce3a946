//! [`FlacWriter`]: writes FLAC. Everything that references flac-codec is in this file.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::rc::Rc;

use flac_codec::encode::{FlacSampleWriter, Options};

use crate::error::{Error, Result};
use crate::files::File;
use crate::format::Spec;

/// Largest number of channels of a FLAC file.
const MAX_CHANNELS: usize = 8;

/// Encodes interleaved integers as FLAC.
pub(crate) struct FlacWriter {
    encoder: FlacSampleWriter<SharedFile>,
    file: SharedFile,
    is_empty: bool,
}

impl fmt::Debug for FlacWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlacWriter").field("is_empty", &self.is_empty).finish_non_exhaustive()
    }
}

/// A file that is still accessible after the encoder has taken it: the encoder drops its writer without flushing or
/// syncing it.
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
        let Some(count) = u8::try_from(channels).ok().filter(|_| channels <= MAX_CHANNELS) else {
            let text = format!("a FLAC file cannot hold {channels} channels: at most {MAX_CHANNELS}");
            return Err(Error::Unrepresentable(text));
        };
        let file = SharedFile(Rc::new(RefCell::new(writer)));
        let mut options = Options::default();
        if !speakers_are_implied(spec) {
            options = options.tag("WAVEFORMATEXTENSIBLE_CHANNEL_MASK", format!("0x{:04X}", spec.channel_mask));
        }
        let encoder = FlacSampleWriter::new(file.clone(), options, rate, spec.format.bits().into(), count, None)
            .map_err(|error| explain(error, &format!("a FLAC file cannot hold {channels} channels at {rate} Hz")))?;
        Ok(Self { encoder, file, is_empty: true })
    }

    /// Appends interleaved samples of whole frames.
    pub(crate) fn write(&mut self, samples: &[i32]) -> Result<()> {
        self.is_empty &= samples.is_empty();
        self.encoder.write(samples).map_err(|error| explain(error, "encoding FLAC"))
    }

    /// Completes the file, and syncs it to the disk.
    pub(crate) fn finish(self) -> Result<()> {
        if self.is_empty {
            return Err(Error::Unrepresentable("a FLAC file cannot hold a signal of no samples".to_owned()));
        }
        self.encoder.finalize().map_err(|error| explain(error, "encoding FLAC"))?;
        let mut file = self.file.0.borrow_mut();
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(())
    }
}

fn explain(error: flac_codec::Error, context: &str) -> Error {
    match error {
        flac_codec::Error::Io(error) => Error::Io(error),
        error => Error::Unrepresentable(format!("{context}: {error}")),
    }
}

/// True if the speakers are unknown, or are the ones that FLAC implies by the number of channels (RFC 9639, table 19).
fn speakers_are_implied(spec: Spec) -> bool {
    const IMPLIED: [u32; MAX_CHANNELS] = [0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f];
    // The position of a single speaker makes no difference.
    spec.channel_mask == 0 || spec.channels == 1 || IMPLIED.get(spec.channels - 1) == Some(&spec.channel_mask)
}
