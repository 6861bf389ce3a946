//! `polyphase bench`: measures the speed of resampling on this machine, as a share of the limits of its processor and
//! memory.

mod check;
mod gpu;
mod machine;

use std::hint::black_box;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use polyphase::{Backend, Batch, CpuResampler, Error, Plan, Preset, ResampleOptions, Resampler};
use serde::Serialize;

use crate::terminal;
use crate::threads::ThreadArgs;

use self::gpu::GpuBench;
use self::machine::{Machine, median};

/// Measure the speed of resampling: the filters and rates of torchaudio's audio resampling tutorial
///
/// Each figure is the median time for one second of audio: with the one-line call, with a plan, in a batch of longer
/// clips, and, if there is a GPU, in the same batch on the GPU, transfers included. The share is the shortest possible
/// time over the measured one. The shortest possible time is that of the multiply-adds of the filter or that of the
/// transfer of the samples through memory, whichever is longer, at the peak rates, which are measured in the same run.
///
/// With --gpu, the GPU alone is measured: clips in its memory as a share of its own limits, calls, and batches from host
/// memory and back beside the CPU. The results are compared with those of the CPU. This takes up to three minutes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    threads: ThreadArgs,

    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,

    /// Number of runs, of which the median is taken; with --gpu, fewer on slow devices
    #[arg(long, value_name = "N", default_value_t = 15)]
    repeat: usize,

    /// Number of clips of 10 seconds in the batch; with --gpu, fewer on slow devices and if memory is short [default:
    /// 16; 1000 with --gpu]
    #[arg(long, value_name = "N")]
    clips: Option<usize>,

    /// Measure a GPU in its own memory and from host memory
    #[arg(long)]
    gpu: bool,

    /// GPU adapter to measure: a part of its name, or its index, PCI address or PCI id, which `polyphase devices` lists
    #[arg(long, value_name = "NAME", requires = "gpu")]
    adapter: Option<String>,

    /// Accept a GPU adapter that computes in software
    #[arg(long)]
    allow_software: bool,
}

const PAIRS: [(u32, u32); 4] = [(48_000, 44_100), (16_000, 8_000), (44_100, 48_000), (8_000, 16_000)];
const BATCH_SECONDS: usize = 10;

/// Parameters of a measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bench {
    pub(crate) threads: usize,
    /// Number of runs of which the median is taken.
    pub(crate) repeat: usize,
    /// Number of clips in the batch; 0 leaves the batch out.
    pub(crate) clips: usize,
    pub(crate) allow_software: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) level: &'static str,
    pub(crate) machine: Machine,
    /// The GPU that was measured, if any.
    gpu: Option<String>,
    /// Reason why no GPU was measured.
    no_gpu: Option<String>,
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) filter: &'static str,
    pub(crate) orig_freq: u32,
    pub(crate) new_freq: u32,
    taps: usize,
    pub(crate) columns: Vec<Cell>,
}

/// Time of one method of resampling.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) name: &'static str,
    /// Time for one second of audio.
    pub(crate) milliseconds: f64,
    times_real_time: f64,
    /// Shortest possible time of the CPU over the measured time; `null` for a GPU.
    share_of_limit: Option<f64>,
}

impl Bench {
    /// Measures every filter between every pair of rates.
    pub(crate) fn run(self) -> Result<Report> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build().context("threads")?;
        pool.install(|| measure(self))
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.gpu {
        let bench = GpuBench {
            threads: args.threads.count(),
            repeat: args.repeat.max(1),
            clips: args.clips.unwrap_or(1000).max(1) as u64,
            adapter: args.adapter.clone(),
            allow_software: args.allow_software,
        };
        terminal::print_line(&bench.run(args.json)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let bench = Bench {
        threads: args.threads.count(),
        repeat: args.repeat,
        clips: args.clips.unwrap_or(16),
        allow_software: args.allow_software,
    };
    let report = bench.run()?;
    let text = if args.json { serde_json::to_string_pretty(&report)? } else { table(&report) };
    terminal::print_line(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn measure(bench: Bench) -> Result<Report> {
    let width = |width: f64| ResampleOptions::default().lowpass_filter_width(width);
    let filters = [
        ("sinc, width 64", width(64.0)),
        ("sinc, width 16", width(16.0)),
        ("kaiser_best", Preset::KaiserBest.options()),
        ("kaiser_fast", Preset::KaiserFast.options()),
    ];
    let machine = Machine::measure(bench.repeat);
    let gpu = match Resampler::builder().backend(Backend::Gpu).allow_software(bench.allow_software).build() {
        Ok(resampler) => Ok(resampler),
        Err(Error::NoGpu { reason, .. }) => Err(reason),
        Err(error) => Err(error.to_string()),
    };
    let mut rows = Vec::new();
    for (filter, options) in &filters {
        for (orig_freq, new_freq) in PAIRS {
            rows.push(measure_row(bench, &machine, gpu.as_ref().ok(), filter, orig_freq, new_freq, options)?);
        }
    }
    let name = gpu
        .as_ref()
        .ok()
        .and_then(Resampler::adapter)
        .map(|adapter| format!("{} ({}, {})", adapter.name, adapter.kind, adapter.backend));
    let level = CpuResampler::new().level().name();
    Ok(Report { level, machine, gpu: name, no_gpu: gpu.err(), rows })
}

fn measure_row(
    bench: Bench,
    machine: &Machine,
    gpu: Option<&Resampler>,
    filter: &'static str,
    orig_freq: u32,
    new_freq: u32,
    options: &ResampleOptions,
) -> Result<Row> {
    let plan = Plan::new(orig_freq, new_freq, options)?;
    let cpu = CpuResampler::new();
    let (inputs, outputs) = (orig_freq as usize, new_freq as usize);
    let limit = machine.limit(plan.taps(), inputs, outputs);
    let cell = |name, seconds: f64| Cell {
        name,
        milliseconds: seconds * 1e3,
        times_real_time: 1.0 / seconds,
        share_of_limit: Some(limit / seconds),
    };

    let second = noise(inputs, 0);
    let one_line = median(bench.repeat, || {
        _ = black_box(polyphase::resample_with(black_box(&second), orig_freq, new_freq, options));
    });
    let planned = median(bench.repeat, || _ = black_box(cpu.resample(&plan, black_box(&second))));
    let mut columns = vec![cell("one-line", one_line), cell("planned", planned)];

    let clips: Vec<_> = (0..bench.clips).map(|clip| noise(inputs * BATCH_SECONDS, clip)).collect();
    let mut batch = Batch::new();
    clips.iter().for_each(|clip| batch.push(&plan, clip));
    let (mut output, _) = cpu.resample_batch(&batch)?.into_parts();
    if !output.is_empty() {
        let time = median(bench.repeat, || _ = black_box(cpu.resample_batch_into(black_box(&batch), &mut output)));
        #[expect(clippy::cast_precision_loss, reason = "seconds of audio")]
        let seconds = (bench.clips * BATCH_SECONDS) as f64;
        columns.push(cell("batch", time / seconds));
        if let Some(gpu) = gpu {
            let (resampled, report) = gpu.resample_batch(&batch)?;
            ensure!(report.cpu_runs.is_empty(), "the CPU computed some of the clips: {report}");
            check::compare(resampled.samples(), &output)
                .with_context(|| format!("{orig_freq} to {new_freq} Hz, {filter}"))?;
            let time = median(bench.repeat, || _ = black_box(gpu.resample_batch(black_box(&batch))));
            columns.push(Cell { share_of_limit: None, ..cell("GPU batch", time / seconds) });
        }
    }
    Ok(Row { filter, orig_freq, new_freq, taps: plan.taps(), columns })
}

/// Uniform noise, different for each clip.
fn noise(len: usize, clip: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(clip as u64);
    (0..len).map(|_| 2.0 * random.f32() - 1.0).collect()
}

/// Formats a report as a table.
fn table(report: &Report) -> String {
    let machine = &report.machine;
    let mut table = format!(
        "{} on {} thread(s): {:.0} GFLOP/s, {:.1} GB/s copied\n",
        report.level,
        machine.threads,
        machine.flops / 1e9,
        machine.copied_bytes / 1e9
    );
    if let Some(gpu) = report.gpu.as_ref().or(report.no_gpu.as_ref()) {
        table += &format!("GPU: {gpu}\n");
    }
    table += "Milliseconds for one second of audio (times real time, share of the limit)\n\n";
    table += &format!("{:<16}{:<15}{:>6}", "filter", "rates", "taps");
    for cell in report.rows.first().map_or(&[][..], |row| &row.columns) {
        table += &format!("{:>28}", cell.name);
    }
    for row in &report.rows {
        let rates = format!("{} → {}", row.orig_freq, row.new_freq);
        table += &format!("\n{:<16}{rates:<15}{:>6}", row.filter, row.taps);
        for cell in &row.columns {
            let share = cell.share_of_limit.map_or_else(String::new, |share| format!(", {:.0} %", 100.0 * share));
            let speed = format!("({:.0}×{share})", cell.times_real_time);
            table += &format!("{:>12.4} {speed:>15}", cell.milliseconds);
        }
    }
    table
}
