//! [`Job`]: the tables of one dispatch, in buffers of their own.

use super::abi::{ClipEntry, JobEntry, PlanEntry, TileEntry};
use super::bank::Bank;
use super::errors::scoped;
use super::pipelines::Variant;
use super::{GpuKernel as Kernel, GpuResampler, InputSamples};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// One clip of a job: where its samples lie in the input buffer, and where its outputs go. All in samples from the beginning
/// of the bound ranges.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GpuClip {
    /// How to resample it.
    pub plan: Plan,
    /// Its first sample.
    pub input_offset: u64,
    /// Its length.
    pub input_len: u64,
    /// Its first output; there are [`Plan::output_len`] of them.
    pub output_offset: u64,
    /// Position in the buffer of frame 0 relative to the first sample: 0, but for a part of a clip.
    pub(crate) shift: i64,
    /// Its outputs, if not all.
    pub(crate) output_len: u64,
}

impl GpuClip {
    /// A whole clip.
    pub fn new(plan: &Plan, input_offset: u64, input_len: u64, output_offset: u64) -> Self {
        let output_len = plan.output_len(usize::try_from(input_len).unwrap_or(usize::MAX)) as u64;
        Self { plan: plan.clone(), input_offset, input_len, output_offset, shift: 0, output_len }
    }
}

/// A prepared dispatch: clips of any lengths and plans, with their tables on the GPU.
///
/// It can be recorded any number of times, on any buffers of the lengths that it was prepared for.
#[derive(Debug)]
pub struct Job {
    pub(crate) variant: Variant,
    pub(crate) tables: Option<wgpu::BindGroup>,
    pub(crate) grid: (u32, u32),
    input_end: u64,
    output_end: u64,
}

impl Job {
    /// Bytes that the input binding must hold at least: 4 for a float32 sample, 2 for a 16-bit integer, rounded up to 4.
    pub fn input_bytes(&self) -> u64 {
        let bytes = match self.variant.input {
            InputSamples::F32 => 4 * self.input_end,
            InputSamples::I16 => 2 * self.input_end,
        };
        bytes.next_multiple_of(4)
    }

    /// Bytes that the output binding must hold at least: 4 for a sample.
    pub fn output_bytes(&self) -> u64 {
        4 * self.output_end
    }
}

/// The tables of a job, before they are on the GPU.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tables {
    pub(crate) tiles: Vec<TileEntry>,
    pub(crate) clips: Vec<ClipEntry>,
    pub(crate) plans: Vec<PlanEntry>,
    pub(crate) starts: Vec<i32>,
    pub(crate) taps: Vec<f32>,
    pub(crate) grid: (u32, u32),
    pub(crate) input_end: u64,
    pub(crate) output_end: u64,
}

impl Tables {
    /// # Errors
    /// [`Error::GpuLimit`] for offsets and sizes beyond the 32-bit integers of the shaders, or beyond the grid of `widest`
    /// workgroups a side, and [`Error::GpuBuffer`] for clips whose outputs overlap.
    pub(crate) fn new(clips: &[GpuClip], kernel: Kernel, widest: u32) -> Result<Self> {
        let mut plans: Vec<(&Plan, Bank)> = Vec::new();
        let mut entries = Vec::with_capacity(clips.len());
        let mut tiles = Vec::new();
        let (mut input_end, mut output_end) = (0, 0);
        for clip in clips.iter().filter(|clip| clip.output_len > 0) {
            let end = |offset: u64, len: u64| offset.saturating_add(len);
            input_end = input_end.max(end(clip.input_offset, clip.input_len));
            output_end = output_end.max(end(clip.output_offset, clip.output_len));
            // Clones of one plan share all that is in it.
            let known = plans.iter().rposition(|(plan, _)| std::ptr::eq(plan.shape(), clip.plan.shape()));
            let plan = match known {
                Some(plan) => plan,
                None => {
                    plans.push((&clip.plan, Bank::new(&clip.plan, kernel)?));
                    plans.len() - 1
                }
            };
            let count = plans[plan].1.tiles(kernel, clip.output_len);
            let index = to_u32("clips", entries.len() as u64)?;
            let count = to_u32("tiles of a clip", count)?;
            tiles.extend((0..count).map(|tile| TileEntry { clip: index, tile }));
            entries.push(ClipEntry {
                input_offset: to_u32("the offset of a clip", clip.input_offset)?,
                input_len: to_u32("the length of a clip", clip.input_len)?,
                output_offset: to_u32("the offset of an output", clip.output_offset)?,
                output_len: to_u32("the length of an output", clip.output_len)?,
                shift: i32::try_from(clip.shift).map_err(|_| Error::GpuLimit {
                    what: "the shift of a clip",
                    needed: clip.shift.unsigned_abs(),
                    limit: i32::MAX as u64,
                })?,
                plan: to_u32("plans", plan as u64)?,
            });
        }
        to_u32("samples of the input", input_end)?;
        to_u32("samples of the output", output_end)?;
        refuse_overlaps(&entries)?;
        let grid = grid(tiles.len() as u64, widest)?;

        let (mut starts, mut taps, mut table) = (Vec::new(), Vec::new(), Vec::with_capacity(plans.len()));
        // taps are counted in what the shader's array holds: single ones, or vec4s.
        let unit = match kernel {
            Kernel::Simple => 1,
            Kernel::Banded => 4,
        };
        for (_, bank) in plans {
            table.push(PlanEntry {
                starts: to_u32("starts", starts.len() as u64)?,
                taps: to_u32("taps", taps.len() as u64 / unit)?,
                ..bank.entry
            });
            starts.extend(bank.starts);
            taps.extend(bank.taps);
        }
        Ok(Self { tiles, clips: entries, plans: table, starts, taps, grid, input_end, output_end })
    }
}

/// Width and height of the grid for so many workgroups, of which at most `widest` in a row.
fn grid(workgroups: u64, widest: u32) -> Result<(u32, u32)> {
    let height = workgroups.div_ceil(u64::from(widest).max(1)).max(1);
    let width = workgroups.div_ceil(height);
    let limit = u64::from(widest) * u64::from(widest);
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) if height <= widest => Ok((width, height)),
        _ => Err(Error::GpuLimit { what: "workgroups of a dispatch", needed: workgroups, limit }),
    }
}

fn refuse_overlaps(clips: &[ClipEntry]) -> Result<()> {
    let mut ranges: Vec<_> = clips.iter().map(|clip| (clip.output_offset, clip.output_len)).collect();
    ranges.sort_unstable();
    match ranges.windows(2).find(|pair| pair[0].0 + pair[0].1 > pair[1].0) {
        None => Ok(()),
        Some(pair) => {
            let problem =
                format!("is written twice: {} outputs at {} reach beyond {}", pair[0].1, pair[0].0, pair[1].0);
            Err(Error::GpuBuffer { buffer: "output", problem })
        }
    }
}

fn to_u32(what: &'static str, value: u64) -> Result<u32> {
    const LIMIT: u64 = 1 << 30;
    u32::try_from(value).ok().filter(|_| value <= LIMIT).ok_or(Error::GpuLimit { what, needed: value, limit: LIMIT })
}

impl GpuResampler {
    /// Prepares a dispatch: designs the tables and puts them on the GPU, in buffers of the job's own.
    ///
    /// # Errors
    /// [`Error::GpuLimit`] for clips beyond what a dispatch can address or the device's limits allow,
    /// [`Error::GpuBuffer`] for clips whose outputs overlap, [`Error::GpuOutOfMemory`], [`Error::GpuLost`].
    pub fn prepare(&self, clips: &[GpuClip], input: InputSamples) -> Result<Job> {
        let limits = self.device().limits();
        let tables = Tables::new(clips, self.kernel(), limits.max_compute_workgroups_per_dimension)?;
        let folds = self.kernel() == Kernel::Banded && tables.plans.iter().any(|plan| plan.fold != 0);
        let variant = Variant { kernel: self.kernel(), input, folds };
        self.pipelines().pipeline(variant)?;
        let (input_end, output_end, grid) = (tables.input_end, tables.output_end, tables.grid);
        let tables = if tables.tiles.is_empty() { None } else { Some(self.upload_tables(&tables)?) };
        Ok(Job { variant, tables, grid, input_end, output_end })
    }

    fn upload_tables(&self, tables: &Tables) -> Result<wgpu::BindGroup> {
        let tiles = u32::try_from(tables.tiles.len()).unwrap_or(u32::MAX);
        let job = JobEntry { tiles, grid_width: tables.grid.0, padding: [0; 2] };
        let parts: [&[u8]; 6] = [
            bytemuck::bytes_of(&job),
            bytemuck::cast_slice(&tables.tiles),
            bytemuck::cast_slice(&tables.clips),
            bytemuck::cast_slice(&tables.plans),
            bytemuck::cast_slice(&tables.starts),
            bytemuck::cast_slice(&tables.taps),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_hold_every_workgroup_up_to_their_limit_and_refuse_one_more() {
        for widest in [1, 2, 64, 65_535_u32] {
            let most = u64::from(widest) * u64::from(widest);
            for workgroups in [1, u64::from(widest) - 1, widest.into(), u64::from(widest) + 1, most - 1, most] {
                if workgroups <= most {
                    let (width, height) = grid(workgroups, widest).expect("it fits");
                    assert!(width <= widest && height <= widest);
                    // Less than a row is left over, for the shader to pass by.
                    let held = u64::from(width) * u64::from(height);
                    assert!(
                        held >= workgroups && held - workgroups < u64::from(height),
                        "{workgroups} in {width} × {height}"
                    );
                }
            }
            assert!(matches!(grid(most + 1, widest), Err(Error::GpuLimit { limit, .. }) if limit == most));
        }
    }
}
