//! Recordings of opusenc, oggenc, lame and ffmpeg, with the samples that opusdec, oggdec and ffmpeg decode them to.

use polyphase_audio::{Decoder, Source};

use super::{path, read};

/// Name, channels, rate, mask of speakers, frames, the first two samples of the frame in the middle or of it and the
/// next, and the sum of all magnitudes.
type Recording = (&'static str, usize, u32, u32, usize, [f64; 2], f64);

#[rustfmt::skip]
const RECORDINGS: &[Recording] = &[
    ("20-celt.opus", 2, 48000, 0x3, 12007, [0.403675, 0.272602], 6129.3468),
    ("20-chained.opus", 2, 48000, 0x3, 24014, [0.075434, 0.011611], 12258.6936),
    ("20-ffmpeg-60ms.opus", 1, 48000, 0x4, 48021, [0.202728, 0.167603], 11990.7357),
    ("20-gain.opus", 1, 48000, 0x4, 48021, [0.049908, 0.05806], 6040.8627),
    ("20-hybrid.opus", 1, 48000, 0x4, 48021, [0.193146, 0.203949], 12042.4171),
    ("20-opus.mkv", 2, 48000, 0x3, 12007, [0.403687, 0.272614], 6124.9482),
    ("20-opus.mp4", 2, 48000, 0x3, 12007, [0.403687, 0.272614], 6124.9482),
    ("20-opus.webm", 2, 48000, 0x3, 12007, [0.403687, 0.272614], 6124.9482),
    ("20-short-frames.opus", 1, 48000, 0x4, 20000, [0.237634, 0.15135], 5119.4390),
    ("20-silk.opus", 1, 48000, 0x4, 48021, [0.099579, 0.115845], 12053.1063),
    ("20-surround.opus", 6, 48000, 0x3f, 6007, [0.324502, -0.17716], 9117.9811),
    ("21-ffmpeg.oga", 1, 8000, 0x4, 4003, [-0.085999, -0.213257], 1025.7213),
    ("21-vorbis.ogg", 2, 48000, 0x3, 12007, [0.360748, 0.182312], 6193.6079),
    ("21-vorbis.webm", 2, 48000, 0x3, 12032, [0.386508, 0.436922], 6182.3785),
    ("22-aac.m4a", 2, 44100, 0x3, 9001, [0.171049, 0.022272], 4412.1825),
    ("22-adts.aac", 1, 16000, 0x4, 17408, [0.383161, 0.360284], 4074.2780),
    ("22-alac.m4a", 1, 8000, 0x4, 4003, [-0.085999, -0.213257], 1025.7213),
    ("22-fragmented.mp4", 1, 16000, 0x4, 16384, [-0.330448, -0.344436], 4069.7251),
    ("23-layer2.mp2", 1, 16000, 0x4, 16128, [-0.410309, -0.338959], 3995.6391),
    ("23-mpeg25.mp3", 1, 8000, 0x4, 5184, [-0.286049, -0.400779], 983.3113),
    ("23-no-tag.mp3", 1, 16000, 0x4, 17280, [0.058317, 0.236407], 3896.3606),
    ("23-vbr.mp3", 2, 22050, 0x3, 4501, [0.17448, 0.091156], 2261.4368),
    ("24-fl32.mov", 1, 16000, 0x4, 1001, [-0.14111363887786865, -0.853979229927063], 454.6912351846695),
    ("24-fl64.mov", 1, 16000, 0x4, 1001, [-0.14111363887786865, -0.853979229927063], 454.6912351846695),
    ("24-in24.mov", 1, 16000, 0x4, 1001, [-0.14111363887786865, -0.853979229927063], 454.6912351846695),
    ("24-in24-little.mov", 1, 16000, 0x4, 1001, [-0.14111363887786865, -0.853979229927063], 454.6912351846695),
    ("24-in32.mov", 1, 16000, 0x4, 1001, [-0.14111363887786865, -0.853979229927063], 454.6912351846695),
];

/// Largest difference of a sample, and largest relative difference of the sum.
fn tolerance(name: &str) -> (f64, f64) {
    match name {
        // SILK is exact, and so are codecs without loss.
        // PCM.
        _ if name.starts_with("24-") => (1e-15, 1e-12),
        _ if name.contains("silk") || name.contains("alac") || name.contains(".oga") => (1e-6, 1e-6),
        // CELT is decoded with integers: the largest difference of all samples is 2.3e-4.
        _ if name.contains("20-") => (2.5e-4, 2e-4),
        // The references of these have 16 bits.
        "21-vorbis.ogg" | "23-layer2.mp2" => (4e-5, 1e-5),
        _ => (2e-5, 1e-5),
    }
}

#[test]
fn recordings_hold_these_samples() {
    for &(name, channels, rate, mask, frames, middle, sum) in RECORDINGS {
        let mut decoder = Decoder::open(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let spec = decoder.spec();
        assert_eq!((spec.channels, spec.rate, spec.channel_mask), (channels, rate, mask), "{name}");
        let samples = read(&mut decoder).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(samples.len(), channels * frames, "{name}");
        let (largest, relative) = tolerance(name);
        let at = frames / 2 * channels;
        for (read, right) in samples[at..].iter().zip(middle) {
            assert!((read - right).abs() <= largest, "{name}: {read} {right}");
        }
        let total: f64 = samples.iter().map(|sample| sample.abs()).sum();
        assert!((total - sum).abs() <= relative * sum, "{name}: {total}");
    }
}

#[test]
fn a_chain_holds_its_recordings_one_after_the_other() {
    let samples = |name: &str| read(&mut Decoder::open(path(name)).expect("a recording")).expect("samples");
    let (one, two) = (samples("20-celt.opus"), samples("20-chained.opus"));
    assert_eq!(two, [&*one, &*one].concat());
}

#[test]
fn the_gain_in_the_header_is_applied() {
    let samples = |name: &str| read(&mut Decoder::open(path(name)).expect("a recording")).expect("samples");
    let factor = 10_f64.powf(-6.0 / 20.0);
    let (plain, quieter) = (samples("20-silk.opus"), samples("20-gain.opus"));
    assert!(plain.iter().zip(&quieter).all(|(a, b)| (a * factor - b).abs() < 1e-12) && plain.len() == quieter.len());
}

#[test]
fn every_byte_is_reported_once() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    for name in ["20-celt.opus", "20-opus.webm", "22-aac.m4a", "23-vbr.mp3"] {
        let total = Arc::new(AtomicU64::new(0));
        let reported = Arc::clone(&total);
        let source = Source::path(path(name)).on_read(move |bytes| {
            reported.fetch_add(bytes, Ordering::Relaxed);
        });
        let mut decoder = Decoder::open(source).expect(name);
        read(&mut decoder).expect(name);
        drop(decoder);
        assert_eq!(total.load(Ordering::Relaxed), std::fs::metadata(path(name)).expect(name).len(), "{name}");
    }
}
