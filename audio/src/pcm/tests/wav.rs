//! Formats of WAV.

use super::{Contents, SampleFormat, chunk, i16_le, i16_samples, is_i16, read, read_both, refusal};

/// The sixteen bytes of a plain format, and an extension.
pub(super) fn fmt(tag: u16, channels: u16, frame_bytes: u16, bits: u16, extension: &[u8]) -> Vec<u8> {
    let rate = 8000_u32;
    let byte_rate = rate * u32::from(frame_bytes);
    let mut body = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
    body.extend([rate.to_le_bytes(), byte_rate.to_le_bytes()].concat());
    body.extend([frame_bytes.to_le_bytes(), bits.to_le_bytes()].concat());
    body.extend(extension);
    body
}

/// The extensible format of a tag.
fn extensible(tag: u16, channels: u16, frame_bytes: u16, bits: u16, valid: u16, mask: u32) -> Vec<u8> {
    let mut extension = 22_u16.to_le_bytes().to_vec();
    extension.extend(valid.to_le_bytes());
    extension.extend(mask.to_le_bytes());
    extension.extend(tag.to_le_bytes());
    extension.extend(b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
    fmt(0xfffe, channels, frame_bytes, bits, &extension)
}

/// A file of these chunks.
pub(super) fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WAVE".to_vec(), chunks.concat()].concat();
    [b"RIFF".to_vec(), u32::try_from(body.len()).expect("short").to_le_bytes().to_vec(), body].concat()
}

pub(super) fn wav(fmt: &[u8], data: &[u8]) -> Vec<u8> {
    riff(&[chunk(b"fmt ", false, fmt), chunk(b"data", false, data)])
}

/// A mono format of 16 bits.
pub(super) fn mono16() -> Vec<u8> {
    fmt(1, 1, 2, 16, &[])
}

#[test]
fn formats_of_every_length() {
    for len in [14, 16, 18, 20, 22, 40, 64] {
        let mut body = mono16();
        body.resize(len, 0);
        is_i16(&read_both(&wav(&body, &i16_le())));
    }
    assert!(
        refusal(&wav(&mono16()[..13], &i16_le())).contains("its header is incomplete: its `fmt ` chunk is too short")
    );
    let text = refusal(&wav(&fmt(0xfffe, 1, 2, 16, &[0; 8]), &i16_le()));
    assert!(text.contains("too short for the extensible format"), "{text}");
}

#[test]
fn integers_of_every_width_and_container_width() {
    use SampleFormat::{F64, I16, I24, I32};
    // The bits may be fewer than those of the bytes, and then are the upper ones.
    for (bits, width, format) in [
        (16, 2, I16),
        (12, 2, I16),
        (20, 3, I24),
        (24, 3, I24),
        (24, 4, I24),
        (32, 4, I32),
        (24, 8, I24),
        (40, 5, F64),
        (64, 8, F64),
        (0, 4, I32),
    ] {
        let top = [0x40_u8, 0xc0, 0x20];
        let data: Vec<u8> = top.iter().flat_map(|&top| [vec![0; width - 1], vec![top]].concat()).collect();
        let plain = fmt(1, 1, width as u16, bits, &[]);
        let long = extensible(1, 1, width as u16, 8 * width as u16, bits, 0);
        for body in [plain, long] {
            let contents = read_both(&wav(&body, &data));
            assert_eq!((contents.samples, contents.spec.format), (vec![0.5, -0.5, 0.25], format), "{bits} in {width}");
        }
    }
    // One byte is unsigned.
    assert_eq!(read_both(&wav(&fmt(1, 1, 1, 8, &[]), &[0, 128, 255])).samples, [-1.0, 0.0, 127.0 / 128.0]);
}

#[test]
fn floats_and_companded_samples() {
    let single: Vec<u8> = [0.5_f32, -1.5].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let double: Vec<u8> = [0.1_f64, -1.5].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    for (tag, bits, data, format, samples) in [
        (3, 32, &single, SampleFormat::F32, [0.5, -1.5]),
        (3, 64, &double, SampleFormat::F64, [0.1, -1.5]),
        (6, 8, &vec![0xd5, 0x2a], SampleFormat::I16, [8.0 / 32_768.0, -32_256.0 / 32_768.0]),
        (7, 8, &vec![0x80, 0xff], SampleFormat::I16, [32_124.0 / 32_768.0, 0.0]),
    ] {
        let width = bits / 8;
        for body in [
            fmt(tag, 1, width, bits, &[]),
            fmt(tag, 1, width, bits, &[0, 0]),
            fmt(tag, 1, width, bits, &[0; 4]),
            extensible(tag, 1, width, bits, bits, 4),
        ] {
            let contents = read_both(&wav(&body, data));
            assert_eq!((contents.samples, contents.spec.format), (samples.to_vec(), format), "{tag} {bits}");
        }
    }
    // Companded samples of files that give the bits of the decoded ones, or none.
    for bits in [0, 8] {
        assert_eq!(read_both(&wav(&fmt(7, 1, 1, bits, &[]), &[0xff])).samples, [0.0]);
    }
}

#[test]
fn speakers_are_those_of_the_header() {
    let mask = |channels: u16, mask: u32| {
        let data = vec![0; 2 * usize::from(channels)];
        read_both(&wav(&extensible(1, channels, 2 * channels, 16, 16, mask), &data)).spec.channel_mask
    };
    assert_eq!([mask(6, 0x60f), mask(6, 0x3f), mask(2, 3), mask(1, 4)], [0x60f, 0x3f, 3, 4]);
    // Of too many speakers the first count; channels without a speaker are allowed.
    assert_eq!([mask(2, 0x3f), mask(4, 3), mask(4, 0), mask(40, 0), mask(1, 0x8000_0000)], [3, 3, 0, 0, 0]);
    for channels in [1, 2, 6, 1024] {
        let contents = read_both(&wav(&fmt(1, channels, 2 * channels, 16, &[]), &vec![0; 4096]));
        assert_eq!((contents.spec.channel_mask, contents.spec.channels), (0, channels.into()));
    }
}

#[test]
fn headers_that_contradict_themselves_are_refused() {
    for (fmt, text) in [
        (fmt(1, 0, 2, 16, &[]), "the header gives no channels"),
        (fmt(1, 1025, 2050, 16, &[]), "the header gives 1025 channels: at most 1024 are read"),
        (fmt(1, 2, 3, 16, &[]), "the header contradicts itself: 3 bytes for a frame of 2 channels of 16 bits"),
        (fmt(1, 1, 9, 72, &[]), "the header contradicts itself: 9 bytes for a frame of 1 channels of 72 bits"),
        (fmt(3, 1, 2, 16, &[]), "the file is a float of 16 bits in WAV, which is not read"),
        (fmt(0x31, 1, 65, 0, &[2, 0, 0x40, 1]), "the file is GSM 6.10 in WAV, which is not read"),
        (fmt(0x55, 2, 1, 0, &[0; 14]), "the file is MP3 in WAV, which is not read"),
        (fmt(0x1234, 2, 1, 0, &[]), "the file is the unknown codec 0x1234 in WAV, which is not read"),
        (extensible(0x92, 2, 4, 16, 16, 3), "the file is AC-3 in WAV, which is not read"),
    ] {
        let refused = refusal(&wav(&fmt, &[0; 1000]));
        assert!(refused.starts_with(text), "{refused}");
    }
    // The number of bytes in a second settles what a frame is.
    let mut body = fmt(1, 2, 4, 16, &[]);
    body[12] = 2;
    assert_eq!(read_both(&wav(&body, &i16_le())).samples, i16_samples());
    let mut body = mono16();
    body[4..8].fill(0);
    assert!(refusal(&wav(&body, &i16_le())).contains("a sampling rate of 0"));
}

#[test]
fn rifx_is_big_endian() {
    let mut body = [0_u8, 1, 0, 1, 0, 0, 0x1f, 0x40, 0, 0, 0x3e, 0x80, 0, 2, 0, 16].to_vec();
    let file = |body: &[u8]| {
        let chunks = [chunk(b"fmt ", true, body), chunk(b"data", true, &super::i16_be())].concat();
        [b"RIFX\0\0\0\x40WAVE".to_vec(), chunks].concat()
    };
    is_i16(&read_both(&file(&body)));
    body.extend([0, 22, 0, 16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x10, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    body[..2].copy_from_slice(&[0xff, 0xfe]);
    is_i16(&read_both(&file(&body)));
}

#[test]
fn adpcm_goes_to_symphonia() {
    use std::io::Cursor;
    let bytes = wav(&fmt(0x11, 1, 256, 4, &[2, 0, 0xf9, 1]), &[0; 256]);
    let container = super::Container::of(&bytes).expect("WAV");
    let mut source = Cursor::new(&bytes);
    let opened = super::open(&mut source, Some(bytes.len() as u64), container).expect("a header");
    assert!(opened.audio.is_none() && source.position() == 0);
}

#[test]
fn long_files_are_read_in_blocks() {
    let data: Vec<u8> = (0..30_000_i16).flat_map(i16::to_le_bytes).collect();
    let Contents { samples, promised, .. } = read(&wav(&fmt(1, 5, 10, 16, &[]), &data[..60_000])).expect("a file");
    assert_eq!(promised, Some(6000));
    assert!(samples.iter().zip(0..).all(|(&sample, i)| sample == f64::from(i) / 32_768.0) && samples.len() == 30_000);
}
