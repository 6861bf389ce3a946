//! `polyphase devices`: the CPU and the GPUs of this machine.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use polyphase::{CpuResampler, Error, Level, list_adapters, test_adapter};
use serde::Serialize;

use crate::terminal;

/// List the GPUs of this machine with their drivers and limits, and test that each computes correctly
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Devices {
    cpu_simd_level: String,
    cpu_threads: usize,
    adapters: Vec<Adapter>,
}

#[derive(Debug, Serialize)]
struct Adapter {
    /// Position in this list, which `--adapter` takes.
    index: usize,
    name: String,
    kind: String,
    backend: String,
    driver: String,
    /// `null` if the driver gives none.
    pci_address: Option<String>,
    pci_id: String,
    max_binding_bytes: u64,
    workgroup_memory_bytes: u32,
    /// `null` if the self-test passed.
    self_test_error: Option<String>,
}

/// Error of an option that asks for a GPU, with the flags that may help.
pub(crate) fn no_gpu(option: &str, error: Error, allow_software: bool) -> anyhow::Error {
    let hint = match &error {
        // Neither an empty list nor another flag helps.
        Error::NoGpu { .. } if list_adapters().is_empty() => option.to_owned(),
        Error::NoGpu { software: Some(_), .. } if !allow_software => {
            format!("{option}: see `polyphase devices`, or add --allow-software")
        }
        Error::NoGpu { .. } => format!("{option}: see `polyphase devices`"),
        _ => option.to_owned(),
    };
    anyhow!(error).context(hint)
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let adapters = list_adapters().into_iter().enumerate().map(|(index, summary)| Adapter {
        index,
        pci_id: summary.pci_id(),
        pci_address: summary.pci_address,
        name: summary.name,
        kind: summary.kind.to_string(),
        backend: summary.backend,
        driver: summary.driver,
        max_binding_bytes: summary.max_binding_bytes,
        workgroup_memory_bytes: summary.workgroup_memory_bytes,
        self_test_error: test_adapter(index).err().map(|error| error.to_string()),
    });
    let devices = Devices {
        cpu_simd_level: Level::best().to_string(),
        cpu_threads: CpuResampler::new().threads(),
        adapters: adapters.collect(),
    };
    if args.json {
        terminal::print_line(&serde_json::to_string_pretty(&devices)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    terminal::print_line(&format!("CPU: {}, {} threads", devices.cpu_simd_level, devices.cpu_threads))?;
    if devices.adapters.is_empty() {
        terminal::print_line("no GPU: no driver reports an adapter")?;
    }
    for adapter in &devices.adapters {
        terminal::print_line(&format!("{}: {} ({}, {})", adapter.index, adapter.name, adapter.kind, adapter.backend))?;
        let names = [Some(adapter.index.to_string()), adapter.pci_address.clone(), Some(adapter.pci_id.clone())];
        let names = names.into_iter().flatten().collect::<Vec<_>>().join(", ");
        terminal::print_line(&format!("    --adapter         {names} or a part of the name"))?;
        terminal::print_line(&format!("    driver            {}", adapter.driver))?;
        terminal::print_line(&format!("    largest binding   {} MiB", adapter.max_binding_bytes >> 20))?;
        terminal::print_line(&format!("    workgroup memory  {} KiB", adapter.workgroup_memory_bytes >> 10))?;
        terminal::print_line(&format!(
            "    self-test         {}",
            adapter.self_test_error.as_deref().unwrap_or("passed")
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
