//! Chunks of WAV that are missing, misplaced or of a wrong size, RF64 and Wave64.

use super::super::chunks::Extent;
use super::wav::{fmt, mono16, riff, wav};
use super::{Error, chunk, i16_le, i16_samples, is_i16, read, read_both, read_piped, refusal};

/// A chunk with any size in its header.
fn sized(name: &[u8; 4], size: u32, body: &[u8]) -> Vec<u8> {
    [&name[..], &size.to_le_bytes(), body].concat()
}

fn fmt_chunk() -> Vec<u8> {
    chunk(b"fmt ", false, &mono16())
}

fn data_chunk() -> Vec<u8> {
    chunk(b"data", false, &i16_le())
}

#[test]
fn sizes_of_streams_mean_the_end_of_the_file() {
    for size in [0, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0x7fff_f000, 0xffff_ffff - 44, 0x7fff_ffff - 36] {
        for file_size in [0, 100, u32::MAX, size] {
            let mut file = riff(&[fmt_chunk(), sized(b"data", size, &i16_le())]);
            file[4..8].copy_from_slice(&file_size.to_le_bytes());
            is_i16(&read_both(&file));
            // A frame that is not complete is left out.
            file.push(1);
            is_i16(&read_both(&file));
        }
    }
    // A size that is a length, in a file whose own size was never written.
    let mut file = riff(&[fmt_chunk(), sized(b"data", 1000, &i16_le())]);
    file[4..8].fill(0);
    is_i16(&read(&file).expect("a file"));
}

#[test]
fn audio_shorter_than_its_header_is_refused() {
    for size in [14, 1000, 2_000_000_000, 0x9000_0000] {
        let file = riff(&[fmt_chunk(), sized(b"data", size, &i16_le())]);
        for refused in [read(&file), read_piped(&file)] {
            let error = refused.expect_err("truncated");
            assert!(
                matches!(error, Error::Truncated { promised, read: 6 } if promised == u64::from(size / 2)),
                "{error}"
            );
        }
    }
    for size in [0xffff_ffff, 0x7fff_ffff] {
        assert!(refusal(&riff(&[fmt_chunk(), sized(b"data", size, &[])])).contains("not one frame could be read"));
    }
}

#[test]
fn sizes_of_32_bits_wrap() {
    let extent = |stated, left| Extent::new_u32(stated, Some(left));
    assert_eq!(extent(1000, (1 << 32) + 1020), Extent::Stated((1 << 32) + 1000));
    assert_eq!(extent(1000, (3 << 32) + 1000), Extent::Stated((3 << 32) + 1000));
    assert_eq!(extent(1000, (1 << 32) + 999), Extent::Stated(1000));
    assert_eq!(extent(1000, 10), Extent::Stated(1000));
    // Streams that went on beyond the size that stands for an unknown one.
    assert_eq!(extent(0x7fff_f000, 5 << 30), Extent::Rest);
    assert_eq!(extent(0xffff_ffff, 5 << 30), Extent::Rest);
    assert_eq!(extent(0x7fff_f000, 0x7fff_f100), Extent::Stated(0x7fff_f000));
}

#[test]
fn empty_data_chunks() {
    // Before the real one, or alone, or before other chunks.
    is_i16(&read(&riff(&[fmt_chunk(), sized(b"data", 0, &[]), data_chunk()])).expect("a file"));
    for rest in [vec![], chunk(b"LIST", false, b"INFO"), chunk(b"id3 ", false, &[1, 2, 3])] {
        let contents = read(&riff(&[fmt_chunk(), sized(b"data", 0, &[]), rest])).expect("a file");
        assert_eq!((contents.samples.len(), contents.promised), (0, Some(0)));
    }
}

#[test]
fn chunks_around_the_audio() {
    let unknown = chunk(b"what", false, &[7; 5001]);
    let other = chunk(b"LIST", false, b"INFOISFT\x0a\0\0\0Lavf58.29\0");
    let fact = chunk(b"fact", false, &[0; 12]);
    for before in [vec![unknown, other], vec![fact], vec![sized(b"LIST", 0, &[])], vec![]] {
        let file = riff(&[before.concat(), fmt_chunk(), before.concat(), data_chunk(), before.concat()]);
        is_i16(&read_both(&file));
    }
    // Data before the format.
    is_i16(&read(&riff(&[data_chunk(), fmt_chunk()])).expect("a file"));
    for missing in [riff(&[fmt_chunk()]), riff(&[data_chunk()]), riff(&[])] {
        assert!(
            refusal(&missing)
                .starts_with("truncated or damaged: the file begins as WAV, but its header is incomplete: it has no ")
        );
    }
}

#[test]
fn chunks_without_padding_or_of_a_wrong_size() {
    let odd = |size| sized(b"LIST", size, b"INFOISFT\x07\0\0\0a title");
    // 19 bytes without padding; too many; far too many; too few.
    for size in [19, 21, 30, 4000, 0x7fff_ffff, 0xffff_ffff, 5, 12] {
        let file = riff(&[fmt_chunk(), odd(size), data_chunk()]);
        is_i16(&read(&file).unwrap_or_else(|error| panic!("{size}: {error}")));
    }
    let file = riff(&[sized(b"junk", 4, &[0; 40_000]), fmt_chunk(), data_chunk()]);
    is_i16(&read(&file).expect("a file"));
}

#[test]
fn rf64_and_bw64() {
    let ds64 = |data: u64| chunk(b"ds64", false, &[[0; 8], data.to_le_bytes(), [0; 8], [0; 8]].concat()[..28]);
    let file = |name: &[u8; 4], long: u64, short: u32| {
        let chunks = [ds64(long), fmt_chunk(), sized(b"data", short, &i16_le()), chunk(b"LIST", false, b"INFO")];
        [&name[..], &[0xff; 4], b"WAVE", &chunks.concat()].concat()
    };
    for name in [b"RF64", b"BW64"] {
        is_i16(&read_both(&file(name, 12, 0xffff_ffff)));
        is_i16(&read_both(&file(name, 0, 12)));
        // A stream: the chunk after the audio counts as audio.
        assert!(read_both(&file(name, 0, 0xffff_ffff)).samples.starts_with(&i16_samples()));
    }
    let error = read(&file(b"RF64", 6_000_000_000, 0xffff_ffff)).expect_err("truncated");
    assert!(matches!(error, Error::Truncated { promised: 3_000_000_000, read: 12 }), "{error}");
    let adpcm = [b"RF64\xff\xff\xff\xffWAVE".to_vec(), chunk(b"fmt ", false, &fmt(2, 1, 256, 4, &[0; 34]))].concat();
    assert!(refusal(&adpcm).starts_with("the file is ADPCM in RF64, which is not read"));
}

/// A chunk of Wave64, with any size of its body.
fn wave64_chunk(name: &[u8; 4], size: u64, body: &[u8]) -> Vec<u8> {
    let mut chunk =
        [&name[..], b"\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a", &size.wrapping_add(24).to_le_bytes()].concat();
    chunk.extend(body);
    chunk.resize(chunk.len().next_multiple_of(8), 0);
    chunk
}

#[test]
fn wave64() {
    let file = |size: u64| {
        let riff = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0\0\0\0\0\0\0\0\0";
        let wave = b"wave\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a";
        let mut file = [&riff[..], wave].concat();
        file.extend(wave64_chunk(b"fact", 9, &[0; 9]));
        file.extend(wave64_chunk(b"fmt ", 16, &mono16()));
        file.extend(wave64_chunk(b"data", size, &i16_le()));
        let len = file.len() as u64;
        file[16..24].copy_from_slice(&len.to_le_bytes());
        file
    };
    is_i16(&read_both(&file(12)));
    // Sizes of streams; four bytes of padding count as audio.
    for size in [u64::MAX - 24, i64::MAX as u64 - 24] {
        assert_eq!(read_both(&file(size)).samples[..6], i16_samples());
    }
    assert!(matches!(read(&file(20)), Err(Error::Truncated { promised: 10, read: 8 })));
}

#[test]
fn a_header_in_a_pipe_has_a_limit() {
    let file = riff(&[chunk(b"JUNK", false, &vec![0; 2 << 20]), fmt_chunk(), data_chunk()]);
    is_i16(&read(&file).expect("a file"));
    assert!(matches!(read_piped(&file), Err(Error::Unsupported(text)) if text.contains("not from a pipe")));
    assert!(read(&wav(&mono16(), &i16_le())).is_ok());
}
