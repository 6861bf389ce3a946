//! Running a batch: two pieces are in flight at a time, one on the GPU while the host writes or reads the other.

use std::collections::VecDeque;
use std::time::Duration;

use super::pieces::{Capacity, ClipWork, Cursor, Portion, next_piece, packed};
use super::sample::GpuSample;
use crate::error::{Error, Result};
use crate::gpu::device::buffers::{SLOTS, Slot};
use crate::gpu::device::clock::Clock;
use crate::gpu::device::errors::{not_mapped, scoped};
use crate::gpu::device::wait::{Mapping, probe};
use crate::gpu::resampler::GpuResampler;
use crate::plan::Plan;

/// Time that a piece should take on the GPU: short enough for a responsive desktop and for the watchdogs of drivers.
const PIECE_TIME: Duration = Duration::from_millis(100);

/// Number of times that pieces are halved when memory runs out.
const HALVINGS: u32 = 6;

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

    /// Computes the outputs of clips from `done` on, and moves `done` to the end of the complete outputs, which stay
    /// valid if an error follows. `samples` must be zero: outputs beyond the reach of their clip are not written.
    pub(super) async fn run_clips<T: GpuSample, O: GpuSample>(
        &self,
        inputs: &[&[T]],
        clips: &[ClipWork<'_>],
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
            let portions = next_piece(clips, &mut cursor, capacity);
            let is_end = portions.is_empty();
            if !is_end {
                match self.submit(inputs, clips, portions, cursor).await {
                    Ok(piece) => underway.push_back(piece),
                    // Pieces in flight will return their memory, and smaller pieces need less.
                    Err(Error::GpuOutOfMemory { .. }) if halvings < HALVINGS => {
                        halvings += 1;
                        cursor = begin;
                        capacity.samples = (capacity.samples / 2).max(1);
                        capacity.outputs = (capacity.outputs / 2).max(1);
                        self.slots().clear();
                    }
                    Err(error) => return Err(error),
                }
            }
            while underway.len() >= if is_end { 1 } else { SLOTS } {
                let Some(piece) = underway.pop_front() else { break };
                if let Some(taken) = self.collect(piece, clips, offsets, samples, done).await? {
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
    async fn submit<T: GpuSample>(
        &self,
        inputs: &[&[T]],
        clips: &[ClipWork<'_>],
        portions: Vec<Portion>,
        end: Cursor,
    ) -> Result<Underway> {
        let job = self.prepare_runs(&packed(clips, &portions), T::CONVERSIONS.input.into())?;
        let slot = self.slots().take(self.device(), job.input_bytes().max(4), job.output_bytes().max(4)).await?;
        let mut view = slot.upload.get_mapped_range_mut(..).map_err(not_mapped)?;
        let mut offset = 0;
        for Portion { run, samples } in &portions {
            let samples = &inputs[run.clip][samples.clone()];
            if !(T::CONVERSIONS.are_finite)(samples) {
                drop(view);
                return Err(Error::GpuNotFinite { clip: run.clip });
            }
            let bytes = (T::CONVERSIONS.bytes)(samples);
            view.slice(offset..offset + bytes.len()).copy_from_slice(bytes);
            offset += bytes.len();
        }
        drop(view);
        slot.upload.unmap();

        let mapping = Mapping::default();
        let binding = |buffer, size: u64| wgpu::BufferBinding { buffer, offset: 0, size: wgpu::BufferSize::new(size) };
        let recorded = scoped(self.device(), || {
            let label = Some("polyphase batch");
            let mut encoder = self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
            encoder.copy_buffer_to_buffer(&slot.upload, 0, &slot.input, 0, job.input_bytes());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label, timestamp_writes: None });
            let input = binding(&slot.input, job.input_bytes().max(4));
            let output = binding(&slot.output, job.output_bytes().max(4));
            let recorded = self.record(&mut pass, &job, input, output);
            drop(pass);
            encoder.copy_buffer_to_buffer(&slot.output, 0, &slot.download, 0, job.output_bytes());
            let mapped = 0..job.output_bytes();
            encoder.map_buffer_on_submit(&slot.download, wgpu::MapMode::Read, mapped, mapping.callback());
            recorded.map(|()| self.queue().submit([encoder.finish()]))
        });
        // If the device is lost meanwhile, wgpu reports invalid buffers. The loss is the more useful error.
        let lost_or = |error| probe(self.device(), self.queue()).err().unwrap_or(error);
        recorded.and_then(|recorded| recorded).map_err(lost_or)?;
        Ok(Underway { slot, portions, mapping, submitted: Clock::start(), end })
    }

    /// Waits for a piece and stores its outputs. Returns the time since its submission, if there is a clock.
    async fn collect<O: GpuSample>(
        &self,
        piece: Underway,
        clips: &[ClipWork<'_>],
        offsets: &[usize],
        samples: &mut [O],
        done: &mut Cursor,
    ) -> Result<Option<Duration>> {
        piece.mapping.wait(self.device()).await?;
        let taken = piece.submitted.elapsed();
        let count: usize = piece.portions.iter().map(Portion::output_len).sum();
        let view = piece.slot.download.get_mapped_range(..4 * count as u64).map_err(not_mapped)?;
        // Mapping may appear to succeed on a lost device: the outputs are valid only if the device is not lost.
        probe(self.device(), self.queue())?;
        let mut outputs: &[f32] = bytemuck::cast_slice(&view);
        let (mut clamped, mut clamped_in_clip, mut clip) = (done.clamped, done.clamped_in_clip, done.clip);
        for portion in &piece.portions {
            let (part, rest) = outputs.split_at(portion.output_len());
            let run = &portion.run;
            let start = offsets[run.clip] + clips[run.clip].index_of(run.outputs.start);
            if run.clip != clip {
                clamped += std::mem::take(&mut clamped_in_clip);
                clip = run.clip;
            }
            clamped_in_clip += (O::CONVERSIONS.store)(part, &mut samples[start..start + part.len()]);
            outputs = rest;
        }
        drop(view);
        *done = Cursor { clamped, clamped_in_clip, ..piece.end };
        piece.slot.download.unmap();
        self.slots().keep(piece.slot);
        Ok(taken)
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
fn scaled(multiply_adds: u64, factor: f64) -> u64 {
    ((multiply_adds as f64 * factor) as u64).clamp(1 << 20, 1 << 40)
}
