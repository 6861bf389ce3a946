//! What Python calls before and after a fork of the process, see `os.register_at_fork`.

use pyo3::prelude::*;

use crate::{backend, fork, threads};

/// Waits until no other thread is inside the library.
#[pyfunction]
pub(crate) fn before_fork(py: Python<'_>) {
    fork::begin(py);
}

/// Lets other threads in again.
#[pyfunction]
pub(crate) fn after_fork_in_parent() {
    fork::end();
}

/// Forgets the threads and the GPU of the parent.
#[pyfunction]
pub(crate) fn after_fork_in_child() {
    fork::begin_child();
    threads::forget();
    backend::forget();
}
