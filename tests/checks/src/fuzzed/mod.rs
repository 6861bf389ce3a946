//! Fuzz targets of the library. Each function makes options, rates and clips from arbitrary bytes, calls an entry
//! point, and panics only if the library is wrong. The crate in `fuzz` searches for bytes that cause a panic;
//! `tests/suite/fuzzed.rs` tries the ones that it found, and random ones.

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
