//! The fuzz targets of the library, `polyphase_checks::fuzzed`, with bytes on which fuzzing has failed before and with
//! random bytes.

#![expect(clippy::print_stdout, reason = "shown if a test fails")]

use polyphase_checks::fuzzed::{adjoints, outputs, plans, ranges, streams, tensors};
use polyphase_checks::seeds::seeds;

use crate::signals::noise;

/// Calls a target with its seeds and with `count` random inputs, or as many as `POLYPHASE_FUZZ` says. Prints the path
/// or number of each input, which the test harness shows if one fails.
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
fn plans_from_arbitrary_bytes() {
    try_many("plans", plans, 800);
}

#[test]
fn outputs_from_arbitrary_bytes() {
    try_many("outputs", outputs, 300);
}

#[test]
fn streams_from_arbitrary_bytes() {
    try_many("streams", streams, 300);
}

#[test]
fn ranges_from_arbitrary_bytes() {
    try_many("ranges", ranges, 600);
}

#[test]
fn tensors_from_arbitrary_bytes() {
    try_many("tensors", tensors, 600);
}

#[test]
fn adjoints_from_arbitrary_bytes() {
    try_many("adjoints", adjoints, 300);
}
