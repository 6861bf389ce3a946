//! [`read`]: the outputs of earlier runs that keep their names.

use std::collections::HashMap;
use std::io::BufReader;
use std::path::Path;

use polyphase_audio::files::File;

use super::paths::{self, Recorded, Task};
use super::record::{Line, Name, Stamp, all_in, check_kind, for_each_line, output_name};

/// Reads which outputs the records of a folder hold for these files, under the short or the whole name of each. Outputs
/// that were made from the same inputs with the same settings are kept by a run that resumes.
///
/// A record that cannot be read holds nothing here.
pub(super) fn read(out: &Path, tasks: &[Task], settings: &str, resume: bool) -> Vec<Recorded> {
    let indices: HashMap<_, _> =
        tasks.iter().enumerate().map(|(index, task)| (Name::from(&*task.name), index)).collect();
    let mut recorded = HashMap::<(usize, bool), bool>::new();
    let mut add = |line: &[u8]| -> Option<()> {
        let line: Line = serde_json::from_slice(line).ok()?;
        let index = *indices.get(&line.input)?;
        let task = &tasks[index];
        let path = |whole_name| paths::output(&task.name, out, task.container, whole_name);
        let whole_name = [false, true].into_iter().find(|&whole| output_name(out, &path(whole)) == line.output)?;
        if Stamp::agree(Stamp::of_path(&path(whole_name)), line.output_is) {
            let is_same = line.settings == settings && Stamp::agree(Stamp::of_path(&task.input), line.input_is);
            *recorded.entry((index, whole_name)).or_default() |= resume && is_same;
        }
        Some(())
    };
    for path in all_in(out) {
        let Ok(file) = check_kind(&path).and_then(|()| File::open(&path)) else { continue };
        let _ = for_each_line(BufReader::new(file), |line| {
            add(line);
            Ok(())
        });
    }
    let mut recorded: Vec<_> =
        recorded.into_iter().map(|((index, whole_name), is_kept)| Recorded { index, whole_name, is_kept }).collect();
    recorded.sort_by_key(|recorded| (recorded.index, recorded.whole_name));
    recorded
}
