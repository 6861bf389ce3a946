//! [`RunReport`]: the backend that computed each clip of a batch, and why.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::clamped::Clamped;
use crate::error::Error;

/// Reason why the CPU computed a clip.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CpuReason {
    /// [`Backend::Cpu`](crate::Backend::Cpu) was asked for.
    Requested,
    /// No GPU could be opened.
    NoGpu(Error),
    /// The GPU failed in this call or in an earlier one.
    GpuFailed(Error),
    /// The CPU is faster, by an estimate from measured speeds, for the clips of the batch that have this reason.
    Faster(Estimate),
    /// Only the CPU computes this type of sample.
    SampleType,
    /// The filter is beyond the limits of the shaders.
    FilterTooLong,
    /// The clip holds a NaN or an infinity, which the GPU would spread to neighbouring outputs.
    NotFinite,
}

impl fmt::Display for CpuReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("the CPU was asked for"),
            Self::NoGpu(error) => write!(f, "{error}"),
            Self::GpuFailed(error) => write!(f, "the GPU failed: {error}"),
            Self::Faster(Estimate { cpu, gpu }) => {
                write!(f, "the CPU is faster: an estimated {cpu:.1?}, against {gpu:.1?} on the GPU")
            }
            Self::SampleType => f.write_str("only the CPU computes this type of sample"),
            Self::FilterTooLong => f.write_str("the filter is beyond the limits of the GPU shaders"),
            Self::NotFinite => f.write_str("it holds a NaN or an infinity"),
        }
    }
}

/// Estimated times of the same clips on both backends, from measured speeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Estimate {
    /// Time on the CPU.
    pub cpu: Duration,
    /// Time on the GPU, transfers included. If the GPU is not open yet, this is the time to open it and that of the best
    /// possible one.
    pub gpu: Duration,
}

/// Report of a batch: the backend that computed each clip, and why. Its [`Display`](fmt::Display) form is one line.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunReport {
    /// Number of clips that the GPU computed.
    pub gpu_clips: usize,
    /// Clips that the CPU computed, as ranges of neighbours with the same reason, in order.
    pub cpu_runs: Vec<(Range<usize>, CpuReason)>,
    /// Estimate for the clips that [`Backend::Auto`](crate::Backend::Auto) sent to the GPU, because it is faster for
    /// them; `None` if it sent none, or did not choose.
    pub gpu_estimate: Option<Estimate>,
    /// Number of integer samples that were clamped.
    pub clamped: Clamped,
}

impl RunReport {
    /// Report of a batch, from the reason why the CPU computed each clip; `None` for a clip that the GPU computed.
    pub(super) fn new(reasons: Vec<Option<CpuReason>>, gpu_estimate: Option<Estimate>, clamped: Clamped) -> Self {
        let mut report = Self { gpu_clips: 0, cpu_runs: Vec::new(), gpu_estimate, clamped };
        for (clip, reason) in reasons.into_iter().enumerate() {
            match (reason, report.cpu_runs.last_mut()) {
                (None, _) => report.gpu_clips += 1,
                (Some(reason), Some((clips, last))) if clips.end == clip && *last == reason => clips.end += 1,
                (Some(reason), _) => report.cpu_runs.push((clip..clip + 1, reason)),
            }
        }
        report
    }

    /// Number of clips that the CPU computed.
    pub fn cpu_clips(&self) -> usize {
        self.cpu_runs.iter().map(|(clips, _)| clips.len()).sum()
    }

    /// Reason why the CPU computed a clip; `None` for a clip that the GPU computed.
    pub fn cpu_reason(&self, clip: usize) -> Option<&CpuReason> {
        self.cpu_runs.iter().find(|(clips, _)| clips.contains(&clip)).map(|(_, reason)| reason)
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} clips on the GPU", self.gpu_clips)?;
        if let Some(Estimate { cpu, gpu }) = self.gpu_estimate {
            write!(f, " (an estimated {gpu:.1?}, against {cpu:.1?} on the CPU)")?;
        }
        write!(f, ", {} on the CPU", self.cpu_clips())?;
        // The first clip of each reason stands for the others.
        let mut named: Vec<&CpuReason> = Vec::new();
        for (clips, reason) in &self.cpu_runs {
            if !named.contains(&reason) {
                let separator = if named.is_empty() { ": " } else { "; " };
                write!(f, "{separator}clip {}: {reason}", clips.start)?;
                named.push(reason);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_name_the_clips_of_each_reason() {
        let times = (Duration::from_micros(1200), Duration::from_micros(3456));
        let faster = Some(CpuReason::Faster(Estimate { cpu: times.0, gpu: times.1 }));
        let reasons = vec![None, faster.clone(), faster.clone(), Some(CpuReason::NotFinite), None, faster];
        let report = RunReport::new(reasons.clone(), None, Clamped::default());
        assert_eq!((report.gpu_clips, report.cpu_clips()), (2, 4));
        let runs: Vec<_> = report.cpu_runs.iter().map(|(clips, _)| clips.clone()).collect();
        assert_eq!(runs, [1..3, 3..4, 5..6]);
        assert_eq!((report.cpu_reason(3), report.cpu_reason(4)), (Some(&CpuReason::NotFinite), None));
        assert_eq!(
            report.to_string(),
            "2 clips on the GPU, 4 on the CPU: clip 1: the CPU is faster: an estimated 1.2ms, against 3.5ms on the GPU; \
             clip 3: it holds a NaN or an infinity"
        );
        let estimate = Estimate { cpu: times.1, gpu: times.0 };
        let report = RunReport::new(reasons, Some(estimate), Clamped::default()).to_string();
        assert!(
            report.starts_with("2 clips on the GPU (an estimated 1.2ms, against 3.5ms on the CPU), 4 on the CPU: "),
            "{report}"
        );
    }
}
