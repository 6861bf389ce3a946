//! [`execute`]: `--dry-run`, which prints what would be done with each file.

use std::time::Duration;

use anyhow::Result;

use super::report::{JsonFile, Row, Status};
use super::{Args, Outcome, Prepared, Tally, failure_lines, orphan_lines, other_rows, print_result};
use crate::terminal::{eprint_line, shown};

/// Prints a line for every file that was found, in the order of their paths, and writes nothing.
pub(super) fn execute(args: &Args, mut prepared: Prepared) -> Result<Outcome> {
    let report = prepared.json.as_ref().map(|path| JsonFile::create(path, prepared.target.folder())).transpose()?;
    let (found, earlier) = (&mut prepared.found, &mut prepared.earlier);
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for (index, task) in std::mem::take(&mut found.tasks).into_iter().enumerate() {
        let line = format!("{} → {}", shown(&task.input), shown(&task.output));
        if let Some(figures) = earlier.done.remove(&index) {
            lines.push((task.input.clone(), format!("{line}: would be skipped, done by an earlier run")));
            rows.push(Row::skipped(&task, figures));
        } else if let Err(error) = task.input.metadata() {
            // The only fault of a file that is found without reading it.
            eprint_line(&format!("polyphase: {}: {error}", shown(&task.input)));
            rows.push(Row::new(&task, Err(error.to_string()), Duration::ZERO));
        } else {
            lines.push((task.input.clone(), line));
            rows.push(Row::without_result(&task, Status::Planned));
        }
    }
    for passed in &found.passed_over {
        lines.push((passed.path.clone(), format!("{}: passed over, {}", shown(&passed.path), passed.reason)));
    }
    rows.extend(other_rows(found));
    lines.sort();
    if !args.messages.quiet {
        for (_, line) in &lines {
            print_result(args, line)?;
        }
    }
    if !args.messages.quiet {
        orphan_lines(found).for_each(|line| eprint_line(&line));
    }
    failure_lines(found).for_each(|line| eprint_line(&line));
    Ok(Outcome { rows, tally: Tally::default(), prepared, report })
}
