//! [`BankCache`]: the banks of the plans that were used last, so that later jobs do not lay out their taps again.

use std::sync::{Arc, Mutex, PoisonError};

use super::bank::{Bank, Recipe};
use super::shader::GpuKernel as Kernel;
use crate::error::Result;
use crate::filter::shape::FilterShape;
use crate::plan::{Bank as PlanBank, Plan};

/// Largest size in bytes of all cached banks. The bank that was used last is kept even if it alone is larger.
const CAPACITY_BYTES: usize = 64 << 20;

/// Largest number of cached plans. They are searched one by one: shapes hold floats, and so have no hash.
const CAPACITY_PLANS: usize = 64;

/// Everything that a bank depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Key {
    shape: FilterShape,
    interpolated: bool,
    kernel: Kernel,
    forward: Option<FilterShape>,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    recipe: Recipe,
    bank: Option<Arc<Bank>>,
}

/// Recipes and banks, from the least to the most recently used.
#[derive(Debug, Default)]
pub(crate) struct BankCache(Mutex<Vec<Entry>>);

impl BankCache {
    /// Recipe of a plan.
    ///
    /// # Errors
    /// As [`Recipe::new`].
    pub(crate) fn recipe(&self, plan: &Plan, kernel: Kernel) -> Result<Recipe> {
        let key = Key::new(plan, kernel, None);
        if let Some((recipe, _)) = self.find(&key) {
            return Ok(recipe);
        }
        let recipe = Recipe::new(plan, kernel)?;
        self.insert(Entry { key, recipe, bank: None });
        Ok(recipe)
    }

    /// Bank of a plan; for the meaning of `forward` see [`Bank::new`].
    ///
    /// # Errors
    /// As [`Bank::new`].
    pub(crate) fn bank(&self, plan: &Plan, kernel: Kernel, forward: Option<&FilterShape>) -> Result<Arc<Bank>> {
        let key = Key::new(plan, kernel, forward);
        let recipe = match self.find(&key) {
            Some((_, Some(bank))) => return Ok(bank),
            Some((recipe, None)) => recipe,
            None => Recipe::new(plan, kernel)?,
        };
        // The lock is not held meanwhile, so that other threads need not wait. If two lay out one plan, the banks are
        // equal.
        let bank = Arc::new(Bank::new(plan, recipe, forward)?);
        self.insert(Entry { key, recipe, bank: Some(Arc::clone(&bank)) });
        Ok(bank)
    }

    fn find(&self, key: &Key) -> Option<(Recipe, Option<Arc<Bank>>)> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = entries.iter().rposition(|entry| entry.key == *key)?;
        entries[at..].rotate_left(1);
        entries.last().map(|entry| (entry.recipe, entry.bank.clone()))
    }

    fn insert(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|other| other.key != entry.key);
        entries.push(entry);
        let bytes = |entry: &Entry| entry.bank.as_ref().map_or(0, |bank| bank.bytes());
        let mut cached_bytes: usize = entries.iter().map(bytes).sum();
        let mut surplus = 0;
        while surplus + 1 < entries.len() && (cached_bytes > CAPACITY_BYTES || entries.len() - surplus > CAPACITY_PLANS)
        {
            cached_bytes -= bytes(&entries[surplus]);
            surplus += 1;
        }
        entries.drain(..surplus);
    }
}

impl Key {
    fn new(plan: &Plan, kernel: Kernel, forward: Option<&FilterShape>) -> Self {
        let interpolated = matches!(plan.bank(), PlanBank::Interpolated(_));
        Self { shape: plan.shape().without_padding(), interpolated, kernel, forward: forward.copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ResampleOptions;

    fn len(cache: &BankCache) -> usize {
        cache.0.lock().expect("no panic").len()
    }

    #[test]
    fn equal_plans_share_a_bank_and_others_do_not() {
        let cache = BankCache::default();
        let options = ResampleOptions::default();
        let plan = |options: &ResampleOptions| Plan::new(48_000, 44_100, options).expect("a plan");
        let bank = |plan: &Plan, kernel| cache.bank(plan, kernel, None).expect("a bank");
        let first = bank(&plan(&options), Kernel::Banded);
        assert!(Arc::ptr_eq(&first, &bank(&plan(&options), Kernel::Banded)));
        assert_eq!(cache.recipe(&plan(&options), Kernel::Banded), Ok(first.recipe));
        let others = [
            bank(&plan(&options), Kernel::Plain),
            bank(&plan(&options.normalize_phases(true)), Kernel::Banded),
            bank(&plan(&options.max_filter_bytes(30_000)), Kernel::Banded),
            cache.bank(&plan(&options), Kernel::Banded, Some(plan(&options).shape())).expect("a bank"),
        ];
        for other in &others {
            assert_ne!(**other, *first);
        }
        assert_eq!(len(&cache), 5);
    }

    #[test]
    fn plans_and_bytes_are_bounded_and_the_least_recently_used_go_first() {
        let cache = BankCache::default();
        let plan = |new_freq| Plan::new(1000, new_freq, ResampleOptions::default()).expect("a plan");
        let first = cache.bank(&plan(1001), Kernel::Banded, None).expect("a bank");
        for new_freq in (1002..).take(CAPACITY_PLANS) {
            cache.recipe(&plan(new_freq), Kernel::Banded).expect("a recipe");
            // The first bank stays cached, since it is used again and again.
            assert!(Arc::ptr_eq(&first, &cache.bank(&plan(1001), Kernel::Banded, None).expect("a bank")));
        }
        assert_eq!(len(&cache), CAPACITY_PLANS);
        for new_freq in [48_000, 48_001, 48_002, 48_003, 48_004, 48_005] {
            let plan = Plan::new(44_101, new_freq, ResampleOptions::kaiser_fast()).expect("a plan");
            cache.bank(&plan, Kernel::Plain, None).expect("a bank");
        }
        let cached = cache.0.lock().expect("no panic");
        let bytes: usize = cached.iter().filter_map(|entry| entry.bank.as_ref()).map(|bank| bank.bytes()).sum();
        assert!(bytes <= CAPACITY_BYTES && bytes > CAPACITY_BYTES / 2, "{bytes}");
    }
}
