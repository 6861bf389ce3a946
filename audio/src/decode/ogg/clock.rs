//! [`Clock`]: which of the decoded frames the positions on pages leave out.

use crate::trim::Trim;

/// Position in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clock {
    /// Position where the last page ended, once it is known.
    position: Option<u64>,
    /// Frames of pages before a position is known.
    unplaced: u64,
    pub(super) trim: Trim,
    /// The first page may begin before the recording.
    may_begin_early: bool,
    /// Frames by which the last page's position is later than the audio that was found.
    pub(super) missing: u64,
}

impl Clock {
    /// A clock of a stream whose first `skip` frames are left out.
    pub(super) fn new(skip: u64, may_begin_early: bool) -> Self {
        Self { position: None, unplaced: 0, trim: Trim { skip, keep: None }, may_begin_early, missing: 0 }
    }

    /// Accounts for a page of `frames` frames that ends at position `granule`, before its frames are handed out.
    /// Returns the number of frames that the positions leave out before this page.
    pub(super) fn page(&mut self, frames: u64, granule: Option<u64>, is_last: bool) -> u64 {
        self.unplaced = self.unplaced.saturating_add(frames);
        let Some(granule) = granule else { return 0 };
        let frames = std::mem::take(&mut self.unplaced);
        let Some(position) = self.position.replace(granule) else {
            // A stream that was cut out of another begins late. A first page that is the last is trimmed at its end.
            if granule < frames && is_last {
                self.trim.keep = Some(granule.saturating_sub(self.trim.skip));
            } else if granule < frames && self.may_begin_early {
                self.trim.skip += frames - granule;
            }
            return 0;
        };
        let end = position.saturating_add(frames);
        if is_last {
            if granule < end {
                self.trim.keep = Some(granule.saturating_sub(position).saturating_sub(self.trim.skip));
            }
            self.missing = granule.saturating_sub(end);
        }
        granule.saturating_sub(end)
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn positions_trim_the_beginning_and_the_end() {
        // Opus: 312 frames of delay, an end within the last page.
        let mut clock = Clock::new(312, false);
        assert_eq!((clock.page(960, Some(960), false), clock.trim.take(960)), (0, (312, 960)));
        assert_eq!((clock.page(960, Some(1500), true), clock.trim.take(960)), (0, (0, 540)));
        // Vorbis: the first page begins before the recording.
        let mut clock = Clock::new(0, true);
        assert_eq!((clock.page(1000, Some(900), false), clock.trim.take(1000)), (0, (100, 1000)));
        assert_eq!((clock.page(1000, Some(1900), true), clock.trim.take(1000), clock.missing), (0, (0, 1000), 0));
        // One page is trimmed at its end.
        let mut clock = Clock::new(0, true);
        assert_eq!((clock.page(1000, Some(900), true), clock.trim.take(1000)), (0, (0, 900)));
        // A part of a longer stream, and a gap.
        let mut clock = Clock::new(0, true);
        assert_eq!((clock.page(1000, Some(50_000), false), clock.trim.take(1000)), (0, (0, 1000)));
        assert_eq!((clock.page(1000, Some(51_500), true), clock.trim.take(1000), clock.missing), (500, (0, 1000), 500));
    }
}
