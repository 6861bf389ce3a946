//! [`Trim`]: frames to leave out at the beginning and at the end.

/// Frames of a stream that are left out: what an encoder needs to begin, and what fills its last packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Trim {
    /// Frames at the beginning that are still to be left out.
    pub(crate) skip: u64,
    /// Frames behind these that may still be handed out, if the end is known.
    pub(crate) keep: Option<u64>,
}

impl Trim {
    /// Removes the frames that are left out from those behind `before`.
    pub(crate) fn apply<T>(&mut self, samples: &mut Vec<T>, before: usize, channels: usize) {
        let (start, end) = self.take((samples.len() - before) / channels);
        samples.truncate(before + end * channels);
        samples.drain(before..before + start * channels);
    }

    /// Returns the first frame to hand out of the next `frames`, and the one behind the last.
    pub(crate) fn take(&mut self, frames: usize) -> (usize, usize) {
        let start = usize::try_from(self.skip).map_or(frames, |skip| skip.min(frames));
        self.skip -= start as u64;
        let left = frames - start;
        let kept = self.keep.and_then(|keep| usize::try_from(keep).ok()).map_or(left, |keep| keep.min(left));
        if let Some(keep) = &mut self.keep {
            *keep -= kept as u64;
        }
        (start, start + kept)
    }
}

#[cfg(test)]
mod tests {
    use super::Trim;

    #[test]
    fn frames_are_left_out_across_packets() {
        let mut trim = Trim { skip: 5, keep: Some(4) };
        let mut kept = Vec::new();
        for packet in [0..3, 3..6, 6..9, 9..12] {
            let before = kept.len();
            kept.extend(packet.flat_map(|i| [i, -i]));
            trim.apply(&mut kept, before, 2);
        }
        assert_eq!(kept, [5, -5, 6, -6, 7, -7, 8, -8]);
    }
}
