//! [`Schedule`] and [`Pace`]: how many clips and runs of a case fit into the time that is planned for it.

use std::time::Instant;

use polyphase::AdapterKind;

use super::cases::{Case, Samples};
use super::peaks::{Peaks, count};

/// Time planned for all cases together in seconds.
const TOTAL: f64 = 100.0;

/// Most time planned for the runs of a case in seconds.
const MOST: f64 = 1.2;

/// Least time planned for the runs of a case in seconds.
const LEAST: f64 = 0.1;

/// Runs that fit into the planned time at least, with the one that warms up.
const LEAST_RUNS: f64 = 4.0;

/// Time that is left for the cases that are left.
#[derive(Debug)]
pub(super) struct Schedule {
    start: Instant,
    cases: usize,
}

impl Schedule {
    pub(super) fn new(cases: usize) -> Self {
        Self { start: Instant::now(), cases }
    }

    /// Time planned for the runs of the next case, which is counted as done.
    pub(super) fn next_case(&mut self) -> f64 {
        let time = planned(TOTAL - self.start.elapsed().as_secs_f64(), self.cases);
        self.cases = self.cases.saturating_sub(1);
        time
    }
}

/// Time planned for one of the cases that are left. Half of the time is for all that is not measured.
fn planned(seconds_left: f64, cases_left: usize) -> f64 {
    (seconds_left / 2.0 / count(cases_left.max(1) as u64)).clamp(LEAST, MOST)
}

/// Shortest possible time of a case, from the peak rates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) seconds: f64,
    /// The slower of the two: `memory` or `arithmetic`.
    pub(super) bound: &'static str,
}

impl Limit {
    pub(super) fn new(peaks: &Peaks, case: &Case, samples: Samples, clips: u64) -> Self {
        let bytes = (case.clip_len() + case.output_len()) * samples.bytes();
        let memory = count(clips * bytes) / peaks.bytes_per_second();
        let arithmetic = count(clips * case.multiply_adds()) / peaks.multiply_adds_per_second;
        if memory > arithmetic {
            Self { seconds: memory, bound: "memory" }
        } else {
            Self { seconds: arithmetic, bound: "arithmetic" }
        }
    }
}

/// Expected time of the cases of one filter, as a multiple of their limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace(f64);

impl Pace {
    /// Pace of a filter that is not measured yet.
    pub(super) fn guess(kind: AdapterKind) -> Self {
        Self(if kind == AdapterKind::Software { 16.0 } else { 3.0 })
    }

    /// Pace of a case that reached this share of its limit.
    pub(super) fn measured(share_of_limit: f64) -> Self {
        Self((1.0 / share_of_limit).max(1.0))
    }

    /// Number of clips, at least 1 and at most `clips`, whose runs fit into `time` seconds. `limit` is that of one clip.
    pub(super) fn clips(self, time: f64, limit: Limit, clips: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        let affordable = (time / LEAST_RUNS / (self.0 * limit.seconds)) as u64;
        affordable.clamp(1, clips.max(1))
    }
}

/// Number of runs of `once` seconds that fit into `time` seconds: at least 3, but at most `repeat`.
pub(super) fn runs(time: f64, once: f64, repeat: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let runs = (time / once).max(LEAST_RUNS - 1.0) as usize;
    runs.min(repeat).max(1)
}

/// Median of some runs.
pub(super) fn median(runs: usize, mut run: impl FnMut() -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    let mut times = (0..runs.max(1)).map(|_| run()).collect::<anyhow::Result<Vec<_>>>()?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_devices_get_fewer_clips_and_runs() {
        let limit = |seconds| Limit { seconds, bound: "memory" };
        let clips = |pace: Pace, seconds| pace.clips(1.2, limit(seconds), 1000);
        let guess = Pace::guess(AdapterKind::Discrete);
        assert_eq!((clips(guess, 1e-6), clips(guess, 1e-3), clips(guess, 100.0)), (1000, 100, 1));
        assert_eq!(clips(Pace::measured(0.1), 1e-3), 30);
        assert_eq!((runs(1.2, 1e-3, 15), runs(1.2, 0.19, 15), runs(1.2, 60.0, 15), runs(1.2, 60.0, 1)), (15, 6, 3, 1));
        assert_eq!(runs(1.2, 0.0, 15), 15);
    }

    #[test]
    fn cases_get_less_time_when_others_took_more() {
        assert_eq!((planned(100.0, 10), planned(100.0, 50), planned(-1.0, 50), planned(0.0, 0)), (1.2, 1.0, 0.1, 0.1));
    }
}
