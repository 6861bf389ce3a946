//! Clips of many files in one batch: the workers hand them over and wait, one thread resamples what has gathered meanwhile.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use anyhow::{Context, Result, anyhow};
use polyphase::{Batch, Plan, Resampler};

/// Files whose clips may be waiting: each is held in memory whole, so this and [`MAX_SAMPLES`] bound what that takes.
pub(super) const WORKERS: usize = 16;

/// Samples of a file, of all its channels, that are handed over; longer files are streamed through the CPU path.
pub(super) const MAX_SAMPLES: u64 = 1 << 25;

/// A worker's end.
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

/// What the batches came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) gpu_clips: usize,
    pub(super) cpu_clips: usize,
    /// Why the CPU computed the last of those that it did.
    pub(super) cpu_reason: Option<String>,
}

impl GpuQueue {
    /// The queue, and what [`serve`](Self::serve) takes.
    pub(super) fn new(resampler: Resampler) -> (Self, Requests) {
        let (requests, received) = sync_channel(WORKERS);
        (Self { resampler, requests }, Requests(received))
    }

    /// Whether clips of this plan are worth handing over.
    pub(super) fn suits(&self, plan: &Plan) -> bool {
        self.resampler.suits(plan)
    }

    /// Resamples the channels of a file.
    pub(super) fn resample(&self, plan: &Plan, channels: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>> {
        let (reply, result) = channel();
        let gone = "the thread of the GPU has ended";
        self.requests.send(Some(Request { plan: plan.clone(), channels, reply })).map_err(|_| anyhow!(gone))?;
        result.recv().context(gone)?
    }

    /// Lets [`serve`](Self::serve) come to its end.
    pub(super) fn close(&self) {
        // If it has ended already, all the better.
        let _ = self.requests.send(None);
    }

    /// Resamples what comes, until the queue is closed.
    pub(super) fn serve(&self, requests: Requests) -> Tally {
        let mut tally = Tally::default();
        let mut open = true;
        while open {
            let Ok(Some(first)) = requests.0.recv() else { break };
            let mut gathered = vec![first];
            // What has come while the last batch was under way goes into this one.
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
            tally.cpu_clips += report.cpu_clips;
            if report.cpu_clips > 0 {
                tally.cpu_reason = Some(report.reason.clone());
            }
        }
        let mut clips = result.as_ref().map(|(outputs, _)| outputs.iter());
        for request in requests {
            let reply = match &mut clips {
                Ok(clips) => Ok(clips.take(request.channels.len()).map(<[f32]>::to_vec).collect()),
                Err(error) => Err(anyhow!("{error}")),
            };
            // A worker that no longer waits has failed, and said so.
            let _ = request.reply.send(reply);
        }
    }
}

/// The other end.
pub(super) struct Requests(Receiver<Option<Request>>);
