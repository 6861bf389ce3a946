//! Reads and writes NumPy's `.npy`. Everything that references npyz is here.

use std::hint::black_box;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ndarray::{ArrayD, IxDyn, Shape, ShapeBuilder};
use npyz::{DType, Deserialize, NpyFile, NpyHeader, Order, TypeStr, WriteOptions, WriterBuilder};

use super::encode::Encoder;
use super::{SampleFormat, Spec};
use crate::files::File;

/// An array in the type in which it was stored.
#[derive(Debug)]
pub enum Array {
    /// 16-bit integers
    I16(ArrayD<i16>),
    /// 32-bit integers
    I32(ArrayD<i32>),
    /// 32-bit floats
    F32(ArrayD<f32>),
    /// 64-bit floats
    F64(ArrayD<f64>),
}

impl Array {
    /// Samples of all channels.
    pub fn len(&self) -> usize {
        match self {
            Self::I16(array) => array.len(),
            Self::I32(array) => array.len(),
            Self::F32(array) => array.len(),
            Self::F64(array) => array.len(),
        }
    }

    /// Whether it has no samples, of whatever shape.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads a whole array. Memory is asked for only if the file is as long as its header says.
pub fn read(path: &Path) -> Result<Array> {
    let file = File::open(path)?;
    let file_len = file.metadata()?.len();
    ensure!(file_len > 0, "the file is empty");
    let mut reader = BufReader::new(file);
    let header = read_header(&mut reader, file_len)?;
    let data_len = file_len.saturating_sub(reader.stream_position()?);
    let DType::Plain(dtype) = header.dtype() else { bail!(RECORDS) };
    let len: u64 = header.shape().iter().product();
    let bytes = u128::from(len) * dtype.num_bytes().unwrap_or(0) as u128;
    ensure!(
        bytes <= data_len.into(),
        "truncated: the header promises {bytes} bytes of samples, the file holds {data_len}"
    );

    check_memory(bytes)?;
    let shape: Vec<usize> = header.shape().iter().map(|&len| usize::try_from(len)).collect::<Result<_, _>>()?;
    let shape = IxDyn(&shape).set_f(header.order() == Order::Fortran);
    let array = NpyFile::with_header(header, reader);
    let described = dtype.to_string();
    Ok(match described.get(1..) {
        Some("i4") => Array::I32(samples(array, shape)?),
        Some("i2") => Array::I16(samples(array, shape)?),
        Some("f4") => Array::F32(samples(array, shape)?),
        Some("f8") => Array::F64(samples(array, shape)?),
        _ => bail!("the array is of type {described}: f32, f64, i16 and i32 can be read"),
    })
}

const RECORDS: &str = "the array holds records (f32, f64, i16 and i32 can be read)";

/// Reads the samples into as much memory as they take: npyz's own way to do so takes up to three times that.
fn samples<T: Deserialize>(array: NpyFile<impl Read>, shape: Shape<IxDyn>) -> Result<ArrayD<T>> {
    let mut samples = Vec::with_capacity(usize::try_from(array.len())?);
    for sample in array.data()? {
        samples.push(sample?);
    }
    Ok(ArrayD::from_shape_vec(shape, samples)?)
}

/// Memory that is not there when it is needed ends the process: this asks for it where it can still be refused.
pub fn check_memory(bytes: u128) -> Result<()> {
    let mut room = Vec::<u8>::new();
    let reserved = usize::try_from(bytes).is_ok_and(|bytes| room.try_reserve_exact(bytes).is_ok());
    // Without this it might never be asked for.
    black_box(&room);
    ensure!(reserved, "there is no memory for {bytes} bytes of samples, and arrays are held whole");
    Ok(())
}

/// Reads the header, if npyz can: it multiplies the lengths of the shape without looking, and makes room for a header of
/// any length.
fn read_header(reader: &mut (impl Read + Seek), file_len: u64) -> Result<NpyHeader> {
    const DAMAGED: &str = "not an .npy file, or its header is damaged";
    /// A dictionary, a shape, and a unit in the type; records have more. The time that npyz takes doubles with every one.
    const MAX_BRACKETS: usize = 3;
    /// NumPy's own limit.
    const MAX_HEADER: u32 = 10_000;
    let mut start = [0; 12];
    reader.read_exact(&mut start).context(DAMAGED)?;
    let [magic @ .., _, l0, l1, l2, l3] = start;
    ensure!(magic[..6] == *b"\x93NUMPY", DAMAGED);
    let (text_at, text_len) = match magic[6] {
        1 => (10, u16::from_le_bytes([l0, l1]).into()),
        _ => (12, u32::from_le_bytes([l0, l1, l2, l3])),
    };
    ensure!(text_at + u64::from(text_len) <= file_len && text_len <= MAX_HEADER, DAMAGED);
    reader.seek(SeekFrom::Start(text_at))?;
    let mut text = Vec::new();
    reader.take(text_len.into()).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    ensure!(text.matches(['(', '[', '{']).count() <= MAX_BRACKETS, "{RECORDS}, or its header is damaged");
    let shape = text.rsplit_once("shape").and_then(|(_, text)| text.split_once('(')?.1.split_once(')'));
    let (shape, _) = shape.context(DAMAGED)?;
    // An array with no samples has a shape too, whose other lengths are no larger than memory.
    let lengths =
        shape.split(',').map(|length| length.trim().trim_end_matches('L')).filter(|length| !length.is_empty());
    let largest = lengths.map(|length| length.parse::<u64>().ok()).try_fold(1_u64, |product, length| {
        product.checked_mul(length?.max(1)).filter(|&product| product <= i64::MAX.unsigned_abs() / 8)
    });
    ensure!(largest.is_some(), "the header gives the impossible shape ({})", shape.escape_debug());
    reader.rewind()?;
    // What npyz says of a header is a picture of several lines.
    NpyHeader::from_reader(reader).ok().context(DAMAGED)
}

fn type_str(format: SampleFormat) -> Result<TypeStr> {
    Ok(match format {
        SampleFormat::I16 => "<i2",
        SampleFormat::I32 => "<i4",
        SampleFormat::F32 => "<f4",
        SampleFormat::F64 => "<f8",
        SampleFormat::I24 => bail!("npy files cannot hold i24 samples"),
    }
    .parse()?)
}

fn write_header(file: &mut impl Write, format: SampleFormat, shape: &[u64]) -> Result<()> {
    let header = WriteOptions::new_header_only().dtype(DType::Plain(type_str(format)?)).shape(shape);
    header.writer(file).write_header_only()?;
    Ok(())
}

/// Writes an array, of which the samples are given in C order.
pub fn write<T: Copy + Into<f64>>(file: File, shape: &[usize], samples: &[T], encoder: &mut Encoder) -> Result<()> {
    let shape: Vec<u64> = shape.iter().map(|&len| len as u64).collect();
    let mut file = BufWriter::new(file);
    write_header(&mut file, encoder.format(), &shape)?;
    for samples in samples.chunks(1 << 16) {
        file.write_all(encoder.bytes(samples))?;
    }
    finish(file)
}

/// Everything is on the disk when this returns.
fn finish(file: BufWriter<File>) -> Result<()> {
    Ok(file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?)
}

/// Writes a signal as an array of shape (channels, time), like torchaudio's, with memory for none of it: each channel is
/// kept in a temporary file until their length is known.
#[derive(Debug)]
pub struct NpyWriter {
    file: File,
    spec: Spec,
    channels: Vec<BufWriter<File>>,
    frames: u64,
}

impl NpyWriter {
    /// The channels are kept in `folder`, where there must be room for the array anyway.
    pub fn new(file: File, spec: Spec, folder: &Path) -> Result<Self> {
        let spool = |_| Ok(BufWriter::new(File::nameless(folder).context("a temporary file for a channel")?));
        let channels = (0..spec.channels).map(spool).collect::<Result<_>>()?;
        Ok(Self { file, spec, channels, frames: 0 })
    }

    /// Appends whole frames of encoded samples.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let width = usize::from(self.spec.format.bits() / 8);
        for frame in bytes.chunks_exact(width * self.spec.channels) {
            for (sample, channel) in frame.chunks_exact(width).zip(&mut self.channels) {
                channel.write_all(sample)?;
            }
            self.frames += 1;
        }
        Ok(())
    }

    /// Joins the channels behind a header, and waits until everything is on the disk.
    pub fn finish(self) -> Result<()> {
        let mut file = BufWriter::new(self.file);
        write_header(&mut file, self.spec.format, &[self.spec.channels as u64, self.frames])?;
        for channel in self.channels {
            let mut channel = channel.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            channel.rewind()?;
            std::io::copy(&mut channel, &mut file)?;
        }
        finish(file)
    }
}
