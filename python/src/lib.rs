//! The extension module of the Python package `polyphase`: NumPy arrays and recordings in and out of the library.
//!
//! The Python files beside it hold what is not computed: defaults, torch's operators, examples. They call this module
//! as `polyphase._native`.

#![forbid(unsafe_code)]

mod array;
mod backend;
mod batch;
mod error;
mod fork;
mod fork_hooks;
mod gpu;
mod load;
mod options;
mod plan;
mod py_file;
mod response;
mod save;
mod stream;
mod threads;

use pyo3::prelude::*;

/// The extension module of polyphase.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::batch::resample_batch;
    #[pymodule_export]
    use crate::error::AudioFileError;
    #[pymodule_export]
    use crate::fork_hooks::{after_fork_in_child, after_fork_in_parent, before_fork};
    #[pymodule_export]
    use crate::gpu::GpuResampler;
    #[pymodule_export]
    use crate::load::load;
    #[pymodule_export]
    use crate::plan::Plan;
    #[pymodule_export]
    use crate::response::Response;
    #[pymodule_export]
    use crate::save::save;
    #[pymodule_export]
    use crate::stream::Stream;
    #[pymodule_export]
    use crate::threads::{get_num_threads, set_num_threads};

    /// Version of the package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name that Python expects")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
