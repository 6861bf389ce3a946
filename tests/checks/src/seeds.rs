//! Inputs of the fuzz targets: the seeds in `fuzz/seeds`, and mutations of them.

#![expect(clippy::print_stdout, reason = "shown if a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The seeds of a target, with their paths.
///
/// # Panics
/// If there are none.
#[must_use]
pub fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = repository().join("fuzz/seeds").join(target);
    let paths = fs::read_dir(&folder).expect("a folder of seeds").map(|entry| entry.expect("a seed").path());
    let mut seeds: Vec<_> = paths.map(|path| (path.clone(), fs::read(path).expect("a seed"))).collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{}", folder.display());
    seeds
}

/// Calls a target with its seeds and with `count` mutations of them, and prints the number of each mutation.
///
/// # Panics
/// If the target panics, or has fewer than four seeds.
pub fn try_mutations(name: &str, target: fn(&[u8]), count: u64) {
    let mut seeds: Vec<_> = seeds(name).into_iter().map(|(_, seed)| seed).collect();
    seeds.sort();
    assert!(seeds.len() > 3);
    seeds.iter().for_each(|seed| target(seed));
    for number in 0..count {
        println!("{name}, mutation {number}");
        target(&mutation(&seeds, &mut fastrand::Rng::with_seed(number)));
    }
}

/// Returns a random seed with one to five random changes.
fn mutation(seeds: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..=bytes.len());
        let end = random.usize(at..=bytes.len().min(at + 16));
        match random.u8(..6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes[at..end].fill(*random.choice(&[0, 0xff, 0x7f, 0x80]).expect("one of them")),
            3 => bytes[at..end].iter_mut().for_each(|byte| *byte = random.u8(..)),
            4 => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << random.u8(..8)),
            _ => {
                let other = &seeds[random.usize(..seeds.len())];
                let from = random.usize(..=other.len());
                bytes.splice(at..at, other[from..].iter().copied());
            }
        }
    }
    bytes
}
