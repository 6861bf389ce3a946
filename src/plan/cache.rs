//! [`Plan::cached`]: the plans of the one-line calls. A second call with the same rates costs no more than one with a
//! plan.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::identity::PlanKey;
use super::{Choice, Inner, Plan};
use crate::error::Result;
use crate::filter::blocks::PhaseBlocks;
use crate::filter::ratio::Ratio;
use crate::filter::shape::FilterShape;
use crate::num::to_index;
use crate::options::{Limits, ResampleOptions};

/// Size in bytes of the filters that the cache holds. The latest plan is kept even if it alone is larger; otherwise
/// every call would design it again.
const CAPACITY_BYTES: usize = 64 << 20;

/// Bound of the bytes of an entry of the cache, apart from its plan: a key, links and a slot.
const ENTRY_BYTES: u128 = 512;

struct Cache {
    plans: LruCache<PlanKey, Plan>,
    bytes: usize,
}

static CACHE: Mutex<Option<Cache>> = Mutex::new(None);

impl Plan {
    /// Plan for a ratio and options, designed only if the cache of recent plans does not hold it.
    ///
    /// The one-line calls get their plans here. The cache is shared by the whole process. It holds up to 64 MiB of
    /// filters, or one plan of any size, and drops the plans that were used least recently.
    ///
    /// # Errors
    /// As [`Plan::new`].
    ///
    /// ```
    /// use polyphase::{Plan, Preset, Ratio};
    ///
    /// let plan = Plan::cached(Ratio::new(48_000, 44_100)?, Preset::KaiserBest)?;
    /// assert_eq!(plan.taps(), 148);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn cached(ratio: Ratio, options: impl Into<ResampleOptions>) -> Result<Self> {
        let options = &options.into();
        options.validate()?;
        let key = PlanKey::new(ratio, options);
        if let Some(plan) = lock().get_or_insert_with(Cache::new).plans.get(&key) {
            return Ok(plan.clone());
        }
        // The lock is not held while the filter is designed. Two threads may design the same plan; the results are
        // equal.
        let plan = Self::with_ratio(ratio, options)?;
        lock().get_or_insert_with(Cache::new).insert(key, plan.clone());
        Ok(plan)
    }
}

/// Locks the cache. A panic while it was locked leaves it usable, since every change to it is complete in itself.
fn lock() -> MutexGuard<'static, Option<Cache>> {
    CACHE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache {
    fn new() -> Self {
        Self { plans: LruCache::unbounded(), bytes: 0 }
    }

    fn insert(&mut self, key: PlanKey, plan: Plan) {
        self.bytes += cost(&plan);
        if let Some(replaced) = self.plans.put(key, plan) {
            self.bytes -= cost(&replaced);
        }
        while self.bytes > CAPACITY_BYTES && self.plans.len() > 1 {
            let Some((_, evicted)) = self.plans.pop_lru() else { break };
            self.bytes -= cost(&evicted);
        }
    }
}

/// Bound of the bytes that a plan may come to hold: the float32 and float64 banks of the filter and of its transpose,
/// whether or not they have been designed yet, the sums of the phases' taps, and the two plans themselves.
fn cost(plan: &Plan) -> usize {
    let limits = plan.options().limits;
    let banks = bank_bytes(plan.shape(), limits).saturating_add(bank_bytes(&plan.shape().transposed(), limits));
    to_index(banks.saturating_add(2 * size_of::<Inner>() as u128 + ENTRY_BYTES))
}

/// Bound of the bytes of a filter's banks and sums; 0 for a filter beyond the limits, as a transposed one may be.
fn bank_bytes(shape: &FilterShape, limits: Limits) -> u128 {
    match Choice::new(shape, limits) {
        Ok(Choice::Exact) => {
            let double = PhaseBlocks::<f64>::bytes_needed(shape);
            let double = if double <= u128::from(limits.max_filter_bytes) { double } else { 0 };
            let sums = u128::from(shape.ratio().phases()) * size_of::<f64>() as u128;
            PhaseBlocks::<f32>::bytes_needed(shape) + double + sums
        }
        Ok(Choice::Interpolated(grid)) => grid.bytes(),
        Ok(Choice::Copy) | Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::CpuResampler;
    use crate::options::{OutputLength, Padding, Preset, Window};

    /// Held by each test, since all of them use the cache of the process.
    static ALONE: Mutex<()> = Mutex::new(());

    fn cached(orig_freq: u64, new_freq: u64, options: &ResampleOptions) -> Result<Plan> {
        Plan::cached(Ratio::new(orig_freq, new_freq)?, options)
    }

    fn is_same(a: &Plan, b: &Plan) -> bool {
        std::ptr::eq(a.options(), b.options())
    }

    #[test]
    fn many_rate_pairs_leave_the_cache_within_its_bytes() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let options = ResampleOptions::default();
        for orig_freq in 40_000..41_000 {
            cached(orig_freq, 8_000, &options).expect("a plan within the limits");
            let guard = lock();
            let cache = guard.as_ref().expect("just used");
            assert!(cache.bytes <= CAPACITY_BYTES);
            assert_eq!(cache.bytes, cache.plans.iter().map(|(_, plan)| cost(plan)).sum::<usize>());
        }
    }

    #[test]
    fn the_same_call_gets_the_same_plan_and_any_other_its_own() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let options = ResampleOptions::default().window(Window::KAISER);
        let plan = |options| cached(48_000, 44_100, &options).expect("a plan within the limits");
        let first = plan(options);
        assert!(is_same(&first, &plan(options)));
        // Rates of one ratio have one filter.
        assert!(is_same(&first, &cached(480, 441, &options).expect("a plan within the limits")));
        assert!(!is_same(&first, &cached(44_100, 48_000, &options).expect("a plan within the limits")));
        for other in [
            options.lowpass_filter_width(7.0),
            options.rolloff(0.9),
            options.window(Window::Hann),
            options.window(Window::Kaiser { beta: 5.0 }),
            options.normalize_phases(true),
            options.padding(Padding::Edge),
            options.output_length(OutputLength::Floor),
            options.output_length(OutputLength::Exact(7)),
            options.max_filter_bytes(1 << 20),
            options.max_ratio(7),
            options.max_lowpass_filter_width(7),
        ] {
            let plan = plan(other);
            assert!(!is_same(&first, &plan));
            assert_eq!(*plan.options(), other);
        }
        assert!(is_same(&first, &plan(options)));
    }

    /// Bytes that a plan and its transpose hold.
    fn held(plan: &Plan) -> usize {
        let own = |plan: &Plan| {
            let double = plan.0.f64_blocks.get().and_then(Option::as_ref).map_or(0, PhaseBlocks::bytes);
            let sums = plan.0.sums.get().map_or(0, |sums| size_of_val(&**sums));
            plan.filter_bytes() + double + sums + size_of_val(&*plan.0)
        };
        own(plan) + plan.0.transposed.get().map_or(0, own)
    }

    #[test]
    fn the_cost_bounds_what_a_plan_holds_after_any_use() {
        let default = ResampleOptions::default().normalize_phases(true);
        for (orig_freq, new_freq, options) in [
            (1, 1000, default),
            (1000, 1, default),
            (48_000, 44_100, default),
            (44_100, 16_000, Preset::High.options().normalize_phases(true)),
            (5, 5, default),
            (1, 1001, default.max_filter_bytes(1_000_000)),
            (16_001, 16_000, default.max_filter_bytes(1_500_000)),
        ] {
            let plan = Plan::new(orig_freq, new_freq, options).expect("a plan within the limits");
            let single = vec![0.5_f32; plan.ratio().stride().try_into().expect("a short period")];
            let double: Vec<f64> = single.iter().copied().map(f64::from).collect();
            let cpu = CpuResampler::new();
            let output = cpu.resample(&plan, &single).expect("a short clip");
            cpu.adjoint(&plan, &output, single.len()).expect("a short clip");
            let output = cpu.resample(&plan, &double).expect("a short clip");
            cpu.adjoint(&plan, &output, double.len()).expect("a short clip");
            let (held, cost) = (held(&plan), cost(&plan));
            assert!(held <= cost && cost <= 2 * held + 2048, "{orig_freq}→{new_freq}: {held} bytes, counted as {cost}");
        }
    }

    #[test]
    fn the_latest_plan_is_kept_even_if_it_is_larger_than_the_cache() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let options = ResampleOptions::default();
        let large = || cached(300_007, 300_043, &options).expect("a plan within the limits");
        let first = large();
        assert!(cost(&first) > CAPACITY_BYTES);
        assert!(is_same(&first, &large()));
        cached(3, 2, &options).expect("a plan within the limits");
        assert!(lock().as_ref().expect("just used").bytes <= CAPACITY_BYTES);
    }
}
