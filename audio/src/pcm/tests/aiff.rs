//! AIFF and AIFC.

use super::{Error, SampleFormat, chunk, i16_be, i16_le, i16_samples, is_i16, read, read_both, refusal};

/// 8000 Hz as an extended float.
const RATE: [u8; 10] = [0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0];

/// The chunk with the format. `kind` is the compression type of AIFC.
fn common(channels: u16, frames: u32, bits: u16, rate: [u8; 10], kind: &[u8]) -> Vec<u8> {
    let mut body = channels.to_be_bytes().to_vec();
    body.extend(frames.to_be_bytes());
    body.extend(bits.to_be_bytes());
    body.extend(rate);
    body.extend(kind);
    chunk(b"COMM", true, &body)
}

/// The chunk with the audio, at an offset.
fn sound(offset: u32, data: &[u8]) -> Vec<u8> {
    let padding = vec![9; offset as usize];
    chunk(b"SSND", true, &[&offset.to_be_bytes()[..], &[0; 4], &padding, data].concat())
}

fn form(kind: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [kind.to_vec(), chunks.concat()].concat();
    [b"FORM".to_vec(), u32::try_from(body.len()).expect("short").to_be_bytes().to_vec(), body].concat()
}

/// A mono file of AIFC.
fn aifc(kind: &[u8; 4], bits: u16, data: &[u8]) -> Vec<u8> {
    let kind = [&kind[..], &[1, b'x']].concat();
    form(b"AIFC", &[chunk(b"FVER", true, &[0xa2, 0x80, 0x51, 0x40]), common(1, 2, bits, RATE, &kind), sound(0, data)])
}

fn aiff16() -> Vec<u8> {
    form(b"AIFF", &[common(1, 6, 16, RATE, &[]), sound(0, &i16_be())])
}

#[test]
fn integers_of_every_width() {
    use SampleFormat::{F64, I16, I24, I32};
    for (bits, format) in [(1, I16), (8, I16), (12, I16), (16, I16), (20, I24), (24, I24), (32, I32), (64, F64)] {
        let width = usize::from(bits).div_ceil(8);
        let data: Vec<u8> = [0x40_u8, 0xc0].iter().flat_map(|&top| [vec![top], vec![0; width - 1]].concat()).collect();
        for file in [form(b"AIFF", &[common(1, 2, bits, RATE, &[]), sound(0, &data)]), aifc(b"twos", bits, &data)] {
            let contents = read_both(&file);
            assert_eq!((contents.samples, contents.spec.format), (vec![0.5, -0.5], format), "{bits}");
        }
        let reversed: Vec<u8> = data.chunks(width).flat_map(|sample| sample.iter().rev().copied()).collect();
        assert_eq!(read_both(&aifc(b"sowt", bits, &reversed)).samples, [0.5, -0.5]);
    }
}

#[test]
fn compression_types() {
    let single: Vec<u8> = [0.5_f32, -1.5].iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let double: Vec<u8> = [0.5_f64, -1.5].iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let companded = vec![8.0 / 32_768.0, -32_256.0 / 32_768.0];
    for (kind, bits, data, samples) in [
        (b"NONE", 16, vec![0x40, 0, 0xc0, 0], vec![0.5, -0.5]),
        (b"in24", 24, vec![0x40, 0, 0, 0xc0, 0, 0], vec![0.5, -0.5]),
        (b"in32", 32, vec![0x40, 0, 0, 0, 0xc0, 0, 0, 0], vec![0.5, -0.5]),
        (b"42ni", 24, vec![0, 0, 0x40, 0, 0, 0xc0], vec![0.5, -0.5]),
        (b"23ni", 32, vec![0, 0, 0, 0x40, 0, 0, 0, 0xc0], vec![0.5, -0.5]),
        (b"raw ", 8, vec![192, 64], vec![0.5, -0.5]),
        (b"fl32", 32, single.clone(), vec![0.5, -1.5]),
        (b"FL32", 16, single, vec![0.5, -1.5]),
        (b"fl64", 64, double.clone(), vec![0.5, -1.5]),
        (b"FL64", 64, double, vec![0.5, -1.5]),
        (b"alaw", 8, vec![0xd5, 0x2a], companded.clone()),
        (b"ALAW", 16, vec![0xd5, 0x2a], companded),
        (b"ulaw", 16, vec![0xff, 0x80], vec![0.0, 32_124.0 / 32_768.0]),
        (b"ULAW", 8, vec![0xff, 0x80], vec![0.0, 32_124.0 / 32_768.0]),
    ] {
        assert_eq!(read_both(&aifc(kind, bits, &data)).samples, samples, "{}", kind.escape_ascii());
    }
    for (kind, text) in [
        (b"ima4", "the file is IMA ADPCM in AIFC, which is not read"),
        (b"MAC3", "the file is MACE 3:1 in AIFC, which is not read"),
        (b"\0\n?x", "the file is the unknown codec \"\\x00\\n?x\" in AIFC, which is not read"),
    ] {
        assert!(refusal(&aifc(kind, 16, &[0; 100])).starts_with(text));
    }
}

#[test]
fn rates_are_floats_of_80_bits() {
    for (bytes, rate, whole) in [
        ([0x40, 0x0c, 0xac, 0x46, 0, 0, 0, 0, 0, 0], 11_025.5, 11_026),
        ([0x40, 0x0e, 0xbb, 0x80, 0, 0, 0, 0, 0, 0], 48_000.0, 48_000),
        ([0x3f, 0xfd, 0x80, 0, 0, 0, 0, 0, 0, 0], 0.25, 1),
    ] {
        let contents = read_both(&form(b"AIFF", &[common(1, 6, 16, bytes, &[]), sound(0, &i16_be())]));
        assert_eq!((contents.rate, contents.spec.rate), (rate, whole));
    }
    for (bytes, text) in [
        ([0; 10], "the header gives a sampling rate of 0"),
        ([0xc0, 0x0e, 0xbb, 0x80, 0, 0, 0, 0, 0, 0], "the header gives the impossible sampling rate -48000"),
        ([0x7f, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], "the header gives the impossible sampling rate inf"),
        ([0x00, 0x01, 0x80, 0, 0, 0, 0, 0, 0, 0], "the header gives a sampling rate of 0"),
    ] {
        let refused = refusal(&form(b"AIFF", &[common(1, 6, 16, bytes, &[]), sound(0, &i16_be())]));
        assert!(refused.starts_with(text), "{refused}");
    }
}

#[test]
fn chunks_in_any_order_with_offsets_and_tags() {
    let id3 = [b"ID3 \x7f\xff\xff\xff".to_vec(), vec![3; 10]].concat();
    let comments = chunk(b"ANNO", true, b"odd");
    for file in [
        aiff16(),
        form(b"AIFF", &[common(1, 6, 16, RATE, &[]), sound(17, &i16_be()), id3.clone()]),
        form(b"AIFF", &[comments.clone(), common(1, 6, 16, RATE, &[]), comments, sound(0, &i16_be()), id3]),
    ] {
        is_i16(&read_both(&file));
    }
    is_i16(&read(&form(b"AIFF", &[sound(0, &i16_be()), common(1, 6, 16, RATE, &[])])).expect("a file"));
    // The size of the whole file does not matter.
    for size in [0, 38, u32::MAX] {
        let mut file = aiff16();
        file[4..8].copy_from_slice(&u32::to_be_bytes(size));
        is_i16(&read_both(&file));
    }
    let mut text = aiff16();
    text[8..12].copy_from_slice(b"AIFC");
    is_i16(&read_both(&text));
}

#[test]
fn sizes_of_streams_and_of_truncated_files() {
    let at = aiff16().len() - 12 - 8 - 4;
    for (size, frames) in [(0, 0), (0x7f00_0000, 0x7f00_0000 / 2), (0x7f00_0008, 0x3f80_0000), (u32::MAX, 0), (8, 0)] {
        let mut file = aiff16();
        file[at..at + 4].copy_from_slice(&u32::to_be_bytes(size));
        file[22..26].copy_from_slice(&u32::to_be_bytes(frames));
        is_i16(&read_both(&file));
    }
    let mut file = aiff16();
    file.pop();
    assert!(matches!(read(&file), Err(Error::Truncated { promised: 6, read: 5 })));
    assert!(refusal(&aiff16()[..38]).contains("it has no `SSND` chunk"));
    // A file without frames, with and without the chunk for them.
    for chunks in [vec![common(1, 0, 16, RATE, &[])], vec![common(1, 0, 16, RATE, &[]), sound(0, &[])]] {
        assert!(read(&form(b"AIFF", &chunks)).expect("a file").samples.is_empty());
    }
}

#[test]
fn speakers_and_little_endian_stereo() {
    let layout = chunk(b"CHAN", true, &[&[0, 0x65, 0, 2][..], &[0; 8]].concat());
    let file = form(b"AIFC", &[common(2, 3, 16, RATE, b"sowt\0\0"), layout, sound(0, &i16_le())]);
    let contents = read_both(&file);
    assert_eq!((contents.spec.channels, contents.spec.channel_mask), (2, 3));
    assert_eq!(contents.samples, i16_samples());
}
