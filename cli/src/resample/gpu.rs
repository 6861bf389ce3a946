//! [`GpuQueue`]: resamples clips of many files in one batch. The workers send clips and wait; one thread resamples all
//! clips that have arrived.
//!
//! ```text
//! worker 1 ── clips ──┐            ┌── outputs ── worker 1
//! worker 2 ── clips ──┼── batch ───┼── outputs ── worker 2
//! worker 3 ── clips ──┘            └── outputs ── worker 3
//! ```

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use anyhow::{Context, Result, anyhow};
use polyphase::{Batch, CpuReason, Plan, Resampler};

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
}

struct Request {
    plan: Plan,
    channels: Vec<Vec<f32>>,
    reply: Sender<Result<Vec<Vec<f32>>>>,
}

/// Number of clips that each backend computed.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) gpu_clips: usize,
    pub(super) cpu_clips: usize,
    /// Last reason why the CPU computed clips.
    pub(super) cpu_reason: Option<CpuReason>,
}

impl GpuQueue {
    /// Creates a queue, and its receiving end for [`serve`](Self::serve).
    pub(super) fn new(resampler: Resampler) -> (Self, Requests) {
        let (requests, received) = sync_channel(WORKERS);
        (Self { resampler, requests }, Requests(received))
    }

    /// True if clips of this plan are worth the transfer.
    pub(super) fn suits(&self, plan: &Plan) -> bool {
        self.resampler.can_use_gpu(plan)
    }

    /// Resamples the channels of a file.
    pub(super) fn resample(&self, plan: &Plan, channels: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>> {
        let (reply, result) = channel();
        let gone = "the GPU thread has ended";
        self.requests.send(Some(Request { plan: plan.clone(), channels, reply })).map_err(|_| anyhow!(gone))?;
        result.recv().context(gone)?
    }

    /// Makes [`serve`](Self::serve) return.
    pub(super) fn close(&self) {
        // An error means that `serve` has already returned.
        let _ = self.requests.send(None);
    }

    /// Resamples the requests until the queue is closed.
    pub(super) fn serve(&self, requests: Requests) -> Tally {
        let mut tally = Tally::default();
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
            self.resample_together(&gathered, &mut tally);
        }
        tally
    }

    fn resample_together(&self, requests: &[Request], tally: &mut Tally) {
        let mut batch = Batch::new();
        for request in requests {
            request.channels.iter().for_each(|clip| batch.push(&request.plan, clip));
        }
        let result = self.resampler.resample_batch(&batch);
        if let Ok((_, report)) = &result {
            tally.gpu_clips += report.gpu_clips;
            tally.cpu_clips += report.cpu_clips();
            if let Some((_, reason)) = report.cpu_runs.last() {
                tally.cpu_reason = Some(reason.clone());
            }
        }
        let mut clips = result.as_ref().map(|(outputs, _)| outputs.iter());
        for request in requests {
            let reply = match &mut clips {
                Ok(clips) => Ok(clips.take(request.channels.len()).map(<[f32]>::to_vec).collect()),
                Err(error) => Err(anyhow!("{error}")),
            };
            // A worker that no longer waits has failed, and has reported the failure.
            let _ = request.reply.send(reply);
        }
    }
}

/// Receiving end of the queue, held by the thread that serves it.
pub(super) struct Requests(Receiver<Option<Request>>);
