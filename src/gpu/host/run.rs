//! Running a batch: two pieces are in flight at a time, one on the GPU while the host writes or reads the other.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::copies::{download, upload};
use super::pieces::{Capacity, ClipWork, Cursor, Portion, counts_clamped, next_piece, packed};
use super::sample::GpuSample;
use crate::clamped::Clamped;
use crate::error::{Error, Result};
use crate::gpu::device::clock::Clock;
use crate::gpu::device::errors::{not_mapped, scoped};
use crate::gpu::device::reports::reported;
use crate::gpu::device::slots::{SLOTS, Sizes, Slot};
use crate::gpu::job::Extent;
use crate::gpu::job_options::JobOptions;
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
    /// End of the pieces that have been read.
    read: Cursor,
    clamped: Vec<Clamped>,
    not_finite: Vec<bool>,
}

/// A piece that has been submitted and not yet collected.
struct Underway {
    slot: Slot,
    portions: Vec<Portion>,
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
        let (clamped, not_finite) = (vec![Clamped::default(); clips.len()], vec![false; clips.len()]);
        let read = Cursor::default();
        let mut run = Run { gpu: self, inputs, clips, outputs, options, read, clamped, not_finite };
        let (result, reported) = reported(run.all_pieces()).await;
        let is_reported = reported.is_err();
        // A mapping that fails because of a reported error says less than the report.
        let result = reported.and(result);
        let Run { read, clamped, not_finite, .. } = run;
        if result.is_ok() && read == Cursor::default() {
            return Outcome { result, complete: clips.len(), clamped, not_finite };
        }
        // Mapping may appear to succeed on a lost device: outputs are valid only if the device is not lost after they
        // have been read. If a call failed, a loss is reported instead of its error: on a lost device wgpu only complains
        // of invalid buffers.
        match self.slots().probe.check(self.device(), self.queue()) {
            Ok(()) => {
                let complete = match &result {
                    Ok(()) => clips.len(),
                    // The report does not say which piece it is about.
                    Err(_) if is_reported => 0,
                    Err(_) => read.clip,
                };
                Outcome { result, complete, clamped, not_finite }
            }
            Err(lost) => Outcome { result: Err(lost), complete: 0, clamped, not_finite },
        }
    }
}

impl<T: GpuSample, O: GpuSample> Run<'_, '_, T, O> {
    /// Submits and collects pieces to the end of the batch.
    async fn all_pieces(&mut self) -> Result<()> {
        let limits = self.gpu.device().limits();
        let mut capacity = Capacity::new(&limits, T::CONVERSIONS.format, O::CONVERSIONS.format);
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
        let (input, output) = (T::CONVERSIONS.format, O::CONVERSIONS.format);
        let counters = counters::<O>(&portions);
        let mut runs = packed(self.clips, &portions);
        for (run, counter) in runs.iter_mut().zip(counters.clone()) {
            run.counter = Some(counter);
        }
        let tables = gpu.job_tables(&runs, JobOptions::from(input).output(output), true)?;
        let extent = Extent::of(&tables.tables);
        let input_bytes = extent.input_bytes(input).max(4);
        let output_bytes = extent.output_bytes(output).max(4);
        let limit = device.limits().max_storage_buffer_binding_size.min(device.limits().max_buffer_size);
        for (what, needed) in
            [("bytes of samples in one submission", input_bytes), ("bytes of outputs in one submission", output_bytes)]
        {
            if needed > limit {
                return Err(Error::GpuLimit { what, needed, limit });
            }
        }
        let sizes = Sizes { input: input_bytes, tables: tables.size.max(4), output: output_bytes };
        let mut slot = gpu.slots().take(device, sizes).await?;
        self.upload(&portions, &slot.input.host)?;
        let mut view = slot.tables.host.get_mapped_range_mut(..).map_err(not_mapped)?;
        tables.for_each_section(|offset, bytes| {
            let offset = to_index(offset);
            view.slice(offset..offset + bytes.len()).copy_from_slice(bytes);
        });
        drop(view);
        slot.tables.host.unmap();
        let parts = tables.bind(gpu, &slot.tables.device)?;

        scoped(device, || {
            let label = Some("polyphase batch");
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
            let Slot { input, tables: places, output } = &mut slot;
            encoder.copy_buffer_to_buffer(&input.host, 0, &input.device, 0, input_bytes);
            encoder.copy_buffer_to_buffer(&places.host, 0, &places.device, 0, tables.written);
            tables.copy_taps(&mut encoder, &places.device);
            if !counters.is_empty() {
                encoder.clear_buffer(&output.device, 4 * counters.start, Some(4 * (counters.end - counters.start)));
            }
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label, timestamp_writes: None });
            let binding = |buffer, size| wgpu::BufferBinding { buffer, offset: 0, size: wgpu::BufferSize::new(size) };
            let (from, to) = (binding(&input.device, input_bytes), binding(&output.device, output_bytes));
            let recorded = gpu.dispatch(&mut pass, &parts, false, from, to);
            drop(pass);
            encoder.copy_buffer_to_buffer(&output.device, 0, &output.host, 0, output_bytes);
            input.map_on_submit(&encoder, wgpu::MapMode::Write, input.bytes());
            places.map_on_submit(&encoder, wgpu::MapMode::Write, places.bytes());
            output.map_on_submit(&encoder, wgpu::MapMode::Read, output_bytes);
            recorded.map(|()| gpu.queue().submit([encoder.finish()]))
        })??;
        Ok(Underway { slot, portions, submitted: Clock::start(), end })
    }

    /// Writes the samples of a piece to a mapped buffer.
    fn upload(&mut self, portions: &[Portion], buffer: &wgpu::Buffer) -> Result<()> {
        let inputs = self.inputs;
        let parts: Vec<_> =
            portions.iter().map(|Portion { run, samples }| &inputs[run.clip][samples.clone()]).collect();
        let mut view = buffer.get_mapped_range_mut(..).map_err(not_mapped)?;
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
        buffer.unmap();
        Ok(())
    }

    /// Waits for a piece and stores its outputs. Returns the time since its submission, if there is a clock.
    async fn collect(&mut self, piece: Underway) -> Result<Option<Duration>> {
        let Underway { mut slot, portions, submitted, end } = piece;
        slot.output.wait(self.gpu.device()).await?;
        let taken = submitted.elapsed();
        let counters = counters::<O>(&portions);
        let view = slot.output.host.get_mapped_range(..4 * counters.end).map_err(not_mapped)?;
        let (outputs, counts) = view.split_at(4 * to_index(counters.start));
        let parts = destinations(self.clips, &portions, self.outputs);
        let bytes: usize = parts.iter().map(|part| size_of_val(*part)).sum();
        download(&outputs[..bytes], parts, self.options.threads);
        for (portion, &count) in portions.iter().zip(bytemuck::cast_slice::<u8, u32>(counts)) {
            self.clamped[portion.run.clip] += Clamped { count: to_index(count) };
        }
        drop(view);
        slot.output.host.unmap();
        self.gpu.slots().keep(slot);
        self.read = end;
        Ok(taken)
    }
}

/// Indices of the counters of clamped outputs in the output buffer of a piece, one for each portion, behind the outputs.
/// They count 32-bit words. The range is empty for types that are not clamped.
fn counters<O: GpuSample>(portions: &[Portion]) -> Range<u64> {
    let outputs = portions.iter().map(|portion| portion.output_len() as u64).sum::<u64>();
    let start = (outputs * O::CONVERSIONS.format.bytes()).div_ceil(4);
    let count = if counts_clamped(O::CONVERSIONS.format) { portions.len() as u64 } else { 0 };
    start..start + count
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Run as OutputRun;
    use crate::options::Preset;

    #[test]
    fn portions_are_stored_at_their_places() {
        let plan = Plan::new(1, 1, Preset::Default.options()).expect("a plan");
        let clips = [10, 0, 30].map(|len| ClipWork::new(&plan, 1, len, 0, 0, 100));
        let mut output: Vec<usize> = (0..300).collect();
        let mut outputs: Vec<_> = output.chunks_mut(100).collect();
        let portions = [(0, 4..7), (2, 1..3), (2, 3..4), (2, 20..25)]
            .map(|(clip, outputs)| Portion { run: OutputRun { clip, outputs }, samples: 0..0 });
        let parts = destinations(&clips, &portions, &mut outputs);
        assert_eq!(parts, [&[4, 5, 6][..], &[201, 202], &[203], &[220, 221, 222, 223, 224]]);
        assert!(destinations(&clips, &[], &mut outputs).is_empty());
    }
}
