//! `polyphase bench`, with as few runs as possible.

use std::process::Command;

use polyphase::{AdapterKind, list_adapters};
use polyphase_checks::skips::skipped;
use serde_json::Value;

use super::polyphase;

#[test]
fn bench_measures_every_row_of_the_tutorials_table() {
    let quick = ["bench", "--repeat", "1", "--clips", "1", "--threads", "1"];
    let output = polyphase(&[&quick[..], &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["machine"]["threads"], 1);
    assert!(report["machine"]["flops"].as_f64().unwrap() > 1e8);
    assert!(report["machine"]["copied_bytes"].as_f64().unwrap() > 1e7);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 16);
    for row in rows {
        let names: Vec<_> =
            row["columns"].as_array().unwrap().iter().map(|cell| cell["name"].as_str().unwrap()).collect();
        assert_eq!(names[..3], ["one-line", "planned", "batch"]);
        for cell in &row["columns"].as_array().unwrap()[..3] {
            let [milliseconds, speed, share] =
                ["milliseconds", "times_real_time", "share_of_limit"].map(|field| cell[field].as_f64().unwrap());
            assert!((milliseconds * speed - 1000.0).abs() < 1e-6, "{cell}");
            // A share of 2 would mean that the limit is wrong.
            assert!(share > 0.0 && share < 2.0, "{cell}");
        }
    }

    assert!(report["gpu"].is_string() != report["no_gpu"].is_string(), "{report}");

    let output = polyphase(&quick);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.lines().filter(|line| line.contains('→')).count(), 16, "{table}");
    assert!(table.lines().next().unwrap().contains("GFLOP/s"), "{table}");
}

/// A GPU, which may be in software, has a column of its own, without a share of the CPU's limit.
#[test]
fn bench_measures_a_gpu_where_there_is_one() {
    if !crate::gpu::adapter() {
        return;
    }
    let output = polyphase(&["bench", "--repeat", "1", "--clips", "1", "--allow-software", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!report["gpu"].as_str().unwrap().is_empty(), "{}", report["gpu"]);
    for row in report["rows"].as_array().unwrap() {
        let cell = &row["columns"][3];
        assert_eq!(cell["name"], "GPU batch");
        assert!(cell["milliseconds"].as_f64().unwrap() > 0.0 && cell["share_of_limit"].is_null(), "{cell}");
    }
}

fn assert_positive(object: &Value, members: &[&str]) {
    for member in members {
        assert!(object[member].as_f64().is_some_and(|value| value > 0.0), "{member} of {object}");
    }
}

/// Every pair, filter and sample type has a row, and the report names the adapter. The program compares its results
/// with those of the CPU.
#[test]
fn bench_gpu_measures_every_case() {
    if !crate::gpu::adapter() {
        return;
    }
    let quick = ["bench", "--gpu", "--allow-software", "--clips", "2", "--repeat", "1"];
    let output = polyphase(&[&quick[..], &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let date = report["date"].as_str().unwrap();
    assert!(date.len() == 10 && date > "2026-01-01", "{date}");
    for member in ["name", "kind", "backend", "driver"] {
        assert!(!report["adapter"][member].as_str().unwrap().is_empty(), "{}", report["adapter"]);
    }
    assert!(["timestamps", "clock"].contains(&report["timed_by"].as_str().unwrap()));
    assert_positive(&report["cpu"], &["threads"]);
    let rates = ["buffer_copy_bytes_per_second", "shader_copy_bytes_per_second", "multiply_adds_per_second"];
    assert_positive(&report["peaks"], &rates);
    assert_positive(&report["peaks"], &["copied_buffer_bytes"]);
    let calls = ["first_prepare_milliseconds", "prepare_milliseconds", "small_call_milliseconds"];
    assert_positive(&report["calls"], &calls);

    let rows = report["resident"].as_array().unwrap();
    assert_eq!(rows.len(), 6 * 3 * 2);
    for row in rows {
        assert_positive(row, &["taps", "milliseconds", "limit_milliseconds"]);
        assert!(["memory", "arithmetic"].contains(&row["limited_by"].as_str().unwrap()), "{row}");
        let [clips, milliseconds, speed, share] =
            ["clips", "milliseconds", "times_real_time", "share_of_limit"].map(|member| row[member].as_f64().unwrap());
        assert!((1.0..=2.0).contains(&clips), "{row}");
        assert!((speed * milliseconds / (clips * 1e4) - 1.0).abs() < 1e-9, "{row}");
        let worst = row["worst_difference"].as_f64().unwrap();
        assert!((0.0..=if row["samples"] == "f32" { 2e-6 } else { 1.0 / 32_768.0 }).contains(&worst), "{row}");
        // So few samples may lie in a cache, which is faster than memory.
        assert!(share > 0.0 && share < 20.0, "{row}");
    }
    let cases: std::collections::BTreeSet<_> = rows
        .iter()
        .map(|row| ["filter", "orig_freq", "new_freq", "samples"].map(|member| row[member].to_string()))
        .collect();
    assert_eq!(cases.len(), rows.len());

    let trips = report["round_trip"].as_array().unwrap();
    assert_eq!(trips.len(), 2 * 3 * 2);
    for trip in trips {
        assert_positive(trip, &["clips", "gpu_milliseconds", "cpu_milliseconds"]);
        assert_positive(trip, &["gpu_times_real_time", "cpu_times_real_time"]);
    }

    let table = String::from_utf8(polyphase(&quick).stdout).unwrap();
    assert!(table.starts_with(report["adapter"]["name"].as_str().unwrap()), "{table}");
    assert_eq!(table.lines().filter(|line| line.contains("00 → ")).count(), 36 + 12, "{table}");
}

/// A bench of a GPU that is not there, or that computes in software, is an error that says why.
#[test]
fn bench_gpu_is_refused_without_a_gpu() {
    let refusal = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_polyphase"));
        program.args(["bench", "--gpu"]).args(arguments).envs(variables.iter().copied());
        let output = program.output().unwrap();
        assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let no_driver = [("WGPU_BACKEND", "vulkan"), ("VK_DRIVER_FILES", "/dev/null"), ("VK_ICD_FILENAMES", "/dev/null")];
    let stderr = refusal(&["--allow-software", "--json"], &no_driver);
    assert!(stderr.contains("there is no adapter"), "{stderr}");

    let stderr = refusal(&["--allow-software", "--adapter", "no such adapter"], &[]);
    assert!(stderr.contains("no GPU: "), "{stderr}");

    let adapters = list_adapters();
    if !adapters.is_empty() && adapters.iter().all(|adapter| adapter.kind == AdapterKind::Software) {
        let stderr = refusal(&[], &[]);
        assert!(stderr.contains("in software") && stderr.contains("--allow-software"), "{stderr}");
    } else {
        skipped("POLYPHASE_REQUIRE_SOFTWARE_GPU", "machine with only software adapters");
    }
}
