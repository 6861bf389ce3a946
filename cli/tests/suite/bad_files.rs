//! Damaged files, one for each kind of damage.

use std::fs;

use tempfile::TempDir;

use super::files::{read_wav, wav_bytes};
use super::{data, done, files_below, run};
use crate::signals::noise_f32;

/// Each damaged file fails alone, with one line that gives the reason, and leaves nothing in the output folder.
#[test]
fn bad_files_fail_alone_with_one_clear_line() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let wav = wav_bytes(48_000, 1, &noise_f32(1, 5000));
    let flac = fs::read(data().join("stereo-44100.flac")).unwrap();
    let forged = |at: usize, bytes: &[u8]| {
        let mut wav = wav.clone();
        wav[at..at + bytes.len()].copy_from_slice(bytes);
        wav
    };
    let mut corrupt = flac.clone();
    corrupt[100_000..100_050].fill(0x55);
    write("in-good.wav", &wav);
    write("in-empty.wav", b"");
    write("in-text.wav", b"This is a letter, not a recording.\n");
    write("in-truncated.wav", &wav[..12_000]);
    write("in-header.wav", &wav[..30]);
    write("in-rate0.wav", &forged(24, &0_u32.to_le_bytes()));
    write("in-rate4e9.wav", &forged(24, &4_294_967_291_u32.to_le_bytes()));
    write("in-channels.wav", &forged(22, &u16::MAX.to_le_bytes()));
    write("in-size.wav", &forged(wav.len() - 5000 * 4 - 4, &2_000_000_000_u32.to_le_bytes()));
    write("in-truncated.flac", &flac[..flac.len() / 2]);
    write("in-corrupt.flac", &corrupt);
    write("in-truncated.npy", &npy_bytes("(64,)", "<f8")[..639]);
    write("in-text.npy", b"\x93NUMPY but not really");
    write("in-huge.npy", &npy_bytes("(6400000000000000000, 4)", "<f8"));
    write("in-long.npy", &npy_bytes("(0, 18446744073709551615)", "<f8"));
    write("in-type.npy", &npy_bytes("(64,)", "<c8"));

    let (code, stdout, stderr) =
        run(&folder, "resample . in-missing.wav --rate 16000 --orig-freq 48000 --out out --threads 2");
    let (code_again, _, unforced) =
        run(&folder, "resample in-rate4e9.wav in-rate0.wav in-good.wav --rate 16000 --out again");
    assert_eq!((code, code_again), (1, 1), "{stderr}");
    for (name, reason) in [
        ("in-empty.wav", "the file is empty"),
        ("in-text.wav", "the file is text, not audio"),
        ("in-truncated.wav", "truncated or damaged: the header promises 5000 frames, 2989 could be read"),
        ("in-header.wav", "truncated or damaged: the file begins as WAV, but its header is incomplete"),
        ("in-rate0.wav", "the header gives a sampling rate of 0"),
        ("in-channels.wav", "the header gives 65535 channels: at most 1024 are read"),
        ("in-size.wav", "truncated or damaged: the header promises 500000000 frames, 5000 could be read"),
        ("in-truncated.flac", "truncated or damaged: the header promises 189794 frames, 77824 could be read"),
        ("in-corrupt.flac", "damaged after 81920 frames, at byte 97160: its checksum differs"),
        ("in-truncated.npy", "truncated: the header promises 512 bytes of samples, the file holds 511"),
        ("in-text.npy", "not an .npy file, or its header is damaged"),
        ("in-huge.npy", "the header gives the impossible shape (6400000000000000000, 4)"),
        ("in-long.npy", "the header gives the impossible shape (0, 18446744073709551615)"),
        ("in-type.npy", "the array is of type <c8: f16, f32, f64, i16 and i32 can be read"),
        ("in-missing.wav", "No such file"),
    ] {
        let lines: Vec<_> = stderr.lines().filter(|line| line.contains(name)).collect();
        assert_eq!(lines.len(), 1, "{name}: {stderr}");
        assert!(lines[0].starts_with("polyphase: ") && lines[0].contains(reason), "{reason}: {}", lines[0]);
    }
    assert_eq!(stderr.lines().count(), 15, "{stderr}");
    assert!(stdout.contains("15 files failed") && stdout.starts_with("2 files"), "{stdout}");
    assert_eq!(files_below(&folder.path().join("out")), ["in-good.wav", "in-rate4e9.wav"]);
    // Without --orig-freq, the forged rate is used.
    assert!(unforced.contains("in-rate4e9.wav: the ratio 16000/4294967291 is outside 1/1024 … 1024"), "{unforced}");
    assert_eq!(files_below(&folder.path().join("again")), ["in-good.wav"]);
}

/// Bytes of an .npy file with this shape and type in its header, and the data of 64 float64 zeros.
fn npy_bytes(shape: &str, dtype: &str) -> Vec<u8> {
    let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), &[0; 512]].concat()
}

/// Asserts that a file fails with one line that begins with this reason, and that nothing is written.
fn fails(folder: &TempDir, name: &str, bytes: &[u8], reason: &str) {
    fs::write(folder.path().join(name), bytes).unwrap();
    let (code, _, stderr) = run(folder, &format!("resample {name} --rate 16000 --out out"));
    assert_eq!((code, stderr.lines().count()), (1, 1), "{name}: {stderr}");
    assert!(stderr.starts_with(&format!("polyphase: {name}: {reason}")), "{reason}: {stderr}");
    assert!(files_below(&folder.path().join("out")).is_empty());
}

/// Lossy formats have no checksum of the audio. Missing audio is detected by the length in a tag or on the last page.
#[test]
fn lossy_files_with_audio_missing_are_refused() {
    let folder = TempDir::new().unwrap();
    let recording = |name: &str| fs::read(data().join(name)).unwrap();
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let without_middle = |bytes: &[u8]| [&bytes[..bytes.len() / 2], &bytes[bytes.len() / 2 + 3000..]].concat();
    let (mp3, ogg, m4a) =
        (recording("speech-mpeg-22050.mp3"), recording("speech-vorbis-22050.ogg"), recording("speech-aac-22050.m4a"));

    let promised = "truncated or damaged: the header promises 118091 frames, ";
    fails(&folder, "half.mp3", &half(&mp3), promised);
    fails(&folder, "cut.mp3", &without_middle(&mp3), "damaged after 53039 frames: frame depends on bit reservoir");
    let twice = "the file goes on after the 118091 frames that its header promises: several files in one, or damaged";
    fails(&folder, "twice.mp3", &mp3.repeat(2), twice);

    fails(&folder, "half.ogg", &half(&ogg), "truncated or damaged: the end of the audio is missing, after ");
    fails(&folder, "cut.ogg", &without_middle(&ogg), "truncated or damaged: ");
    // Recordings one after the other are one.
    fs::write(folder.path().join("twice.ogg"), ogg.repeat(2)).unwrap();
    let (code, _, stderr) = run(&folder, "resample twice.ogg --rate 22050 --out twice");
    let warning = "polyphase: twice.ogg: warning: the file holds 2 recordings one after the other: read as one\n";
    assert_eq!((code, stderr.as_str()), (0, warning));
    assert_eq!(read_wav(&folder.path().join("twice/twice.wav")).samples.len(), 2 * 118_091);
    fails(
        &folder,
        "half.m4a",
        &half(&m4a),
        "truncated or damaged: the file begins as MP4, but its header cannot be read",
    );
    // An ID3 tag after the audio is not an error.
    fs::write(folder.path().join("tag.mp3"), [&mp3[..], b"TAG", &[0; 125]].concat()).unwrap();
    done(&folder, "resample tag.mp3 --rate 22050");
    assert_eq!(read_wav(&folder.path().join("resampled/tag.wav")).samples.len(), 118_091);
}

/// MPEG 1 layer 3 frames of stereo silence. Each entry holds the third byte of the header, the length of a frame in
/// bytes, and the number of frames.
fn mpeg(frames: &[(u8, usize, usize)]) -> Vec<u8> {
    let frame = |third: u8, len: usize| [&[0xff, 0xfb, third, 0][..], &vec![0; len - 4]].concat();
    frames.iter().flat_map(|&(third, len, count)| frame(third, len).repeat(count)).collect()
}

#[test]
fn streams_without_a_length_are_read_to_their_end() {
    let folder = TempDir::new().unwrap();
    // 320 kbit/s, then 32 kbit/s: a length estimated from the first frames would be far too short.
    fs::write(folder.path().join("a.mp3"), mpeg(&[(0xe0, 1044, 20), (0x10, 104, 80)])).unwrap();
    done(&folder, "resample a.mp3 --rate 44100");
    assert_eq!(read_wav(&folder.path().join("resampled/a.wav")).samples.len(), 2 * 1152 * 100);
    // A WAV file as programs write it to a pipe.
    let mut wav = wav_bytes(8000, 1, &noise_f32(1, 100));
    for at in [4, 40] {
        wav[at..at + 4].fill(0xff);
    }
    fs::write(folder.path().join("b.wav"), &wav).unwrap();
    done(&folder, "resample b.wav --rate 8000");
    assert_eq!(read_wav(&folder.path().join("resampled/b.wav")).samples.len(), 100);
}

#[test]
fn rates_that_change_within_a_file_are_refused() {
    let folder = TempDir::new().unwrap();
    // 44.1 kHz, then 48 kHz. Either the decoder or its caller detects the change.
    let bytes = mpeg(&[(0x90, 417, 10), (0x94, 384, 10)]);
    fs::write(folder.path().join("a.mp3"), bytes).unwrap();
    let (code, _, stderr) = run(&folder, "resample a.mp3 --rate 16000 --out out");
    assert!(code == 1 && stderr.starts_with("polyphase: a.mp3: ") && stderr.lines().count() == 1, "{stderr}");
    assert!(files_below(&folder.path().join("out")).is_empty());
}

#[test]
fn flac_must_match_its_checksum() {
    let folder = TempDir::new().unwrap();
    let mut flac = fs::read(data().join("stereo-44100.flac")).unwrap();
    // The MD5 sum follows a marker of 4 bytes, a block header of 4, and 18 bytes of sizes.
    flac[30] ^= 1;
    fails(&folder, "a.flac", &flac, "damaged: the audio does not match its checksum");
}

#[test]
fn formats_that_are_not_read_are_named_with_a_remedy() {
    let folder = TempDir::new().unwrap();
    let with = |start: &[u8]| [start, &[0; 1000]].concat();
    let remedy = "which is not read: convert it first, as with `ffmpeg -i IN OUT.flac`";
    let mut gsm = wav_bytes(8000, 1, &[0.0; 100]);
    gsm[20] = 0x31;
    fails(&folder, "a.wav", &gsm, &format!("the file is GSM 6.10 in WAV, {remedy}"));
    fails(&folder, "a.amr", &with(b"#!AMR\n"), &format!("the file is AMR, {remedy}"));

    // A recorder was stopped before it wrote the sizes.
    let mut wav = wav_bytes(8000, 1, &noise_f32(1, 100));
    wav[40..44].fill(0);
    fs::write(folder.path().join("b.wav"), &wav).unwrap();
    done(&folder, "resample b.wav --rate 8000 --out b");
    assert_eq!(read_wav(&folder.path().join("b/b.wav")).samples.len(), 100);
    // Chunks after an empty data chunk are not samples.
    let list = b"LIST\x04\0\0\0INFO";
    fs::write(folder.path().join("c.wav"), [&wav[..44], list].concat()).unwrap();
    done(&folder, "resample c.wav --rate 16000 --out c");
    // FLAC cannot store an empty signal.
    let (code, _, stderr) = run(&folder, "resample c.wav --rate 16000 --out out --format flac --sample-format i16");
    assert!(code == 1 && stderr.contains("a FLAC file cannot hold a signal of no samples"), "{stderr}");
}
