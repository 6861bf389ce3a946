//! How the outputs of a batch are shared out among threads: plain data, decided before anything runs.

/// Multiply-adds that are worth handing to another thread: 140 µs of them at 120 GFLOP/s. Waking a thread and sharing its
/// cache lines costs tens: one second at 48→44.1 kHz with kaiser_best, 6.5 million, took 0.13 ms on one thread and 0.19 ms
/// on two.
pub(crate) const MIN_TASK_COST: u64 = 1 << 23;

/// One clip's share of the work: how many outputs it has, and what each costs in multiply-adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) outputs: usize,
    pub(crate) cost: usize,
}

/// A run of outputs of one clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) clip: usize,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

/// How many tasks to cut the work into, at most `max`: one if it is too little to share.
pub(crate) fn task_count(works: impl Iterator<Item = Work>, max: usize) -> usize {
    let affordable = total_cost(works) / MIN_TASK_COST;
    usize::try_from(affordable).unwrap_or(usize::MAX).clamp(1, max.max(1))
}

/// Cuts the work into at most `tasks` parts of about equal cost. Each is a run of pieces in the order of the clips, so that
/// the outputs of a part lie side by side. Clips are cut where it suits the balance: no output depends on the cuts.
pub(crate) fn partition(works: &[Work], tasks: usize) -> Vec<Vec<Piece>> {
    let share = total_cost(works.iter().copied()).div_ceil(tasks.max(1) as u64).max(1);
    let mut parts = vec![Vec::new()];
    let mut room = share;
    for (clip, work) in works.iter().enumerate() {
        let cost = work.cost.max(1) as u64;
        let mut start = 0;
        while start < work.outputs {
            // Rounded up, so that each part takes at least its share and no more than `tasks` are needed.
            let fitting = usize::try_from(room.div_ceil(cost)).unwrap_or(usize::MAX);
            let len = fitting.min(work.outputs - start);
            if let Some(part) = parts.last_mut() {
                part.push(Piece { clip, start, len });
            }
            start += len;
            room = room.saturating_sub(len as u64 * cost);
            if room == 0 {
                parts.push(Vec::new());
                room = share;
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn total_cost(works: impl Iterator<Item = Work>) -> u64 {
    works.fold(0, |sum, work| sum.saturating_add((work.outputs as u64).saturating_mul(work.cost.max(1) as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn work(outputs: usize, cost: usize) -> Work {
        Work { outputs, cost }
    }

    #[test]
    fn parts_cover_every_output_once_in_order_and_are_balanced() {
        let works = [work(1000, 14), work(0, 14), work(1, 14), work(70_000, 136), work(3, 14), work(5_000, 37)];
        let total = total_cost(works.iter().copied());
        for tasks in [1, 2, 3, 7, 64] {
            let parts = partition(&works, tasks);
            assert!(parts.len() <= tasks, "{tasks} tasks became {}", parts.len());
            let mut done = [0; 6];
            let mut last = 0;
            for piece in parts.iter().flatten() {
                assert!(piece.clip >= last && piece.len > 0);
                assert_eq!(piece.start, done[piece.clip]);
                done[piece.clip] += piece.len;
                last = piece.clip;
            }
            assert_eq!(done, works.map(|work| work.outputs));
            let costs =
                parts.iter().map(|part| part.iter().map(|piece| piece.len * works[piece.clip].cost).sum::<usize>());
            let largest = costs.max().expect("there is work") as u64;
            assert!(largest <= total / tasks as u64 + 136 + 37 + 14, "{tasks} tasks: {largest} of {total}");
        }
    }

    #[test]
    fn little_work_is_not_shared_and_no_work_is_no_part() {
        assert_eq!(task_count([work(1000, 14)].into_iter(), 8), 1);
        assert_eq!(task_count([work(1 << 22, 14)].into_iter(), 8), 7);
        assert_eq!(task_count([work(1 << 23, 14)].into_iter(), 8), 8);
        assert_eq!(task_count([work(1 << 20, 14)].into_iter(), 0), 1);
        assert_eq!(task_count([work(usize::MAX, usize::MAX); 3].into_iter(), 8), 8);
        assert!(partition(&[], 4).is_empty());
        assert!(partition(&[work(0, 3); 5], 4).is_empty());
    }
}
