//! The library's entry points with options, rates and clips made of any bytes: those that fuzzing has found to fail, and many
//! at random. The functions are those of `polyphase_checks::fuzzed`, which `fuzz` calls too.

#![expect(clippy::print_stdout, reason = "shown if a test fails")]

use polyphase_checks::fuzzed::{adjoints, outputs, plans, ranges, streams, tensors};
use polyphase_checks::seeds::seeds;

use crate::signals::noise;

/// Tries what has been found to fail, and so many inputs at random, or as many as `POLYPHASE_FUZZ` says; the number of one
/// that fails is shown.
fn try_many(name: &str, target: fn(&[u8]), count: u64) {
    for (path, seed) in seeds(name) {
        println!("{}", path.display());
        target(&seed);
    }
    let count = std::env::var("POLYPHASE_FUZZ").map_or(count, |count| count.parse().unwrap());
    for number in 0..count {
        println!("{name}, number {number}");
        let bytes: Vec<_> = noise(number, 200).into_iter().map(|x| (x * 128.0).floor() as i8 as u8).collect();
        target(&bytes);
    }
}

#[test]
fn plans_of_anything() {
    try_many("plans", plans, 800);
}

#[test]
fn outputs_of_anything() {
    try_many("outputs", outputs, 300);
}

#[test]
fn streams_of_anything() {
    try_many("streams", streams, 300);
}

#[test]
fn ranges_of_anything() {
    try_many("ranges", ranges, 600);
}

#[test]
fn tensors_of_anything() {
    try_many("tensors", tensors, 600);
}

#[test]
fn adjoints_of_anything() {
    try_many("adjoints", adjoints, 300);
}
