//! Tests of reading, converting and writing whole files.

mod codecs;
mod conversions;
mod recordings;

use std::path::{Path, PathBuf};

use polyphase_audio::{Decoder, Error};

/// A recording among the tests.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// All samples of a recording, interleaved.
fn read(decoder: &mut Decoder) -> Result<Vec<f64>, Error> {
    let mut samples = Vec::new();
    while decoder.read(&mut samples)? {}
    Ok(samples)
}
