//! `polyphase bench --gpu`: the speed of one GPU as a share of its own limits, with a check of its results.
//!
//! From the bottom up: `device` (the device and its timer), `probes` (shaders that measure and fill), `peaks`, `noise`
//! (the samples), `cases`, `pace` (the number of clips and runs), `resident` and `host` (the measurements),
//! `report`.

mod cases;
mod date;
mod device;
mod host;
mod noise;
mod pace;
mod peaks;
mod probes;
mod report;
mod resident;

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use polyphase::{CpuResampler, GpuResampler};

use self::cases::{Case, PAIRS, Samples, filters};
use self::device::Gpu;
use self::host::{Calls, RoundTrip};
use self::pace::{Pace, Schedule};
use self::peaks::Peaks;
use self::probes::Probes;
use self::report::{Adapter, Cpu, Report};
use self::resident::Setup;

/// Pairs whose batches in host memory are measured. The first reads three times as much as it writes.
const ROUND_TRIPS: [(u32, u32); 2] = [(48_000, 16_000), (44_100, 48_000)];

/// Parameters of a measurement.
#[derive(Debug, Clone)]
pub(super) struct GpuBench {
    pub(super) threads: usize,
    /// Largest number of runs of which the median is taken.
    pub(super) repeat: usize,
    /// Largest number of clips in the memory of the device.
    pub(super) clips: u64,
    /// Adapter, by a part of its name or by index.
    pub(super) adapter: Option<String>,
    pub(super) allow_software: bool,
}

impl GpuBench {
    /// Measures, and formats the report as JSON or as a table.
    ///
    /// # Errors
    /// If no such adapter can be used, or its results differ from those of the CPU.
    pub(super) fn run(&self, json: bool) -> Result<String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build().context("threads")?;
        let report = pool.install(|| self.measure())?;
        Ok(if json { serde_json::to_string_pretty(&report)? } else { report.table() })
    }

    fn measure(&self) -> Result<Report> {
        let mut gpu = Gpu::open(self.adapter.as_deref(), self.allow_software)?;
        let probes = Probes::new(&gpu);
        let steps = Samples::ALL.len() * (PAIRS.len() + ROUND_TRIPS.len()) + 2;
        // The bar is hidden if there is no terminal.
        let progress = ProgressBar::new(steps as u64);
        progress.tick();
        let peaks = Peaks::measure(&mut gpu, &probes, self.repeat)?;
        progress.inc(1);
        let kaiser_best = filters()[1];
        let case = Case::new(kaiser_best.0, (44_100, 48_000), kaiser_best.1)?;
        let calls = Calls::measure(&gpu, &case, self.clips, self.repeat)?;
        progress.inc(1);

        let resampler = GpuResampler::new(&gpu.device, &gpu.queue)?;
        let setup = Setup { gpu: &gpu, probes: &probes, resampler: &resampler, peaks: &peaks, repeat: self.repeat };
        let cases = Samples::ALL.len() * filters().len() * (PAIRS.len() + ROUND_TRIPS.len());
        let mut schedule = Schedule::new(cases);
        let mut resident = Vec::new();
        let mut round_trip = Vec::new();
        for samples in Samples::ALL {
            let mut paces = [Pace::guess(gpu.adapter.kind); 3];
            for pair in PAIRS {
                let cases = filters().map(|(filter, options)| Case::new(filter, pair, options));
                let cases = cases.into_iter().collect::<polyphase::Result<Vec<_>>>()?;
                let rows = resident::measure(&setup, &cases, &mut paces, &mut schedule, samples, self.clips)?;
                progress.inc(1);
                if ROUND_TRIPS.contains(&pair) {
                    for (case, row) in cases.iter().zip(&rows) {
                        round_trip.push(RoundTrip::measure(
                            &resampler,
                            case,
                            samples,
                            row.clips,
                            schedule.next_case(),
                            self.repeat,
                        )?);
                    }
                    progress.inc(1);
                }
                resident.extend(rows);
            }
        }
        progress.finish_and_clear();
        let cpu = CpuResampler::new();
        let adapter = gpu.adapter.clone();
        Ok(Report {
            date: date::today(),
            adapter: Adapter {
                name: adapter.name,
                kind: adapter.kind.to_string(),
                backend: adapter.backend,
                driver: adapter.driver,
            },
            cpu: Cpu { level: cpu.level().name(), threads: self.threads },
            timed_by: gpu.timer(),
            peaks,
            resident,
            calls,
            round_trip,
        })
    }
}
