//! Batches from host memory: uploaded, dispatched and read back piece by piece, with two pieces under way at a time.

pub(crate) mod adjoint;
pub(crate) mod pieces;
pub(crate) mod sample;
mod tensor;

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use self::pieces::{Capacity, ClipShape, Cursor, Segment, next_piece, packed};
use self::sample::GpuSample;
use super::GpuResampler;
use super::device::errors::{not_mapped, scoped};
use super::device::wait::Mapping;
use crate::alloc::zeroed;
use crate::batch::{Batch, BatchBuf};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Pieces under way at once: one is computed while the next is written and the last is read.
const SLOTS: usize = 2;

/// What a piece should take, so that the desktop stays alive and no driver's watchdog barks.
const PIECE_TIME: Duration = Duration::from_millis(100);

/// Times that a piece is halved when memory runs out.
const HALVINGS: u32 = 6;

/// The buffers of a piece, kept for later ones.
#[derive(Debug)]
pub(crate) struct Slot {
    input_bytes: u64,
    output_bytes: u64,
    upload: wgpu::Buffer,
    input: wgpu::Buffer,
    output: wgpu::Buffer,
    download: wgpu::Buffer,
}

/// A piece that has been submitted.
struct Underway {
    slot: Slot,
    segments: Vec<Segment>,
    mapping: Mapping,
    submitted: Instant,
    end: Cursor,
}

impl GpuResampler {
    /// Resamples every clip of a batch that lies in host memory: `f32`, `i16` or [`half::f16`] samples in, the same or another
    /// of them out.
    ///
    /// The batch may be of any size: it is cut into pieces that suit the device, a long clip in several places too, and every
    /// bit is as if it had not been.
    ///
    /// # Errors
    /// [`Error::GpuNotFinite`] for a clip with a NaN or an infinity in it, [`Error::GpuOutOfMemory`], [`Error::GpuLost`],
    /// [`Error::OutOfMemory`].
    pub fn resample_batch<T: GpuSample, O: GpuSample>(&self, batch: &Batch<'_, T>) -> Result<BatchBuf<O>> {
        pollster::block_on(self.resample_batch_async(batch))
    }

    /// [`resample_batch`](Self::resample_batch) for callers that must not block. Elsewhere than on the web, each time that it
    /// is polled it sleeps for a fifth of a millisecond if the GPU is not done.
    ///
    /// # Errors
    /// As [`resample_batch`](Self::resample_batch).
    pub async fn resample_batch_async<T: GpuSample, O: GpuSample>(&self, batch: &Batch<'_, T>) -> Result<BatchBuf<O>> {
        let offsets = batch.output_offsets();
        let mut samples = zeroed(offsets.last().copied().unwrap_or(0))?;
        self.run_batch(batch, &offsets, &mut samples, &mut Cursor::default()).await?;
        Ok(BatchBuf::from_parts(samples, offsets))
    }

    pub(crate) async fn run_batch<T: GpuSample, O: GpuSample>(
        &self,
        batch: &Batch<'_, T>,
        offsets: &[usize],
        samples: &mut [O],
        done: &mut Cursor,
    ) -> Result<()> {
        let mut known = None;
        let clips = batch
            .iter()
            .map(|(plan, clip)| Ok(ClipShape::whole(plan, self.granularity(plan, &mut known)?, clip.len())))
            .collect::<Result<Vec<_>>>()?;
        let inputs: Vec<_> = batch.iter().map(|(_, clip)| clip).collect();
        self.run_clips(&inputs, &clips, offsets, samples, done).await
    }

    /// Where clips of a plan can be cut; `known` is that of the plan before.
    pub(crate) fn granularity<'a>(&self, plan: &'a Plan, known: &mut Option<(&'a Plan, u64)>) -> Result<u64> {
        match known {
            Some((other, granularity)) if std::ptr::eq(other.shape(), plan.shape()) => Ok(*granularity),
            _ => {
                let granularity = self.banks().recipe(plan, self.kernel())?.granularity;
                *known = Some((plan, granularity));
                Ok(granularity)
            }
        }
    }

    /// Computes everything from `done` on, and moves `done` along with what is complete: what is before it stays valid,
    /// whatever happens then. Samples must be zero where nothing but silence is the result.
    pub(crate) async fn run_clips<T: GpuSample, O: GpuSample>(
        &self,
        inputs: &[&[T]],
        clips: &[ClipShape<'_>],
        offsets: &[usize],
        samples: &mut [O],
        done: &mut Cursor,
    ) -> Result<()> {
        let mut capacity = Capacity::new(&self.device().limits(), size_of::<T>());
        let mut cursor = *done;
        let mut underway = VecDeque::with_capacity(SLOTS);
        let mut halvings = 0;
        loop {
            let begin = cursor;
            let segments = next_piece(clips, &mut cursor, capacity);
            let last = segments.is_empty();
            if !last {
                match self.submit(inputs, clips, segments, cursor).await {
                    Ok(piece) => underway.push_back(piece),
                    // What is under way may give back memory, and smaller pieces need less.
                    Err(Error::GpuOutOfMemory { .. }) if halvings < HALVINGS => {
                        halvings += 1;
                        cursor = begin;
                        capacity.samples = (capacity.samples / 2).max(1);
                        capacity.outputs = (capacity.outputs / 2).max(1);
                        self.forget_slots();
                    }
                    Err(error) => return Err(error),
                }
            }
            while underway.len() >= if last { 1 } else { SLOTS } {
                let Some(piece) = underway.pop_front() else { break };
                let took = self.collect(piece, offsets, samples, done).await?;
                let scale = PIECE_TIME.as_secs_f64() / took.as_secs_f64().max(1e-6);
                capacity.multiply_adds = scaled(capacity.multiply_adds, scale.clamp(0.25, 4.0));
            }
            if last {
                return Ok(());
            }
        }
    }

    /// Writes, dispatches and asks for a piece.
    async fn submit<T: GpuSample>(
        &self,
        inputs: &[&[T]],
        clips: &[ClipShape<'_>],
        segments: Vec<Segment>,
        end: Cursor,
    ) -> Result<Underway> {
        let job = self.prepare(&packed(clips, &segments), T::INPUT)?;
        let slot = self.slot(job.input_bytes().max(4), job.output_bytes().max(4)).await?;
        let mut view = slot.upload.get_mapped_range_mut(..).map_err(not_mapped)?;
        let mut at = 0;
        for segment in &segments {
            let part = &inputs[segment.clip][segment.first_sample..][..segment.samples];
            // Without an early exit this is a vector loop.
            if !part.iter().fold(true, |finite, sample| finite & sample.is_number()) {
                drop(view);
                return Err(Error::GpuNotFinite { clip: segment.clip });
            }
            let bytes: &[u8] = bytemuck::cast_slice(part);
            view.slice(at..at + bytes.len()).copy_from_slice(bytes);
            at += bytes.len();
        }
        drop(view);
        slot.upload.unmap();

        let mapping = Mapping::default();
        let used = wgpu::BufferSize::new(job.output_bytes().max(4));
        let binding = |buffer, size| wgpu::BufferBinding { buffer, offset: 0, size };
        let recorded = scoped(self.device(), || {
            let label = Some("polyphase batch");
            let mut encoder = self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
            encoder.copy_buffer_to_buffer(&slot.upload, 0, &slot.input, 0, job.input_bytes());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label, timestamp_writes: None });
            let input = wgpu::BufferSize::new(job.input_bytes().max(4));
            let recorded = self.record(&mut pass, &job, binding(&slot.input, input), binding(&slot.output, used));
            drop(pass);
            encoder.copy_buffer_to_buffer(&slot.output, 0, &slot.download, 0, job.output_bytes());
            encoder.map_buffer_on_submit(
                &slot.download,
                wgpu::MapMode::Read,
                0..job.output_bytes(),
                mapping.callback(),
            );
            recorded.map(|()| self.queue().submit([encoder.finish()]))
        });
        // A device that goes meanwhile leaves buffers that are no longer valid, and wgpu complains of those.
        recorded.and_then(|recorded| recorded).map_err(|error| self.probe().err().unwrap_or(error))?;
        Ok(Underway { slot, segments, mapping, submitted: Instant::now(), end })
    }

    /// Waits for a piece and takes its outputs; returns how long it was under way.
    async fn collect<O: GpuSample>(
        &self,
        piece: Underway,
        offsets: &[usize],
        samples: &mut [O],
        done: &mut Cursor,
    ) -> Result<Duration> {
        piece.mapping.wait(self.device()).await?;
        let took = piece.submitted.elapsed();
        let outputs: usize = piece.segments.iter().map(|segment| segment.outputs).sum();
        let view = piece.slot.download.get_mapped_range(..4 * outputs as u64).map_err(not_mapped)?;
        // On a lost device mapping may appear to succeed: the result counts only if the device is still there.
        self.probe()?;
        let mut outputs: &[f32] = bytemuck::cast_slice(&view);
        for segment in &piece.segments {
            let (part, rest) = outputs.split_at(segment.outputs);
            let at = offsets[segment.clip] + segment.first_output;
            samples[at..at + part.len()].iter_mut().zip(part).for_each(|(sample, &y)| *sample = O::from_output(y));
            outputs = rest;
        }
        drop(view);
        *done = piece.end;
        piece.slot.download.unmap();
        self.keep_slot(piece.slot);
        Ok(took)
    }

    /// Whether the device is still there: a submit on a lost one is refused, or a new buffer is not mapped; which of them
    /// depends on how it went.
    fn probe(&self) -> Result<()> {
        let buffer = scoped(self.device(), || {
            let encoder = self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.queue().submit([encoder.finish()]);
            self.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("polyphase probe"),
                size: 4,
                usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            })
        })?;
        buffer.get_mapped_range_mut(..).map(drop).map_err(not_mapped)
    }

    /// Buffers of at least these sizes: those of an earlier piece, or new ones.
    async fn slot(&self, input_bytes: u64, output_bytes: u64) -> Result<Slot> {
        let kept = {
            let mut pool = self.slots().lock().unwrap_or_else(PoisonError::into_inner);
            let fits = |slot: &Slot| slot.input_bytes >= input_bytes && slot.output_bytes >= output_bytes;
            pool.iter().position(fits).map(|index| pool.swap_remove(index))
        };
        let device = self.device();
        let map_again = kept.is_some();
        let slot = match kept {
            Some(slot) => slot,
            None => {
                // By powers of two, so that pieces of about one size share their buffers.
                let limit = device.limits().max_buffer_size;
                let (input_bytes, output_bytes) =
                    (input_bytes.next_power_of_two().min(limit), output_bytes.next_power_of_two().min(limit));
                scoped(device, || {
                    use wgpu::BufferUsages as Usage;
                    let create = |label, size, usage, mapped_at_creation| {
                        device.create_buffer(&wgpu::BufferDescriptor {
                            label: Some(label),
                            size,
                            usage,
                            mapped_at_creation,
                        })
                    };
                    let upload = create("polyphase upload", input_bytes, Usage::MAP_WRITE | Usage::COPY_SRC, true);
                    let input = create("polyphase input", input_bytes, Usage::STORAGE | Usage::COPY_DST, false);
                    let output = create("polyphase output", output_bytes, Usage::STORAGE | Usage::COPY_SRC, false);
                    let download = create("polyphase download", output_bytes, Usage::MAP_READ | Usage::COPY_DST, false);
                    Slot { input_bytes, output_bytes, upload, input, output, download }
                })?
            }
        };
        if map_again {
            let mapping = Mapping::default();
            slot.upload.map_async(wgpu::MapMode::Write, .., mapping.callback());
            mapping.wait(device).await?;
        }
        Ok(slot)
    }

    /// Keeps the buffers of a piece that is complete.
    fn keep_slot(&self, slot: Slot) {
        let mut pool = self.slots().lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < SLOTS {
            pool.push(slot);
        }
    }

    fn forget_slots(&self) {
        self.slots().lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
fn scaled(multiply_adds: u64, factor: f64) -> u64 {
    ((multiply_adds as f64 * factor) as u64).clamp(1 << 20, 1 << 40)
}
