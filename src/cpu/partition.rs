//! Division of a batch among threads: plain data, decided before anything is computed.

use std::ops::Range;

use crate::batch::Run;
use crate::num::to_index;

/// Number of multiply-adds of the smallest task that is worth a thread of its own: 140 µs at 120 GFLOP/s. Waking a
/// thread and sharing cache lines with it costs tens of microseconds: one second at 48→44.1 kHz with kaiser_best, 6.5
/// million multiply-adds, took 0.13 ms on one thread and 0.19 ms on two.
const MIN_TASK_COST: u64 = 1 << 23;

/// Outputs of one clip, and the multiply-adds that each of them costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) outputs: Range<u64>,
    pub(super) cost: u64,
}

impl Load {
    fn count(&self) -> u64 {
        self.outputs.end - self.outputs.start
    }

    fn total_cost(&self) -> u64 {
        self.count().saturating_mul(self.cost.max(1))
    }
}

/// Number of tasks into which the loads are worth dividing: from 1 to `max`.
pub(super) fn task_count(loads: impl Iterator<Item = Load>, max: usize) -> usize {
    to_index(total_cost(loads) / MIN_TASK_COST).clamp(1, max.max(1))
}

/// Divides the loads into at most `tasks` parts of about equal cost.
///
/// Each part is a list of runs in the order of the clips, so that its outputs are adjacent in memory. A clip may be
/// divided anywhere, since no output depends on the division.
pub(super) fn partition(loads: &[Load], tasks: usize) -> Vec<Vec<Run>> {
    let share = total_cost(loads.iter().cloned()).div_ceil(tasks.max(1) as u64).max(1);
    let mut parts = vec![Vec::new()];
    let mut room = share;
    for (clip, load) in loads.iter().enumerate() {
        let cost = load.cost.max(1);
        let Range { mut start, end } = load.outputs;
        while start < end {
            // Rounded up: each part takes at least its share, so that no more than `tasks` parts are needed.
            let len = room.div_ceil(cost).min(end - start);
            if let Some(part) = parts.last_mut() {
                part.push(Run { clip, outputs: start..start + len });
            }
            start += len;
            room = room.saturating_sub(len.saturating_mul(cost));
            if room == 0 {
                parts.push(Vec::new());
                room = share;
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn total_cost(loads: impl Iterator<Item = Load>) -> u64 {
    loads.fold(0, |sum, load| sum.saturating_add(load.total_cost()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn load(start: u64, count: u64, cost: u64) -> Load {
        Load { outputs: start..start + count, cost }
    }

    #[test]
    fn parts_cover_every_output_once_in_order_and_are_balanced() {
        let loads = [
            load(0, 1000, 14),
            load(7, 0, 14),
            load(9, 1, 14),
            load(5, 70_000, 136),
            load(0, 3, 14),
            load(0, 5_000, 37),
        ];
        let total = total_cost(loads.iter().cloned());
        for tasks in [1, 2, 3, 7, 64] {
            let parts = partition(&loads, tasks);
            assert!(parts.len() <= tasks, "{tasks} tasks became {}", parts.len());
            let mut next = loads.each_ref().map(|load| load.outputs.start);
            let mut last = 0;
            for run in parts.iter().flatten() {
                assert!(run.clip >= last && !run.outputs.is_empty());
                assert_eq!(run.outputs.start, next[run.clip]);
                (next[run.clip], last) = (run.outputs.end, run.clip);
            }
            assert_eq!(next, loads.each_ref().map(|load| load.outputs.end));
            let cost = |run: &Run| (run.outputs.end - run.outputs.start) * loads[run.clip].cost;
            let largest = parts.iter().map(|part| part.iter().map(cost).sum::<u64>()).max().expect("there are parts");
            assert!(largest <= total / tasks as u64 + 136 + 37 + 14, "{tasks} tasks: {largest} of {total}");
        }
    }

    #[test]
    fn small_loads_are_not_divided_and_empty_ones_make_no_part() {
        assert_eq!(task_count([load(0, 1000, 14)].into_iter(), 8), 1);
        assert_eq!(task_count([load(0, 1 << 22, 14)].into_iter(), 8), 7);
        assert_eq!(task_count([load(0, 1 << 23, 14)].into_iter(), 8), 8);
        assert_eq!(task_count([load(0, 1 << 20, 14)].into_iter(), 0), 1);
        assert_eq!(task_count(std::iter::repeat_n(load(0, u64::MAX, u64::MAX), 3), 8), 8);
        assert!(partition(&[], 4).is_empty());
        assert!(partition(&std::array::from_fn::<_, 5, _>(|_| load(4, 0, 3)), 4).is_empty());
    }
}
