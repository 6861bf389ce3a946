//! [`Machine::choose`]: the clips of a batch for which the GPU is faster, from the measured speeds of a machine. Plain
//! data, so that the choice on machines of all kinds is tested without them.

use std::time::Duration;

use super::report::{CpuReason, Estimate};
use crate::gpu::GpuSpeed;
use crate::plan::Plan;

/// Speed of one thread of the CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CpuSpeed {
    pub(super) multiply_adds_per_second: f64,
    /// Samples that are read or written, beside the multiply-adds.
    pub(super) samples_per_second: f64,
}

/// Work of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Work {
    pub(super) multiply_adds: f64,
    /// Samples of the clip and of its output.
    pub(super) samples: f64,
    /// The bytes of these samples, which would cross the bus.
    pub(super) bytes: f64,
}

/// A machine with a GPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Machine {
    pub(super) cpu: CpuSpeed,
    pub(super) threads: usize,
    pub(super) gpu: GpuSpeed,
}

/// Choice for a batch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    /// The clips that go to the GPU. Either none does, or the batch is faster with it, latency included.
    pub(super) on_gpu: Vec<bool>,
    /// Estimate for the clips that go to the GPU; `None` if there are none.
    pub(super) sent: Option<Estimate>,
    /// Estimate for the clips that stay on the CPU.
    pub(super) kept: Estimate,
    /// Time saved by the clips that go to the GPU.
    pub(super) saved: Duration,
}

/// Upper bound of any GPU: arithmetic takes no time, and transfers run at the speed of host memory. An H100 with 16
/// threads reached 32 GB/s in both directions together, and a latency of 115 µs. Most GPUs are an order of magnitude
/// slower: the host's copies reach 2 to 8 GB/s on one thread.
pub(super) const BEST_GPU: GpuSpeed =
    GpuSpeed { latency: 50e-6, bytes_per_second: 40e9, multiply_adds_per_second: f64::INFINITY };

/// Number of threads that saturate the memory of a machine. A thread moves about 10 GB/s, a desktop's memory 50 to 80.
const THREADS_OF_MEMORY: usize = 8;

impl Work {
    /// Work of a clip with this many samples of a size in bytes.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn new(plan: &Plan, len: usize, sample_bytes: usize) -> Self {
        let outputs = plan.output_len(len) as f64;
        let samples = len as f64 + outputs;
        Self { multiply_adds: outputs * plan.multiply_adds() as f64, samples, bytes: samples * sample_bytes as f64 }
    }
}

impl Machine {
    /// Seconds on all threads of the CPU.
    #[expect(clippy::cast_precision_loss, reason = "numbers of threads")]
    fn cpu_seconds(&self, work: &Work) -> f64 {
        let (all, of_memory) = (self.threads.max(1) as f64, self.threads.clamp(1, THREADS_OF_MEMORY) as f64);
        work.multiply_adds / (self.cpu.multiply_adds_per_second * all)
            + work.samples / (self.cpu.samples_per_second * of_memory)
    }

    /// Seconds that a clip adds to a batch on the GPU.
    fn gpu_seconds(&self, work: &Work) -> f64 {
        work.bytes / self.gpu.bytes_per_second + work.multiply_adds / self.gpu.multiply_adds_per_second
    }

    /// True if the GPU is faster for such clips in a batch of any size.
    pub(super) fn suits(&self, work: &Work) -> bool {
        self.gpu_seconds(work) < self.cpu_seconds(work)
    }

    /// Chooses the clips for the GPU: those for which it is faster, if together they make up for its latency. `None`
    /// stands for a clip that the GPU cannot compute.
    pub(super) fn choose(&self, works: &[Option<Work>]) -> Choice {
        let times: Vec<_> =
            works.iter().flatten().map(|work| (self.cpu_seconds(work), self.gpu_seconds(work))).collect();
        let saved = times.iter().map(|(cpu, gpu)| (cpu - gpu).max(0.0)).sum::<f64>() - self.gpu.latency;
        let is_sent = |&(cpu, gpu): &(f64, f64)| saved > 0.0 && gpu < cpu;
        let estimate = |sent: bool, latency: f64| {
            let of = || times.iter().filter(|&times| is_sent(times) == sent);
            let cpu = duration(of().map(|(cpu, _)| cpu).sum());
            Estimate { cpu, gpu: duration(of().map(|(_, gpu)| gpu).sum::<f64>() + latency) }
        };
        let mut sent = times.iter().map(is_sent);
        let on_gpu: Vec<_> = works.iter().map(|work| work.is_some() && sent.next().unwrap_or(false)).collect();
        Choice {
            sent: on_gpu.contains(&true).then(|| estimate(true, self.gpu.latency)),
            kept: estimate(false, if saved > 0.0 { 0.0 } else { self.gpu.latency }),
            on_gpu,
            saved: duration(saved),
        }
    }
}

impl Choice {
    /// Every clip on the GPU, whatever the time.
    pub(super) fn all_on_gpu(clips: usize) -> Self {
        let kept = Estimate { cpu: Duration::ZERO, gpu: Duration::ZERO };
        Self { on_gpu: vec![true; clips], sent: None, kept, saved: Duration::ZERO }
    }

    /// Reason why the CPU computes the clips that do not go to the GPU.
    pub(super) fn reason(&self) -> CpuReason {
        CpuReason::Faster(self.kept)
    }
}

/// Zero for negative numbers.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ResampleOptions;

    const CPU: CpuSpeed = CpuSpeed { multiply_adds_per_second: 40e9, samples_per_second: 2e9 };

    /// A card on PCIe 4 with the copies of one thread of the host.
    const CARD: GpuSpeed = GpuSpeed { latency: 100e-6, bytes_per_second: 8e9, multiply_adds_per_second: 10e12 };

    /// The same, computed by the CPU in software.
    const SOFTWARE: GpuSpeed = GpuSpeed { latency: 1e-3, bytes_per_second: 1e9, multiply_adds_per_second: 1e9 };

    fn machine(threads: usize, gpu: GpuSpeed) -> Machine {
        Machine { cpu: CPU, threads, gpu }
    }

    fn plan(orig: u32, new: u32, options: ResampleOptions) -> Plan {
        Plan::new(orig, new, options).expect("a plan")
    }

    fn works(plan: &Plan, clips: usize, len: usize, sample_bytes: usize) -> Vec<Option<Work>> {
        vec![Some(Work::new(plan, len, sample_bytes)); clips]
    }

    /// Number of clips of a batch that go to the GPU.
    fn count(machine: Machine, works: &[Option<Work>]) -> usize {
        machine.choose(works).on_gpu.iter().filter(|&&on_gpu| on_gpu).count()
    }

    #[test]
    fn work_is_counted_in_multiply_adds_and_in_bytes_both_ways() {
        let width_6 = plan(3, 2, ResampleOptions::default());
        let work = Work::new(&width_6, 3000, 2);
        assert_eq!(work, Work { multiply_adds: 2000.0 * width_6.taps() as f64, samples: 5000.0, bytes: 10_000.0 });
        // An interpolated bank costs four times the multiply-adds of an exact one with as many taps.
        let interpolated = plan(4_294_967_291, 4_294_967_279, ResampleOptions::default());
        let taps = interpolated.taps() as f64;
        assert_eq!(Work::new(&interpolated, 100, 4).multiply_adds, 100.0 * 4.0 * taps);
    }

    /// Filter, threads of the CPU, and the choice for 100 clips of 10 s, for one of 10 s, and for one of 0.1 s.
    #[test]
    fn the_choice_depends_on_filter_threads_and_size() {
        let width_6 = plan(48_000, 16_000, ResampleOptions::default());
        let best = plan(48_000, 44_100, ResampleOptions::kaiser_best());
        for (plan, threads, expected) in [
            (&width_6, 1, [true, true, false]),
            (&width_6, 2, [false, false, false]),
            (&width_6, 16, [false, false, false]),
            (&best, 1, [true, true, false]),
            (&best, 2, [true, true, false]),
            (&best, 4, [true, false, false]),
            (&best, 64, [false, false, false]),
        ] {
            for ((clips, len), expected) in [(100, 480_000), (1, 480_000), (1, 4_800)].into_iter().zip(expected) {
                let chosen = count(machine(threads, CARD), &works(plan, clips, len, 4));
                let case = format!("{} taps, {threads} threads, {clips} clips of {len}", plan.taps());
                assert_eq!(chosen, if expected { clips } else { 0 }, "{case}");
                assert_eq!(count(machine(threads, SOFTWARE), &works(plan, clips, len, 4)), 0, "{case}");
                // Nothing that a real GPU wins is lost because the best possible one is not opened for it.
                assert!(!expected || count(machine(threads, BEST_GPU), &works(plan, clips, len, 4)) == clips, "{case}");
            }
        }
    }

    /// 16-bit samples take half the time on the bus.
    #[test]
    fn the_choice_depends_on_the_type_of_sample() {
        let best = plan(48_000, 44_100, ResampleOptions::kaiser_best());
        assert_eq!(count(machine(4, CARD), &works(&best, 100, 480_000, 4)), 100);
        assert_eq!(count(machine(6, CARD), &works(&best, 100, 480_000, 4)), 0);
        assert_eq!(count(machine(6, CARD), &works(&best, 100, 480_000, 2)), 100);
    }

    /// The short filters of a batch stay on the CPU, and the estimates are those of these clips.
    #[test]
    fn each_clip_is_chosen_by_itself_and_the_latency_is_paid_together() {
        let width_6 = plan(48_000, 44_100, ResampleOptions::default());
        let best = plan(48_000, 44_100, ResampleOptions::kaiser_best());
        let two = machine(2, CARD);
        let [short, long] = [&width_6, &best].map(|plan| Work::new(plan, 48_000, 4));
        let choice = two.choose(&[Some(short), Some(long), None, Some(long), Some(short)]);
        assert_eq!(choice.on_gpu, [false, true, false, true, false]);
        assert_eq!(choice.kept.cpu, duration(2.0 * two.cpu_seconds(&short)));
        assert_eq!(choice.kept.gpu, duration(2.0 * two.gpu_seconds(&short)));
        assert!(choice.kept.cpu < choice.kept.gpu && choice.saved > Duration::ZERO, "{choice:?}");
        let sent = choice.sent.expect("two clips are sent");
        assert_eq!(sent.cpu, duration(2.0 * two.cpu_seconds(&long)));
        assert_eq!(sent.gpu, duration(2.0 * two.gpu_seconds(&long) + CARD.latency));
        assert!(sent.gpu < sent.cpu, "{choice:?}");

        // A latency that a batch makes up for, and a single clip does not.
        let slow_start = machine(2, GpuSpeed { latency: two.cpu_seconds(&long) * 10.0, ..CARD });
        assert_eq!((count(slow_start, &vec![Some(long); 100]), count(slow_start, &[Some(long)])), (100, 0));
        let choice = slow_start.choose(&[Some(long)]);
        assert_eq!(choice.saved, Duration::ZERO);
        assert_eq!(
            (choice.kept.gpu, choice.sent),
            (duration(slow_start.gpu_seconds(&long) + slow_start.gpu.latency), None)
        );
        assert!(matches!(choice.reason(), CpuReason::Faster(kept) if kept.cpu < kept.gpu), "{choice:?}");
    }

    #[test]
    fn nothing_is_chosen_from_nothing() {
        for gpu in [CARD, BEST_GPU] {
            assert!(machine(2, gpu).choose(&[]).on_gpu.is_empty());
            assert_eq!(machine(2, gpu).choose(&[None]).on_gpu, [false]);
            assert_eq!(count(machine(0, gpu), &[Some(Work { multiply_adds: 0.0, samples: 0.0, bytes: 0.0 })]), 0);
        }
    }
}
