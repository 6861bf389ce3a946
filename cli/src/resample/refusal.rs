//! [`refuse`]: errors that list what they are about.

use anyhow::{Result, bail};

/// Returns an error that lists the paths, if there are any.
pub(super) fn refuse(reason: &str, paths: Vec<String>) -> Result<()> {
    const SHOWN: usize = 10;
    if paths.is_empty() {
        return Ok(());
    }
    let more = paths.len().saturating_sub(SHOWN);
    let mut list = paths.into_iter().take(SHOWN).map(|path| format!("\n  {path}")).collect::<String>();
    if more > 0 {
        list.push_str(&format!("\n  … and {more} more"));
    }
    bail!("{reason}{list}")
}
