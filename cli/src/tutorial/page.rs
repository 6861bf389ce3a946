//! [`html`]: fills the template `page.html` with the examples and figures.

use std::fmt::Write;

use super::{Difference, Example, Figures};
use crate::bench::{Report, Row};

static TEMPLATE: &str = include_str!("page.html");

/// Returns the page, which refers to pictures and sounds in the same folder.
pub(super) fn html(examples: &[Example], figures: &Figures) -> String {
    let show = |name: &str, caption: &str, note: &str| {
        let example = examples.iter().find(|example| example.name == name);
        example.map(|example| figure(example, caption, note)).unwrap_or_default()
    };
    let filter = "width 64, rolloff 0.9476, Kaiser, beta 14.77";
    let fast = "width 16, rolloff 0.85, Kaiser, beta 8.56";
    let threads = figures.times.machine.threads;
    let parts = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("sweep", show("sweep", "Before", "48 kHz")),
        ("default-after", show("default", "After", "32 kHz, by default: width 6, rolloff 0.99, Hann's window")),
        ("width-6", show("default", "Width 6", "the default")),
        ("width-128", show("width-128", "Width 128", "the rest as by default")),
        ("rolloff-99", show("default", "Rolloff 0.99", "the default")),
        ("rolloff-80", show("rolloff-0.8", "Rolloff 0.8", "the rest as by default")),
        ("hann", show("default", "Hann's window", "the default")),
        ("kaiser", show("kaiser", "Kaiser's window", "beta 14.77, the rest as by default")),
        ("kaiser-best", show("kaiser-best", "This crate", filter)),
        ("resampy-kaiser-best", show("resampy-kaiser-best", "resampy 0.2.2", "kaiser_best")),
        ("kaiser-fast", show("kaiser-fast", "This crate", fast)),
        ("resampy-kaiser-fast", show("resampy-kaiser-fast", "resampy 0.2.2", "kaiser_fast")),
        ("differences", differences(&figures.differences)),
        ("machine", format!("{}, {threads} thread{}", figures.times.level, if threads == 1 { "" } else { "s" })),
        ("charts", charts(&figures.times)),
        ("printed", printed()),
    ];
    parts.iter().fold(TEMPLATE.to_owned(), |page, (name, part)| page.replace(&format!("{{{{{name}}}}}"), part))
}

/// Returns the figure of an example: its spectrogram in both themes, its sound, and the response of its filter.
fn figure(example: &Example, caption: &str, note: &str) -> String {
    let Example { name, title, .. } = example;
    let picture = |name: &str, (width, height): (u32, u32), text: &str| {
        format!(
            "<picture><source srcset=\"{name}-dark.png\" media=\"(prefers-color-scheme: dark)\">\
             <img src=\"{name}.png\" loading=\"lazy\" width=\"{width}\" height=\"{height}\" alt=\"{text}\"></picture>"
        )
    };
    let spectrogram = picture(name, super::SPECTROGRAM_SIZE, &format!("Spectrogram: {title}"));
    let filter = example.options.map(|_| {
        let text = format!("Impulse response and gain: {title}");
        let picture = picture(&format!("{name}-filter"), super::FILTER_SIZE, &text);
        format!("<details><summary>Response of this filter</summary>{picture}</details>")
    });
    format!(
        "\n<figure><figcaption>{caption}<span>{note}</span></figcaption>{spectrogram}\
         <audio controls preload=\"metadata\" src=\"{name}.wav\" aria-label=\"{caption}, {note}\"></audio>{}</figure>",
        filter.unwrap_or_default()
    )
}

/// Table of the differences from resampy.
fn differences(differences: &[Difference]) -> String {
    let rows = differences.iter().fold(String::new(), |rows, difference| {
        let Difference { filter, mean_squared, tutorial } = difference;
        rows + &format!(
            "<tr><td>{filter}</td><td class=\"wide\">{mean_squared:.7e}</td><td class=\"wide\">{tutorial:.7e}</td></tr>"
        )
    });
    format!("<table><tr><th>Filter</th><th>Mean squared difference</th><th>The tutorial's</th></tr>{rows}</table>")
}

/// Bar charts of the times, one for each pair of rates.
fn charts(times: &Report) -> String {
    let mut charts = String::new();
    let pairs = times.rows.iter().map(|row| (row.orig_freq, row.new_freq));
    let mut seen = Vec::new();
    for (orig_freq, new_freq) in pairs {
        if seen.contains(&(orig_freq, new_freq)) {
            continue;
        }
        seen.push((orig_freq, new_freq));
        let rows = times.rows.iter().filter(|row| (row.orig_freq, row.new_freq) == (orig_freq, new_freq));
        let rows: Vec<&Row> = rows.collect();
        let cells = rows.iter().flat_map(|row| &row.columns);
        let longest = cells.map(|cell| cell.milliseconds).fold(f64::MIN_POSITIVE, f64::max);
        let bars = rows.iter().fold(String::new(), |mut bars, row| {
            let _ = write!(bars, "<div class=\"name\">{}</div>", row.filter);
            for cell in &row.columns {
                let kind = if cell.name == "planned" { " planned" } else { "" };
                // Leaves room for the figure beside the longest bar.
                let width = 65.0 * cell.milliseconds / longest;
                let milliseconds = cell.milliseconds;
                let _ = write!(
                    bars,
                    "<div class=\"bar{kind}\"><i style=\"width:{width:.1}%\"></i>{milliseconds:.3}&nbsp;ms</div>"
                );
            }
            bars
        });
        let _ = write!(
            charts,
            "\n<figure><figcaption>{} → {} kHz</figcaption><div class=\"bars\">{bars}</div></figure>",
            kilohertz(orig_freq),
            kilohertz(new_freq)
        );
    }
    charts
}

fn kilohertz(hertz: u32) -> f64 {
    f64::from(hertz) / 1000.0
}

/// Rates, and the milliseconds of librosa, functional and transforms for each filter.
type Printed = (&'static str, [(Option<f64>, f64, f64); 4]);

/// Filters of the table in the tutorial.
const FILTERS: [&str; 4] = ["sinc, width 64", "sinc, width 16", "kaiser_best", "kaiser_fast"];

/// Times that the tutorial prints.
const PRINTED: [Printed; 4] = [
    ("48 → 44.1 kHz", [(None, 2.37, 0.34), (None, 1.15, 0.32), (Some(88.67), 2.08, 0.37), (Some(10.35), 1.85, 0.34)]),
    ("16 → 8 kHz", [(None, 1.02, 0.69), (None, 0.50, 0.27), (Some(16.64), 1.19, 0.72), (Some(4.63), 0.66, 0.31)]),
    ("44.1 → 48 kHz", [(None, 2.28, 0.34), (None, 1.14, 0.32), (Some(38.46), 1.98, 0.36), (Some(10.93), 1.78, 0.33)]),
    ("8 → 16 kHz", [(None, 0.47, 0.25), (None, 0.38, 0.17), (Some(15.44), 0.64, 0.25), (Some(4.61), 0.52, 0.17)]),
];

/// Table of the times that the tutorial prints.
fn printed() -> String {
    let mut rows = String::new();
    for (rates, times) in PRINTED {
        let _ = write!(rows, "<tr><th class=\"group\" colspan=\"4\" scope=\"rowgroup\">{rates}</th></tr>");
        for (filter, (librosa, functional, transforms)) in FILTERS.iter().zip(times) {
            let librosa = librosa.map_or("–".to_owned(), |milliseconds| format!("{milliseconds:.2}"));
            let _ = write!(
                rows,
                "<tr><td>{filter}</td><td>{librosa}</td><td>{functional:.2}</td><td>{transforms:.2}</td></tr>"
            );
        }
    }
    format!("<table><tr><th>Filter</th><th>librosa</th><th>functional</th><th>transforms</th></tr>{rows}</table>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Bench;

    #[test]
    fn the_template_is_filled_in_completely() {
        let times = Bench { threads: 1, repeat: 0, clips: 0, allow_software: false }.run().expect("times");
        let figures = Figures { differences: Vec::new(), times };
        let examples = crate::tutorial::examples().expect("examples");
        let page = html(&examples, &figures);
        assert!(!page.contains("{{") && !page.contains("}}"));
        for example in &examples {
            assert!(page.contains(&format!("src=\"{}.wav\"", example.name)), "{} is shown", example.name);
        }
        assert_eq!(page.matches("class=\"bar").count(), 4 + 32, "bars of 16 rows");
    }
}
