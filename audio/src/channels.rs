//! [`Channels`]: which channels are wanted, and [`Mixer`]: makes them from those of a recording.

use std::f64::consts::FRAC_1_SQRT_2;
use std::num::NonZeroUsize;

use crate::decode::DecodedSample;
use crate::error::{Error, Result};

/// Bits of a mask of speakers.
mod speaker {
    pub(super) const FRONT_LEFT: u32 = 0x1;
    pub(super) const FRONT_RIGHT: u32 = 0x2;
    pub(super) const FRONT_CENTER: u32 = 0x4;
    pub(super) const LOW_FREQUENCY: u32 = 0x8;
    pub(super) const BACK_LEFT: u32 = 0x10;
    pub(super) const FRONT_LEFT_OF_CENTER: u32 = 0x40;
    pub(super) const FRONT_RIGHT_OF_CENTER: u32 = 0x80;
    pub(super) const BACK_CENTER: u32 = 0x100;
    pub(super) const SIDE_LEFT: u32 = 0x200;
    pub(super) const TOP_CENTER: u32 = 0x800;
    pub(super) const TOP_FRONT_LEFT: u32 = 0x1000;
    pub(super) const TOP_FRONT_CENTER: u32 = 0x2000;
    pub(super) const TOP_BACK_LEFT: u32 = 0x8000;
    pub(super) const TOP_BACK_CENTER: u32 = 0x1_0000;

    /// Speakers on the left.
    pub(super) const LEFT: u32 =
        FRONT_LEFT | BACK_LEFT | FRONT_LEFT_OF_CENTER | SIDE_LEFT | TOP_FRONT_LEFT | TOP_BACK_LEFT;
    /// Speakers in the middle.
    pub(super) const MIDDLE: u32 = FRONT_CENTER | BACK_CENTER | TOP_CENTER | TOP_FRONT_CENTER | TOP_BACK_CENTER;
    /// Speakers at the front, at the height of the ears.
    pub(super) const FRONT: u32 =
        FRONT_LEFT | FRONT_RIGHT | FRONT_CENTER | FRONT_LEFT_OF_CENTER | FRONT_RIGHT_OF_CENTER;
}

/// Channels to read.
///
/// A mix is the weighted mean of the channels. Where the file says which speaker each channel is for, the weights are
/// those of ITU-R BS.775, divided by their sum, so that no mix exceeds full scale. In [`Stereo`](Self::Stereo) the
/// front speakers of a side have a weight of 1, its surround speakers √½, the front centre √½ on both sides, a speaker
/// behind or above the middle ½ on both sides, and low-frequency effects 0. [`Mono`](Self::Mono) is the sum of the two
/// sides. Where the file does not name the speakers, each channel of a mono mix has the same weight, as in torchaudio's
/// `mean(0)` and librosa's `to_mono`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channels {
    /// All channels as they are, the default
    #[default]
    All,
    /// One channel, a mix of all
    Mono,
    /// Two channels: a mix of more, or one channel twice
    Stereo,
    /// These channels in this order, counted from 1
    Pick(Vec<NonZeroUsize>),
}

/// Mixes the channels of interleaved frames.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mixer {
    /// Channels of the input.
    inputs: usize,
    mix: Mix,
    /// Speakers of the output.
    mask: u32,
}

#[derive(Debug, Clone, PartialEq)]
enum Mix {
    /// The channels as they are
    Copy,
    /// Half the sum of two channels
    Half,
    /// For each channel of the output, one of the input
    Pick(Vec<usize>),
    /// For each channel of the output, the weights of those of the input
    Weighted(Vec<Vec<f64>>),
}

impl Mixer {
    /// Mixer of a recording of `inputs` channels, with the speakers in `mask`, 0 if they are unknown.
    ///
    /// # Errors
    /// [`Error::Argument`] for a channel that the recording does not have, and for stereo from three or more channels
    /// whose speakers are unknown.
    pub(crate) fn new(channels: &Channels, inputs: usize, mask: u32) -> Result<Self> {
        // In the order of a mask, the speakers that are named come first.
        let speakers = if mask.count_ones() as usize == inputs { bits(mask) } else { Vec::new() };
        let (mix, mask) = match channels {
            Channels::All => (Mix::Copy, mask),
            Channels::Mono if inputs == 1 => (Mix::Copy, mask),
            Channels::Mono => {
                let weights = mono_weights(&speakers, inputs);
                let mask = if speakers.is_empty() { 0 } else { speaker::FRONT_CENTER };
                (if weights == [0.5; 2] { Mix::Half } else { Mix::Weighted(vec![weights]) }, mask)
            }
            Channels::Stereo if inputs == 2 => (Mix::Copy, mask),
            Channels::Stereo => {
                let mask = if speakers.is_empty() { 0 } else { speaker::FRONT_LEFT | speaker::FRONT_RIGHT };
                let mix = if inputs == 1 { Mix::Pick(vec![0; 2]) } else { stereo_weights(&speakers, inputs)? };
                (mix, mask)
            }
            Channels::Pick(picked) => (picked_channels(picked, inputs)?, picked_mask(picked, &speakers)),
        };
        Ok(Self { inputs, mix, mask })
    }

    /// Channels of the output.
    pub(crate) fn outputs(&self) -> usize {
        match &self.mix {
            Mix::Copy => self.inputs,
            Mix::Half => 1,
            Mix::Pick(picked) => picked.len(),
            Mix::Weighted(weights) => weights.len(),
        }
    }

    /// Speakers of the output, 0 if they are unknown.
    pub(crate) fn mask(&self) -> u32 {
        self.mask
    }

    pub(crate) fn is_copy(&self) -> bool {
        self.mix == Mix::Copy
    }

    /// Appends the mix of interleaved frames.
    pub(crate) fn mix<T: DecodedSample>(&self, frames: &[T], output: &mut Vec<T>) {
        match &self.mix {
            Mix::Copy => output.extend_from_slice(frames),
            Mix::Half => output.extend(frames.as_chunks::<2>().0.iter().map(|&[a, b]| T::mean(a, b))),
            Mix::Pick(picked) if picked.len() == 1 => {
                output.extend(frames.iter().skip(picked[0]).step_by(self.inputs).copied());
            }
            Mix::Pick(picked) => {
                let frames = frames.chunks_exact(self.inputs);
                frames.for_each(|frame| output.extend(picked.iter().map(|&channel| frame[channel])));
            }
            Mix::Weighted(rows) => {
                for frame in frames.chunks_exact(self.inputs) {
                    // A weight of 0 does not let a NaN through.
                    let weighted = |(&weight, &sample): (&f64, &T)| {
                        if weight == 0.0 { 0.0 } else { weight * Into::<f64>::into(sample) }
                    };
                    output.extend(rows.iter().map(|row| T::from_f64(row.iter().zip(frame).map(weighted).sum())));
                }
            }
        }
    }
}

fn bits(mask: u32) -> Vec<u32> {
    (0..32).map(|bit| 1 << bit).filter(|bit| mask & bit != 0).collect()
}

/// Weights of one channel, divided by their sum.
fn normalized(weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    let even = 1.0 / weights.len() as f64;
    weights.iter().map(|weight| if sum > 0.0 { weight / sum } else { even }).collect()
}

/// Weight of a speaker on each side that it belongs to, relative to the front left or right one.
fn side_weight(speaker: u32) -> f64 {
    match speaker {
        speaker::LOW_FREQUENCY => 0.0,
        speaker::FRONT_CENTER => FRAC_1_SQRT_2,
        middle if middle & speaker::MIDDLE != 0 => 0.5,
        front if front & speaker::FRONT != 0 => 1.0,
        _ => FRAC_1_SQRT_2,
    }
}

/// Weights of the left and the right side.
fn side_weights(speaker: u32) -> [f64; 2] {
    let weight = side_weight(speaker);
    let in_the_middle = speaker & speaker::MIDDLE != 0;
    let on_the_left = speaker & speaker::LEFT != 0;
    [on_the_left, !on_the_left].map(|is_here| if is_here || in_the_middle { weight } else { 0.0 })
}

fn mono_weights(speakers: &[u32], inputs: usize) -> Vec<f64> {
    if speakers.is_empty() {
        return normalized(vec![1.0; inputs]);
    }
    normalized(speakers.iter().map(|&speaker| side_weights(speaker).iter().sum()).collect())
}

fn stereo_weights(speakers: &[u32], inputs: usize) -> Result<Mix> {
    if speakers.is_empty() {
        return Err(Error::Argument(format!(
            "stereo cannot be mixed from {inputs} channels whose speakers the file does not name: pick two channels"
        )));
    }
    let side = |side: usize| speakers.iter().map(|&speaker| side_weights(speaker)[side]).collect::<Vec<_>>();
    let sides = [side(0), side(1)];
    // The same factor on both sides keeps the balance.
    let largest = sides.iter().map(|side| side.iter().sum::<f64>()).fold(0.0, f64::max);
    if largest == 0.0 {
        return Ok(Mix::Weighted(vec![normalized(vec![1.0; inputs]); 2]));
    }
    Ok(Mix::Weighted(sides.map(|side| side.iter().map(|weight| weight / largest).collect()).into()))
}

fn picked_channels(picked: &[NonZeroUsize], inputs: usize) -> Result<Mix> {
    if picked.is_empty() {
        return Err(Error::Argument("no channel is picked".to_owned()));
    }
    if let Some(missing) = picked.iter().find(|channel| channel.get() > inputs) {
        let plural = if inputs == 1 { "" } else { "s" };
        return Err(Error::Argument(format!(
            "there is no channel {missing}: the recording has {inputs} channel{plural}"
        )));
    }
    Ok(Mix::Pick(picked.iter().map(|channel| channel.get() - 1).collect()))
}

/// Speakers of picked channels, 0 if they are unknown or not in the order of a mask.
fn picked_mask(picked: &[NonZeroUsize], speakers: &[u32]) -> u32 {
    let bits = picked.iter().map(|channel| speakers.get(channel.get() - 1).copied().unwrap_or(0));
    let bits: Vec<_> = bits.collect();
    if bits.is_sorted_by(|a, b| a < b) && bits.first() != Some(&0) { bits.iter().sum() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(channels: &Channels, mask: u32, frame: &[f64]) -> Vec<f64> {
        let mixer = Mixer::new(channels, frame.len(), mask).expect("a mix");
        let mut output = Vec::new();
        mixer.mix(frame, &mut output);
        assert_eq!(output.len(), mixer.outputs());
        output
    }

    fn pick(channels: &[usize]) -> Channels {
        Channels::Pick(channels.iter().map(|&channel| NonZeroUsize::new(channel).expect("from 1")).collect())
    }

    const FIVE_ONE: u32 = 0x3f;

    #[test]
    fn mono_weighs_speakers_as_bs_775_does() {
        // L, R, C, LFE, Ls, Rs.
        let sum = 1.0 + 1.0 + 2_f64.sqrt() + 2.0 * 0.5_f64.sqrt();
        let expected = [1.0, 1.0, 2_f64.sqrt(), 0.0, 0.5_f64.sqrt(), 0.5_f64.sqrt()].map(|weight| weight / sum);
        for mask in [FIVE_ONE, 0x60f] {
            for (channel, weight) in expected.into_iter().enumerate() {
                let mut frame = [0.0; 6];
                frame[channel] = 1.0;
                let [mono] = mixed(&Channels::Mono, mask, &frame)[..] else { panic!("one channel") };
                assert!((mono - weight).abs() < 1e-15, "{channel}: {mono}, {weight}");
            }
        }
        // Full scale everywhere is full scale; NaN in the channel that does not count does not matter.
        let [mono] = mixed(&Channels::Mono, FIVE_ONE, &[1.0, 1.0, 1.0, f64::NAN, 1.0, 1.0])[..] else { panic!() };
        assert!((mono - 1.0).abs() < 1e-15);
    }

    #[test]
    fn mono_is_the_mean_where_speakers_are_unknown() {
        assert_eq!(mixed(&Channels::Mono, 0, &[0.25, 0.5]), [0.375]);
        assert_eq!(mixed(&Channels::Mono, 0x3, &[0.25, 0.5]), [0.375]);
        assert_eq!(mixed(&Channels::Mono, 0, &[0.25, 0.5, 0.0, -0.5]), [0.0625]);
        // Two speakers for three channels.
        assert_eq!(mixed(&Channels::Mono, 0x3, &[0.75, 0.0, 0.0]), [0.25]);
        assert_eq!(mixed(&Channels::Mono, 0x8, &[0.75]), [0.75]);
        assert_eq!(Mixer::new(&Channels::Mono, 4, 0).expect("a mix").mask(), 0);
        assert_eq!(Mixer::new(&Channels::Mono, 6, FIVE_ONE).expect("a mix").mask(), 0x4);
    }

    #[test]
    fn stereo_keeps_left_and_right() {
        let root = 0.5_f64.sqrt();
        let left = mixed(&Channels::Stereo, FIVE_ONE, &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(left, [1.0 / (1.0 + 2.0 * root), 0.0]);
        let middle = mixed(&Channels::Stereo, FIVE_ONE, &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(middle, [root / (1.0 + 2.0 * root); 2]);
        let right = mixed(&Channels::Stereo, FIVE_ONE, &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(right, [0.0, root / (1.0 + 2.0 * root)]);
        assert_eq!(mixed(&Channels::Stereo, 0, &[0.5]), [0.5; 2]);
        assert_eq!(mixed(&Channels::Stereo, 0, &[0.5, 0.25]), [0.5, 0.25]);
        let error = Mixer::new(&Channels::Stereo, 4, 0).expect_err("no speakers").to_string();
        assert!(error.contains("4 channels"), "{error}");
    }

    #[test]
    fn picked_channels_keep_their_order() {
        assert_eq!(mixed(&pick(&[2]), 0, &[0.1, 0.2, 0.3]), [0.2]);
        assert_eq!(mixed(&pick(&[3, 1, 1]), 0, &[0.1, 0.2, 0.3]), [0.3, 0.1, 0.1]);
        let mask = |channels| Mixer::new(&pick(channels), 6, FIVE_ONE).expect("a mix").mask();
        assert_eq!((mask(&[1, 2]), mask(&[2, 1]), mask(&[3]), mask(&[1, 1])), (0x3, 0, 0x4, 0));
        let error = Mixer::new(&pick(&[3]), 2, 0).expect_err("no such channel").to_string();
        assert_eq!(error, "there is no channel 3: the recording has 2 channels");
        assert!(Mixer::new(&pick(&[]), 2, 0).is_err());
    }
}
