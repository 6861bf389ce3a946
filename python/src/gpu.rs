//! `GpuResampler`: a GPU that was asked for.

use std::sync::{Mutex, PoisonError};

use polyphase::{Backend, Resampler};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::backend::open;
use crate::batch::{Clips, resample_clips};

/// A GPU, for batches from host memory.
///
/// `adapter` is a part of the GPU's name, its index, its PCI address or its vendor and device in hexadecimal;
/// `allow_software` also takes a driver that computes on the CPU. RuntimeError if there is no GPU.
///
/// Clips that the GPU cannot compute, or did not complete, are computed on the CPU; `report` says which and why. A GPU
/// cannot be used after a fork of the process: make another in the child.
#[pyclass(frozen, module = "polyphase")]
pub(crate) struct GpuResampler {
    resampler: Resampler,
    process: u32,
    report: Mutex<Option<String>>,
}

#[pymethods]
impl GpuResampler {
    #[new]
    #[pyo3(signature = (adapter=None, *, allow_software=false))]
    fn new(py: Python<'_>, adapter: Option<String>, allow_software: bool) -> PyResult<Self> {
        let mut builder = Resampler::builder().backend(Backend::Gpu).allow_software(allow_software);
        if let Some(adapter) = adapter {
            builder = builder.adapter(adapter);
        }
        Ok(Self { resampler: open(py, builder)?, process: std::process::id(), report: Mutex::new(None) })
    }

    /// Name and driver of the GPU.
    #[getter]
    fn adapter(&self) -> Option<String> {
        self.resampler.adapter().map(ToString::to_string)
    }

    /// One line about the last batch: the number of clips on the GPU, and why others were computed on the CPU.
    #[getter]
    fn report(&self) -> Option<String> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Resamples a list of clips, as `polyphase.resample_batch`.
    #[pyo3(signature = (clips, orig_freqs, new_freqs, **options))]
    fn resample_batch<'py>(
        &self,
        py: Python<'py>,
        clips: Vec<Bound<'py, PyAny>>,
        orig_freqs: &Bound<'py, PyAny>,
        new_freqs: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyList>> {
        if self.process != std::process::id() {
            return Err(PyRuntimeError::new_err("a GPU cannot be used after a fork: make another GpuResampler"));
        }
        let clips = Clips::new(clips, orig_freqs, new_freqs, options)?;
        let (resampled, report) = resample_clips(py, clips, None, Some(&self.resampler))?;
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = report.map(|report| report.to_string());
        Ok(resampled)
    }
}
