//! [`Job`]: clips prepared for the caller's buffers, and their recording.

use super::clip::GpuClip;
use super::device::buffers::{create, staging};
use super::device::errors::scoped;
use super::job_options::JobOptions;
use super::job_tables::{JobTables, PreparedPart, Sections};
use super::layout::placed::PlacedRun;
use super::layout::shader::SampleFormat;
use super::layout::tables::{DispatchLimits, Tables};
use super::resampler::GpuResampler;
use crate::error::{Error, Result};

/// A prepared job: clips of any lengths and plans, with their tables on the GPU.
///
/// A job can be recorded any number of times, on any buffers that are large enough for its clips.
#[derive(Debug)]
pub struct Job {
    options: JobOptions,
    parts: Vec<PreparedPart>,
    extent: Extent,
    /// Buffer of the tables, the places in it, and the number of bytes that the host writes. `None` without outputs.
    tables: Option<(wgpu::Buffer, Vec<Sections>, u64)>,
}

/// Sizes that the buffers of a job need, in samples, and the cost of the job.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::gpu) struct Extent {
    input_end: u64,
    output_end: u64,
    counters_end: u64,
    multiply_adds: u64,
}

impl Extent {
    pub(in crate::gpu) fn of(tables: &Tables) -> Self {
        let &Tables { input_end, output_end, counters_end, multiply_adds, .. } = tables;
        Self { input_end, output_end, counters_end, multiply_adds }
    }

    pub(in crate::gpu) fn input_bytes(self, format: SampleFormat) -> u64 {
        // Outputs may need no samples, but a binding cannot be empty.
        let least = if self.output_end > 0 { 4 } else { 0 };
        (format.bytes() * self.input_end).next_multiple_of(4).max(least)
    }

    pub(in crate::gpu) fn output_bytes(self, format: SampleFormat) -> u64 {
        (format.bytes() * self.output_end).next_multiple_of(4).max(4 * self.counters_end)
    }
}

impl Job {
    /// Least size of the input binding in bytes, up to the end of the last clip, rounded up to a multiple of 4.
    pub fn input_bytes(&self) -> u64 {
        self.extent.input_bytes(self.options.input_format())
    }

    /// Least size of the output binding in bytes, up to the end of the last output, rounded up to a multiple of 4.
    pub fn output_bytes(&self) -> u64 {
        self.extent.output_bytes(self.options.output_format())
    }

    /// Number of multiply-adds of the job: the taps of each output, without the zeros that kernels add.
    pub fn multiply_adds(&self) -> u64 {
        self.extent.multiply_adds
    }

    /// Number of dispatches of the job. Clips whose plans need the same shader, workgroup memory and about the same number
    /// of steps share one; [`JobOptions::max_multiply_adds`] divides it further.
    ///
    /// Drivers end a submission that takes too long, some after two seconds. Parts that are submitted one by one with
    /// [`GpuResampler::record_part`] stay below that:
    ///
    /// ```no_run
    /// # fn example(gpu: &polyphase::GpuResampler, clips: &[polyphase::GpuClip], input: &polyphase::wgpu::Buffer,
    /// #     output: &polyphase::wgpu::Buffer) -> polyphase::Result<()> {
    /// use polyphase::{JobOptions, wgpu};
    ///
    /// let job = gpu.prepare(clips, JobOptions::default().max_multiply_adds(10_000_000_000))?;
    /// for part in 0..job.parts() {
    ///     let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    ///     let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    ///     let (input, output) = (input.as_entire_buffer_binding(), output.as_entire_buffer_binding());
    ///     gpu.record_part(&mut pass, &job, part, input, output)?;
    ///     drop(pass);
    ///     gpu.queue().submit([encoder.finish()]);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn parts(&self) -> usize {
        self.parts.len()
    }
}

impl GpuResampler {
    /// Prepares a job: compiles the pipelines that it needs for the first time, lays out its tables, and copies them to
    /// the GPU, in a buffer of the job's own. The copy is submitted to the queue;
    /// [`prepare_in_encoder`](Self::prepare_in_encoder) submits nothing.
    ///
    /// The laid-out taps of a plan stay on the device for later jobs. The rest of the cost grows with the number of
    /// workgroups, each of which computes about 2,000 outputs.
    ///
    /// `options` are [`JobOptions`], or the [`SampleFormat`] of the input, with float32 outputs.
    ///
    /// # Errors
    /// [`Error::GpuLimit`] for clips beyond what a dispatch can address or the device's limits allow,
    /// [`Error::GpuBuffer`] for clips whose outputs overlap or that begin before their buffer,
    /// [`Error::GpuUnsupported`] as [`GpuClip::adjoint`], [`Error::GpuOutOfMemory`], [`Error::GpuLost`].
    pub fn prepare(&self, clips: &[GpuClip], options: impl Into<JobOptions>) -> Result<Job> {
        let mut job = Job::new(options.into());
        self.update(&mut job, clips)?;
        Ok(job)
    }

    /// Prepares a job as [`prepare`](Self::prepare), but records the copy of its tables into the caller's encoder
    /// instead of submitting it. Use the job only in commands that are submitted with
    /// this encoder's or later.
    ///
    /// Taps that are not resident are copied with this job's tables only. To make them resident for later jobs,
    /// [`prepare`](Self::prepare) a job with the same plans once.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn prepare_in_encoder(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        clips: &[GpuClip],
        options: impl Into<JobOptions>,
    ) -> Result<Job> {
        let mut job = Job::new(options.into());
        self.update_in_encoder(encoder, &mut job, clips)?;
        Ok(job)
    }

    /// Replaces the clips of a job, for example to change lengths and offsets.
    ///
    /// No pipeline is compiled, and the tables' buffer and bind groups stay, where the new tables fit the places of the
    /// old ones: the same plans in the same order, the same number of [`parts`](Job::parts), and no more clips and
    /// workgroups. Otherwise they are recreated.
    ///
    /// Record the job again after an update: the outputs of commands that were recorded before it and are submitted
    /// after it are undefined.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare). After an error the job is unchanged.
    pub fn update(&self, job: &mut Job, clips: &[GpuClip]) -> Result<()> {
        self.update_runs(job, clips.iter().map(GpuClip::run))
    }

    fn update_runs<'a>(&self, job: &mut Job, runs: impl IntoIterator<Item = &'a PlacedRun>) -> Result<()> {
        let tables = self.job_tables(runs, job.options, true)?;
        let label = Some("polyphase tables");
        let mut encoder =
            scoped(self.device(), || self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor { label }))?;
        let updated = self.updated(&mut encoder, job, tables)?;
        scoped(self.device(), || self.queue().submit([encoder.finish()]))?;
        *job = updated;
        Ok(())
    }

    /// Replaces the clips of a job as [`update`](Self::update), but records the copy of the tables into the caller's encoder,
    /// as [`prepare_in_encoder`](Self::prepare_in_encoder). If the encoder is not submitted, update the job
    /// again before it is used.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn update_in_encoder(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        job: &mut Job,
        clips: &[GpuClip],
    ) -> Result<()> {
        let tables = self.job_tables(clips.iter().map(GpuClip::run), job.options, false)?;
        *job = self.updated(encoder, job, tables)?;
        Ok(())
    }

    /// Lays out the tables of a job.
    pub(in crate::gpu) fn job_tables<'a>(
        &self,
        runs: impl IntoIterator<Item = &'a PlacedRun>,
        options: JobOptions,
        uploads: bool,
    ) -> Result<JobTables> {
        let limits = DispatchLimits {
            workgroups: self.device().limits().max_compute_workgroups_per_dimension,
            multiply_adds: options.multiply_adds_of_a_part(),
        };
        let tables = Tables::new(runs, self.kernel(), limits, self.banks())?;
        JobTables::new(self, tables, options.format(), uploads)
    }

    /// Job with these tables, in the buffer of the earlier job if they fit. Records the copy of the tables.
    fn updated(&self, encoder: &mut wgpu::CommandEncoder, job: &Job, mut tables: JobTables) -> Result<Job> {
        let extent = Extent::of(&tables.tables);
        if tables.tables.dispatches.is_empty() {
            return Ok(Job { extent, ..Job::new(job.options) });
        }
        let earlier = job.tables.as_ref().filter(|(_, places, written)| tables.move_to(places, *written));
        let (buffer, parts) = if let Some((buffer, ..)) = earlier {
            let parts = job.parts.iter().zip(tables.grids());
            (buffer.clone(), parts.map(|(part, grid)| PreparedPart { grid, ..part.clone() }).collect())
        } else {
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
            let buffer =
                scoped(self.device(), || create(self.device(), "polyphase tables", tables.size, usage, false))?;
            let parts = tables.bind(self, &buffer)?;
            (buffer, parts)
        };
        let staging = staging(self.device(), "polyphase tables", tables.written, |view| {
            tables.for_each_section(|offset, bytes| {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                view.slice(offset..offset + bytes.len()).copy_from_slice(bytes);
            });
        })?;
        scoped(self.device(), || {
            encoder.copy_buffer_to_buffer(&staging, 0, &buffer, 0, tables.written);
            tables.copy_taps(encoder, &buffer);
        })?;
        let written = tables.written;
        Ok(Job { options: job.options, parts, extent, tables: Some((buffer, tables.into_sections(), written)) })
    }

    /// Records a job into a compute pass, on these ranges of the caller's buffers.
    ///
    /// Nothing is submitted, written or read back. Each job has its own tables, so that several jobs can be recorded
    /// before a submission.
    ///
    /// # Errors
    /// [`Error::GpuBuffer`] for a buffer that is too small, is misaligned, lacks `STORAGE`, or is both input and output
    /// without [`JobOptions::shared_buffer`] or with overlapping ranges; [`Error::GpuRefused`] for a buffer of another
    /// device or a range whose size is not a multiple of 4.
    pub fn record(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        job: &Job,
        input: wgpu::BufferBinding<'_>,
        output: wgpu::BufferBinding<'_>,
    ) -> Result<()> {
        self.record_parts(pass, job, &job.parts, input, output)
    }

    /// Records one of the [`parts`](Job::parts) of a job, as [`record`](Self::record). The outputs are complete when all
    /// parts have run, in any order.
    ///
    /// # Errors
    /// [`Error::GpuPart`] for a part that the job does not have, and as [`record`](Self::record).
    pub fn record_part(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        job: &Job,
        part: usize,
        input: wgpu::BufferBinding<'_>,
        output: wgpu::BufferBinding<'_>,
    ) -> Result<()> {
        let Some(parts) = job.parts.get(part..=part) else {
            return Err(Error::GpuPart { part, parts: job.parts.len() });
        };
        self.record_parts(pass, job, parts, input, output)
    }

    fn record_parts(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        job: &Job,
        parts: &[PreparedPart],
        input: wgpu::BufferBinding<'_>,
        output: wgpu::BufferBinding<'_>,
    ) -> Result<()> {
        if parts.is_empty() {
            return Ok(());
        }
        let limits = self.device().limits();
        check_binding("input", &input, job.input_bytes(), &limits)?;
        check_binding("output", &output, job.output_bytes(), &limits)?;
        let format = job.options.format();
        if input.buffer == output.buffer {
            check_sharing(&input, &output, format.shares_buffer)?;
        }
        self.dispatch(pass, parts, format.shares_buffer, input, output)
    }

    /// Records dispatches on bindings that have been checked.
    pub(in crate::gpu) fn dispatch(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        parts: &[PreparedPart],
        shares_buffer: bool,
        input: wgpu::BufferBinding<'_>,
        output: wgpu::BufferBinding<'_>,
    ) -> Result<()> {
        let pipelines = parts.iter().map(|part| self.pipelines().pipeline(part.variant));
        let pipelines = pipelines.collect::<Result<Vec<_>>>()?;
        scoped(self.device(), || {
            let bind =
                |binding, resource| wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::Buffer(resource) };
            let samples = self.device().create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("polyphase samples"),
                layout: self.pipelines().samples(shares_buffer),
                entries: &[bind(0, input), bind(1, output)],
            });
            for (part, pipeline) in parts.iter().zip(&pipelines) {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, &part.tables, &[]);
                pass.set_bind_group(1, &samples, &[]);
                pass.dispatch_workgroups(part.grid.0, part.grid.1, 1);
            }
        })
    }
}

impl Job {
    /// Job without clips.
    fn new(options: JobOptions) -> Self {
        Self { options, parts: Vec::new(), extent: Extent::default(), tables: None }
    }
}

/// Checks ranges of one buffer.
fn check_sharing(input: &wgpu::BufferBinding<'_>, output: &wgpu::BufferBinding<'_>, is_allowed: bool) -> Result<()> {
    let refuse = |problem| Err(Error::GpuBuffer { buffer: "output", problem });
    if !is_allowed {
        return refuse(
            "is also the input buffer: set `JobOptions::shared_buffer(true)` for disjoint ranges of one buffer"
                .to_owned(),
        );
    }
    let range = |binding: &wgpu::BufferBinding<'_>| {
        let rest = binding.buffer.size().saturating_sub(binding.offset);
        binding.offset..binding.offset + binding.size.map_or(rest, wgpu::BufferSize::get)
    };
    let (input, output) = (range(input), range(output));
    if input.start < output.end && output.start < input.end {
        return refuse(format!("is bound at bytes {output:?}, which overlap the input's at {input:?}"));
    }
    Ok(())
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
