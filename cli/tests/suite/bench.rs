//! `polyphase bench`, with as few runs as possible.

use super::polyphase;

#[test]
fn bench_measures_every_row_of_the_tutorials_table() {
    let quick = ["bench", "--repeat", "1", "--clips", "1", "--threads", "1"];
    let output = polyphase(&[&quick[..], &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
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
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!report["gpu"].as_str().unwrap().is_empty(), "{}", report["gpu"]);
    for row in report["rows"].as_array().unwrap() {
        let cell = &row["columns"][3];
        assert_eq!(cell["name"], "GPU batch");
        assert!(cell["milliseconds"].as_f64().unwrap() > 0.0 && cell["share_of_limit"].is_null(), "{cell}");
    }
}
