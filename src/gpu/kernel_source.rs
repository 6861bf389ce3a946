//! [`KernelSource`]: a job as data, for runtimes that compile WGSL and launch kernels themselves.
//!
//! The text is that of `shaders/`, with these changes:
//!
//! ```text
//! override PADS: bool = false;              const PADS: bool = true;            the value of this job
//! @group(1) @binding(0) …                   @group(0) @binding(6) …             one group, bindings without gaps
//! var<uniform>, var<storage, read>          var<storage, read_write>            several tables may share a buffer,
//!                                           var<storage, read>                  or may not be written, in browsers
//! input[index]                              input[min(index, last)]             without wgpu's checks, too
//! ```

use std::sync::Arc;

use super::clip::GpuClip;
use super::job::Extent;
use super::job_options::JobOptions;
use super::job_tables::{job_entry, table_bytes};
use super::layout::cache::BankCache;
use super::layout::shader::{GpuKernel, Variant};
use super::layout::tables::{Dispatch, DispatchLimits, Tables};
use super::resampler::check_limits;
use crate::error::{Error, Result};

/// Storage buffers of a kernel: six tables, input and output.
const BUFFERS: u32 = 8;

/// Lays out jobs as data, for runtimes that compile WGSL and launch kernels themselves, such as burn's. No device is
/// needed, only its limits.
///
/// ```
/// use polyphase::{GpuClip, KernelSources, Plan, Preset, SampleFormat, wgpu};
///
/// let plan = Plan::new(48_000, 16_000, Preset::Default)?;
/// let sources = KernelSources::new(&wgpu::Limits::default())?;
/// let kernels = sources.prepare(&[GpuClip::new(&plan, 0, 48_000, 0)], SampleFormat::F32)?;
/// assert_eq!(kernels.len(), 1);
/// assert_eq!(kernels[0].entry_point(), "banded");
/// assert!(kernels[0].wgsl().contains("fn banded"));
/// # Ok::<(), polyphase::Error>(())
/// ```
#[derive(Debug)]
pub struct KernelSources {
    limits: wgpu::Limits,
    kernel: GpuKernel,
    banks: BankCache,
}

/// One dispatch of a job as data: the text of its kernel, its tables and its grid.
///
/// The kernel reads and writes buffers of group 0: binding i is [`tables`](Self::tables)\[i\], followed by the input and
/// the output. All are storage buffers that are bound `read_write`, and may be disjoint ranges of one buffer. Tables are
/// never written.
///
/// Every access of the kernel is within its bindings, as long as input and output are as large as
/// [`input_bytes`](Self::input_bytes) and [`output_bytes`](Self::output_bytes) tell, also where the shader is compiled
/// without bounds checks. Workgroup memory needs no initialisation.
#[derive(Debug, Clone)]
pub struct KernelSource {
    variant: Variant,
    tables: Vec<Arc<[u8]>>,
    grid: (u32, u32),
    input_bytes: u64,
    output_bytes: u64,
}

impl KernelSources {
    /// Layouts for a device with these limits, with the kernel [`GpuKernel::Banded`].
    ///
    /// # Errors
    /// [`Error::GpuLimit`] for less than 16 KiB of workgroup memory, 128 threads of a workgroup or 8 storage buffers of a
    /// shader, all of which WebGPU's default limits allow.
    pub fn new(limits: &wgpu::Limits) -> Result<Self> {
        check_limits(limits, BUFFERS)?;
        Ok(Self { limits: limits.clone(), kernel: GpuKernel::default(), banks: BankCache::default() })
    }

    /// Sets the kernel for plans with exact banks, for example [`GpuKernel::Paired`] for a device that computes in
    /// software.
    #[must_use]
    pub fn with_kernel(mut self, kernel: GpuKernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// Kernel for plans with exact banks.
    pub fn kernel(&self) -> GpuKernel {
        self.kernel
    }

    /// Lays out a job: one kernel for each of its dispatches, to be launched in any order. The laid-out taps of a plan
    /// are kept for later jobs.
    ///
    /// # Errors
    /// As [`GpuResampler::prepare`](crate::GpuResampler::prepare), except those of a device.
    pub fn prepare(&self, clips: &[GpuClip], options: impl Into<JobOptions>) -> Result<Vec<KernelSource>> {
        let options = options.into();
        let limits = DispatchLimits {
            workgroups: self.limits.max_compute_workgroups_per_dimension,
            multiply_adds: options.multiply_adds_of_a_part(),
        };
        let tables = Tables::new(clips.iter().map(GpuClip::run), self.kernel, limits, &self.banks)?;
        let (format, extent) = (options.format(), Extent::of(&tables));
        let (input_bytes, output_bytes) = (extent.input_bytes(format.input), extent.output_bytes(format.output));
        let mut kernels = Vec::new();
        for dispatch in &tables.dispatches {
            let variant =
                Variant { shader: dispatch.kind.shader, format, needs: dispatch.needs, staged: dispatch.kind.staged };
            let declared = declared_tables(&variant.source());
            let shared = self.shared_tables(dispatch)?;
            for part in &dispatch.parts {
                let job: Arc<[u8]> = bytemuck::bytes_of(&job_entry(dispatch, part)).into();
                let all = [std::slice::from_ref(&job), &shared].concat();
                let tables = declared.iter().filter_map(|&binding| all.get(binding).cloned()).collect();
                kernels.push(KernelSource { variant, tables, grid: part.grid, input_bytes, output_bytes });
            }
        }
        Ok(kernels)
    }

    /// Bindings 1 to 5 of a dispatch: tiles, clips, plans, starts or places, and taps.
    fn shared_tables(&self, dispatch: &Dispatch) -> Result<Vec<Arc<[u8]>>> {
        let taps: Vec<u8> = dispatch.banks.iter().flat_map(|bank| bytemuck::cast_slice(&bank.taps)).copied().collect();
        let tables = table_bytes(dispatch).into_iter().chain([&*taps]);
        let limit = self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size);
        tables
            .map(|bytes| {
                let needed = bytes.len() as u64;
                if needed > limit {
                    return Err(Error::GpuLimit { what: "bytes of one table", needed, limit });
                }
                Ok(bytes.into())
            })
            .collect()
    }
}

impl KernelSource {
    /// Text of the kernel: a WGSL module that needs no feature, no overrides and no bounds checks.
    pub fn wgsl(&self) -> String {
        text(self.variant, "var<storage, read_write>")
    }

    /// Text of the kernel for browsers, whose tables are declared `var<storage, read>`. Browsers refuse barriers behind
    /// a comparison with a value that could be written.
    pub fn browser_wgsl(&self) -> String {
        text(self.variant, "var<storage, read>")
    }

    /// Name of the kernel's entry point.
    pub fn entry_point(&self) -> &'static str {
        self.variant.shader.entry_point()
    }

    /// Name of the variant of the kernel: the same text has the same name, another text another one. A key for compiled
    /// kernels.
    pub fn variant(&self) -> String {
        format!("{:?}", self.variant)
    }

    /// Bytes of the tables, in the order of their bindings.
    pub fn tables(&self) -> &[Arc<[u8]>] {
        &self.tables
    }

    /// Least size of the input in bytes, for all kernels of the job, as [`Job::input_bytes`](crate::Job::input_bytes).
    pub fn input_bytes(&self) -> u64 {
        self.input_bytes
    }

    /// Least size of the output in bytes, for all kernels of the job, as [`Job::output_bytes`](crate::Job::output_bytes).
    pub fn output_bytes(&self) -> u64 {
        self.output_bytes
    }

    /// Numbers of workgroups in x and y. The text declares the size of a workgroup: 128 threads for [`GpuKernel::Banded`],
    /// 64 for the others.
    pub fn grid(&self) -> (u32, u32) {
        self.grid
    }
}

/// Text of a variant, see the beginning of this file, with this declaration of tables.
fn text(variant: Variant, table: &str) -> String {
    let (source, constants) = (variant.source(), variant.constants());
    let tables = declared_tables(&source);
    let mut text = String::with_capacity(2 * source.len());
    for line in source.lines() {
        let line = match line.strip_prefix("override ") {
            Some(declaration) => constant(declaration, &constants),
            None => bind_in_one_group(line, &tables, table),
        };
        text.push_str(&clamp_input(&line));
        text.push('\n');
    }
    text
}

/// Numbers of the bindings of group 0 that a text declares, in increasing order.
fn declared_tables(text: &str) -> Vec<usize> {
    let mut bindings: Vec<usize> = text
        .lines()
        .filter_map(parse_binding)
        .filter(|&(group, ..)| group == 0)
        .map(|(_, binding, _)| binding)
        .collect();
    bindings.sort_unstable();
    bindings
}

/// Group, number and declaration of a line that declares a buffer.
fn parse_binding(line: &str) -> Option<(usize, usize, &str)> {
    let (group, rest) = line.strip_prefix("@group(")?.split_once(") @binding(")?;
    let (binding, declaration) = rest.split_once(") ")?;
    Some((group.parse().ok()?, binding.parse().ok()?, declaration))
}

/// Declaration of a buffer in group 0: a `table` at its place among the `tables`, input and output after them. Other
/// lines are unchanged.
fn bind_in_one_group(line: &str, tables: &[usize], table: &str) -> String {
    let Some((group, binding, declaration)) = parse_binding(line) else { return line.to_owned() };
    let (binding, access) = match group {
        0 => (tables.iter().filter(|&&table| table < binding).count(), table),
        _ => (tables.len() + binding, "var<storage, read_write>"),
    };
    let declaration = ["var<uniform>", "var<storage, read>"]
        .iter()
        .fold(declaration.to_owned(), |text, declared| text.replace(declared, access));
    format!("@group(0) @binding({binding}) {declaration}")
}

/// Constant in place of an override, given as `NAME: type = default;`.
fn constant(declaration: &str, constants: &[(&str, f64)]) -> String {
    let (name, rest) = declaration.split_once(": ").unwrap_or((declaration, ""));
    let ty = rest.split_once(" =").map_or(rest, |(ty, _)| ty);
    match constants.iter().find(|(constant, _)| *constant == name) {
        Some((_, value)) if ty == "bool" => format!("const {name}: bool = {};", *value != 0.0),
        Some((_, value)) => format!("const {name}: {ty} = {value}u;"),
        None => format!("const {declaration}"),
    }
}

/// Limits indices into the input to its elements. Samples beyond the ends of a clip are read before they are replaced by
/// zeros, which needs a defined value where the shader is compiled without bounds checks.
fn clamp_input(line: &str) -> String {
    const ACCESS: &str = "input[";
    match line.split_once(ACCESS).and_then(|(before, rest)| Some((before, rest.split_once(']')?))) {
        Some((before, (index, after))) => {
            format!("{before}input[min({index}, arrayLength(&input) - 1u)]{after}")
        }
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use naga::valid::GlobalUse;

    use super::super::layout::compilers::module;
    use super::*;
    use crate::gpu::layout::shader::SampleFormat;
    use crate::options::Preset;
    use crate::plan::Plan;

    /// Each text is valid without overrides. Its buffers are in group 0, in bindings without gaps, all of them used and
    /// bound for reading and writing. Indices into the input are limited.
    #[test]
    fn every_variant_is_a_module_with_buffers_in_one_group() {
        for variant in Variant::all() {
            let text = text(variant, "var<storage, read_write>");
            let (module, info) = module(&text);
            assert!(module.overrides.is_empty(), "{variant:?}");
            assert_eq!(module.entry_points[0].name, variant.shader.entry_point());
            let mut bindings = Vec::new();
            for (handle, variable) in module.global_variables.iter() {
                let Some(resource) = &variable.binding else { continue };
                let access = naga::StorageAccess::LOAD | naga::StorageAccess::STORE;
                assert_eq!(variable.space, naga::AddressSpace::Storage { access }, "{variant:?}: {variable:?}");
                assert_ne!(info.get_entry_point(0)[handle], GlobalUse::empty(), "{variant:?}: {variable:?}");
                assert_eq!(resource.group, 0);
                bindings.push((resource.binding as usize, variable.name.clone().expect("a name")));
            }
            bindings.sort();
            let names: Vec<_> = bindings.iter().map(|(_, name)| name.as_str()).collect();
            assert!(bindings.iter().map(|(binding, _)| *binding).eq(0..names.len()), "{bindings:?}");
            assert_eq!(names[..3], ["job", "tiles", "clips"]);
            assert_eq!(names[names.len() - 2..], ["input", "output"]);
            assert_eq!(text.matches("input[").count(), text.matches("input[min(").count(), "{variant:?}");
        }
    }

    /// The texts for browsers differ in the access of their tables alone: only input and output can be written.
    #[test]
    fn tables_are_read_only_in_browsers() {
        for variant in Variant::all() {
            let text = text(variant, "var<storage, read>");
            let written = "var<storage, read_write> ";
            let names =
                text.lines().filter_map(|line| line.split_once(written)?.1.split_once(':').map(|(name, _)| name));
            assert_eq!(names.collect::<Vec<_>>(), ["input", "output"], "{variant:?}");
            module(&text);
        }
    }

    /// A kernel has a table for each of its bindings but the last two.
    #[test]
    fn kernels_have_as_many_tables_as_bindings() {
        let sources = KernelSources::new(&wgpu::Limits::default()).expect("WebGPU's limits");
        for (orig_freq, new_freq, bindings) in [(3, 2, 8), (5, 5, 5), (1_000_003, 1_000_033, 8)] {
            let plan = Plan::new(orig_freq, new_freq, Preset::Default).expect("a plan");
            let clips = [GpuClip::new(&plan, 0, 10_000, 0)];
            let kernels = sources.prepare(&clips, SampleFormat::F32).expect("within the limits");
            assert_eq!(kernels[0].tables().len() + 2, bindings);
            assert_eq!(kernels[0].wgsl().matches("@binding(").count(), bindings);
        }
    }

    #[test]
    fn devices_below_the_limits_and_tables_above_them_are_refused() {
        let limits = wgpu::Limits { max_storage_buffers_per_shader_stage: 7, ..wgpu::Limits::default() };
        let refused = KernelSources::new(&limits).expect_err("a buffer is missing");
        assert_eq!(refused, Error::GpuLimit { what: "storage buffers of a shader", needed: 8, limit: 7 });
        let limits = wgpu::Limits { max_storage_buffer_binding_size: 1000, ..wgpu::Limits::default() };
        let sources = KernelSources::new(&limits).expect("checked with each job");
        let plan = Plan::new(3, 2, Preset::High).expect("a plan");
        let refused = sources.prepare(&[GpuClip::new(&plan, 0, 100, 0)], SampleFormat::F32);
        assert!(matches!(refused, Err(Error::GpuLimit { what: "bytes of one table", limit: 1000, .. })), "{refused:?}");
    }
}
