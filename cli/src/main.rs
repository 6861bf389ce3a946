//! The program `polyphase`. Its code is in `lib.rs`, except for [`silence_drivers`], the only unsafe call.

#![deny(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    silence_drivers();
    polyphase_cli::main()
}

/// Keeps Vulkan drivers from printing to stderr on machines without a display.
///
/// A layer of Mesa asks the display which GPU it uses, to list that one first. If `XDG_RUNTIME_DIR` is not set,
/// libwayland then prints an error, once for each query. The layer has a variable that disables it, and nothing else
/// does. A user who has set a variable of the layer keeps it.
#[expect(unsafe_code, reason = "the environment is the only switch of this layer, and setting it is unsafe")]
fn silence_drivers() {
    let is_set = |name| std::env::var_os(name).is_some();
    if cfg!(target_os = "linux")
        && !["XDG_RUNTIME_DIR", "NODEVICE_SELECT", "MESA_VK_DEVICE_SELECT"].into_iter().any(is_set)
    {
        // SAFETY: no other thread exists that could read the environment at the same time. This is the first call of
        // `main`, and nothing before `main` starts a thread.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}
