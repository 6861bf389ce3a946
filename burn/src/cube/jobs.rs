//! [`JobCache`]: the jobs that were used last, so that a repeated call prepares nothing.

use std::sync::{Mutex, PoisonError};

use burn::tensor::DType;
use burn_cubecl::CubeDevice;
use burn_cubecl::tensor::CubeTensor;
use lru::LruCache;
use polyphase::{GpuClip, JobOptions, SampleFormat};

use crate::job::{Direction, Job, Rows};

/// Largest number of cached jobs.
const CAPACITY: usize = 256;

/// Largest size in bytes of the tables of all cached jobs. The job that was used last is kept even if it alone is larger.
const CAPACITY_BYTES: usize = 64 << 20;

/// Everything that a prepared job depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    device: CubeDevice,
    job: Job,
    rows: Rows,
    dtype: DType,
}

/// Prepared jobs, with their bytes.
pub(super) struct JobCache<T>(Mutex<Option<Cached<T>>>);

struct Cached<T> {
    jobs: LruCache<Key, (T, usize)>,
    bytes: usize,
}

impl<T: Clone> JobCache<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Prepared job for a tensor. If it is not cached, `prepare` makes it and tells its bytes; `None` if it cannot.
    pub(super) fn get_or_prepare(
        &self,
        tensor: &CubeTensor,
        job: &Job,
        rows: Rows,
        prepare: impl FnOnce() -> Option<(T, usize)>,
    ) -> Option<T> {
        let key = Key { device: tensor.device.clone(), job: job.clone(), rows, dtype: tensor.dtype };
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((prepared, _)) = cached.get_or_insert_with(Cached::new).jobs.get(&key) {
            return Some(prepared.clone());
        }
        // The lock is not held meanwhile, so that other threads need not wait. If two prepare one job, either serves.
        drop(cached);
        let (prepared, bytes) = prepare()?;
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.get_or_insert_with(Cached::new).insert(key, prepared.clone(), bytes);
        Some(prepared)
    }
}

impl<T> Cached<T> {
    fn new() -> Self {
        Self { jobs: LruCache::unbounded(), bytes: 0 }
    }

    fn insert(&mut self, key: Key, job: T, bytes: usize) {
        self.bytes += bytes;
        if let Some((_, replaced)) = self.jobs.put(key, (job, bytes)) {
            self.bytes -= replaced;
        }
        while self.jobs.len() > 1 && (self.bytes > CAPACITY_BYTES || self.jobs.len() > CAPACITY) {
            let Some((_, (_, evicted))) = self.jobs.pop_lru() else { break };
            self.bytes -= evicted;
        }
    }
}

/// Rows of a contiguous tensor as clips, one after the other.
///
/// # Errors
/// As [`GpuClip::adjoint`].
pub(super) fn clips(job: &Job, rows: Rows) -> polyphase::Result<Vec<GpuClip>> {
    let (len, output_len) = (rows.len as u64, job.output_len(rows.len) as u64);
    (0..rows.count as u64)
        .map(|row| match job.direction {
            Direction::Forward => Ok(GpuClip::new(&job.plan, row * len, len, row * output_len)),
            Direction::Adjoint(clip_len) => GpuClip::adjoint(&job.plan, row * len, clip_len as u64, row * output_len),
        })
        .collect()
}

/// Formats of a tensor's samples. burn's tensors are ranges of buffers that they share.
pub(super) fn options(dtype: DType) -> JobOptions {
    let format = if dtype == DType::F16 { SampleFormat::F16 } else { SampleFormat::F32 };
    JobOptions::from(format).output(format).shared_buffer(true)
}

#[cfg(test)]
mod tests {
    use polyphase::{Plan, Preset};

    use super::*;
    use crate::tests::{cube_tensor, gpu};

    /// True if a job had to be prepared.
    fn prepared(cache: &JobCache<usize>, tensor: &CubeTensor, job: &Job, bytes: usize) -> bool {
        let rows = Rows::of(tensor.meta.shape());
        let mut is_new = false;
        let found = cache.get_or_prepare(tensor, job, rows, || {
            is_new = true;
            Some((rows.len, bytes))
        });
        assert_eq!(found, Some(rows.len));
        is_new
    }

    #[test]
    fn a_repeated_call_prepares_nothing_and_another_call_does() {
        let Some((device, _)) = gpu() else { return };
        let tensor = |len: usize| cube_tensor(&vec![0.0; 2 * len], [2, len], &device);
        let plan = |new_freq| Plan::new(7, new_freq, Preset::Default).expect("a plan");
        let job = Job::forward(&plan(5));
        let cache = JobCache::new();
        assert!(prepared(&cache, &tensor(10), &job, 1));
        assert!(!prepared(&cache, &tensor(10), &Job::forward(&plan(5)), 1));
        assert!(prepared(&cache, &tensor(11), &job, 1));
        assert!(prepared(&cache, &tensor(10), &Job::forward(&plan(6)), 1));
        let adjoint = |len| Job { direction: Direction::Adjoint(len), ..job.clone() };
        assert!(prepared(&cache, &tensor(10), &adjoint(13), 1));
        assert!(prepared(&cache, &tensor(10), &adjoint(14), 1));
        let halves = CubeTensor { dtype: DType::F16, ..tensor(10) };
        assert!(prepared(&cache, &halves, &job, 1));
        assert!(!prepared(&cache, &tensor(10), &job, 1));
        assert_eq!(cache.get_or_prepare(&tensor(12), &job, Rows { count: 2, len: 12 }, || None), None);
    }

    #[test]
    fn jobs_and_bytes_are_bounded_and_the_least_recently_used_go_first() {
        let Some((device, _)) = gpu() else { return };
        let tensor = |len: usize| cube_tensor(&vec![0.0; len], [len], &device);
        let job = Job::forward(&Plan::new(7, 5, Preset::Default).expect("a plan"));
        let cache = JobCache::new();
        let first = tensor(1000);
        assert!(prepared(&cache, &first, &job, 1));
        for len in 1..=CAPACITY {
            assert!(prepared(&cache, &tensor(len), &job, 1));
            assert!(!prepared(&cache, &first, &job, 1), "used again and again");
        }
        let len = |cache: &JobCache<usize>| cache.0.lock().expect("no panic").as_ref().expect("used").jobs.len();
        assert_eq!(len(&cache), CAPACITY);
        assert!(prepared(&cache, &tensor(1), &job, CAPACITY_BYTES), "the first of the others has gone");
        assert_eq!(len(&cache), 1);
        assert!(prepared(&cache, &first, &job, 1));
        assert_eq!(cache.0.lock().expect("no panic").as_ref().expect("used").bytes, 1);
    }
}
