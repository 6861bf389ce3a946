//! [`Tags`]: title, artist and other texts about a recording.

/// Texts about a recording, in the order of the file.
///
/// Names are those of Vorbis comments (`TITLE`, `ARTIST`, `ALBUM`, `DATE`, `TRACKNUMBER`, `COMMENT`, …), whatever the
/// format of the file calls them. A name may occur several times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    texts: Vec<(String, String)>,
    /// The `bext` chunk of WAV.
    broadcast: Vec<u8>,
}

impl Tags {
    /// Appends a text. The name is converted to upper case, and NULs at the end of the value are removed.
    ///
    /// A name that a Vorbis comment cannot hold (printable ASCII without `=`) and an empty value are ignored.
    pub fn push(&mut self, name: &str, value: &str) {
        let value = value.trim_end_matches('\0');
        let is_name = !name.is_empty() && name.bytes().all(|byte| (b' '..=b'}').contains(&byte) && byte != b'=');
        if is_name && !value.is_empty() {
            self.texts.push((name.to_ascii_uppercase(), value.to_owned()));
        }
    }

    /// The first text of a name, in upper or lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Names and texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// True if there is neither a text nor a broadcast extension.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.broadcast.is_empty()
    }

    /// The broadcast extension of a WAV file, the body of its `bext` chunk (EBU Tech 3285); empty if there is none.
    pub fn broadcast(&self) -> &[u8] {
        &self.broadcast
    }

    pub(crate) fn set_broadcast(&mut self, body: &[u8]) {
        self.broadcast = body.to_vec();
    }

    /// The tags of the same recording at `ratio` times its rate: the time at which it begins, which the broadcast
    /// extension counts in samples, is converted.
    #[must_use]
    pub fn at_rate(&self, ratio: f64) -> Self {
        /// Position of the 64-bit number of samples since midnight.
        const TIME_REFERENCE: std::ops::Range<usize> = 338..346;
        let mut tags = self.clone();
        if let Some(time) = tags.broadcast.get_mut(TIME_REFERENCE) {
            let samples = u64::from_le_bytes(time.try_into().unwrap_or_default());
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded to a whole sample")]
            let samples = (samples as f64 * ratio).round() as u64;
            time.copy_from_slice(&samples.to_le_bytes());
        }
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::Tags;

    #[test]
    fn names_are_those_of_vorbis_comments() {
        let mut tags = Tags::default();
        for (name, value) in [("title", "A"), ("Artist", "B\0\0"), ("a=b", "C"), ("", "D"), ("é", "E"), ("DATE", "\0")]
        {
            tags.push(name, value);
        }
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("TITLE", "A"), ("ARTIST", "B")]);
        assert_eq!((tags.get("artist"), tags.get("DATE"), tags.is_empty()), (Some("B"), None, false));
    }

    #[test]
    fn the_beginning_is_converted_to_the_new_rate() {
        let mut tags = Tags::default();
        let mut broadcast = vec![7; 602];
        broadcast[338..346].copy_from_slice(&480_001_u64.to_le_bytes());
        tags.set_broadcast(&broadcast);
        broadcast[338..346].copy_from_slice(&160_000_u64.to_le_bytes());
        assert_eq!(tags.at_rate(1.0 / 3.0).broadcast(), broadcast);
        tags.set_broadcast(&[7; 100]);
        assert_eq!(tags.at_rate(1.0 / 3.0), tags);
    }
}
