//! Output lengths in exact integers, also of clips that do not fit in memory.

use polyphase::{Padding, Plan, Ratio, ResampleOptions};

const RATES: [u64; 12] =
    [8_000, 11_025, 16_000, 22_050, 44_056, 44_100, 47_952, 48_000, 96_000, 192_000, 16_001, 4_294_967_291];

#[test]
fn lengths_equal_u128_arithmetic_up_to_2_to_the_53_and_beyond() {
    let powers = [24, 31, 32, 53, 63].map(|power| 1_usize << power);
    let around = powers.into_iter().flat_map(|length| [length - 1, length, length + 1]);
    for length in around.chain([0, 1, 2, 47_561, 120_427, 142_683, 180_697, 9_721_000]) {
        for orig in RATES {
            for new in RATES {
                let expected = (length as u128 * u128::from(new)).div_ceil(u128::from(orig));
                let expected = usize::try_from(expected).unwrap_or(usize::MAX);
                assert_eq!(Ratio::new(orig, new).unwrap().output_len(length), expected, "{length} at {orig}→{new}");
            }
        }
    }
}

/// torchaudio 2.11 rounds new · length / orig to float32 before it rounds up. These are the first lengths at which that
/// is wrong, as the documentation says.
#[test]
fn lengths_are_right_where_float32_is_first_wrong() {
    for (orig, new, first_wrong) in
        [(160, 441, 47_561), (147, 160, 120_427), (160, 147, 142_683), (441, 160, 180_697_usize)]
    {
        let ratio = Ratio::new(orig, new).unwrap();
        let in_float32 = |length: usize| f64::from((new as f64 * length as f64 / orig as f64) as f32).ceil() as usize;
        let differs = |&length: &usize| in_float32(length) != ratio.output_len(length);
        assert_eq!((0..300_000).find(differs), Some(first_wrong), "{orig}→{new}");
    }
}

#[test]
fn an_hour_of_44_100_hz_has_its_exact_length() {
    let hour = 3600 * 44_100;
    for new_freq in [8_000, 16_000, 48_000, 96_000] {
        let plan = Plan::new(44_100, new_freq, ResampleOptions::default()).unwrap();
        assert_eq!(plan.output_len(hour), 3600 * new_freq as usize);
        assert_eq!(plan.output_len(hour + 1), 3600 * new_freq as usize + new_freq.div_ceil(44_100) as usize);
    }
}

/// Input ranges of clips that no buffer holds, but that a caller may read in parts: no product overflows.
#[test]
fn input_ranges_are_exact_at_any_length() {
    for len in [1_usize << 53, (1 << 62) + 1, (1 << 63) - 1] {
        for padding in Padding::ALL {
            let plan = Plan::new(2, 3, ResampleOptions::default().padding(padding)).unwrap();
            let end = plan.output_len(len);
            assert!(end == usize::MAX || end as u128 == (len as u128 * 3).div_ceil(2));
            let first = plan.input_range_for(len, 0..1).unwrap();
            assert!(first.start == 0 && first.end <= plan.look_ahead() + 1);
            // Output 3n is at sample 2n.
            let middle = plan.input_range_for(len, 3_000_000..3_000_001).unwrap();
            assert_eq!(middle, 2_000_000 - 6..2_000_000 + 7);
            if end < usize::MAX {
                let last = plan.input_range_for(len, end - 1..end).unwrap();
                assert!(last.end == len && last.len() <= 2 * plan.look_ahead() + 1, "{last:?} of {len}, {padding}");
            }
        }
    }
}
