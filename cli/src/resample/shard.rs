//! [`Shard`]: the share of a run among several, by a hash of each name that is the same on every machine.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Result, anyhow};

/// Share `index` of `count`, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// True if the file of this name, relative to its input folder, belongs to the share.
    pub(super) fn holds(self, name: &Path) -> bool {
        fnv1a(name) % u64::from(self.count) == u64::from(self.index)
    }

    /// Part of the names of files of the share, such as `3-of-8`. `None` if the share is everything.
    pub(super) fn label(self) -> Option<String> {
        (self.count > 1).then(|| format!("{}-of-{}", self.index + 1, self.count))
    }
}

/// Parses `I/N`, with I from 1 to N.
impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let parsed = text.split_once('/').and_then(|(index, count)| {
            let (index, count) = (index.parse::<u32>().ok()?, count.parse::<u32>().ok()?);
            (1..=count).contains(&index).then(|| Self { index: index - 1, count })
        });
        parsed.ok_or_else(|| anyhow!("a share is I/N, from 1/N to N/N, such as 3/8"))
    }
}

/// FNV-1a hash of the bytes of a relative path, with `/` between its parts.
fn fnv1a(name: &Path) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    for (index, part) in name.components().enumerate() {
        if index > 0 {
            add(b'/');
        }
        part.as_os_str().as_encoded_bytes().iter().copied().for_each(&mut add);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the published algorithm, so that shares never change.
    #[test]
    fn the_hash_is_fnv_1a() {
        for (name, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(fnv1a(Path::new(name)), hash, "{name}");
        }
        assert_eq!(fnv1a(Path::new("a/b.wav")), fnv1a(Path::new("a//b.wav")));
        assert_ne!(fnv1a(Path::new("a/b")), fnv1a(Path::new("ab")));
    }

    #[test]
    fn shares_are_read_and_partition() {
        for text in ["0/8", "9/8", "3", "3/", "/8", "-1/8", "1/0", "a/b", "1/4294967296"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        let shards: Vec<Shard> = (1..=5).map(|index| format!("{index}/5").parse().expect("a share")).collect();
        let mut sizes = [0; 5];
        for number in 0..1000 {
            let name = format!("folder/{number}.wav");
            let holders: Vec<_> = (0..5).filter(|&index| shards[index].holds(Path::new(&name))).collect();
            assert_eq!(holders.len(), 1);
            sizes[holders[0]] += 1;
        }
        assert!(sizes.iter().all(|size| (150..250).contains(size)), "{sizes:?}");
        assert_eq!(
            (shards[2].label().as_deref(), "1/1".parse::<Shard>().expect("a share").label()),
            (Some("3-of-5"), None)
        );
    }
}
