//! [`Case`]: a small plan made from arbitrary bytes, and its expected outputs.

use arbitrary::{Result, Unstructured};
use polyphase::{OutputLength, Padding, Plan, ResampleOptions, Window};

use crate::oracle::{Filter, Oracle};

/// A plan that is small enough for the oracle, and its parameters.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) orig_freq: u32,
    pub(super) new_freq: u32,
    pub(super) options: ResampleOptions,
    pub(super) plan: Plan,
    /// Length of the clip, short enough to take little time.
    pub(super) len: usize,
    pub(super) seed: u64,
}

/// Sums over the taps of an output.
#[derive(Debug, Clone)]
pub(super) struct Taps {
    /// Magnitude of the divisor of the taps: their sum if phases are normalised, else 1.
    pub(super) divisor: f64,
    /// Sum of the magnitudes of the taps, before the division.
    pub(super) sizes: f64,
    /// Sum of the squares of the taps within the clip, after the division: the power of the output for white noise of
    /// power 1.
    pub(super) squares: f64,
}

impl Case {
    pub(super) fn new(bytes: &mut Unstructured<'_>) -> Result<Self> {
        const RATES: [u32; 8] = [8_000, 11_025, 16_000, 44_100, 48_000, 997, 99_991, 100_003];
        let rate = |bytes: &mut Unstructured<'_>| match bytes.int_in_range(0..=2)? {
            0 => bytes.int_in_range(1..=20),
            1 => bytes.int_in_range(1..=2000),
            _ => bytes.choose(&RATES).copied(),
        };
        let (orig_freq, mut new_freq) = (rate(bytes)?, rate(bytes)?);
        let larger = f64::from(orig_freq.max(new_freq)) / f64::from(orig_freq.min(new_freq));
        if larger > 100.0 {
            new_freq = orig_freq.div_ceil(7);
        }
        let larger = larger.min(100.0);
        let window = match bytes.int_in_range(0..=3)? {
            0 | 1 => Window::Hann,
            2 => Window::KAISER,
            _ => Window::Kaiser { beta: f64::from(bytes.int_in_range(0..=400_u16)?) / 10.0 },
        };
        let mut options = ResampleOptions::default()
            .lowpass_filter_width(match bytes.int_in_range(0..=2)? {
                0 => f64::from(bytes.int_in_range(1..=20_u16)?),
                _ => f64::from(bytes.int_in_range(1..=1500_u16)?) / 64.0,
            })
            .rolloff(match bytes.int_in_range(0..=2)? {
                0 => 1.0,
                1 => 0.99,
                _ => f64::from(bytes.int_in_range(20..=256_u16)?) / 256.0,
            })
            .window(window)
            .padding(*bytes.choose(&Padding::ALL)?)
            .normalize_phases(bytes.arbitrary()?);
        let widest = 4000.0 / larger * options.rolloff;
        options = options.lowpass_filter_width(options.lowpass_filter_width.min(widest));
        let longest = if bytes.arbitrary()? { 40 } else { (4000.0 / larger) as usize + 10 };
        let len = bytes.int_in_range(0..=longest)?;
        let options = options.output_length(match bytes.int_in_range(0..=3)? {
            0 | 1 => OutputLength::Ceil,
            2 => OutputLength::Floor,
            _ => OutputLength::Exact(bytes.int_in_range(0..=2000)?),
        });
        // With a low limit, a bank is interpolated if the interpolated one is smaller.
        let interpolated = bytes.arbitrary()?;
        let options = options.max_filter_bytes(if interpolated { 300_000 } else { 64 << 20 });
        let plan = Plan::new(orig_freq, new_freq, options)
            .or_else(|_| Plan::new(orig_freq, new_freq, options.max_filter_bytes(64 << 20)))
            .expect("far within the limits");
        Ok(Self { orig_freq, new_freq, options, plan, len, seed: bytes.arbitrary::<u16>()?.into() })
    }

    fn oracle(&self) -> Oracle {
        let beta = match self.options.window {
            Window::Kaiser { beta } => Some(beta),
            _ => None,
        };
        let filter = Filter { width: self.options.lowpass_filter_width, rolloff: self.options.rolloff, beta };
        Oracle::new(self.orig_freq.into(), self.new_freq.into(), filter)
    }

    /// True if the window ends so close to a tap that rounding decides whether the tap is zero, and the window is not
    /// negligible there.
    pub(super) fn is_on_edge(&self) -> bool {
        let Window::Kaiser { beta } = self.options.window else { return false };
        let step = self.options.rolloff / self.plan.ratio().stride().max(self.plan.ratio().phases()) as f64;
        let last = self.options.lowpass_filter_width / step;
        beta < 35.0 && (last - last.round()).abs() < 1e-9 * last
    }

    /// Returns the outputs by the definition, with the padding, normalisation and length of the options, and sums over
    /// the taps of each output.
    pub(super) fn expected(&self, clip: &[f64]) -> (Vec<f64>, Vec<Taps>) {
        let (oracle, reach) = (self.oracle(), self.plan.look_ahead() as i64);
        let (len, outputs) = (clip.len() as i64, self.plan.output_len(clip.len()));
        if oracle.orig == oracle.new {
            let sample = |n: usize| match self.padded(n as i64, len, 0) {
                Some(i) => clip[i as usize],
                None => 0.0,
            };
            return (
                (0..outputs).map(sample).collect(),
                vec![Taps { divisor: 1.0, sizes: 1.0, squares: 1.0 }; outputs],
            );
        }
        let output = |n: i64| {
            let centre = n * oracle.orig / oracle.new;
            let (mut sum, mut taps, mut sizes, mut squares) = (0.0, 0.0, 0.0_f64, 0.0);
            for i in centre - reach - 2..=centre + reach + 2 {
                let tap = oracle.tap(i, n);
                taps += tap;
                sizes += tap.abs();
                if let Some(i) = self.padded(i, len, reach) {
                    sum += clip[i as usize] * tap;
                    squares += tap * tap;
                }
            }
            // A window that lies between two samples has no taps.
            let divisor = if self.options.normalize_phases && taps != 0.0 { taps } else { 1.0 };
            (sum / divisor, Taps { divisor: divisor.abs(), sizes, squares: squares / (divisor * divisor) })
        };
        (0..outputs as i64).map(output).unzip()
    }

    /// Index of the sample at a position of the padded clip; `None` for a zero.
    fn padded(&self, position: i64, len: i64, reach: i64) -> Option<i64> {
        if (0..len).contains(&position) {
            return Some(position);
        }
        let is_near = (-reach..len + reach).contains(&position) && len > 0;
        match self.options.padding {
            Padding::Edge if is_near => Some(position.clamp(0, len - 1)),
            Padding::Reflect if is_near => {
                let (mut at, last) = (position, len - 1);
                while !(0..=last).contains(&at) {
                    at = if last == 0 {
                        0
                    } else if at < 0 {
                        -at
                    } else {
                        2 * last - at
                    };
                }
                Some(at)
            }
            _ => None,
        }
    }
}
