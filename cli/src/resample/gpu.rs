//! [`GpuQueue`]: resamples clips of many files in one batch. The workers send clips and wait; one thread resamples all
//! clips that have arrived.
//!
//! ```text
//! worker 1 ── clips ──┐            ┌── outputs ── worker 1
//! worker 2 ── clips ──┼── batch ───┼── outputs ── worker 2
//! worker 3 ── clips ──┘            └── outputs ── worker 3
//! ```

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};
use polyphase::ndarray::ArrayD;
use polyphase::{Batch, BatchBuf, Clamped, CpuReason, Plan, Resampler, RunReport, Sample};

/// Number of workers, and of files that may wait. Each file is in memory as a whole, so this number and [`MAX_SAMPLES`]
/// bound the memory.
pub(super) const WORKERS: usize = 16;

/// Largest number of samples of a file on the GPU, over all channels. Longer files are streamed through the CPU.
pub(super) const MAX_SAMPLES: u64 = 1 << 25;

/// Sending end of the queue, held by the workers.
#[derive(Clone)]
pub(super) struct GpuQueue {
    resampler: Resampler,
    requests: SyncSender<Option<Request>>,
    tally: Arc<Mutex<Tally>>,
}

struct Request {
    plan: Plan,
    clips: Clips,
    reply: Sender<Result<Resampled>>,
}

/// The channels of a file. 16-bit integers cross the bus in half the time, both ways.
pub(super) enum Clips {
    F32(Vec<Vec<f32>>),
    I16(Vec<Vec<i16>>),
}

/// The channels of an output.
pub(super) struct Resampled {
    pub(super) clips: Clips,
    /// Integers that were clamped.
    pub(super) clamped: Clamped,
}

/// Number of clips that each backend computed.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) gpu_clips: usize,
    pub(super) cpu_clips: usize,
    /// Last reason why the CPU computed clips.
    pub(super) cpu_reason: Option<CpuReason>,
}

impl Tally {
    fn add(&mut self, report: &RunReport) {
        self.gpu_clips += report.gpu_clips;
        self.cpu_clips += report.cpu_clips();
        if let Some((_, reason)) = report.cpu_runs.last() {
            self.cpu_reason = Some(reason.clone());
        }
    }
}

impl GpuQueue {
    /// Creates a queue, and its receiving end for [`serve`](Self::serve).
    pub(super) fn new(resampler: Resampler) -> (Self, Requests) {
        let (requests, received) = sync_channel(WORKERS);
        (Self { resampler, requests, tally: Arc::default() }, Requests(received))
    }

    /// True if clips of this plan are worth the transfer.
    pub(super) fn suits(&self, plan: &Plan) -> bool {
        self.resampler.can_use_gpu(plan)
    }

    /// Resamples the channels of a file.
    pub(super) fn resample(&self, plan: &Plan, clips: Clips) -> Result<Resampled> {
        let (reply, result) = channel();
        let gone = "the GPU thread has ended";
        self.requests.send(Some(Request { plan: plan.clone(), clips, reply })).map_err(|_| anyhow!(gone))?;
        result.recv().context(gone)?
    }

    /// Resamples an array along its last axis, which it must have.
    pub(super) fn resample_array<T: Sample>(&self, plan: &Plan, array: &ArrayD<T>) -> Result<ArrayD<T>> {
        let array = array.as_standard_layout();
        let frames = array.shape().last().copied().unwrap_or(0);
        let samples = array.as_slice().context("an array in standard layout is a slice")?;
        // An array without samples may have lanes: each then has the outputs of an empty clip.
        let lanes: usize = array.shape().iter().rev().skip(1).product();
        let batch: Batch<'_, T> = (0..lanes).map(|lane| (plan, &samples[lane * frames..(lane + 1) * frames])).collect();
        let (outputs, _) = self.resample_batch(&batch)?;
        let mut shape = array.shape().to_vec();
        shape.iter_mut().rev().take(1).for_each(|len| *len = plan.output_len(frames));
        Ok(ArrayD::from_shape_vec(shape, outputs.into_parts().0)?)
    }

    /// Makes [`serve`](Self::serve) return.
    pub(super) fn close(&self) {
        // An error means that `serve` has already returned.
        let _ = self.requests.send(None);
    }

    /// Resamples the requests until the queue is closed, and returns the clips that were computed through the queue.
    pub(super) fn serve(&self, requests: Requests) -> Tally {
        let mut open = true;
        while open {
            let Ok(Some(first)) = requests.0.recv() else { break };
            let mut gathered = vec![first];
            // Requests that arrived while the last batch was computed form this one.
            while let Ok(request) = requests.0.try_recv() {
                match request {
                    Some(request) => gathered.push(request),
                    None => open = false,
                }
            }
            self.resample_together(&gathered);
        }
        std::mem::take(&mut *self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn resample_together(&self, requests: &[Request]) {
        let mut floats = Vec::new();
        for request in requests {
            match &request.clips {
                Clips::F32(clips) => floats.push((request, clips)),
                // A batch of its own, whose report has the clamped integers of this file.
                Clips::I16(clips) => {
                    let result = self.resample_batch(&clips.iter().map(|clip| (&request.plan, &clip[..])).collect());
                    request.answer(result.map(|(outputs, report)| Resampled {
                        clips: Clips::I16(outputs.iter().map(<[i16]>::to_vec).collect()),
                        clamped: report.clamped,
                    }));
                }
            }
        }
        if floats.is_empty() {
            return;
        }
        let batch = floats.iter().flat_map(|(request, clips)| clips.iter().map(|clip| (&request.plan, &clip[..])));
        let result = self.resample_batch(&batch.collect());
        let mut outputs = result.as_ref().map(|(outputs, _)| outputs.iter());
        for (request, clips) in floats {
            request.answer(match &mut outputs {
                Ok(outputs) => Ok(Resampled {
                    clips: Clips::F32(outputs.take(clips.len()).map(<[f32]>::to_vec).collect()),
                    clamped: Clamped::default(),
                }),
                Err(error) => Err(anyhow!("{error}")),
            });
        }
    }

    fn resample_batch<T: Sample>(&self, batch: &Batch<'_, T>) -> Result<(BatchBuf<T>, RunReport)> {
        let (outputs, report) = self.resampler.resample_batch(batch)?;
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).add(&report);
        Ok((outputs, report))
    }
}

impl Request {
    fn answer(&self, result: Result<Resampled>) {
        // A worker that no longer waits has failed, and has reported the failure.
        let _ = self.reply.send(result);
    }
}

/// Receiving end of the queue, held by the thread that serves it.
pub(super) struct Requests(Receiver<Option<Request>>);
