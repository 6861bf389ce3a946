//! [`list_adapters`], and choosing and opening one of them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};

/// Held while a device is opened, since some drivers crash when two are opened at once.
static OPENING: Mutex<()> = Mutex::new(());

/// Kind of an adapter. The order is that of preference, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AdapterKind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares the CPU's memory.
    Integrated,
    /// A GPU of a virtual machine's host.
    Virtual,
    /// An adapter whose driver does not state its kind.
    Other,
    /// A driver that computes on the CPU. Its results are correct, but it is slower than
    /// [`CpuResampler`](crate::CpuResampler).
    Software,
}

/// `discrete GPU`, `integrated GPU`, `virtual GPU`, `other` or `software`.
impl fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Discrete => "discrete GPU",
            Self::Integrated => "integrated GPU",
            Self::Virtual => "virtual GPU",
            Self::Other => "other",
            Self::Software => "software",
        })
    }
}

impl From<wgpu::DeviceType> for AdapterKind {
    fn from(device_type: wgpu::DeviceType) -> Self {
        match device_type {
            wgpu::DeviceType::DiscreteGpu => Self::Discrete,
            wgpu::DeviceType::IntegratedGpu => Self::Integrated,
            wgpu::DeviceType::VirtualGpu => Self::Virtual,
            wgpu::DeviceType::Other => Self::Other,
            wgpu::DeviceType::Cpu => Self::Software,
        }
    }
}

/// Description of an adapter, available before the adapter is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterSummary {
    /// Name of the adapter, as its driver gives it.
    pub name: String,
    /// Name and version of the driver.
    pub driver: String,
    /// Graphics API, such as `vulkan` or `metal`.
    pub backend: String,
    /// Kind of adapter.
    pub kind: AdapterKind,
    /// Address on the PCI bus, such as `0000:65:00.0`; `None` where the driver gives none.
    pub pci_address: Option<String>,
    /// Identifier of the vendor, such as 0x10de.
    pub vendor_id: u32,
    /// Identifier that the vendor gives to this kind of device, such as 0x2330.
    pub device_id: u32,
    /// Largest size of a storage binding in bytes.
    pub max_binding_bytes: u64,
    /// Workgroup memory in bytes.
    pub workgroup_memory_bytes: u32,
}

impl AdapterSummary {
    pub(in crate::gpu) fn new(info: wgpu::AdapterInfo, limits: &wgpu::Limits) -> Self {
        // Browsers seldom tell the name.
        let name = if info.name.is_empty() { "an unnamed adapter".to_owned() } else { info.name };
        Self {
            name,
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            backend: info.backend.to_str().to_owned(),
            kind: info.device_type.into(),
            pci_address: Some(info.device_pci_bus_id).filter(|address| !address.is_empty()),
            vendor_id: info.vendor,
            device_id: info.device,
            max_binding_bytes: limits.max_storage_buffer_binding_size,
            workgroup_memory_bytes: limits.max_compute_workgroup_storage_size,
        }
    }

    pub(in crate::gpu) fn of(adapter: &wgpu::Adapter) -> Self {
        Self::new(adapter.get_info(), &adapter.limits())
    }

    /// Vendor and device in hexadecimal, such as `10de:2330`, as `lspci -nn` prints them.
    pub fn pci_id(&self) -> String {
        format!("{:04x}:{:04x}", self.vendor_id, self.device_id)
    }

    /// True if `wanted` is the address on the PCI bus, the vendor and device, or a part of the name.
    fn matches(&self, wanted: &str) -> bool {
        let wanted = wanted.to_lowercase();
        let address = self.pci_address.as_deref().and_then(pci_address);
        (address.is_some() && address == pci_address(&wanted))
            || self.pci_id() == wanted
            || self.name.to_lowercase().contains(&wanted)
    }
}

/// Domain, bus, device and function of an address on the PCI bus. The domain may be left out, or be longer than four
/// digits, as in the output of `nvidia-smi`.
fn pci_address(address: &str) -> Option<[u32; 4]> {
    let number = |digits| u32::from_str_radix(digits, 16).ok();
    let (rest, function) = address.rsplit_once('.')?;
    let (rest, device) = rest.rsplit_once(':')?;
    let (domain, bus) = rest.rsplit_once(':').unwrap_or(("0", rest));
    Some([number(domain)?, number(bus)?, number(device)?, number(function)?])
}

/// The name, the kind and the backend: `NVIDIA H100 (discrete GPU, vulkan)`.
impl fmt::Display for AdapterSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.name, self.kind, self.backend)
    }
}

/// Lists the adapters of this machine, in the order in which wgpu finds them, without opening any: [`test_adapter`]
/// opens one.
///
/// On Linux without a display, a layer of Mesa's Vulkan drivers may print `error: XDG_RUNTIME_DIR is invalid or not set
/// in the environment` to stderr. Nothing has failed. The environment variable `NODEVICE_SELECT=1`, or a value for
/// `XDG_RUNTIME_DIR`, prevents the message. It must be set before the program starts, or before its first thread does.
///
/// ```
/// for (index, adapter) in polyphase::list_adapters().iter().enumerate() {
///     println!("{index}: {adapter}");
/// }
/// ```
///
/// [`test_adapter`]: crate::test_adapter
pub fn list_adapters() -> Vec<AdapterSummary> {
    pollster::block_on(adapters()).iter().map(AdapterSummary::of).collect()
}

/// The adapters of this machine, in the order of [`list_adapters`].
pub(in crate::gpu) async fn adapters() -> Vec<wgpu::Adapter> {
    // wgpu 30.0.1 panics in scopes without WebGPU, such as those of Node and of audio worklets.
    #[cfg(target_family = "wasm")]
    if !wgpu::util::is_browser_webgpu_supported().await {
        return Vec::new();
    }
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    instance.enumerate_adapters(wgpu::Backends::all()).await
}

/// Chooses an adapter: the first of the best kind; with `wanted`, the one with that index, or the first of the best
/// kind among those that [match](AdapterSummary::matches). Returns its index.
///
/// # Errors
/// [`Error::NoGpu`] if there is none, or only software adapters and those are not allowed.
pub(in crate::gpu) fn choose(adapters: &[AdapterSummary], allow_software: bool, wanted: Option<&str>) -> Result<usize> {
    let best_of = |is_candidate: &dyn Fn(&AdapterSummary) -> bool| {
        let candidates = (0..adapters.len()).filter(|&index| is_candidate(&adapters[index]));
        candidates.min_by_key(|&index| adapters[index].kind)
    };
    let chosen = match wanted {
        None => best_of(&|_| true),
        Some(wanted) => {
            let index = wanted.parse().ok().filter(|&index| index < adapters.len());
            index.or_else(|| best_of(&|adapter| adapter.matches(wanted)))
        }
    };
    let software = chosen.map(|index| adapters[index].to_string());
    let reason = match (chosen, wanted) {
        (Some(index), _) if allow_software || adapters[index].kind != AdapterKind::Software => return Ok(index),
        (Some(index), None) => {
            format!("all adapters compute in software, such as {}: {SOFTWARE_IS_ALLOWED_BY}", adapters[index])
        }
        (Some(index), Some(_)) => format!("{} computes in software: {SOFTWARE_IS_ALLOWED_BY}", adapters[index]),
        (None, _) if adapters.is_empty() => "there is no adapter".to_owned(),
        (None, wanted) => {
            format!("no adapter matches `{}`, the adapters are {}", wanted.unwrap_or_default(), all_of(adapters))
        }
    };
    Err(Error::NoGpu { reason, software })
}

const SOFTWARE_IS_ALLOWED_BY: &str = "software adapters must be allowed explicitly";

/// Adapters with all that names them: `0: NVIDIA H100 (discrete GPU, vulkan, 0000:65:00.0, 10de:2330)`.
fn all_of(adapters: &[AdapterSummary]) -> String {
    let described = adapters.iter().enumerate().map(|(index, adapter)| {
        let AdapterSummary { name, kind, backend, .. } = adapter;
        let address = adapter.pci_address.as_ref().map(|address| format!("{address}, ")).unwrap_or_default();
        format!("{index}: {name} ({kind}, {backend}, {address}{})", adapter.pci_id())
    });
    described.collect::<Vec<_>>().join("; ")
}

/// A device that polyphase opened, and a flag that is set when it is lost.
#[derive(Debug)]
pub(in crate::gpu) struct Opened {
    pub(in crate::gpu) device: wgpu::Device,
    pub(in crate::gpu) queue: wgpu::Queue,
    pub(in crate::gpu) lost: Arc<AtomicBool>,
}

/// Opens an adapter with WebGPU's default limits, except that buffers may be as large as the adapter allows.
pub(in crate::gpu) async fn open(adapter: &wgpu::Adapter) -> Result<Opened> {
    let available = adapter.limits();
    let required_limits = wgpu::Limits {
        max_buffer_size: available.max_buffer_size,
        max_storage_buffer_binding_size: available.max_storage_buffer_binding_size,
        ..wgpu::Limits::default().or_worse_values_from(&available)
    };
    let descriptor = wgpu::DeviceDescriptor { label: Some("polyphase"), required_limits, ..Default::default() };
    let opening = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    let request = adapter.request_device(&descriptor);
    #[cfg(not(target_family = "wasm"))]
    let opened = pollster::block_on(request);
    drop(opening);
    #[cfg(target_family = "wasm")]
    let opened = request.await;
    let (device, queue) = opened
        .map_err(|error| Error::NoGpu { reason: format!("{}: {error}", adapter.get_info().name), software: None })?;
    let lost = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&lost);
    device.set_device_lost_callback(move |_, _| flag.store(true, Ordering::Release));
    // wgpu's default handler panics. Errors of polyphase's own calls are caught in scopes, and the flag reports a lost
    // device.
    device.on_uncaptured_error(Arc::new(|_| {}));
    Ok(Opened { device, queue, lost })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(name: &str, kind: AdapterKind) -> AdapterSummary {
        AdapterSummary {
            name: name.to_owned(),
            driver: String::new(),
            backend: "vulkan".to_owned(),
            kind,
            pci_address: None,
            vendor_id: 0x10de,
            device_id: 0x2330,
            max_binding_bytes: 1 << 27,
            workgroup_memory_bytes: 1 << 14,
        }
    }

    fn refusal(adapters: &[AdapterSummary], allow_software: bool, wanted: Option<&str>) -> String {
        choose(adapters, allow_software, wanted).expect_err("it must be refused").to_string()
    }

    #[test]
    fn the_best_kind_is_chosen_and_software_only_if_allowed() {
        use AdapterKind::{Discrete, Integrated, Other, Software, Virtual};
        let kinds = [Software, Other, Virtual, Integrated, Discrete, Discrete];
        let all: Vec<_> = kinds.iter().map(|&kind| adapter("GPU", kind)).collect();
        for count in 1..=all.len() {
            let best = if count == 6 { 4 } else { count - 1 };
            assert_eq!(choose(&all[..count], true, None), Ok(best), "{:?}", &kinds[..count]);
        }
        assert_eq!(choose(&all[..2], false, None), Ok(1));
        let refused = refusal(&all[..1], false, None);
        assert!(refused.contains("in software") && refused.contains("software adapters must be allowed"), "{refused}");
        assert!(refusal(&[], true, None).contains("there is no adapter"));
    }

    #[test]
    fn adapters_are_named_by_a_part_of_the_name_or_by_index() {
        let all = [
            adapter("llvmpipe", AdapterKind::Software),
            adapter("Intel UHD 0", AdapterKind::Integrated),
            adapter("NVIDIA H100", AdapterKind::Discrete),
            adapter("NVIDIA T4", AdapterKind::Discrete),
        ];
        for (wanted, index) in [("h100", 2), ("nvidia", 2), ("T4", 3), ("1", 1), ("0", 0), ("LLVM", 0), ("100", 2)] {
            assert_eq!(choose(&all, true, Some(wanted)), Ok(index), "{wanted}");
        }
        let refused = refusal(&all, false, Some("llvm"));
        assert!(refused.contains("llvmpipe") && refused.contains("software adapters must be allowed"), "{refused}");
        for unknown in ["H200", "9", "-1"] {
            let refused = refusal(&all, true, Some(unknown));
            assert!(
                refused.contains(unknown) && refused.contains("3: NVIDIA T4 (discrete GPU, vulkan, 10de:2330)"),
                "{refused}"
            );
        }
    }

    /// Two cards of one kind differ in their addresses alone.
    #[test]
    fn adapters_are_named_by_their_pci_address_or_id() {
        let at = |address: Option<&str>, device_id| AdapterSummary {
            pci_address: address.map(str::to_owned),
            device_id,
            ..adapter("NVIDIA H100", AdapterKind::Discrete)
        };
        let all = [at(None, 0x1), at(Some("0000:65:00.0"), 0x2330), at(Some("0001:CA:00.0"), 0x2330)];
        for (wanted, index) in [
            ("0000:65:00.0", 1),
            ("65:00.0", 1),
            ("00000000:65:00.0", 1),
            ("0001:ca:00.0", 2),
            ("10de:2330", 1),
            ("10DE:0001", 0),
        ] {
            assert_eq!(choose(&all, false, Some(wanted)), Ok(index), "{wanted}");
        }
        // An address without a domain is in domain 0.
        for unknown in ["ca:00.0", "0000:65:00.1", "10de:2331", "65:00", ":.", "0000:0000:65:00.0"] {
            let refused = refusal(&all, false, Some(unknown));
            assert!(refused.contains("2: NVIDIA H100 (discrete GPU, vulkan, 0001:CA:00.0, 10de:2330)"), "{refused}");
        }
    }
}
