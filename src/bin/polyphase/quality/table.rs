//! The report card as a table.

use super::{Report, Row};

const HEADINGS: &str = "\
rates          backend  taps  ripple -0.1dB   -3dB  alias  image      DC  SINAD  (med)   spur   trip     max   rms  delay";

pub(crate) fn table(report: &Report) -> String {
    let mut table = String::new();
    let mut filter = None;
    for row in &report.rows {
        if filter != Some(&row.filter) {
            let gap = if filter.is_some() { "\n" } else { "" };
            filter = Some(&row.filter);
            let facts = row.options.as_ref().map_or(String::new(), |options| format!(": {options}"));
            table += &format!("{gap}{}{facts}; pass band {}\n{HEADINGS}\n", row.filter, row.pass_band);
        }
        table += &line(row);
        table.push('\n');
    }
    table += LEGEND;
    if let Some(reason) = &report.no_gpu {
        table += &format!("\nno GPU: {reason}");
    }
    table
}

const LEGEND: &str = "
ripple, alias, image, SINAD, spur, trip and rms are in dB, and all but ripple below the signal: more is better
-0.1dB, -3dB   where the gain has fallen by so much; these and the pass band are fractions of the lower Nyquist frequency
alias          worst tone that folds into the pass band        image  all images of a tone of it, worst tone
DC             ripple of a constant 1                          delay  in output samples
SINAD          all that is not the tone, worst and median of 32 tones; spur: the largest line of it, and of aliases
trip           noise of the pass band to the other rate and back
max, rms       distance from float64 on comb and noise         -      there is none";

fn line(row: &Row) -> String {
    let figures = &row.figures;
    let level = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
    let fraction = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    let scientific = |value: f64| format!("{value:.1e}");
    let delay = format!("{:.3}", figures.delay);
    [
        format!("{:<15}{:<7}", format!("{}→{}", row.orig_freq, row.new_freq), row.backend),
        format!("{:>6}", row.taps.map_or_else(|| "-".to_owned(), |taps| taps.to_string())),
        format!("{:>8}{:>7}{:>7}", scientific(figures.ripple_db), fraction(figures.edge_01), fraction(figures.edge_3)),
        format!("{:>7}{:>7}{:>8}", level(figures.alias_db), level(figures.image_db), scientific(figures.dc_image)),
        format!("{:>7.1}{:>7.1}", figures.sinad_worst_db, figures.sinad_median_db),
        format!("{:>7.1}{:>7.1}", figures.spur_db, figures.round_trip_db),
        format!("{:>8}", row.distance.map_or_else(|| "-".to_owned(), |distance| scientific(distance.worst))),
        format!("{:>6}", level(row.distance.map(|distance| distance.rms_db))),
        // A rounded zero has no sign.
        format!("{:>7}", if delay == "-0.000" { "0.000" } else { &delay }),
    ]
    .concat()
}
