//! [`Pace`]: how much of a case fits into the time that is planned for it.

use super::cases::{Case, Samples};
use super::peaks::{Peaks, count};

/// Time planned for all runs of a case in seconds. With 48 cases, the whole bench takes less than three minutes.
const TIME: f64 = 1.2;

/// Runs that fit into this time at least, with the one that warms up.
const LEAST_RUNS: f64 = 4.0;

/// Shortest possible time of a case, from the peak rates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) seconds: f64,
    /// The slower of the two: `memory` or `arithmetic`.
    pub(super) bound: &'static str,
}

impl Limit {
    pub(super) fn new(peaks: &Peaks, case: &Case, samples: Samples, clips: u64) -> Self {
        let bytes = case.clip_len() * samples.input_bytes() + case.output_len() * samples.output_bytes();
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

/// A third of the limit, until the filter is measured.
impl Default for Pace {
    fn default() -> Self {
        Self(3.0)
    }
}

impl Pace {
    /// Pace of a case that took some time.
    pub(super) fn measured(seconds: f64, limit: Limit) -> Self {
        Self((seconds / limit.seconds).max(1.0))
    }

    /// Number of clips, at least 1 and at most `clips`, whose runs fit into the planned time. `limit` is that of one
    /// clip.
    pub(super) fn clips(self, limit: Limit, clips: u64) -> u64 {
        let run = TIME / LEAST_RUNS;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        let affordable = (run / (self.0 * limit.seconds)) as u64;
        affordable.clamp(1, clips.max(1))
    }
}

/// Number of runs, at most `repeat`, that fit into the planned time if one takes `seconds`.
pub(super) fn runs(seconds: f64, repeat: usize) -> usize {
    let runs = (TIME / seconds).max(LEAST_RUNS - 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let runs = runs as usize;
    runs.min(repeat).max(1)
}

/// Median of some runs.
pub(super) fn median(runs: usize, mut run: impl FnMut() -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    let mut times = (0..runs).map(|_| run()).collect::<anyhow::Result<Vec<_>>>()?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_devices_get_fewer_clips_and_runs() {
        let limit = |seconds| Limit { seconds, bound: "memory" };
        assert_eq!(Pace::default().clips(limit(1e-6), 1000), 1000);
        assert_eq!(Pace::default().clips(limit(1e-3), 1000), 100);
        assert_eq!(Pace::default().clips(limit(100.0), 1000), 1);
        assert_eq!(Pace::measured(1.0, limit(0.1)).clips(limit(1e-3), 1000), 30);
        assert_eq!((runs(1e-3, 15), runs(0.2, 15), runs(60.0, 15), runs(60.0, 1)), (15, 6, 3, 1));
        assert_eq!(runs(0.0, 15), 15);
    }
}
