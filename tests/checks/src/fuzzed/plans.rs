//! Fuzz target: plans with arbitrary options and rates.

use std::ops::Range;

use arbitrary::{Result, Unstructured};
use polyphase::{CpuResampler, Error, OutputLength, Padding, Plan, Ratio, ResampleOptions, Window};

/// Makes plans with arbitrary options and rates. A plan is refused with a reason, or keeps to its limit of memory and
/// gives exact lengths and ranges for clips of any length.
pub fn plans(bytes: &[u8]) {
    let _ = try_plans(&mut Unstructured::new(bytes));
}

fn try_plans(bytes: &mut Unstructured<'_>) -> Result<()> {
    let (orig_freq, new_freq) = (any_term(bytes)?, any_term(bytes)?);
    let number = |bytes: &mut Unstructured<'_>| -> Result<f64> {
        Ok(match bytes.int_in_range(0..=3)? {
            0 => bytes.arbitrary::<f64>()?,
            1 => f64::from(bytes.arbitrary::<u16>()?),
            _ => f64::from(bytes.arbitrary::<u16>()?) / 65_536.0,
        })
    };
    let width = if bytes.arbitrary()? { f64::from(bytes.arbitrary::<u8>()?) / 4.0 } else { number(bytes)? };
    // At most 16 MiB, which takes a second to design.
    let limit = u64::from(bytes.arbitrary::<u32>()? >> 8 >> bytes.int_in_range(0..=20)?);
    let options = ResampleOptions::default()
        .lowpass_filter_width(width)
        .rolloff(number(bytes)?)
        .window(if bytes.arbitrary()? { Window::Hann } else { Window::Kaiser { beta: number(bytes)? } })
        .normalize_phases(bytes.arbitrary()?)
        .padding(*bytes.choose(&Padding::ALL)?)
        .output_length(match bytes.int_in_range(0..=2)? {
            0 => OutputLength::Ceil,
            1 => OutputLength::Floor,
            _ => OutputLength::Exact(bytes.arbitrary()?),
        })
        .max_filter_bytes(limit)
        .max_ratio(if bytes.arbitrary()? { bytes.arbitrary()? } else { 1024 })
        .max_lowpass_filter_width(if bytes.arbitrary()? { bytes.arbitrary()? } else { 4096 });
    let Ok(ratio) = Ratio::new(orig_freq, new_freq) else {
        assert!(orig_freq == 0 || new_freq == 0);
        return Ok(());
    };
    let mut plan = None;
    let used = allocation_counter::measure(|| plan = Some(Plan::with_ratio(ratio, options)));
    // A bank is made from its float64 prototype. All other tables are small.
    assert!(used.bytes_max <= 4 * limit + 10_000, "{used:?} for {limit} bytes: {ratio:?}, {options:?}");
    let plan = match plan.expect("measured once") {
        Ok(plan) => plan,
        Err(refused) => {
            let reason = refused.to_string();
            assert!(!reason.is_empty() && !reason.contains('\n'));
            return Ok(());
        }
    };
    assert!(plan.filter_bytes() as u64 <= limit, "{} of {limit} bytes", plan.filter_bytes());
    for _ in 0..4 {
        let len = any_term(bytes)? as usize;
        let scaled = len as u128 * u128::from(new_freq);
        let expected = match options.output_length {
            OutputLength::Ceil => scaled.div_ceil(u128::from(orig_freq)),
            OutputLength::Floor => scaled / u128::from(orig_freq),
            OutputLength::Exact(len) => len as u128,
            _ => return Ok(()),
        };
        let outputs = plan.output_len(len);
        assert_eq!(outputs, usize::try_from(expected).unwrap_or(usize::MAX), "{len} at {orig_freq}→{new_freq}");
        let (start, end) = (any_term(bytes)? as usize, any_term(bytes)? as usize);
        let start = if bytes.arbitrary()? { start } else { outputs.saturating_sub(start) };
        let end = if bytes.arbitrary()? { end } else { start.saturating_add(end % 1000) };
        match plan.input_range_for(len, start..end) {
            Ok(range) => {
                assert!(start <= end && end <= outputs && range.start <= range.end && range.end <= len);
                // A few outputs in the middle do not need the whole clip.
                let reach = (plan.look_ahead() as u128 + 2) * 2;
                let apart = ((end - start) as u128 * u128::from(orig_freq)).div_ceil(u128::from(new_freq));
                let most = if options.padding == Padding::Zero { apart + reach } else { apart + 2 * reach };
                assert!(range.len() as u128 <= most, "{range:?} for {start}..{end} of {len}: {ratio:?}, {options:?}");
                if range.len() < 1000 && end - start < 1000 && plan.look_ahead() < 1000 {
                    excerpts(&plan, len, start..end, range);
                }
            }
            Err(_) => assert!(start > end || end > outputs),
        }
    }
    Ok(())
}

/// Checks a few outputs anywhere in a long clip of ones. Only the samples that these outputs need exist.
fn excerpts(plan: &Plan, len: usize, outputs: Range<usize>, inputs: Range<usize>) {
    let cpu = CpuResampler::new();
    // A clip that exists as a whole, also with outputs far beyond its end.
    if len < 1000 {
        let resampled = cpu.resample_range(plan, &vec![1.0_f32; len], outputs.clone()).expect("memory");
        assert_eq!(resampled.len(), outputs.len());
    }
    if len.max(outputs.end) > 1 << 62 {
        let refused = cpu.resample_excerpt(plan, &vec![1.0_f32; inputs.len()], len, outputs);
        assert!(matches!(refused, Err(Error::ClipTooLong { .. })));
        return;
    }
    let float = cpu.resample_excerpt(plan, &vec![1.0_f32; inputs.len()], len, outputs.clone()).expect("memory");
    let double = cpu.resample_excerpt(plan, &vec![1.0_f64; inputs.len()], len, outputs.clone()).expect("memory");
    if inputs.is_empty() {
        assert!(float.iter().all(|&y| y == 0.0) && double.iter().all(|&y| y == 0.0));
    }
    // float32 and float64 agree if the taps are not much larger than their sum.
    let largest = double.iter().fold(1.0, |largest, y| f64::max(largest, y.abs()));
    if !plan.options().normalize_phases && largest < 10.0 {
        for (float, double) in float.iter().zip(&double) {
            let apart = (f64::from(*float) - double).abs();
            assert!(apart <= 1e-5 * largest, "{outputs:?} of {len} from {inputs:?}: {float} and {double}, {plan:?}");
        }
    }
}

/// An arbitrary number, more often a small one or one close to a power of two.
fn any_term(bytes: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match bytes.int_in_range(0..=4)? {
        0 => bytes.arbitrary()?,
        1 => u64::from(bytes.arbitrary::<u32>()?),
        2 => u64::from(bytes.arbitrary::<u16>()?),
        3 => (1_u64 << bytes.int_in_range(0..=63)?).wrapping_add_signed(bytes.arbitrary::<i8>()?.into()),
        _ => *bytes.choose(&[1, 2, 3, 147, 160, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])?,
    })
}
