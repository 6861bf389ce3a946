//! The wasm files of the npm package `polyphase-resample`. The files of `js` make its API from the raw classes here.
//!
//! No call panics or allocates without a check of its size: errors of the library and of allocation become errors of
//! JavaScript, with the library's words.

#![deny(unsafe_code)]

#[cfg(feature = "gpu")]
mod batch;
mod error;
#[cfg(feature = "gpu")]
mod kernels;
mod options;
mod plan;
mod samples;
mod stream;
