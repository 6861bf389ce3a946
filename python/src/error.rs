//! Errors of the libraries as exceptions of Python.

use std::io;

use pyo3::create_exception;
use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

create_exception!(
    polyphase,
    AudioFileError,
    PyOSError,
    "A recording that is damaged, truncated, or of a format that is not read. The message names it."
);

/// The exception for an error of resampling.
pub(crate) fn resampling(error: &polyphase::Error) -> PyErr {
    use polyphase::Error;
    let message = error.to_string();
    match error {
        Error::NoGpu { software: Some(_), .. } => {
            PyRuntimeError::new_err(format!("{message}: GpuResampler(allow_software=True)"))
        }
        Error::OutOfMemory { .. } | Error::GpuOutOfMemory { .. } => PyMemoryError::new_err(message),
        Error::NoGpu { .. } | Error::GpuLost { .. } | Error::GpuRefused { .. } | Error::GpuSelfTest { .. } => {
            PyRuntimeError::new_err(message)
        }
        _ => PyValueError::new_err(message),
    }
}

/// The exception for an error of a recording. `name` is its path, if it has one.
pub(crate) fn recording(py: Python<'_>, error: polyphase_audio::Error, name: Option<&str>) -> PyErr {
    use polyphase_audio::Error;
    match error {
        Error::Io(error) | Error::Write(error) => of_io(py, error, name),
        Error::Resample(error) => resampling(&error),
        Error::OutOfMemory { .. } => PyMemoryError::new_err(error.to_string()),
        Error::Rate(_) | Error::Argument(_) | Error::Unrepresentable(_) => PyValueError::new_err(error.to_string()),
        error => AudioFileError::new_err(match name {
            Some(name) => format!("{name}: {error}"),
            None => error.to_string(),
        }),
    }
}

/// The exception that a file object raised, or the OSError of the operating system's error number.
fn of_io(py: Python<'_>, error: io::Error, name: Option<&str>) -> PyErr {
    if error.get_ref().is_some_and(|inner| inner.is::<PyErr>()) {
        return error.into();
    }
    let Some(number) = error.raw_os_error() else { return error.into() };
    let text = py.import("os").and_then(|os| os.call_method1("strerror", (number,))).map(Bound::unbind);
    match (text, name) {
        (Ok(text), Some(name)) => PyOSError::new_err((number, text, name.to_owned())),
        (Ok(text), None) => PyOSError::new_err((number, text)),
        (Err(_), _) => error.into(),
    }
}
