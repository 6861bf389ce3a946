//! [`Plan::output_taps`]: the taps of single outputs, for arithmetic elsewhere.

use std::ops::Range;

use super::{Bank, Plan};
use crate::filter::on_demand::OnDemandTaps;

impl Plan {
    /// Iterator over outputs: for each the position of the first sample in its window, which is negative before the
    /// clip, and the float64 taps from there on. Equal rates have the tap 1.
    ///
    /// The taps are those of every backend, before float32 rounds them, for computing outputs by other means. They are
    /// computed anew for each output. Output n + [`phases`](crate::Ratio::phases) has the taps of output n,
    /// [`stride`](crate::Ratio::stride) samples later.
    ///
    /// ```
    /// use polyphase::{CpuResampler, Plan, ResampleOptions};
    ///
    /// let plan = Plan::new(48_000, 16_000, ResampleOptions::default())?;
    /// let clip: Vec<f64> = (0..480).map(|i| f64::from(i % 7)).collect();
    /// let (first, taps) = plan.output_taps(100..101).next().ok_or(polyphase::Error::NoChannels)?;
    /// assert_eq!((first, taps.len()), (282, 37));
    /// let sum: f64 = clip[282..].iter().zip(&taps).map(|(x, tap)| x * tap).sum();
    /// assert!((sum - CpuResampler::new().resample(&plan, &clip)?[100]).abs() < 1e-14);
    /// # Ok::<(), polyphase::Error>(())
    /// ```
    pub fn output_taps(&self, outputs: Range<u64>) -> impl Iterator<Item = (i64, Vec<f64>)> {
        let is_copy = matches!(self.bank(), Bank::Copy);
        let mut on_demand = OnDemandTaps::new(self.shape());
        outputs.map(move |n| {
            let start = on_demand.shape().window(n).start;
            let taps = if is_copy { vec![1.0] } else { on_demand.taps(n).to_vec() };
            (start, taps)
        })
    }
}
