//! Minimal readers and writers of WAV and .npy files, which share no code with the program.

use std::fs;
use std::path::Path;

use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use npyz::{AutoSerialize, Deserialize, WriterBuilder};

pub(crate) struct Wav {
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    pub(crate) bits: u16,
    pub(crate) is_float: bool,
    /// Interleaved samples, with integers scaled to [−1, 1).
    pub(crate) samples: Vec<f64>,
}

pub(crate) fn read_wav(path: &Path) -> Wav {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let u16_at = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    assert_eq!(u32_at(4) as usize + 8, bytes.len());
    let mut wav = Wav { rate: 0, channels: 0, bits: 0, is_float: false, samples: Vec::new() };
    let mut at = 12;
    while at < bytes.len() {
        let (id, len, body) = (&bytes[at..at + 4], u32_at(at + 4) as usize, at + 8);
        if id == b"fmt " {
            let tag = if u16_at(body) == 0xfffe { u16_at(body + 24) } else { u16_at(body) };
            wav.is_float = tag == 3;
            wav.channels = u16_at(body + 2);
            wav.rate = u32_at(body + 4);
            wav.bits = u16_at(body + 14);
            assert_eq!(u16_at(body + 12), wav.channels * wav.bits / 8);
            assert_eq!(u32_at(body + 8), wav.rate * u32::from(u16_at(body + 12)));
        }
        if id == b"data" {
            let width = usize::from(wav.bits / 8);
            wav.samples = bytes[body..body + len]
                .chunks_exact(width)
                .map(|sample| match (wav.is_float, wav.bits) {
                    (true, 32) => f64::from(f32::from_le_bytes(sample.try_into().unwrap())),
                    (true, _) => f64::from_le_bytes(sample.try_into().unwrap()),
                    (false, _) => {
                        let mut top = [0; 4];
                        top[4 - width..].copy_from_slice(sample);
                        f64::from(i32::from_le_bytes(top)) / 2_147_483_648.0
                    }
                })
                .collect();
        }
        at = body + len.next_multiple_of(2);
    }
    wav
}

/// Bytes of a WAV file of 32-bit floats.
pub(crate) fn wav_bytes(rate: u32, channels: u16, interleaved: &[f32]) -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    let data_len = 4 * interleaved.len() as u32;
    bytes.extend((36 + data_len).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x03\0");
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * 4 * u32::from(channels)).to_le_bytes());
    bytes.extend((4 * channels).to_le_bytes());
    bytes.extend(b"\x20\0data");
    bytes.extend(data_len.to_le_bytes());
    interleaved.iter().for_each(|sample| bytes.extend(sample.to_le_bytes()));
    bytes
}

pub(crate) fn read_npy<T: Deserialize>(path: &Path) -> ArrayD<T> {
    let file = npyz::NpyFile::new(fs::File::open(path).unwrap()).unwrap();
    let shape: Vec<_> = file.shape().iter().map(|&len| len as usize).collect();
    let shape = IxDyn(&shape).set_f(file.order() == npyz::Order::Fortran);
    ArrayD::from_shape_vec(shape, file.into_vec().unwrap()).unwrap()
}

/// Writes an array in C order if it is contiguous in that order, else in Fortran order.
pub(crate) fn write_npy<T: AutoSerialize + Copy>(path: &Path, array: &ArrayD<T>) {
    let shape: Vec<_> = array.shape().iter().map(|&len| len as u64).collect();
    let order = if array.is_standard_layout() { npyz::Order::C } else { npyz::Order::Fortran };
    let file = fs::File::create(path).unwrap();
    let options = npyz::WriteOptions::new().default_dtype().order(order).shape(&shape);
    let mut writer = options.writer(std::io::BufWriter::new(file)).begin_nd().unwrap();
    match order {
        npyz::Order::C => writer.extend(array.iter().copied()).unwrap(),
        npyz::Order::Fortran => writer.extend(array.t().iter().copied()).unwrap(),
    }
    writer.finish().unwrap();
}
