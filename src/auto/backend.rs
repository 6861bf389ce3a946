//! [`Backend`]: the choice between CPU and GPU, by name.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Environment variable that names the backend where the program does not: `auto`, `cpu` or `gpu`.
pub const BACKEND_VARIABLE: &str = "POLYPHASE_BACKEND";

/// Environment variable that names the adapter where the program does not, as
/// [`ResamplerBuilder::adapter`](crate::ResamplerBuilder::adapter) takes it.
pub const ADAPTER_VARIABLE: &str = "POLYPHASE_ADAPTER";

/// Choice of the backend that computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Backend {
    /// The faster backend for each clip, by an estimate from speeds that are measured on this machine. A GPU that
    /// computes in software is never used. The default.
    ///
    /// The GPU is opened, which takes 0.1 to 0.4 s, when it begins to pay: when the best possible GPU would have saved
    /// as much time so far.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU, for every clip that it can compute. The CPU computes the others. [`ResamplerBuilder::build`](crate::ResamplerBuilder::build) fails without one.
    Gpu,
}

impl Backend {
    /// The backend that [`BACKEND_VARIABLE`] names, or `Auto` if it is not set.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for any other value.
    pub(super) fn from_environment() -> Result<Self> {
        std::env::var_os(BACKEND_VARIABLE).map_or(Ok(Self::Auto), |name| name.to_string_lossy().parse())
    }
}

impl FromStr for Backend {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu),
            _ => Err(Error::UnknownName { what: "backend", name: name.to_owned(), known: "auto, cpu, gpu".to_owned() }),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
        })
    }
}
