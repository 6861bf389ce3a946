//! The library's ways in, for any bytes: each function makes of them what a caller may ask for, and panics only where the
//! library is wrong. `fuzz` searches for such bytes; the tests here try those that it has found, and many at random.

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
