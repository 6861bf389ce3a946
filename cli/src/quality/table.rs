//! The report as a table.

use super::{Report, Row};

const HEADINGS: &str = "\
rates         backend taps  ripple -0.1dB   -3dB alias image      DC SINAD (med)  spur  trip     max   rms  delay";

/// Formats a report.
pub(crate) fn table(report: &Report) -> String {
    let mut table = String::new();
    for rows in report.rows.chunk_by(|a, b| a.filter == b.filter) {
        let facts = rows[0].options.as_ref().map_or(String::new(), |options| format!(": {options}"));
        table += &format!("{}{facts}; pass band {}\n{HEADINGS}\n", rows[0].filter, rows[0].pass_band);
        rows.iter().for_each(|row| table += &line(&format!("{}→{}", row.orig_freq, row.new_freq), row));
        for (index, first) in rows.iter().enumerate() {
            let same: Vec<_> = rows.iter().filter(|row| row.backend == first.backend).collect();
            if same.len() > 1 && rows[..index].iter().all(|row| row.backend != first.backend) {
                table += &line(&format!("worst of {}", same.len()), &worst(&same));
            }
        }
        table.push('\n');
    }
    table += LEGEND;
    if let Some(reason) = &report.no_gpu {
        table += &format!("\nno GPU: {reason}");
    }
    table
}

/// Returns a row with the worst of each figure, and the most taps.
fn worst(rows: &[&Row]) -> Row {
    let mut worst = rows[0].clone();
    let least = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::min);
    for row in &rows[1..] {
        let (figures, other) = (&mut worst.figures, &row.figures);
        figures.ripple_db = figures.ripple_db.max(other.ripple_db);
        figures.edge_01 = least(figures.edge_01, other.edge_01);
        figures.edge_3 = least(figures.edge_3, other.edge_3);
        figures.alias_db = least(figures.alias_db, other.alias_db);
        figures.image_db = least(figures.image_db, other.image_db);
        figures.dc_image = figures.dc_image.max(other.dc_image);
        figures.sinad_worst_db = figures.sinad_worst_db.min(other.sinad_worst_db);
        figures.sinad_median_db = figures.sinad_median_db.min(other.sinad_median_db);
        figures.spur_db = figures.spur_db.min(other.spur_db);
        figures.round_trip_db = figures.round_trip_db.min(other.round_trip_db);
        if other.delay.abs() > figures.delay.abs() {
            figures.delay = other.delay;
        }
        worst.taps = worst.taps.max(row.taps);
        if let (Some(distance), Some(other)) = (&mut worst.distance, row.distance) {
            distance.worst = distance.worst.max(other.worst);
            distance.rms_db = distance.rms_db.min(other.rms_db);
        }
    }
    worst
}

const LEGEND: &str = "\
ripple, alias, image, SINAD, spur, trip and rms are in dB; all but ripple are below the signal: more is better
-0.1dB, -3dB   frequency at which the gain has fallen this far, as a fraction of the lower Nyquist frequency
alias          output for a tone that folds into the pass band, worst tone
image          sum of all images of a tone in the pass band, worst tone
DC             ripple of a constant 1                          delay  in output samples
SINAD          signal to noise and distortion, worst and median of 32 tones
spur           largest single line other than the tone, aliases included
trip           error of noise in the pass band after a round trip to the other rate
max, rms       distance from float64 on comb and noise         -      not applicable";

fn line(name: &str, row: &Row) -> String {
    let figures = &row.figures;
    let level = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
    let fraction = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    let scientific = |value: f64| format!("{value:.1e}");
    let delay = format!("{:.3}", figures.delay);
    [
        format!("{name:<14}{:<7}", row.backend),
        format!("{:>5}", row.taps.map_or_else(|| "-".to_owned(), |taps| taps.to_string())),
        format!("{:>8}{:>7}{:>7}", scientific(figures.ripple_db), fraction(figures.edge_01), fraction(figures.edge_3)),
        format!("{:>6}{:>6}{:>8}", level(figures.alias_db), level(figures.image_db), scientific(figures.dc_image)),
        format!("{:>6.1}{:>6.1}", figures.sinad_worst_db, figures.sinad_median_db),
        format!("{:>6.1}{:>6.1}", figures.spur_db, figures.round_trip_db),
        format!("{:>8}", row.distance.map_or_else(|| "-".to_owned(), |distance| scientific(distance.worst))),
        format!("{:>6}", level(row.distance.map(|distance| distance.rms_db))),
        // Print no negative zero.
        format!("{:>7}\n", if delay == "-0.000" { "0.000" } else { &delay }),
    ]
    .concat()
}
