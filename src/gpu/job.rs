//! [`Job`]: clips prepared for the caller's buffers, and their recording.

use super::clip::GpuClip;
use super::device::buffers::upload;
use super::device::errors::scoped;
use super::job_options::JobOptions;
use super::layout::abi::JobEntry;
use super::layout::shader::{SampleFormat, Variant};
use super::layout::tables::{Dispatch, PlacedRun, Plans, Tables};
use super::resampler::GpuResampler;
use crate::error::{Error, Result};

/// A prepared job: clips of any lengths and plans, with their tables on the GPU.
///
/// A job can be recorded any number of times, on any buffers that are large enough for its clips.
#[derive(Debug)]
pub struct Job {
    /// One dispatch for the plans with exact banks, and one for those with interpolated banks.
    dispatches: Vec<PreparedDispatch>,
    input: SampleFormat,
    input_end: u64,
    output_end: u64,
}

#[derive(Debug)]
struct PreparedDispatch {
    variant: Variant,
    tables: wgpu::BindGroup,
    grid: (u32, u32),
}

impl Job {
    /// Least size of the input binding in bytes, up to the end of the last clip: 4 for a float32 sample, 2 for a 16-bit
    /// one, rounded up to a multiple of 4.
    pub fn input_bytes(&self) -> u64 {
        let bytes = match self.input {
            SampleFormat::F32 => 4 * self.input_end,
            SampleFormat::I16 | SampleFormat::F16 => 2 * self.input_end,
        };
        bytes.next_multiple_of(4)
    }

    /// Least size of the output binding in bytes, up to the end of the last output: 4 for a sample.
    pub fn output_bytes(&self) -> u64 {
        4 * self.output_end
    }
}

impl GpuResampler {
    /// Prepares a job: compiles the pipelines that it needs for the first time, lays out its tables, and copies them to
    /// the GPU, in buffers of the job's own.
    ///
    /// The laid-out taps of a plan are cached for later jobs. The rest of the cost grows with the number of workgroups,
    /// most of which compute 64 outputs or more.
    ///
    /// # Errors
    /// [`Error::GpuLimit`] for clips beyond what a dispatch can address or the device's limits allow,
    /// [`Error::GpuBuffer`] for clips whose outputs overlap, [`Error::GpuUnsupported`] as [`GpuClip::adjoint`],
    /// [`Error::GpuOutOfMemory`], [`Error::GpuLost`].
    pub fn prepare(&self, clips: &[GpuClip], options: impl Into<JobOptions>) -> Result<Job> {
        self.prepare_runs(clips.iter().map(GpuClip::run), options.into())
    }

    pub(in crate::gpu) fn prepare_runs<'a>(
        &self,
        runs: impl IntoIterator<Item = &'a PlacedRun>,
        options: JobOptions,
    ) -> Result<Job> {
        let input = options.input_format();
        let max_workgroups = self.device().limits().max_compute_workgroups_per_dimension;
        let tables = Tables::new(runs, self.kernel(), max_workgroups, self.banks())?;
        let prepare = |dispatch: &Dispatch| {
            let Dispatch { shader, splits_sums, pads, grid, .. } = *dispatch;
            let variant = Variant { shader, input, splits_sums, pads };
            self.pipelines().pipeline(variant)?;
            Ok(PreparedDispatch { variant, tables: self.upload_tables(dispatch)?, grid })
        };
        let dispatches = tables.dispatches.iter().map(prepare).collect::<Result<_>>()?;
        Ok(Job { dispatches, input, input_end: tables.input_end, output_end: tables.output_end })
    }

    /// Records a job into a compute pass, on these ranges of the caller's buffers.
    ///
    /// Nothing is submitted, written or read back. Each job has its own tables, so that several jobs can be recorded
    /// before a submission.
    ///
    /// # Errors
    /// [`Error::GpuBuffer`] for a buffer that is too small, misaligned, lacks `STORAGE`, or is both input and output,
    /// and [`Error::GpuRefused`] for one of another device.
    pub fn record(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        job: &Job,
        input: wgpu::BufferBinding<'_>,
        output: wgpu::BufferBinding<'_>,
    ) -> Result<()> {
        if job.dispatches.is_empty() {
            return Ok(());
        }
        let limits = self.device().limits();
        check_binding("input", &input, job.input_bytes(), &limits)?;
        check_binding("output", &output, job.output_bytes(), &limits)?;
        if input.buffer == output.buffer {
            let problem = "is the input buffer too: they must be two buffers".to_owned();
            return Err(Error::GpuBuffer { buffer: "output", problem });
        }
        let pipelines = job.dispatches.iter().map(|dispatch| self.pipelines().pipeline(dispatch.variant));
        let pipelines = pipelines.collect::<Result<Vec<_>>>()?;
        scoped(self.device(), || {
            let bind =
                |binding, resource| wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::Buffer(resource) };
            let samples = self.device().create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("polyphase samples"),
                layout: &self.pipelines().samples,
                entries: &[bind(0, input), bind(1, output)],
            });
            for (dispatch, pipeline) in job.dispatches.iter().zip(&pipelines) {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, &dispatch.tables, &[]);
                pass.set_bind_group(1, &samples, &[]);
                pass.dispatch_workgroups(dispatch.grid.0, dispatch.grid.1, 1);
            }
        })
    }

    /// Uploads the tables of a dispatch in one buffer, and binds its parts.
    fn upload_tables(&self, dispatch: &Dispatch) -> Result<wgpu::BindGroup> {
        let tiles = u32::try_from(dispatch.tiles.len()).unwrap_or(u32::MAX);
        let job = JobEntry { tiles, grid_width: dispatch.grid.0, alignment: [0; 2] };
        let (plans, places): (&[u8], &[u8]) = match &dispatch.plans {
            Plans::Phases { plans, starts } => (bytemuck::cast_slice(plans), bytemuck::cast_slice(starts)),
            Plans::Interpolated { plans, places } => (bytemuck::cast_slice(plans), bytemuck::cast_slice(places)),
        };
        // In the order of the bindings.
        let parts: [&[u8]; 6] = [
            bytemuck::bytes_of(&job),
            bytemuck::cast_slice(&dispatch.tiles),
            bytemuck::cast_slice(&dispatch.clips),
            plans,
            places,
            bytemuck::cast_slice(&dispatch.taps),
        ];
        let limits = self.device().limits();
        let alignment =
            u64::from(limits.min_storage_buffer_offset_alignment.max(limits.min_uniform_buffer_offset_alignment));
        let mut offsets = [0; 6];
        let mut size = 0_u64;
        for (part, offset) in parts.iter().zip(&mut offsets) {
            *offset = size;
            size = (size + part.len() as u64).next_multiple_of(alignment);
            let (needed, limit) = (part.len() as u64, limits.max_storage_buffer_binding_size);
            if needed > limit {
                return Err(Error::GpuLimit { what: "bytes of a table", needed, limit });
            }
        }
        if size > limits.max_buffer_size {
            return Err(Error::GpuLimit { what: "bytes of the tables", needed: size, limit: limits.max_buffer_size });
        }
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::UNIFORM;
        let buffer = upload(self.device(), self.queue(), "polyphase tables", usage, size, |bytes| {
            for (part, &offset) in parts.iter().zip(&offsets) {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                bytes.slice(offset..offset + part.len()).copy_from_slice(part);
            }
        })?;
        scoped(self.device(), || {
            let binding = |index: usize| wgpu::BindGroupEntry {
                binding: u32::try_from(index).unwrap_or(u32::MAX),
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffer,
                    offset: offsets[index],
                    size: wgpu::BufferSize::new(parts[index].len() as u64),
                }),
            };
            self.device().create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("polyphase tables"),
                layout: &self.pipelines().tables,
                entries: &std::array::from_fn::<_, 6, _>(binding),
            })
        })
    }
}

fn check_binding(
    buffer: &'static str,
    binding: &wgpu::BufferBinding<'_>,
    needed: u64,
    limits: &wgpu::Limits,
) -> Result<()> {
    let refuse = |problem| Err(Error::GpuBuffer { buffer, problem });
    if !binding.buffer.usage().contains(wgpu::BufferUsages::STORAGE) {
        return refuse(format!("lacks the usage STORAGE: it has {:?}", binding.buffer.usage()));
    }
    let alignment = u64::from(limits.min_storage_buffer_offset_alignment);
    if !binding.offset.is_multiple_of(alignment) {
        return refuse(format!("is bound at byte {}: that must be a multiple of {alignment}", binding.offset));
    }
    let rest = binding.buffer.size().saturating_sub(binding.offset);
    let size = binding.size.map_or(rest, wgpu::BufferSize::get);
    if size > rest || size < needed {
        return refuse(format!("has {} bytes from byte {} on: the job needs {needed}", size.min(rest), binding.offset));
    }
    let limit = limits.max_storage_buffer_binding_size;
    if size > limit {
        return refuse(format!("is bound with {size} bytes: the device allows {limit}, bind less of it"));
    }
    Ok(())
}
