//! [`choose`]: the backend of a run.

use anyhow::{Context, Result};
use polyphase::{BACKEND_VARIABLE, Backend, CpuReason, Error, ResampleOptions, Resampler};
use polyphase_audio::Container;

use super::args::SpeedArgs;
use super::paths::Task;
use crate::devices::no_gpu;

/// Number of samples, of the input and the output together, for each byte of an input of this kind.
const fn samples_per_byte(container: Option<Container>) -> u64 {
    match container {
        // 16 bits each, and as many outputs.
        Some(Container::Wav | Container::Npy | Container::Raw) => 1,
        Some(Container::Flac) => 2,
        // Lossy formats at low bit rates.
        _ => 20,
    }
}

/// Number of samples, of inputs and outputs, of a job, estimated from the sizes of its files.
fn estimated_samples(tasks: &[Task]) -> u64 {
    let samples = |task: &Task| task.bytes.saturating_mul(samples_per_byte(Container::of_path(&task.input)));
    tasks.iter().map(samples).fold(0, u64::saturating_add)
}

/// Opens the backend that the option or the environment selects, and returns it with the reason for the choice.
pub(super) fn choose(args: &SpeedArgs, options: &ResampleOptions, tasks: &[Task]) -> Result<(Resampler, String)> {
    let variable = std::env::var(BACKEND_VARIABLE).ok().filter(|_| args.backend == Backend::Auto);
    let from_variable = variable.is_some();
    let backend = variable.map_or(Ok(args.backend), |name| name.parse()).context(BACKEND_VARIABLE)?;
    let mut builder = Resampler::builder().backend(backend).allow_software(args.allow_software);
    if let Some(adapter) = &args.adapter {
        builder = builder.adapter(adapter);
    }
    let option = if from_variable { format!("{BACKEND_VARIABLE}={backend}") } else { format!("--backend {backend}") };
    let resampler = builder.build().map_err(|error| no_gpu(&option, error, args.allow_software))?;
    if backend == Backend::Auto && !resampler.could_use_gpu(options, estimated_samples(tasks)) {
        let reason = "the job is too short to start a GPU".to_owned();
        return Ok((Resampler::builder().backend(Backend::Cpu).build()?, reason));
    }
    let reason = match resampler.reason() {
        Some(reason) => no_gpu_text(reason),
        None if backend == Backend::Gpu => "the GPU was requested".to_owned(),
        None => "a GPU was found".to_owned(),
    };
    Ok((resampler, reason))
}

/// The reason in short where the machine has only software adapters.
fn no_gpu_text(reason: &CpuReason) -> String {
    match reason {
        CpuReason::NoGpu(Error::NoGpu { software: Some(adapter), .. }) => {
            format!("no GPU found (only software drivers: {adapter})")
        }
        reason => reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_drivers_are_no_gpu() {
        let of = |software: Option<&str>| {
            let error =
                Error::NoGpu { reason: "there is no adapter".to_owned(), software: software.map(str::to_owned) };
            no_gpu_text(&CpuReason::NoGpu(error))
        };
        assert_eq!(of(Some("llvmpipe (LLVM 15.0)")), "no GPU found (only software drivers: llvmpipe (LLVM 15.0))");
        assert_eq!(of(None), "no GPU: there is no adapter");
    }
}
