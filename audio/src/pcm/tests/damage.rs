//! Headers cut short and changed.

use std::io::Cursor;

use super::super::{Container, open};
use super::i16_le;
use super::wav::{mono16, wav};

/// Reads any bytes as a file. There are never more samples than bytes.
fn read_anything(bytes: &[u8]) {
    for len in [Some(bytes.len() as u64), None] {
        let Some(container) = Container::of(bytes) else { return };
        let mut source = Cursor::new(bytes);
        let Ok(opened) = open(&mut source, len, container) else { continue };
        let Some(mut audio) = opened.audio else { continue };
        let mut samples = Vec::<f32>::new();
        while let Ok(true) = audio.read(&mut source, &mut samples) {}
        assert!(samples.len() <= bytes.len());
        assert!(samples.capacity() <= 4 * bytes.len().max(1 << 15));
    }
}

/// A small file of each container, from the tests' own builders and the seeds of the fuzz targets.
fn files() -> Vec<Vec<u8>> {
    let seeds = polyphase_checks::seeds::seeds("audio").into_iter().map(|(_, seed)| seed);
    let mut files: Vec<_> = seeds.filter(|seed| Container::of(seed).is_some()).collect();
    files.push(wav(&mono16(), &i16_le()));
    files
}

#[test]
fn files_cut_at_every_byte() {
    for file in files() {
        for len in 0..file.len().min(600) {
            read_anything(&file[..len]);
        }
    }
}

#[test]
fn fields_with_extreme_values() {
    let values: [&[u8]; 6] =
        [&[0; 8], &[0xff; 8], &[0x7f, 0xff, 0xff, 0xff], &[0xff, 0xff, 0xff, 0x7f], &[1], &[0x80; 2]];
    for file in files() {
        for at in 0..file.len().min(160) {
            for value in values {
                let mut changed = file.clone();
                let end = file.len().min(at + value.len());
                changed[at..end].copy_from_slice(&value[..end - at]);
                read_anything(&changed);
                changed.drain(at..end);
                read_anything(&changed);
            }
        }
    }
}
