//! The library's ways in, for any bytes: each function makes of them what a caller may ask for, and panics only where
//! the library is wrong. `fuzz` searches for such bytes; the tests here try those that it has found, and many at
//! random.

mod adjoints;
mod case;
mod outputs;
mod plans;
mod ranges;
mod streams;
mod tensors;

pub use adjoints::adjoints;
pub use outputs::outputs;
pub use plans::plans;
pub use ranges::ranges;
pub use streams::streams;
pub use tensors::tensors;

#[cfg(test)]
#[expect(clippy::print_stdout, reason = "shown if a test fails")]
mod tests {
    use super::*;
    use crate::signals::noise;

    /// Tries what has been found to fail, and so many inputs at random, or as many as `POLYPHASE_FUZZ` says; the
    /// number of one that fails is shown.
    fn try_many(name: &str, target: fn(&[u8]), count: u64) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
        let mut seeds: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        seeds.sort();
        assert!(!seeds.is_empty());
        for seed in seeds {
            println!("{}", seed.display());
            target(&std::fs::read(seed).unwrap());
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
}
