//! CAF.

use super::super::speakers;
use super::{Error, SampleFormat, i16_be, i16_le, is_i16, read, read_both, refusal};

fn chunk(name: &[u8; 4], size: i64, body: &[u8]) -> Vec<u8> {
    [&name[..], &size.to_be_bytes(), body].concat()
}

/// The chunk with the format of one channel.
fn description(rate: f64, kind: &[u8; 4], flags: u32, packet: u32, bits: u32) -> Vec<u8> {
    let mut body = rate.to_be_bytes().to_vec();
    body.extend(kind);
    [flags, packet, 1, 1, bits].iter().for_each(|field| body.extend(field.to_be_bytes()));
    chunk(b"desc", 32, &body)
}

/// The chunk with the audio.
fn data(samples: &[u8]) -> Vec<u8> {
    chunk(b"data", 4 + samples.len() as i64, &[&[0; 4], samples].concat())
}

fn caf(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"caff\0\x01\0\0".to_vec(), chunks.concat()].concat()
}

#[test]
fn linear_pcm_of_every_kind() {
    use SampleFormat::{F32, F64, I16, I24, I32};
    for (flags, width, bits, format) in [
        (0, 1, 8, I16),
        (0, 2, 16, I16),
        (0, 3, 24, I24),
        (0, 3, 20, I24),
        (0, 4, 24, I24),
        (0, 4, 32, I32),
        (0, 8, 64, F64),
        (1, 4, 32, F32),
        (1, 8, 64, F64),
    ] {
        let big: Vec<u8> = match (flags, width) {
            (1, 4) => [0.5_f32, -0.5].iter().flat_map(|sample| sample.to_be_bytes()).collect(),
            (1, _) => [0.5_f64, -0.5].iter().flat_map(|sample| sample.to_be_bytes()).collect(),
            _ => [0x40_u8, 0xc0].iter().flat_map(|&top| [vec![top], vec![0; width - 1]].concat()).collect(),
        };
        let little: Vec<u8> = big.chunks(width).flat_map(|sample| sample.iter().rev().copied()).collect();
        for (order, bytes) in [(0, big), (2, little)] {
            let description = description(8000.0, b"lpcm", flags | order, width as u32, bits);
            let contents = read_both(&caf(&[description, data(&bytes)]));
            assert_eq!((contents.samples, contents.spec.format), (vec![0.5, -0.5], format), "{flags} {width} {order}");
        }
    }
}

#[test]
fn companded_samples_and_other_codecs() {
    for (kind, bytes, sample) in [(b"alaw", 0xd5, 8.0), (b"ulaw", 0x80, 32_124.0)] {
        let file = caf(&[description(8000.0, kind, 0, 1, 8), data(&[bytes])]);
        assert_eq!(read_both(&file).samples, [sample / 32_768.0]);
    }
    for (kind, text) in [
        (b"aach", "the file is HE-AAC in CAF, which is not read"),
        (b"ms\0\x31", "the file is GSM 6.10 in CAF, which is not read"),
        (b"what", "the file is the unknown codec \"what\" in CAF, which is not read"),
    ] {
        assert!(refusal(&caf(&[description(8000.0, kind, 0, 0, 0), data(&[0; 100])])).starts_with(text));
    }
    let half = caf(&[description(8000.0, b"lpcm", 1, 2, 16), data(&[0; 100])]);
    assert!(refusal(&half).starts_with("the file is a float of 16 bits in CAF"));
}

#[test]
fn rates_and_sizes() {
    let contents = read_both(&caf(&[description(44_099.5, b"lpcm", 0, 2, 16), data(&i16_be())]));
    assert_eq!((contents.rate, contents.spec.rate), (44_099.5, 44_100));
    let of_size =
        |size| caf(&[description(8000.0, b"lpcm", 2, 2, 16), chunk(b"data", size, &[&[0; 4], &i16_le()[..]].concat())]);
    for size in [16, -1, 0, 0xffff_ffff, i64::MAX] {
        is_i16(&read_both(&of_size(size)));
    }
    assert!(matches!(read(&of_size(18)), Err(Error::Truncated { promised: 7, read: 6 })));
    // A recorder that was stopped, and a header that was written twice.
    is_i16(&read(&of_size(4)).expect("a file"));
    let twice = [of_size(4)[..of_size(4).len() - 12].to_vec(), of_size(16)].concat();
    assert!(refusal(&twice).contains("a second header"));
    let empty = caf(&[description(8000.0, b"lpcm", 2, 2, 16), chunk(b"data", 4, &[0; 4])]);
    assert_eq!(read_both(&empty).promised, Some(0));
    for rate in [f64::NAN, -8000.0, f64::INFINITY, 1e300, 1e-9] {
        let file = caf(&[description(rate, b"lpcm", 0, 2, 16), data(&i16_be())]);
        assert!(refusal(&file).starts_with("the header gives the impossible sampling rate"), "{rate}");
    }
}

#[test]
fn chunks_around_the_audio() {
    let tags = chunk(b"info", 7, &[0; 7]);
    let file = caf(&[description(8000.0, b"lpcm", 2, 2, 16), tags.clone(), data(&i16_le()), tags]);
    is_i16(&read_both(&file));
    assert!(refusal(&file[..40]).contains("its `desc` chunk is too short"));
    assert!(refusal(&caf(&[data(&i16_le())])).contains("it has no `desc` chunk"));
    assert!(refusal(&caf(&[description(8000.0, b"lpcm", 2, 2, 16)])).contains("it has no `data` chunk"));
    for (packet, bits) in [(0, 16), (9, 64), (2, 17), (u32::MAX, 16)] {
        let file = caf(&[description(8000.0, b"lpcm", 2, packet, bits), data(&i16_le())]);
        assert!(refusal(&file).starts_with("the header contradicts itself: "), "{packet} {bits}");
    }
}

#[test]
fn layouts_become_masks() {
    let layout = |tag: u32, bitmap: u32, labels: &[u32]| {
        let mut body = [tag, bitmap, u32::try_from(labels.len()).expect("few")].map(u32::to_be_bytes).concat();
        labels.iter().for_each(|label| body.extend([&label.to_be_bytes()[..], &[0; 16]].concat()));
        body
    };
    let five = [1, 2, 3, 5, 6];
    assert_eq!(speakers::mask(&layout(0, 0, &five), 5), 0x37);
    assert_eq!(speakers::mask(&layout(1 << 16, 0x60f, &[]), 6), 0x60f);
    assert_eq!(speakers::mask(&layout(121 << 16 | 6, 0, &[]), 6), 0x3f);
    assert_eq!(speakers::mask(&layout(100 << 16 | 1, 0, &[]), 1), 4);
    // Another order, speakers that a mask does not know, another number of channels, less than a layout.
    for (chunk, channels) in [
        (layout(0, 0, &[3, 1, 2]), 3),
        (layout(0, 0, &[1, 35]), 2),
        (layout(0, 0, &five), 6),
        (layout(0, 0, &five)[..40].to_vec(), 5),
        (layout(121 << 16 | 6, 0, &[]), 5),
        (vec![0, 101, 0, 2], 2),
    ] {
        assert_eq!(speakers::mask(&chunk, channels), 0);
    }
}
