//! [`PyFile`]: a file object of Python as a reader or writer.

use std::io::{self, Read, Seek, SeekFrom, Write};

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A file object. Its exceptions travel as errors of reading and writing, and are raised again at the end.
pub(crate) struct PyFile(Py<PyAny>);

impl PyFile {
    pub(crate) fn new(file: &Bound<'_, PyAny>) -> Self {
        Self(file.clone().unbind())
    }

    /// True if the object says that it can seek.
    pub(crate) fn can_seek(&self, py: Python<'_>) -> PyResult<bool> {
        let file = self.0.bind(py);
        if file.hasattr("seekable")? { file.call_method0("seekable")?.is_truthy() } else { file.hasattr("seek") }
    }
}

impl Read for PyFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let data = self.0.bind(py).call_method1("read", (buffer.len(),))?;
            if data.is_none() {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "read() of the file object returned None"));
            }
            let Ok(data) = data.cast::<PyBytes>() else {
                let kind = data.get_type();
                let text = format!("read() of the file object returned {kind}: it must be opened in binary mode");
                return Err(pyo3::exceptions::PyTypeError::new_err(text).into());
            };
            let data = data.as_bytes();
            let Some(buffer) = buffer.get_mut(..data.len()) else {
                return Err(io::Error::other("read() of the file object returned more bytes than were asked for"));
            };
            buffer.copy_from_slice(data);
            Ok(data.len())
        })
    }
}

impl Write for PyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let written = self.0.bind(py).call_method1("write", (PyBytes::new(py, bytes),))?;
            // Some objects do not tell: they write everything.
            Ok(if written.is_none() { bytes.len() } else { written.extract::<usize>()?.min(bytes.len()) })
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Python::attach(|py| {
            let file = self.0.bind(py);
            if file.hasattr("flush")? {
                file.call_method0("flush")?;
            }
            Ok(())
        })
    }
}

impl Seek for PyFile {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let (offset, whence) = match target {
            SeekFrom::Start(offset) => (i128::from(offset), 0),
            SeekFrom::Current(offset) => (i128::from(offset), 1),
            SeekFrom::End(offset) => (i128::from(offset), 2),
        };
        Python::attach(|py| {
            let file = self.0.bind(py);
            let position = file.call_method1("seek", (offset, whence))?;
            // The file objects of some archives return None.
            let position = if position.is_none() { file.call_method0("tell")? } else { position };
            Ok(position.extract::<u64>()?)
        })
    }
}
