//! [`JobTables`]: the tables of a job as bytes of a buffer, and their bindings.
//!
//! ```text
//! buffer   | job entries | tiles | clips | plans | places | taps | the same of the next dispatch … | copied taps |
//!                          each section begins at a multiple of the device's alignment
//!          |————————————— written by the host ————————————————————————————————————————————————————|
//! ```
//!
//! The taps of a plan are resident in a buffer of their own. A dispatch with one plan binds that buffer. The taps of
//! several plans must follow each other: they are copied on the device, or written by the host where they are not
//! resident.

use std::ops::Range;

use super::layout::abi::JobEntry;
use super::layout::shader::{Format, Variant};
use super::layout::tables::{Dispatch, Part, Plans, Tables};
use super::resampler::GpuResampler;
use crate::error::{Error, Result};
use crate::gpu::device::errors::scoped;

/// Tables of a job, laid out for a buffer.
#[derive(Debug)]
pub(in crate::gpu) struct JobTables {
    pub(in crate::gpu) tables: Tables,
    sections: Vec<Sections>,
    /// Number of bytes that the host writes.
    pub(in crate::gpu) written: u64,
    /// Number of bytes of all tables.
    pub(in crate::gpu) size: u64,
}

/// Places of the tables of a dispatch in the buffer, in bytes.
#[derive(Debug, Clone)]
pub(in crate::gpu) struct Sections {
    variant: Variant,
    /// The entry of each part, one alignment after the other.
    jobs: Vec<u64>,
    /// Tiles, clips, plans, and starts or places.
    tables: [Range<u64>; 4],
    taps: Taps,
}

/// Place of the taps of a dispatch.
#[derive(Debug, Clone)]
enum Taps {
    /// In the resident buffer of the only plan.
    Resident(wgpu::Buffer),
    /// In the job's buffer, copied from the resident buffers of the plans.
    Copied(Range<u64>, Vec<wgpu::Buffer>),
    /// In the job's buffer, written by the host.
    Written(Range<u64>),
}

/// A dispatch that is ready to be recorded.
#[derive(Debug, Clone)]
pub(in crate::gpu) struct PreparedPart {
    pub(in crate::gpu) variant: Variant,
    pub(in crate::gpu) tables: wgpu::BindGroup,
    pub(in crate::gpu) grid: (u32, u32),
}

/// Places sections one after the other.
struct Cursor {
    end: u64,
    alignment: u64,
    limit: u64,
}

impl Cursor {
    /// Place of a section: up to the beginning of the next, so that a later table may be somewhat longer.
    fn take(&mut self, bytes: u64) -> Result<Range<u64>> {
        self.check(bytes)?;
        let start = self.end;
        self.end = (start + bytes).next_multiple_of(self.alignment);
        Ok(start..self.end.min(start + self.limit))
    }

    fn check(&self, bytes: u64) -> Result<()> {
        if bytes > self.limit {
            return Err(Error::GpuLimit { what: "bytes of one table", needed: bytes, limit: self.limit });
        }
        Ok(())
    }
}

impl JobTables {
    /// Lays out tables. With `uploads`, banks that are not resident are uploaded, which submits to the queue.
    pub(in crate::gpu) fn new(gpu: &GpuResampler, tables: Tables, format: Format, uploads: bool) -> Result<Self> {
        let limits = gpu.device().limits();
        let mut cursor = Cursor {
            end: 0,
            alignment: table_alignment(&limits),
            limit: limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
        };
        let mut sections = Vec::with_capacity(tables.dispatches.len());
        for dispatch in &tables.dispatches {
            let Dispatch { kind, needs, parts, .. } = dispatch;
            let variant = Variant { shader: kind.shader, format, needs: *needs, staged: kind.staged };
            let jobs = parts.iter().map(|_| cursor.take(size_of::<JobEntry>() as u64).map(|section| section.start));
            let jobs = jobs.collect::<Result<_>>()?;
            let [tiles, clips, plans, places] = table_bytes(dispatch).map(|bytes| cursor.take(bytes.len() as u64));
            let banks = dispatch.banks.iter().map(|bank| {
                cursor.check(size_of_val(&*bank.taps) as u64)?;
                if uploads {
                    gpu.residents().make_resident(gpu.device(), gpu.queue(), bank).map(Some)
                } else {
                    Ok(gpu.residents().find(bank))
                }
            });
            let mut banks: Vec<_> = banks.collect::<Result<Option<_>>>()?.unwrap_or_default();
            let taps = match banks.len() {
                0 => Taps::Written(cursor.take(taps_bytes(dispatch))?),
                1 => Taps::Resident(banks.swap_remove(0)),
                _ => Taps::Copied(0..taps_bytes(dispatch), banks),
            };
            sections.push(Sections { variant, jobs, tables: [tiles?, clips?, plans?, places?], taps });
        }
        let written = cursor.end;
        for section in &mut sections {
            if let Taps::Copied(range, _) = &mut section.taps {
                *range = cursor.take(range.end)?;
            }
        }
        if cursor.end > limits.max_buffer_size {
            let (needed, limit) = (cursor.end, limits.max_buffer_size);
            return Err(Error::GpuLimit { what: "bytes of all tables", needed, limit });
        }
        Ok(Self { tables, sections, written, size: cursor.end })
    }

    /// Moves the tables to the places of earlier ones, if all fit: then the bind groups of those serve these.
    pub(in crate::gpu) fn move_to(&mut self, earlier: &[Sections], written: u64) -> bool {
        let fits = |range: &Range<u64>, place: &Range<u64>| range.end - range.start <= place.end - place.start;
        let all_fit = self.sections.len() == earlier.len()
            && self.sections.iter().zip(earlier).all(|(section, place)| {
                let taps_fit = match (&section.taps, &place.taps) {
                    (Taps::Resident(bank), Taps::Resident(other)) => bank == other,
                    (Taps::Copied(taps, _), Taps::Copied(place, _)) | (Taps::Written(taps), Taps::Written(place)) => {
                        fits(taps, place)
                    }
                    _ => false,
                };
                section.variant == place.variant
                    && section.jobs.len() == place.jobs.len()
                    && section.tables.iter().zip(&place.tables).all(|(table, place)| fits(table, place))
                    && taps_fit
            });
        if all_fit {
            for (section, place) in self.sections.iter_mut().zip(earlier) {
                section.jobs.clone_from(&place.jobs);
                section.tables.clone_from(&place.tables);
                match (&mut section.taps, &place.taps) {
                    (Taps::Copied(taps, _), Taps::Copied(place, _)) | (Taps::Written(taps), Taps::Written(place)) => {
                        taps.clone_from(place);
                    }
                    _ => {}
                }
            }
            self.written = written;
        }
        all_fit
    }

    /// Places of the tables. The resident taps that have been copied are not kept.
    pub(in crate::gpu) fn into_sections(mut self) -> Vec<Sections> {
        for section in &mut self.sections {
            if let Taps::Copied(_, banks) = &mut section.taps {
                *banks = Vec::new();
            }
        }
        self.sections
    }

    /// Calls `write` with the bytes of each section that the host writes, and its offset in the buffer.
    pub(in crate::gpu) fn for_each_section(&self, mut write: impl FnMut(u64, &[u8])) {
        for (dispatch, sections) in self.tables.dispatches.iter().zip(&self.sections) {
            for (part, &offset) in dispatch.parts.iter().zip(&sections.jobs) {
                write(offset, bytemuck::bytes_of(&job_entry(dispatch, part)));
            }
            for (bytes, section) in table_bytes(dispatch).into_iter().zip(&sections.tables) {
                write(section.start, bytes);
            }
            if let Taps::Written(section) = &sections.taps {
                let mut offset = section.start;
                for bank in &dispatch.banks {
                    let bytes: &[u8] = bytemuck::cast_slice(&bank.taps);
                    write(offset, bytes);
                    offset += bytes.len() as u64;
                }
            }
        }
    }

    /// Records the copies of taps from resident buffers into the tables.
    pub(in crate::gpu) fn copy_taps(&self, encoder: &mut wgpu::CommandEncoder, buffer: &wgpu::Buffer) {
        for (dispatch, sections) in self.tables.dispatches.iter().zip(&self.sections) {
            if let Taps::Copied(section, banks) = &sections.taps {
                let mut offset = section.start;
                for (bank, resident) in dispatch.banks.iter().zip(banks) {
                    let bytes = size_of_val(&*bank.taps) as u64;
                    encoder.copy_buffer_to_buffer(resident, 0, buffer, offset, bytes);
                    offset += bytes;
                }
            }
        }
    }

    /// Grids of the parts, in the order of [`bind`](Self::bind).
    pub(in crate::gpu) fn grids(&self) -> impl Iterator<Item = (u32, u32)> {
        self.tables.dispatches.iter().flat_map(|dispatch| dispatch.parts.iter().map(|part| part.grid))
    }

    /// Compiles the pipelines that are needed for the first time, and binds the tables in a buffer.
    pub(in crate::gpu) fn bind(&self, gpu: &GpuResampler, buffer: &wgpu::Buffer) -> Result<Vec<PreparedPart>> {
        for sections in &self.sections {
            gpu.pipelines().pipeline(sections.variant)?;
        }
        scoped(gpu.device(), || {
            let in_tables = |range: &Range<u64>| wgpu::BufferBinding {
                buffer,
                offset: range.start,
                size: wgpu::BufferSize::new(range.end - range.start),
            };
            let mut parts = Vec::new();
            for (dispatch, Sections { variant, jobs, tables, taps }) in
                self.tables.dispatches.iter().zip(&self.sections)
            {
                let taps = match taps {
                    Taps::Resident(bank) => bank.as_entire_buffer_binding(),
                    Taps::Copied(section, _) | Taps::Written(section) => in_tables(section),
                };
                for (part, &job) in dispatch.parts.iter().zip(jobs) {
                    let [tiles, clips, plans, places] = tables.each_ref().map(in_tables);
                    let job = in_tables(&(job..job + size_of::<JobEntry>() as u64));
                    let bindings = [job, tiles, clips, plans, places, taps.clone()];
                    let entries: Vec<_> = (0..)
                        .zip(bindings)
                        .map(|(binding, section)| wgpu::BindGroupEntry {
                            binding,
                            resource: wgpu::BindingResource::Buffer(section),
                        })
                        .collect();
                    let tables = gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
                        label: Some("polyphase tables"),
                        layout: &gpu.pipelines().tables,
                        entries: &entries,
                    });
                    parts.push(PreparedPart { variant: *variant, tables, grid: part.grid });
                }
            }
            parts
        })
    }
}

/// Least distance between the beginnings of two tables in a buffer.
pub(in crate::gpu) fn table_alignment(limits: &wgpu::Limits) -> u64 {
    limits.min_storage_buffer_offset_alignment.max(limits.min_uniform_buffer_offset_alignment).into()
}

/// Entry of a part of a dispatch.
pub(in crate::gpu) fn job_entry(dispatch: &Dispatch, part: &Part) -> JobEntry {
    JobEntry {
        first_tile: part.tiles.start,
        end_tile: part.tiles.end,
        grid_width: part.grid.0,
        chunks: dispatch.chunks,
    }
}

/// Tiles, clips, plans, and starts or places of a dispatch.
pub(in crate::gpu) fn table_bytes(dispatch: &Dispatch) -> [&[u8]; 4] {
    let (plans, places): (&[u8], &[u8]) = match &dispatch.plans {
        Plans::Phases { plans, starts } => (bytemuck::cast_slice(plans), bytemuck::cast_slice(starts)),
        Plans::Interpolated { plans, places } => (bytemuck::cast_slice(plans), bytemuck::cast_slice(places)),
    };
    [bytemuck::cast_slice(&dispatch.tiles), bytemuck::cast_slice(&dispatch.clips), plans, places]
}

fn taps_bytes(dispatch: &Dispatch) -> u64 {
    dispatch.banks.iter().map(|bank| size_of_val(&*bank.taps) as u64).sum()
}
