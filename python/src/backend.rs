//! The backends by name.

use std::sync::{Mutex, MutexGuard, PoisonError};

use polyphase::{Backend, Resampler, ResamplerBuilder};
use pyo3::prelude::*;

use crate::error::resampling;

/// Resamplers of [`Backend::Auto`] and [`Backend::Gpu`] that calls share. Locked under Python's global lock only.
static SHARED: Mutex<[Option<Resampler>; 2]> = Mutex::new([None, None]);

fn shared() -> MutexGuard<'static, [Option<Resampler>; 2]> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the GPU, which a fork does not copy. It is leaked: dropping it would ask the driver to release it.
pub(crate) fn forget() {
    std::mem::forget(std::mem::take(&mut *shared()));
}

/// The resampler of a backend; `None` for the CPU.
pub(crate) fn named(py: Python<'_>, name: &str) -> PyResult<Option<Resampler>> {
    let backend: Backend = name.parse().map_err(|error| resampling(&error))?;
    let index = match backend {
        Backend::Cpu => return Ok(None),
        Backend::Gpu => 1,
        _ => 0,
    };
    if let Some(resampler) = &shared()[index] {
        return Ok(Some(resampler.clone()));
    }
    let resampler = match backend {
        Backend::Gpu => open(py, Resampler::builder().backend(backend))?,
        // POLYPHASE_BACKEND may name another.
        _ => Resampler::auto(),
    };
    Ok(Some(shared()[index].insert(resampler).clone()))
}

/// Builds a resampler, which may open a GPU.
pub(crate) fn open(py: Python<'_>, builder: ResamplerBuilder) -> PyResult<Resampler> {
    let _active = crate::fork::enter(py);
    py.detach(|| builder.build()).map_err(|error| resampling(&error))
}
