//! Whole arrays in NumPy's `.npy` format. Everything that references npyz is in this file.

use std::hint::black_box;
use std::io::{self, BufReader, BufWriter, IntoInnerError, Read, Seek, SeekFrom, Write};
use std::path::Path;

use half::f16;
use ndarray::{ArrayD, IxDyn, Shape, ShapeBuilder};
use npyz::{DType, Deserialize, NpyFile, NpyHeader, Order, TypeStr, WriteOptions, WriterBuilder};

use crate::encode::Encoder;
use crate::error::{Error, Result};
use crate::files::File;
use crate::format::{SampleFormat, Spec};
use crate::output::Output;

/// An array with samples of the type in which they are stored.
#[derive(Debug)]
pub enum Array {
    /// 16-bit integers
    I16(ArrayD<i16>),
    /// 32-bit integers
    I32(ArrayD<i32>),
    /// 16-bit floats
    F16(ArrayD<f16>),
    /// 32-bit floats
    F32(ArrayD<f32>),
    /// 64-bit floats
    F64(ArrayD<f64>),
}

impl Array {
    /// Number of samples, over all axes.
    pub fn len(&self) -> usize {
        match self {
            Self::I16(array) => array.len(),
            Self::I32(array) => array.len(),
            Self::F16(array) => array.len(),
            Self::F32(array) => array.len(),
            Self::F64(array) => array.len(),
        }
    }

    /// True if an axis has length 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Narrowest type of samples that holds them.
    pub fn format(&self) -> SampleFormat {
        match self {
            Self::I16(_) => SampleFormat::I16,
            Self::I32(_) => SampleFormat::I32,
            Self::F16(_) | Self::F32(_) => SampleFormat::F32,
            Self::F64(_) => SampleFormat::F64,
        }
    }

    /// The samples in float32, with integers scaled to [−1, 1).
    #[expect(clippy::cast_possible_truncation, reason = "rounded to float32")]
    pub fn into_f32(self) -> ArrayD<f32> {
        match self {
            Self::I16(array) => array.mapv(|sample| f32::from(sample) / I16_SCALE as f32),
            Self::I32(array) => array.mapv(|sample| (f64::from(sample) / I32_SCALE) as f32),
            Self::F16(array) => array.mapv(f32::from),
            Self::F32(array) => array,
            Self::F64(array) => array.mapv(|sample| sample as f32),
        }
    }

    /// The samples in float64, with integers scaled to [−1, 1).
    pub fn into_f64(self) -> ArrayD<f64> {
        match self {
            Self::I16(array) => array.mapv(|sample| f64::from(sample) / I16_SCALE),
            Self::I32(array) => array.mapv(|sample| f64::from(sample) / I32_SCALE),
            Self::F16(array) => array.mapv(f64::from),
            Self::F32(array) => array.mapv(f64::from),
            Self::F64(array) => array,
        }
    }
}

const I16_SCALE: f64 = 32_768.0;
const I32_SCALE: f64 = 2_147_483_648.0;

/// Reads a whole array. Memory is allocated only if the file is long enough for the shape in its header.
///
/// # Errors
/// If the file is damaged, too short, or of another sample type, or if there is no memory for it.
pub fn read(path: &Path) -> Result<Array> {
    let file = File::open(path)?;
    let file_len = file.metadata()?.len();
    if file_len == 0 {
        return Err(Error::Damaged("the file is empty".to_owned()));
    }
    let mut reader = BufReader::new(file);
    let header = read_header(&mut reader, file_len)?;
    let data_len = file_len.saturating_sub(reader.stream_position()?);
    let DType::Plain(dtype) = header.dtype() else { return Err(Error::Unsupported(RECORDS.to_owned())) };
    let len: u64 = header.shape().iter().product();
    let bytes = u128::from(len) * dtype.num_bytes().unwrap_or(0) as u128;
    if bytes > data_len.into() {
        return Err(Error::Damaged(format!(
            "truncated: the header promises {bytes} bytes of samples, the file holds {data_len}"
        )));
    }
    check_memory(bytes)?;
    let shape: Vec<usize> = header
        .shape()
        .iter()
        .map(|&len| usize::try_from(len))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::OutOfMemory { bytes })?;
    let shape = IxDyn(&shape).set_f(header.order() == Order::Fortran);
    let array = NpyFile::with_header(header, reader);
    let described = dtype.to_string();
    // The first character is the byte order, which npyz handles.
    Ok(match described.get(1..) {
        Some("i4") => Array::I32(samples(array, shape)?),
        Some("i2") => Array::I16(samples(array, shape)?),
        Some("f2") => Array::F16(samples(array, shape)?),
        Some("f4") => Array::F32(samples(array, shape)?),
        Some("f8") => Array::F64(samples(array, shape)?),
        _ => {
            let text = format!("the array is of type {described}: f16, f32, f64, i16 and i32 can be read");
            return Err(Error::Unsupported(text));
        }
    })
}

const RECORDS: &str = "the array holds records (f16, f32, f64, i16 and i32 can be read)";
const DAMAGED: &str = "not an .npy file, or its header is damaged";

/// Reads the samples into a vector that is allocated once. `NpyFile::into_vec` takes up to three times the memory.
fn samples<T: Deserialize>(array: NpyFile<impl Read>, shape: Shape<IxDyn>) -> Result<ArrayD<T>> {
    let len = usize::try_from(array.len()).map_err(|_| damaged())?;
    let mut samples = Vec::with_capacity(len);
    for sample in array.data().map_err(|error| Error::Unsupported(error.to_string()))? {
        samples.push(sample?);
    }
    ArrayD::from_shape_vec(shape, samples).map_err(|_| damaged())
}

fn damaged() -> Error {
    Error::Damaged(DAMAGED.to_owned())
}

/// Checks that memory of this size can be allocated. An allocation that fails later would abort the process.
///
/// # Errors
/// [`Error::OutOfMemory`] if it cannot.
pub fn check_memory(bytes: u128) -> Result<()> {
    let mut buffer = Vec::<u8>::new();
    let reserved = usize::try_from(bytes).is_ok_and(|bytes| buffer.try_reserve_exact(bytes).is_ok());
    // Without this the optimizer removes the allocation.
    black_box(&buffer);
    if reserved { Ok(()) } else { Err(Error::OutOfMemory { bytes }) }
}

/// Reads the header with npyz, after checks that npyz does not make: npyz reserves memory for a header of any length,
/// multiplies the lengths of the shape without a check for overflow, and takes exponential time for nested brackets.
fn read_header(reader: &mut (impl Read + Seek), file_len: u64) -> Result<NpyHeader> {
    /// One bracket each for the dictionary, the shape, and a unit in the type. Each further one doubles npyz's time.
    const MAX_BRACKETS: usize = 3;
    /// NumPy's own limit.
    const MAX_HEADER: u32 = 10_000;
    let mut start = [0; 12];
    reader.read_exact(&mut start).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(),
        _ => error.into(),
    })?;
    let [magic @ .., _, l0, l1, l2, l3] = start;
    if magic[..6] != *b"\x93NUMPY" {
        return Err(damaged());
    }
    let (text_at, text_len) = match magic[6] {
        1 => (10, u16::from_le_bytes([l0, l1]).into()),
        _ => (12, u32::from_le_bytes([l0, l1, l2, l3])),
    };
    if text_at + u64::from(text_len) > file_len || text_len > MAX_HEADER {
        return Err(damaged());
    }
    reader.seek(SeekFrom::Start(text_at))?;
    let mut text = Vec::new();
    reader.take(text_len.into()).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    if text.matches(['(', '[', '{']).count() > MAX_BRACKETS {
        return Err(Error::Unsupported(format!("{RECORDS}, or its header is damaged")));
    }
    let shape = text.rsplit_once("shape").and_then(|(_, text)| text.split_once('(')?.1.split_once(')'));
    let (shape, _) = shape.ok_or_else(damaged)?;
    if !shape_fits(shape) {
        let text = format!("the header gives the impossible shape ({})", shape.escape_debug());
        return Err(Error::Damaged(text));
    }
    reader.rewind()?;
    // npyz's own message for a damaged header is a drawing of several lines.
    NpyHeader::from_reader(reader).map_err(|_| damaged())
}

/// True if this number of float64 samples fits in the address space. Lengths of 0 count as 1, since npyz multiplies the
/// other lengths even if their product with 0 is 0.
fn shape_fits(shape: &str) -> bool {
    let lengths =
        shape.split(',').map(|length| length.trim().trim_end_matches('L')).filter(|length| !length.is_empty());
    let product = lengths.map(|length| length.parse::<u64>().ok()).try_fold(1_u64, |product, length| {
        product.checked_mul(length?.max(1)).filter(|&product| product <= i64::MAX.unsigned_abs() / 8)
    });
    product.is_some()
}

fn type_str(format: SampleFormat) -> Result<TypeStr> {
    let text = match format {
        SampleFormat::I16 => "<i2",
        SampleFormat::I32 => "<i4",
        SampleFormat::F32 => "<f4",
        SampleFormat::F64 => "<f8",
        SampleFormat::I24 => "",
    };
    text.parse().map_err(|_| Error::Unrepresentable(format!("npy files cannot hold {format} samples")))
}

fn write_header(file: &mut impl Write, format: SampleFormat, shape: &[u64]) -> Result<()> {
    let header = WriteOptions::new_header_only().dtype(DType::Plain(type_str(format)?)).shape(shape);
    header.writer(file).write_header_only()?;
    Ok(())
}

/// Writes an array from samples in C order, and returns the number of samples that were clipped to full scale.
///
/// `dither` is as for [`Writer::new`](crate::Writer::new).
///
/// # Errors
/// If the file cannot be written, or for 24-bit samples.
pub fn write<T: Copy + Into<f64>>(
    file: File,
    shape: &[usize],
    samples: &[T],
    format: SampleFormat,
    dither: bool,
) -> Result<u64> {
    let mut encoder = Encoder::new(format, dither);
    let shape: Vec<u64> = shape.iter().map(|&len| len as u64).collect();
    let mut file = BufWriter::new(file);
    write_header(&mut file, encoder.format(), &shape)?;
    for samples in samples.chunks(1 << 16) {
        file.write_all(encoder.bytes(samples))?;
    }
    finish(file)?;
    Ok(encoder.clipped())
}

/// Flushes the file and syncs it to the disk.
fn finish(file: BufWriter<File>) -> Result<()> {
    Ok(file.into_inner().map_err(IntoInnerError::into_error)?.sync_all()?)
}

/// Writes interleaved samples as an array of shape (channels, time), as in torchaudio, in memory that does not grow
/// with the array: each channel is spooled to a temporary file until the number of frames is known.
#[derive(Debug)]
pub(crate) struct NpyWriter {
    output: Output,
    spec: Spec,
    channels: Vec<BufWriter<File>>,
    frames: u64,
}

impl NpyWriter {
    /// Begins an array. The temporary files are in the folder of the output, which must have room for the array anyway.
    pub(crate) fn new(output: Output, spec: Spec) -> Result<Self> {
        let folder = output.folder();
        let spool = |_| match File::nameless(&folder) {
            Ok(file) => Ok(BufWriter::new(file)),
            Err(error) => Err(io::Error::new(error.kind(), format!("a temporary file for a channel: {error}"))),
        };
        let channels = (0..spec.channels).map(spool).collect::<io::Result<_>>()?;
        Ok(Self { output, spec, channels, frames: 0 })
    }

    /// Appends encoded samples of whole frames.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let width = self.spec.format.bytes();
        for frame in bytes.chunks_exact(width * self.spec.channels) {
            for (sample, channel) in frame.chunks_exact(width).zip(&mut self.channels) {
                channel.write_all(sample)?;
            }
            self.frames += 1;
        }
        Ok(())
    }

    /// Writes the header and then the channels, and syncs the file to the disk.
    pub(crate) fn finish(self) -> Result<()> {
        let mut output = self.output;
        write_header(&mut output, self.spec.format, &[self.spec.channels as u64, self.frames])?;
        for channel in self.channels {
            let mut channel = channel.into_inner().map_err(IntoInnerError::into_error)?;
            channel.rewind()?;
            io::copy(&mut channel, &mut output)?;
        }
        output.finish()
    }
}
