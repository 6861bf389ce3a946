//! [`Report`]: all figures of `bench --gpu`, as JSON and as a table.

use serde::Serialize;

use super::host::{Calls, RoundTrip};
use super::peaks::Peaks;
use super::resident::Row;

/// Figures of one device.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Day of the measurement in UTC, such as 2026-11-30.
    pub(super) date: String,
    pub(super) adapter: Adapter,
    pub(super) cpu: Cpu,
    /// `timestamps` of the device, or `clock`.
    pub(super) timed_by: &'static str,
    /// Peak rates of the device, measured in the same run.
    pub(super) peaks: Peaks,
    /// Clips in the memory of the device.
    pub(super) resident: Vec<Row>,
    pub(super) calls: Calls,
    /// Batches that begin and end in host memory.
    pub(super) round_trip: Vec<RoundTrip>,
}

#[derive(Debug, Serialize)]
pub(super) struct Adapter {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) backend: String,
    pub(super) driver: String,
}

/// CPU to which batches in host memory are compared.
#[derive(Debug, Serialize)]
pub(super) struct Cpu {
    pub(super) level: &'static str,
    pub(super) threads: usize,
}

impl Report {
    /// Formats the report as a table.
    pub(super) fn table(&self) -> String {
        let Self { date, adapter, cpu, peaks, calls, .. } = self;
        let mut table =
            format!("{} ({}, {}), driver {}, {date}\n", adapter.name, adapter.kind, adapter.backend, adapter.driver);
        table += &format!(
            "Peaks: {:.1} GB/s copied (read and written), {:.1} G multiply-adds/s, timed by {}\n",
            peaks.bytes_per_second() / 1e9,
            peaks.multiply_adds_per_second / 1e9,
            if self.timed_by == "clock" { "the clock" } else { self.timed_by }
        );
        table += &format!(
            "prepare of {} clips: {:.2} ms the first time, {:.3} ms again; a call of 0.1 s of audio: {:.3} ms\n",
            calls.clips, calls.first_prepare_milliseconds, calls.prepare_milliseconds, calls.small_call_milliseconds
        );
        table += "\nClips of 10 s in GPU memory. Limit: the time at the peak rates above. Share: limit / time.\n";
        table += &format!(
            "{}{:>9}{:>7}{:>11}{:>14}{:>12}{:>13}{:>11}",
            labels("filter", "rates (Hz)", "taps"),
            "samples",
            "clips",
            "time (ms)",
            "× real time",
            "limit (ms)",
            "limited by",
            "share (%)"
        );
        for row in &self.resident {
            let rates = format!("{} → {}", row.orig_freq, row.new_freq);
            table += &format!(
                "\n{}{:>9}{:>7}{:>11.3}{:>14.0}{:>12.3}{:>13}{:>11.1}",
                labels(row.filter, &rates, &row.taps.to_string()),
                row.samples,
                row.clips,
                row.milliseconds,
                row.times_real_time,
                row.limit_milliseconds,
                row.limited_by,
                100.0 * row.share_of_limit
            );
        }
        table += &format!(
            "\n\nClips of 10 s from host memory and back, beside the CPU ({}, {} threads)\n",
            cpu.level, cpu.threads
        );
        table += &format!(
            "{}{:>9}{:>7}{:>11}{:>14}{:>11}{:>14}{:>11}",
            labels("filter", "rates (Hz)", ""),
            "samples",
            "clips",
            "GPU (ms)",
            "× real time",
            "CPU (ms)",
            "× real time",
            "CPU/GPU"
        );
        for row in &self.round_trip {
            let rates = format!("{} → {}", row.orig_freq, row.new_freq);
            table += &format!(
                "\n{}{:>9}{:>7}{:>11.2}{:>14.0}{:>11.2}{:>14.0}{:>11.2}",
                labels(row.filter, &rates, ""),
                row.samples,
                row.clips,
                row.gpu_milliseconds,
                row.gpu_times_real_time,
                row.cpu_milliseconds,
                row.cpu_times_real_time,
                row.cpu_milliseconds / row.gpu_milliseconds
            );
        }
        table
    }
}

/// First columns of both tables.
fn labels(filter: &str, rates: &str, taps: &str) -> String {
    format!("{filter:<13}{rates:<15}{taps:>5}")
}
