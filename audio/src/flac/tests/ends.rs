//! Tags, junk and other streams around the audio.

use super::*;

fn file(total: Option<u64>, md5: bool) -> (Vec<u8>, Vec<i32>) {
    let samples = noise(2, 5000, 100);
    let mut bytes = written(spec(1, SampleFormat::I16), &Tags::default(), &samples);
    let mut info = StreamInfo::read(bytes[8..].first_chunk().expect("STREAMINFO"));
    info.total = total;
    if !md5 {
        info.md5 = None;
    }
    bytes[8..42].copy_from_slice(&info.written());
    (bytes, samples.iter().map(|sample| sample << 16).collect())
}

fn ape(items: usize, has_header: bool) -> Vec<u8> {
    let part = |flags: u32| {
        let size = u32::try_from(items + 32).expect("a short tag");
        [&b"APETAGEX\xd0\x07\0\0"[..], &size.to_le_bytes(), &[1, 0, 0, 0], &flags.to_le_bytes(), &[0; 8]].concat()
    };
    let header = if has_header { part(0xa000_0000) } else { Vec::new() };
    [header, vec![b'x'; items], part(0x8000_0000)].concat()
}

#[test]
fn tags_behind_the_audio_are_passed_over() {
    let id3v1 = [&b"TAG"[..], &[b'x'; 125]].concat();
    let id3v2 = [&b"ID3\x04\0\0\0\0\x02\x01"[..], &[0xff; 257]].concat();
    let lyrics = b"LYRICSBEGININD0000200LYR00005hello000042LYRICS200".to_vec();
    let tags = [
        id3v1.clone(),
        id3v2.clone(),
        ape(70_000, true),
        [ape(9, true), id3v1.clone()].concat(),
        [lyrics, id3v1].concat(),
        vec![0; 100_000],
    ];
    for (total, md5) in [(None, false), (Some(5000), false), (None, true), (Some(5000), true)] {
        let (bytes, samples) = file(total, md5);
        for (i, tag) in tags.iter().enumerate() {
            let contents = read(&[&bytes[..], tag].concat()).expect("a file with a tag");
            assert!(contents.samples == samples && contents.warnings.is_empty(), "{i}: {:?}", contents.warnings);
            let contents = read(&[&id3v2[..], &id3v2, &bytes, tag].concat()).expect("a file with tags");
            assert!(contents.samples == samples && contents.warnings.is_empty(), "{i}: {:?}", contents.warnings);
        }
    }
}

#[test]
fn junk_behind_the_audio_costs_a_warning() {
    for (total, md5) in [(None, false), (Some(5000), false), (None, true), (Some(5000), true)] {
        let (bytes, samples) = file(total, md5);
        // The last looks like a frame.
        for junk in [&b"junk"[..], &[0xff; 200_000], &ape(9, false), &bytes[bytes.len() - 400..], &[0xff, 0xf8, 0xc9]] {
            let contents = read(&[&bytes[..], junk].concat()).expect("a file with junk");
            assert_eq!((contents.samples == samples, contents.warnings.len()), (true, 1), "{:?}", contents.warnings);
        }
    }
}

#[test]
fn the_rest_of_a_longer_file_costs_a_warning_if_the_audio_is_complete() {
    let longer = written(spec(1, SampleFormat::I16), &Tags::default(), &noise(3, 20_000, 100));
    for (total, md5) in [(None, false), (Some(5000), false), (None, true), (Some(5000), true)] {
        let (bytes, samples) = file(total, md5);
        let both = [&bytes[..], &longer[bytes.len()..]].concat();
        if total.is_none() && !md5 {
            assert!(refusal(&both).ends_with(&format!("at byte {}: no frame begins here", bytes.len())));
            continue;
        }
        let contents = read(&both).expect("a file over a longer one");
        assert!(contents.samples == samples);
        assert_eq!(contents.warnings, ["behind the audio are frames of another stream"]);
    }
}

#[test]
fn a_second_stream_is_refused() {
    for total in [None, Some(5000)] {
        let (bytes, _) = file(total, true);
        let text = "the file holds several streams one after the other";
        assert_eq!(refusal(&[&bytes[..], &bytes].concat()), text);
        assert_eq!(refusal(&[&bytes[..], b"TAG", &[0; 125], b"\xff", &bytes].concat()), text);
    }
}

#[test]
fn a_wrong_total_is_a_warning_if_the_checksum_fits() {
    let text = |total| vec![format!("the header promises {total} frames, the file has 5000")];
    for total in [4096, 4999, 5001, 1 << 35] {
        let (bytes, samples) = file(Some(total), true);
        let contents = read(&bytes).expect("a file");
        assert_eq!((contents.samples == samples, contents.warnings), (true, text(total)));
    }
    // Audio beyond the total is not damaged.
    let (bytes, samples) = file(Some(100), false);
    let contents = read(&bytes).expect("a file");
    assert_eq!((contents.samples == samples, contents.warnings), (true, text(100)));
    // Some programs write the largest total if they do not know it.
    let (bytes, samples) = file(Some(metadata::MAX_TOTAL), false);
    let contents = read(&bytes).expect("a file");
    assert_eq!((contents.samples == samples, contents.warnings, contents.promised), (true, vec![], None));
    let (bytes, _) = file(Some(5001), false);
    assert_eq!(refusal(&bytes), "truncated or damaged: the header promises 5001 frames, 5000 could be read");
}

#[test]
fn a_wrong_checksum_is_an_error() {
    let (mut bytes, _) = file(Some(5000), true);
    bytes[30] ^= 1;
    assert_eq!(refusal(&bytes), "damaged: the audio does not match its checksum");
}

#[test]
fn a_stream_of_no_samples_needs_a_checksum() {
    let format = Format { rate: 8000, channels: 1, bits: 16 };
    let text = "truncated or damaged: not one frame could be read";
    assert_eq!(refusal(&begin(&unknown(format))), text);
    let empty = StreamInfo { md5: Some(md5::compute([]).0), ..unknown(format) };
    assert!(read(&begin(&empty)).expect("an empty file").samples.is_empty());
    assert_eq!(refusal(&begin(&StreamInfo { total: Some(9), ..unknown(format) })), text);
}

#[test]
fn bytes_between_the_header_and_the_audio_cost_a_warning() {
    let (bytes, samples) = file(Some(5000), true);
    let at = (42..bytes.len()).find(|&at| bytes[at..].starts_with(&[0xff, 0xf8])).expect("a frame");
    let contents = read(&[&bytes[..at], b"the rest of a picture", &bytes[at..]].concat()).expect("a file");
    assert!(contents.samples == samples);
    assert_eq!(contents.warnings, ["21 bytes before the audio are no part of the header"]);
}

#[test]
fn headers_that_are_none_are_refused() {
    let (bytes, _) = file(Some(5000), true);
    let begins = "truncated or damaged: the file begins as FLAC, but its header is incomplete: ";
    let mut changed = bytes.clone();
    changed[4] = 1;
    assert_eq!(refusal(&changed), format!("{begins}there is no STREAMINFO"));
    changed[4] = 0x7f;
    assert_eq!(refusal(&changed), format!("{begins}a forbidden type of block"));
    assert_eq!(refusal(&bytes[..30]), format!("{begins}STREAMINFO is incomplete"));
    assert_eq!(refusal(&bytes[..44]), format!("{begins}the file ends too early"));
}
