//! Running a batch: two pieces are in flight at a time, one on the GPU while the host writes or reads the other.

use std::collections::VecDeque;
use std::time::Duration;

use super::copies::{download, upload};
use super::pieces::{Capacity, ClipWork, Cursor, Portion, next_piece, packed};
use super::sample::{GpuSample, sample_bytes};
use crate::clamped::Clamped;
use crate::error::{Error, Result};
use crate::gpu::device::buffers::{SLOTS, Slot};
use crate::gpu::device::clock::Clock;
use crate::gpu::device::errors::{not_mapped, scoped};
use crate::gpu::device::wait::Mapping;
use crate::gpu::job_options::JobOptions;
use crate::gpu::layout::shader::SampleFormat;
use crate::gpu::resampler::GpuResampler;
use crate::num::to_index;
use crate::plan::Plan;

/// Time that a piece should take on the GPU: short enough for a responsive desktop and for the watchdogs of drivers.
const PIECE_TIME: Duration = Duration::from_millis(100);

/// Number of times that pieces are halved when memory runs out.
const HALVINGS: u32 = 6;

/// Settings of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunOptions {
    /// Largest number of threads that copy samples and outputs.
    pub(crate) threads: usize,
    /// True if clips with a NaN or an infinity are replaced by silence and reported in [`Outcome::not_finite`]; false
    /// if they are an error.
    pub(crate) skips_not_finite: bool,
}

/// All threads of the rayon pool; clips that are not finite are an error.
impl Default for RunOptions {
    fn default() -> Self {
        #[cfg(feature = "parallel")]
        let threads = rayon::current_num_threads();
        #[cfg(not(feature = "parallel"))]
        let threads = 1;
        Self { threads, skips_not_finite: false }
    }
}

/// Outcome of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result<()>,
    /// Number of clips, from the first on, whose outputs are complete and valid: all of them if the run succeeded.
    pub(crate) complete: usize,
    /// Clamped outputs of each clip.
    pub(crate) clamped: Vec<Clamped>,
    /// True for each clip that was found to hold a NaN or an infinity. Its outputs mean nothing.
    pub(crate) not_finite: Vec<bool>,
}

impl Outcome {
    /// Outcome of a run of this number of clips that failed before anything was computed.
    pub(crate) fn failed(clips: usize, error: Error) -> Self {
        Self {
            result: Err(error),
            complete: 0,
            clamped: vec![Clamped::default(); clips],
            not_finite: vec![false; clips],
        }
    }

    /// Clamped outputs of all clips.
    ///
    /// # Errors
    /// The run's.
    pub(crate) fn total_clamped(self) -> Result<Clamped> {
        self.result.map(|()| self.clamped.into_iter().sum())
    }
}

/// A run in progress.
struct Run<'r, 'o, T, O> {
    gpu: &'r GpuResampler,
    inputs: &'r [&'r [T]],
    clips: &'r [ClipWork<'r>],
    outputs: &'r mut [&'o mut [O]],
    options: RunOptions,
    /// Format in which outputs are downloaded.
    format: SampleFormat,
    /// End of the pieces that have been read.
    read: Cursor,
    clamped: Vec<Clamped>,
    not_finite: Vec<bool>,
}

/// A piece that has been submitted and not yet collected.
struct Underway {
    slot: Slot,
    portions: Vec<Portion>,
    mapping: Mapping,
    submitted: Clock,
    end: Cursor,
}

impl GpuResampler {
    /// Granularity of each plan. Neighbours with the same plan share one look-up.
    pub(super) fn granularities<'a>(&self, plans: impl Iterator<Item = &'a Plan>) -> Result<Vec<u64>> {
        let mut last: Option<(&Plan, u64)> = None;
        plans
            .map(|plan| match last {
                Some((known, granularity)) if std::ptr::eq(known.shape(), plan.shape()) => Ok(granularity),
                _ => {
                    let granularity = self.banks().recipe(plan, self.kernel())?.granularity;
                    last = Some((plan, granularity));
                    Ok(granularity)
                }
            })
            .collect()
    }

    /// Computes the outputs of clips, each into a slice of its own. Outputs beyond the reach of their clip, which are
    /// zero, may be missing in `clips`.
    pub(super) async fn run_clips<T: GpuSample, O: GpuSample>(
        &self,
        inputs: &[&[T]],
        clips: &[ClipWork<'_>],
        outputs: &mut [&mut [O]],
        options: RunOptions,
    ) -> Outcome {
        for (clip, output) in clips.iter().zip(&mut *outputs) {
            output[to_index(clip.output_len())..].fill(O::default());
        }
        // The shaders write nothing else yet.
        let format = SampleFormat::F32;
        let (clamped, not_finite) = (vec![Clamped::default(); clips.len()], vec![false; clips.len()]);
        let read = Cursor::default();
        let mut run = Run { gpu: self, inputs, clips, outputs, options, format, read, clamped, not_finite };
        let result = run.all_pieces().await;
        let Run { read, clamped, not_finite, .. } = run;
        if result.is_ok() && read == Cursor::default() {
            return Outcome { result, complete: clips.len(), clamped, not_finite };
        }
        // Mapping may appear to succeed on a lost device: outputs are valid only if the device is not lost after they
        // have been read. After an error, the loss is the more useful one: on a lost device wgpu reports invalid
        // buffers.
        match self.slots().probe.check(self.device(), self.queue()) {
            Ok(()) => {
                let complete = if result.is_ok() { clips.len() } else { read.clip };
                Outcome { result, complete, clamped, not_finite }
            }
            Err(lost) => Outcome { result: Err(lost), complete: 0, clamped, not_finite },
        }
    }
}

impl<T: GpuSample, O: GpuSample> Run<'_, '_, T, O> {
    /// Submits and collects pieces to the end of the batch.
    async fn all_pieces(&mut self) -> Result<()> {
        let output_bytes = sample_bytes(self.format);
        let mut capacity = Capacity::new(&self.gpu.device().limits(), size_of::<T>(), output_bytes);
        let mut cursor = Cursor::default();
        let mut underway = VecDeque::with_capacity(SLOTS);
        let mut halvings = 0;
        loop {
            let begin = cursor;
            let portions = next_piece(self.clips, &mut cursor, capacity);
            let is_end = portions.is_empty();
            if !is_end {
                match self.submit(portions, cursor).await {
                    Ok(piece) => underway.push_back(piece),
                    // Pieces in flight will return their memory, and smaller pieces need less.
                    Err(Error::GpuOutOfMemory { .. }) if halvings < HALVINGS => {
                        halvings += 1;
                        cursor = begin;
                        capacity.samples = (capacity.samples / 2).max(1);
                        capacity.outputs = (capacity.outputs / 2).max(1);
                        self.gpu.slots().clear();
                    }
                    Err(error) => return Err(error),
                }
            }
            while underway.len() >= if is_end { 1 } else { SLOTS } {
                let Some(piece) = underway.pop_front() else { break };
                if let Some(taken) = self.collect(piece).await? {
                    let scale = PIECE_TIME.as_secs_f64() / taken.as_secs_f64().max(1e-6);
                    capacity.multiply_adds = scaled(capacity.multiply_adds, scale.clamp(0.25, 4.0));
                }
            }
            if is_end {
                return Ok(());
            }
        }
    }

    /// Uploads and dispatches a piece, and asks for its outputs.
    async fn submit(&mut self, portions: Vec<Portion>, end: Cursor) -> Result<Underway> {
        let (gpu, device) = (self.gpu, self.gpu.device());
        let options = JobOptions::from(T::CONVERSIONS.input).output(self.format);
        let job = gpu.prepare_runs(&packed(self.clips, &portions), options)?;
        let mut slot = gpu.slots().take(device, job.input_bytes().max(4), job.output_bytes().max(4)).await?;
        self.upload(&portions, &slot)?;

        let mapping = Mapping::default();
        slot.mapped_again = Mapping::default();
        let binding = |buffer, size: u64| wgpu::BufferBinding { buffer, offset: 0, size: wgpu::BufferSize::new(size) };
        scoped(device, || {
            let label = Some("polyphase batch");
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
            encoder.copy_buffer_to_buffer(&slot.upload, 0, &slot.input, 0, job.input_bytes());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label, timestamp_writes: None });
            let input = binding(&slot.input, job.input_bytes().max(4));
            let output = binding(&slot.output, job.output_bytes().max(4));
            let recorded = gpu.record(&mut pass, &job, input, output);
            drop(pass);
            encoder.copy_buffer_to_buffer(&slot.output, 0, &slot.download, 0, job.output_bytes());
            encoder.map_buffer_on_submit(&slot.upload, wgpu::MapMode::Write, .., slot.mapped_again.callback());
            let mapped = 0..job.output_bytes();
            encoder.map_buffer_on_submit(&slot.download, wgpu::MapMode::Read, mapped, mapping.callback());
            recorded.map(|()| gpu.queue().submit([encoder.finish()]))
        })??;
        Ok(Underway { slot, portions, mapping, submitted: Clock::start(), end })
    }

    /// Writes the samples of a piece to the upload buffer of its slot.
    fn upload(&mut self, portions: &[Portion], slot: &Slot) -> Result<()> {
        let inputs = self.inputs;
        let parts: Vec<_> =
            portions.iter().map(|Portion { run, samples }| &inputs[run.clip][samples.clone()]).collect();
        let mut view = slot.upload.get_mapped_range_mut(..).map_err(not_mapped)?;
        let finite = upload(&parts, view.slice(..), self.options.threads);
        let mut offset = 0;
        for ((portion, samples), is_finite) in portions.iter().zip(&parts).zip(finite) {
            let bytes = offset..offset + size_of_val(*samples);
            offset = bytes.end;
            if is_finite {
                continue;
            }
            if !self.options.skips_not_finite {
                return Err(Error::GpuNotFinite { clip: portion.run.clip });
            }
            self.not_finite[portion.run.clip] = true;
            view.slice(bytes).fill(0);
        }
        drop(view);
        slot.upload.unmap();
        Ok(())
    }

    /// Waits for a piece and stores its outputs. Returns the time since its submission, if there is a clock.
    async fn collect(&mut self, piece: Underway) -> Result<Option<Duration>> {
        let Underway { slot, portions, mapping, submitted, end } = piece;
        mapping.wait(self.gpu.device()).await?;
        let taken = submitted.elapsed();
        let count: usize = portions.iter().map(Portion::output_len).sum();
        let bytes = count * sample_bytes(self.format);
        let mapped = (bytes as u64).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
        let view = slot.download.get_mapped_range(..mapped).map_err(not_mapped)?;
        let parts = destinations(self.clips, &portions, self.outputs);
        let clamped = download(&view[..bytes], self.format, parts, self.options.threads);
        for (portion, clamped) in portions.iter().zip(clamped) {
            self.clamped[portion.run.clip] += clamped;
        }
        drop(view);
        slot.download.unmap();
        self.gpu.slots().keep(slot);
        self.read = end;
        Ok(taken)
    }
}

/// Outputs of the portions of a piece, which are in the order of the clips, in the slices of their clips.
fn destinations<'o, O>(clips: &[ClipWork<'_>], portions: &[Portion], outputs: &'o mut [&mut [O]]) -> Vec<&'o mut [O]> {
    let mut rest = portions.iter().peekable();
    let first = rest.peek().map_or(0, |portion| portion.run.clip);
    let mut parts = Vec::with_capacity(portions.len());
    for (clip, output) in outputs.iter_mut().enumerate().skip(first) {
        let (mut output, mut begin) = (&mut **output, 0);
        while let Some(portion) = rest.next_if(|portion| portion.run.clip == clip) {
            let start = clips[clip].index_of(portion.run.outputs.start);
            let from_start = output.split_off_mut(start - begin..).unwrap_or_default();
            let (part, after) = from_start.split_at_mut(portion.output_len());
            parts.push(part);
            (output, begin) = (after, start + portion.output_len());
        }
        if rest.peek().is_none() {
            break;
        }
    }
    parts
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
fn scaled(multiply_adds: u64, factor: f64) -> u64 {
    ((multiply_adds as f64 * factor) as u64).clamp(1 << 20, 1 << 40)
}
