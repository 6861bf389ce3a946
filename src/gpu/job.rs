//! [`Job`]: the tables of a job's dispatches, in buffers of their own.

use super::GpuResampler;
use super::clip::GpuClip;
use super::device::errors::scoped;
use super::layout::abi::JobEntry;
use super::layout::shader::InputSamples;
use super::layout::tables::{Dispatch, Plans, Tables};
use super::pipelines::Variant;
use crate::error::{Error, Result};

/// A prepared job: clips of any lengths and plans, with their tables on the GPU.
///
/// It can be recorded any number of times, on any buffers of the lengths that it was prepared for.
#[derive(Debug)]
pub struct Job {
    /// One dispatch for plans with exact banks, and one for those with interpolated ones.
    pub(crate) dispatches: Vec<PreparedDispatch>,
    input: InputSamples,
    input_end: u64,
    output_end: u64,
}

#[derive(Debug)]
pub(crate) struct PreparedDispatch {
    pub(crate) variant: Variant,
    pub(crate) tables: wgpu::BindGroup,
    pub(crate) grid: (u32, u32),
}

impl Job {
    /// Bytes that the input binding must hold at least: 4 for a float32 sample, 2 for a 16-bit one, rounded up to 4.
    pub fn input_bytes(&self) -> u64 {
        let bytes = match self.input {
            InputSamples::F32 => 4 * self.input_end,
            InputSamples::I16 | InputSamples::F16 => 2 * self.input_end,
        };
        bytes.next_multiple_of(4)
    }

    /// Bytes that the output binding must hold at least: 4 for a sample.
    pub fn output_bytes(&self) -> u64 {
        4 * self.output_end
    }
}

impl GpuResampler {
    /// Prepares a job: designs the tables and puts them on the GPU, in buffers of the job's own. The taps of a plan that was
    /// used lately are at hand; the rest costs what the clips' outputs cost, divided by the 64 and more that a workgroup
    /// computes.
    ///
    /// # Errors
    /// [`Error::GpuLimit`] for clips beyond what a dispatch can address or the device's limits allow,
    /// [`Error::GpuBuffer`] for clips whose outputs overlap, [`Error::GpuUnsupported`] as [`GpuClip::adjoint`],
    /// [`Error::GpuOutOfMemory`], [`Error::GpuLost`].
    pub fn prepare(&self, clips: &[GpuClip], input: InputSamples) -> Result<Job> {
        let limits = self.device().limits();
        let tables = Tables::new(clips, self.kernel(), limits.max_compute_workgroups_per_dimension, self.banks())?;
        let prepare = |dispatch: &Dispatch| {
            let Dispatch { shader, splits_sums, pads, grid, .. } = *dispatch;
            let variant = Variant { shader, input, splits_sums, pads };
            self.pipelines().pipeline(variant)?;
            Ok(PreparedDispatch { variant, tables: self.upload_tables(dispatch)?, grid })
        };
        let dispatches = tables.dispatches.iter().map(prepare).collect::<Result<_>>()?;
        Ok(Job { dispatches, input, input_end: tables.input_end, output_end: tables.output_end })
    }

    fn upload_tables(&self, dispatch: &Dispatch) -> Result<wgpu::BindGroup> {
        let tiles = u32::try_from(dispatch.tiles.len()).unwrap_or(u32::MAX);
        let job = JobEntry { tiles, grid_width: dispatch.grid.0, padding: [0; 2] };
        let (plans, places): (&[u8], &[u8]) = match &dispatch.plans {
            Plans::Phases { plans, starts } => (bytemuck::cast_slice(plans), bytemuck::cast_slice(starts)),
            Plans::Interpolated { plans, places } => (bytemuck::cast_slice(plans), bytemuck::cast_slice(places)),
        };
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
        let buffer = self.upload("polyphase tables", usage, size, |bytes| {
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
