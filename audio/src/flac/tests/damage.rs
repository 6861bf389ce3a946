//! Files that are cut short or changed: an error, or samples that are right.

use super::super::bits::{Flaw, PADDING};
use super::super::block::BlockWriter;
use super::super::frame::Frame;
use super::*;

/// A short file of several blocks, and its samples.
fn file(info: impl FnOnce(&mut StreamInfo)) -> (Vec<u8>, Vec<i32>) {
    let format = Format { rate: 8000, channels: 2, bits: 16 };
    let samples = noise(1, 600, 40);
    let mut stream = StreamInfo { total: Some(300), ..unknown(format) };
    info(&mut stream);
    let mut bytes = begin(&stream);
    let mut block = BlockWriter::default();
    for (number, part) in samples.chunks(200).enumerate() {
        let channels = [0, 1].map(|channel| part.iter().skip(channel).step_by(2).copied().collect());
        bytes.extend(block.encode(&channels, format, number as u64));
    }
    (bytes, samples.iter().map(|sample| sample << 16).collect())
}

/// The checksum of the samples of `file`.
fn checksum(samples: &[i32]) -> [u8; 16] {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| (sample >> 16).to_le_bytes().into_iter().take(2)).collect();
    md5::compute(bytes).0
}

#[test]
fn a_file_cut_at_any_byte_is_an_error_if_its_total_is_known() {
    let (bytes, samples) = file(|_| {});
    assert_eq!(read(&bytes).expect("a whole file").samples, samples);
    for len in 0..bytes.len() {
        let error = read(&bytes[..len]).expect_err("a refusal").to_string();
        assert!(error.contains("truncated"), "{len}: {error}");
    }
}

#[test]
fn a_file_cut_at_any_byte_ends_with_its_last_whole_block_if_nothing_is_known() {
    let (bytes, samples) = file(|info| info.total = None);
    for len in 0..bytes.len() {
        let Ok(contents) = read(&bytes[..len]) else { continue };
        assert!(!contents.samples.is_empty() && samples.starts_with(&contents.samples), "{len}");
        assert_eq!(contents.samples.len() % 200, 0, "{len}");
        // A cut between two frames leaves no trace.
        assert!(!contents.warnings.is_empty() || [200, 400].contains(&contents.samples.len()), "{len}");
    }
    let last = read(&bytes[..bytes.len() - 1]).expect("two blocks");
    assert_eq!((&last.samples[..], last.warnings.len()), (&samples[..400], 1));
}

#[test]
fn a_changed_byte_is_an_error_or_changes_no_sample() {
    let (_, samples) = file(|_| {});
    let md5 = checksum(&samples);
    let infos: [fn(&mut StreamInfo, [u8; 16]); 4] = [
        |_, _| {},
        |info, _| info.total = None,
        |info, md5| info.md5 = Some(md5),
        |info, md5| (info.total, info.md5) = (None, Some(md5)),
    ];
    for (kind, info) in infos.into_iter().enumerate() {
        let (bytes, _) = file(|stream| info(stream, md5));
        assert_eq!(read(&bytes).expect("a whole file").samples, samples);
        for at in 0..bytes.len() {
            for change in [1, 0x80, 0xff, 0x10] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                let Ok(contents) = read(&changed) else { continue };
                // Without total and checksum, a last frame that is none any more is junk behind the audio.
                let is_cut = kind == 1 && samples.starts_with(&contents.samples) && !contents.warnings.is_empty();
                assert!(contents.samples == samples || is_cut, "{kind}, byte {at}");
            }
        }
    }
}

#[test]
fn a_frame_cut_at_any_byte_is_short_and_nothing_else() {
    for (bits, limit) in [(16, 30_000), (24, 5), (32, 1 << 27), (32, 1 << 20)] {
        let format = Format { rate: 8000, channels: 2, bits };
        let channels = [1, 2].map(|seed| noise(seed, 300, limit));
        let mut block = BlockWriter::default();
        let bytes = block.encode(&channels, format, 0);
        let decode = |bytes: &[u8]| Frame::default().decode(&[bytes, &[0; PADDING]].concat(), format);
        assert_eq!(decode(bytes).map(|(_, len)| len), Ok(bytes.len()));
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len]).map(drop), Err(Flaw::Short), "{bits} bits, {len} bytes");
        }
    }
}

#[test]
fn a_missing_block_is_an_error_whatever_the_header_says() {
    let (bytes, samples) = file(|info| info.total = None);
    let frames: Vec<_> = (42..bytes.len()).filter(|&at| bytes[at..].starts_with(&[0xff, 0xf8])).collect();
    let without = |bytes: &[u8]| [&bytes[..frames[1]], &bytes[frames[2]..]].concat();
    assert_eq!(frames.len(), 3);
    let at = frames[1];
    assert_eq!(refusal(&without(&bytes)), format!("damaged after 100 frames, at byte {at}: frames are missing here"));
    let (bytes, _) = file(|_| {});
    assert_eq!(refusal(&without(&bytes)), "truncated or damaged: the header promises 300 frames, 200 could be read");
    let md5 = checksum(&samples);
    let (bytes, _) = file(|info| (info.total, info.md5) = (None, Some(md5)));
    assert_eq!(refusal(&without(&bytes)), "damaged: the audio does not match its checksum");
}

#[test]
fn a_damaged_block_is_named_by_its_position() {
    for total in [None, Some(300)] {
        let (mut bytes, _) = file(|info| info.total = total);
        let second = (43..bytes.len()).find(|&at| bytes[at..].starts_with(&[0xff, 0xf8])).expect("a frame");
        bytes[second + 40] ^= 4;
        let text = format!("damaged after 100 frames, at byte {second}: ");
        assert!(refusal(&bytes).starts_with(&text), "{}", refusal(&bytes));
        // A header that is none any more.
        bytes[second] = 0;
        assert_eq!(refusal(&bytes), format!("{text}no frame begins here"));
    }
}

#[test]
fn random_bytes_behind_a_header_do_not_panic() {
    let mut random = fastrand::Rng::with_seed(3);
    let (bytes, _) = file(|_| {});
    for _ in 0..3000 {
        let mut changed = bytes.clone();
        for _ in 0..random.usize(1..20) {
            let at = random.usize(4..changed.len());
            changed[at] = random.u8(..);
        }
        let crc_of_header = crc_8(&changed[42..49]);
        changed[49] = crc_of_header;
        drop(read(&changed));
    }
}
