//! Errors of a device, caught in error scopes, because no callback may be installed on a caller's device.

use crate::error::{Error, Result};

/// Runs `f`, and returns its result, or the error that wgpu reports while it runs.
///
/// Scopes belong to a thread and end in reverse order, so nothing is awaited while they are open. On native backends
/// the reports are ready when the scopes end. In a browser, where nothing may block, the result of `f` is returned in
/// any case, and [`reported`](super::reports::reported) returns the error.
pub(crate) fn scoped<T>(device: &wgpu::Device, f: impl FnOnce() -> T) -> Result<T> {
    super::fail_points::fail_point()?;
    let out_of_memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let result = f();
    let (validation, internal, out_of_memory) = (validation.pop(), internal.pop(), out_of_memory.pop());
    #[cfg(not(target_family = "wasm"))]
    for report in [validation, internal, out_of_memory] {
        if let Some(error) = pollster::block_on(report) {
            return Err(from_wgpu(&error));
        }
    }
    #[cfg(target_family = "wasm")]
    {
        // wgpu 30.0.1 panics on the report of an internal error. What such an error leaves behind is invalid, which the
        // validation of its first use reports.
        drop(internal);
        super::reports::defer(async move { validation.await.map(|error| from_wgpu(&error)) });
        super::reports::defer(async move { out_of_memory.await.map(|error| from_wgpu(&error)) });
    }
    Ok(result)
}

fn from_wgpu(error: &wgpu::Error) -> Error {
    let message = one_line(&error.to_string());
    match error {
        wgpu::Error::OutOfMemory { .. } => Error::GpuOutOfMemory { message },
        // Every call on a lost device fails validation.
        _ if message.contains("is lost") => Error::GpuLost { reason: message },
        _ => Error::GpuRefused { message },
    }
}

/// Error for the view of a mapped buffer. A buffer that was created mapped, or whose mapping was confirmed, has no view
/// only if its device is lost, which wgpu does not report to error scopes.
pub(crate) fn not_mapped(error: wgpu::MapRangeError) -> Error {
    // In browsers the stack of JavaScript follows on further lines.
    Error::GpuLost { reason: error.to_string().lines().next().unwrap_or_default().to_owned() }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
