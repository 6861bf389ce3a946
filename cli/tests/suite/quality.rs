//! `polyphase quality`: its figures for the library, and for outputs with known faults.

use std::fs::{self, File};
use std::path::Path;

use npyz::WriterBuilder;
use polyphase::{CpuResampler, Plan, Preset};
use serde_json::Value;
use tempfile::TempDir;

use super::{done, run};

/// Period of the test signals between the rates 3 and 2, in output samples.
const PERIOD: usize = 4000;
const TONES: usize = 32;

fn rows(folder: &TempDir, command: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(&done(folder, &format!("quality --json {command}"))).unwrap();
    report["rows"].as_array().unwrap().clone()
}

fn figure(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("no {name} in {row}"))
}

fn save(path: &Path, rows: &[Vec<f64>]) {
    let shape = [rows.len() as u64, rows[0].len() as u64];
    let file = File::create(path).unwrap();
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(file).begin_nd().unwrap();
    writer.extend(rows.iter().flatten()).unwrap();
    writer.finish().unwrap();
}

/// Writes the test signals, and the outputs of the library, altered by `alter`, as those of the resampler `name`.
fn outputs(folder: &TempDir, name: &str, alter: impl Fn(usize, &mut Vec<f64>)) {
    let signals = folder.path().join("signals");
    if !signals.exists() {
        assert_eq!(done(folder, "quality --write-signals signals --orig-freq 3 --rate 2"), "");
    }
    let bytes = fs::read(signals.join("3_2.npy")).unwrap();
    let array = npyz::NpyFile::new(&bytes[..]).unwrap();
    let len = array.shape()[1] as usize;
    let options = Preset::Best.options();
    let (there, back) = (Plan::new(3, 2, options).unwrap(), Plan::new(2, 3, options).unwrap());
    let cpu = CpuResampler::new();
    let samples = array.into_vec::<f64>().unwrap();
    let mut rows: Vec<_> = samples.chunks_exact(len).map(|row| cpu.resample(&there, row).unwrap()).collect();
    rows.iter_mut().enumerate().for_each(|(row, samples)| alter(row, samples));
    let back = cpu.resample(&back, rows.last().unwrap()).unwrap();
    fs::create_dir_all(signals.join(name)).unwrap();
    save(&signals.join(name).join("3_2.npy"), &rows);
    save(&signals.join(name).join("3_2.back.npy"), &[back]);
}

#[test]
fn measured_figures_agree_with_the_coefficients() {
    let folder = TempDir::new().unwrap();
    let mut measured = rows(&folder, "--orig-freq 3 --rate 2 --preset fast --preset high");
    measured.extend(rows(&folder, "--orig-freq 5 --rate 7 --preset high"));
    assert!(measured.len() >= 6, "three cases, float64 and float32: {}", measured.len());
    for row in &measured {
        let preset: Preset = row["filter"].as_str().unwrap().parse().unwrap();
        let (stop_band_db, pass_band) = preset.designed_for().unwrap();
        assert_eq!(figure(row, "pass_band"), pass_band);
        let rates = [figure(row, "orig_freq"), figure(row, "new_freq")].map(|rate| rate as u32);
        let response = Plan::new(rates[0], rates[1], preset.options()).unwrap().response();
        // The tones may miss the worst frequency, float32 adds noise, and the output of an alias tone has images too.
        for (name, computed, lower) in [
            ("alias_db", response.alias_rejection(pass_band), 3.1),
            ("image_db", response.image_rejection(pass_band), if row["backend"] == "f64" { 0.2 } else { 3.1 }),
        ] {
            let Some(computed) = computed else {
                assert!(row[name].is_null(), "{row}");
                continue;
            };
            let measured = figure(row, name);
            assert!((computed - lower..computed + 6.0).contains(&measured), "{name} {computed}: {row}");
        }
        assert!(figure(row, "ripple_db") <= response.pass_band_ripple(pass_band) * 1.2 + 1e-7, "{row}");
        assert!((figure(row, "edge_01") - response.edge(0.1).unwrap()).abs() < 1e-4, "{row}");
        assert!((figure(row, "edge_3") - response.edge(3.0).unwrap()).abs() < 1e-4, "{row}");
        assert!((figure(row, "dc_image") - response.dc_image()).abs() < 6e-7, "{row}");
        assert!(
            figure(row, "sinad_worst_db") >= stop_band_db && figure(row, "sinad_median_db") >= stop_band_db,
            "{row}"
        );
        assert!(figure(row, "spur_db") >= stop_band_db && figure(row, "round_trip_db") >= stop_band_db, "{row}");
        assert!(figure(row, "delay").abs() < 1e-6, "{row}");
        let distance = &row["distance"];
        assert_eq!(distance.is_null(), row["backend"] == "f64");
        if !distance.is_null() {
            assert!(figure(distance, "worst") < 5e-7 && figure(distance, "rms_db") > 135.0, "{row}");
        }
    }
}

#[test]
fn faults_of_known_size_are_measured_as_such() {
    let folder = TempDir::new().unwrap();
    let cosine = |cycles: usize, n: usize| (std::f64::consts::TAU * (cycles * n % PERIOD) as f64 / PERIOD as f64).cos();
    let constant_row = |samples: &[f64]| (samples[PERIOD] - 1.0).abs() < 1e-3;
    outputs(&folder, "unaltered", |_, _| {});
    // An added line of a thousandth of the amplitude of the tones.
    outputs(&folder, "line", |row, samples| {
        if row < TONES {
            samples.iter_mut().enumerate().for_each(|(n, sample)| *sample += 0.9e-3 * cosine(1, n));
        }
    });
    outputs(&folder, "late", |_, samples| samples.rotate_right(1));
    outputs(&folder, "quieter", |_, samples| samples.iter_mut().for_each(|sample| *sample *= 0.99));
    outputs(&folder, "rippling", |_, samples| {
        if constant_row(samples) {
            samples[PERIOD + 7] += 1e-4;
        }
    });
    // y + y²/100: the second harmonic of a tone of amplitude 0.9 is 0.9/200 of the tone.
    outputs(&folder, "distorted", |_, samples| {
        samples.iter_mut().for_each(|sample| *sample += 0.01 * *sample * *sample)
    });
    outputs(&folder, "leaking", |row, samples| {
        if (TONES..TONES + 24).contains(&row) {
            samples.iter_mut().enumerate().for_each(|(n, sample)| *sample += 0.9e-4 * cosine(5, n));
        }
    });

    let measured = rows(&folder, "--files signals");
    let names: Vec<_> = measured.iter().map(|row| row["filter"].as_str().unwrap()).collect();
    assert_eq!(names, ["distorted", "late", "leaking", "line", "quieter", "rippling", "unaltered"]);
    let row = |name: &str| measured.iter().find(|row| row["filter"] == name).unwrap();
    let is = |name: &str, value: &str, expected: f64, tolerance: f64| {
        let actual = figure(row(name), value);
        assert!((actual - expected).abs() <= tolerance, "{name}: {value} is {actual}, not {expected}");
    };
    // The unaltered files have the same figures as the library.
    let direct = rows(&folder, "--orig-freq 3 --rate 2 --preset best --pass-band 0.9");
    for value in
        ["ripple_db", "edge_01", "edge_3", "alias_db", "image_db", "dc_image", "sinad_worst_db", "round_trip_db"]
    {
        is("unaltered", value, figure(&direct[0], value), 1e-9);
    }
    let unaltered = |value: &str| figure(row("unaltered"), value);
    assert!(unaltered("sinad_worst_db") > 150.0 && unaltered("round_trip_db") > 150.0);
    assert!(unaltered("delay").abs() < 1e-9);
    is("line", "sinad_worst_db", 60.0, 1e-3);
    is("line", "sinad_median_db", 60.0, 1e-3);
    is("line", "spur_db", 60.0, 1e-3);
    is("line", "round_trip_db", unaltered("round_trip_db"), 1e-9);
    is("late", "delay", 1.0, 1e-9);
    is("late", "sinad_worst_db", unaltered("sinad_worst_db"), 0.1);
    assert!(figure(row("late"), "round_trip_db") < 10.0);
    is("quieter", "ripple_db", -20.0 * 0.99_f64.log10(), 1e-6);
    is("quieter", "round_trip_db", 40.0, 1e-3);
    is("rippling", "dc_image", 1e-4, 1e-8);
    is("distorted", "sinad_worst_db", 20.0 * (200.0 / 0.9_f64).log10(), 0.01);
    is("leaking", "alias_db", 80.0, 1e-3);
    is("leaking", "spur_db", 80.0, 1e-3);
    let table = done(&folder, "quality --files signals --preset fast");
    assert!(table.contains("\nleaking; pass band 0.9\n") && table.starts_with("fast: "), "{table}");
    // The reason why there is no GPU is a sentence of any length.
    let mut rows = table.lines().filter(|line| !line.starts_with("no GPU: "));
    assert!(rows.all(|line| line.chars().count() <= 120), "{table}");
}

#[test]
fn unusable_signals_are_refused_in_one_line() {
    let folder = TempDir::new().unwrap();
    let refused = |command: &str, reason: &str| {
        let (code, stdout, stderr) = run(&folder, command);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (2, "", 1), "{command}: {stderr}");
        assert!(stderr.contains(reason), "{command}: {stderr}");
    };
    refused("quality --files nowhere", "write the signals first");
    refused("quality --orig-freq 7 --rate 7", "nothing to measure");
    refused("quality --orig-freq 4000000000 --rate 7", "are measured");
    outputs(&folder, "not a number", |_, samples| samples[PERIOD] = f64::NAN);
    refused("quality --files signals", "contains NaN");
    fs::remove_dir_all(folder.path().join("signals/not a number")).unwrap();
    refused("quality --files signals", "no folders of outputs");
    outputs(&folder, "short", |_, samples| samples.truncate(PERIOD));
    refused("quality --files signals", "at least 6000 are needed");
    fs::remove_file(folder.path().join("signals/short/3_2.npy")).unwrap();
    refused("quality --files signals", "no outputs for the rates");
    save(&folder.path().join("signals/short/3_2.npy"), &[vec![0.0; 10_000]]);
    refused("quality --files signals", "1 rows instead of");
    fs::write(folder.path().join("signals/signals.json"), r#"{"pass_band": 7.0, "pairs": [[3, 2]]}"#).unwrap();
    refused("quality --files signals", "out of range");
}
