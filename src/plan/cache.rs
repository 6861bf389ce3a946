//! The plans of the one-line calls, kept so that the same call again costs what a planned one costs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::Plan;
use crate::error::Result;
use crate::filter::ratio::Ratio;
use crate::options::{Limits, OutputLength, Padding, ResampleOptions, Window};

/// Bytes of float32 and float64 taps that the cache may hold on to. The plan that was made last is kept even if it alone is
/// larger, or each call with it would design it anew.
const CAPACITY_BYTES: usize = 64 << 20;

/// What tells one plan from another, by bits: options have been checked, so no field is NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    ratio: Ratio,
    lowpass_filter_width: u64,
    rolloff: u64,
    beta: Option<u64>,
    normalize_phases: bool,
    padding: Padding,
    output_length: OutputLength,
    limits: Limits,
}

struct Cache {
    plans: LruCache<Key, Plan>,
    bytes: usize,
}

static CACHE: Mutex<Option<Cache>> = Mutex::new(None);

impl Plan {
    /// The plan for these rates and options, designed only if no recent call asked for the same.
    ///
    /// The one-line calls use this. The cache is shared by the whole process and bounded in bytes, but for one plan of any
    /// size; what was used least recently goes first.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn cached(orig_freq: u32, new_freq: u32, options: &ResampleOptions) -> Result<Self> {
        Self::cached_with_ratio(Ratio::new(orig_freq.into(), new_freq.into())?, options)
    }

    /// The plan for a ratio, as [`cached`](Self::cached).
    ///
    /// # Errors
    /// As [`Plan::with_ratio`].
    pub fn cached_with_ratio(ratio: Ratio, options: &ResampleOptions) -> Result<Self> {
        options.validate()?;
        let key = Key {
            ratio,
            lowpass_filter_width: options.lowpass_filter_width.to_bits(),
            rolloff: options.rolloff.to_bits(),
            beta: match options.window {
                Window::Kaiser { beta } => Some(beta.to_bits()),
                Window::Hann => None,
            },
            normalize_phases: options.normalize_phases,
            padding: options.padding,
            output_length: options.output_length,
            limits: options.limits,
        };
        if let Some(plan) = lock().get_or_insert_with(Cache::new).plans.get(&key) {
            return Ok(plan.clone());
        }
        // Designed without the lock: others are not kept waiting, and two designs of one plan are equal.
        let plan = Self::with_ratio(ratio, options)?;
        lock().get_or_insert_with(Cache::new).insert(key, plan.clone());
        Ok(plan)
    }
}

/// A panic while the lock was held leaves the cache usable: each step of it is complete in itself.
fn lock() -> MutexGuard<'static, Option<Cache>> {
    CACHE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache {
    fn new() -> Self {
        Self { plans: LruCache::unbounded(), bytes: 0 }
    }

    fn insert(&mut self, key: Key, plan: Plan) {
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

/// The float32 and the float64 bank, there and back for the adjoint, whether or not they have been designed yet, and what the
/// plan itself takes.
fn cost(plan: &Plan) -> usize {
    2 * 3 * plan.filter_bytes() + 512
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tests share the process's cache: one at a time.
    static ALONE: Mutex<()> = Mutex::new(());

    fn is_same(a: &Plan, b: &Plan) -> bool {
        std::ptr::eq(a.options(), b.options())
    }

    #[test]
    fn many_rate_pairs_leave_the_cache_within_its_bytes() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let options = ResampleOptions::default();
        for orig_freq in 40_000..41_000 {
            Plan::cached(orig_freq, 8_000, &options).expect("a plan within the limits");
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
        let plan = |options| Plan::cached(48_000, 44_100, &options).expect("a plan within the limits");
        let first = plan(options);
        assert!(is_same(&first, &plan(options)));
        // Rates of one ratio have one filter.
        assert!(is_same(&first, &Plan::cached(480, 441, &options).expect("a plan within the limits")));
        assert!(!is_same(&first, &Plan::cached(44_100, 48_000, &options).expect("a plan within the limits")));
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

    #[test]
    fn the_latest_plan_is_kept_even_if_it_is_larger_than_the_cache() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let options = ResampleOptions::default();
        let large = || Plan::cached(300_007, 300_043, &options).expect("a plan within the limits");
        let first = large();
        assert!(cost(&first) > CAPACITY_BYTES);
        assert!(is_same(&first, &large()));
        Plan::cached(3, 2, &options).expect("a plan within the limits");
        assert!(lock().as_ref().expect("just used").bytes <= CAPACITY_BYTES);
    }
}
