//! The program on the GPU: outputs within tolerance of those of the CPU, and the choice of a backend.

use std::fs;

use polyphase::ndarray::Array3;
use polyphase::wgpu;
use polyphase_checks::skips::skipped;
use tempfile::TempDir;

use super::files::{read_npy, read_wav, wav_bytes, write_npy};
use super::{RECORD, data, run};
use crate::signals::noise_f32;

/// True if there is an adapter. Without one the test is skipped, or fails with `POLYPHASE_REQUIRE_GPU=1`.
pub(crate) fn adapter() -> bool {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let found = !pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all())).is_empty();
    if !found {
        skipped("POLYPHASE_REQUIRE_GPU", "GPU adapter");
    }
    found
}

/// Files of 0 to 3 s at five rates, and recordings: in batches on the GPU, one by one on the CPU.
#[test]
fn the_gpu_writes_what_the_cpu_writes() {
    if !adapter() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let clips = folder.path().join("clips");
    fs::create_dir(&clips).unwrap();
    for (i, rate) in [8000, 11_025, 16_000, 44_100, 48_000].into_iter().cycle().take(100).enumerate() {
        let frames = i * i % 97 * rate as usize / 32;
        let samples = noise_f32(i as u64, 2 * frames);
        fs::write(clips.join(format!("{i:03}.wav")), wav_bytes(rate, 2, &samples)).unwrap();
    }
    for recording in ["speech-22050.wav", "stereo-44100.flac", "speech-vorbis-22050.ogg"] {
        fs::copy(data().join(recording), clips.join(recording)).unwrap();
    }
    let command = "resample clips --rate 16000 --sample-format f32 --format wav --preset kaiser_fast";
    let (code, summary, _) =
        run(&folder, &format!("{command} --out gpu --backend gpu --allow-software --json gpu.json"));
    assert_eq!(code, 0, "{summary}");
    assert!(summary.contains("103 files") && summary.contains("on the GPU ("), "{summary}");
    let report: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("gpu.json")).unwrap()).unwrap();
    assert_eq!(report["totals"]["backend"], "GPU");
    let (code, ..) = run(&folder, &format!("{command} --out cpu --backend cpu"));
    assert_eq!(code, 0);
    let mut compared = 0;
    for entry in fs::read_dir(folder.path().join("cpu")).unwrap() {
        let name = entry.unwrap().file_name();
        if name == RECORD {
            continue;
        }
        let (cpu, gpu) =
            (read_wav(&folder.path().join("cpu").join(&name)), read_wav(&folder.path().join("gpu").join(&name)));
        assert_eq!(
            (cpu.rate, cpu.channels, cpu.samples.len()),
            (gpu.rate, gpu.channels, gpu.samples.len()),
            "{name:?}"
        );
        assert!(cpu.samples.iter().zip(&gpu.samples).all(|(a, b)| (a - b).abs() < 2e-6), "{name:?}");
        compared += 1;
    }
    assert_eq!(compared, 103);
}

/// Integers without dither and arrays, which cross the bus as they are, and are counted in the report.
#[test]
fn integers_and_arrays_go_to_the_gpu() {
    if !adapter() {
        return;
    }
    let folder = TempDir::new().unwrap();
    // Loud enough to be clipped.
    let loud: Vec<f32> = noise_f32(7, 2 * 20_000).iter().map(|x| x * 1.5).collect();
    fs::write(folder.path().join("loud.wav"), wav_bytes(48_000, 2, &loud)).unwrap();
    let (code, ..) = run(&folder, "resample loud.wav --rate 48000 --out integers --sample-format i16 --no-dither");
    assert_eq!(code, 0);
    let array = Array3::from_shape_fn((2, 3, 5000), |(i, j, t)| noise_f32((3 * i + j) as u64, 5000)[t]);
    write_npy(&folder.path().join("integers/array.npy"), &array.into_dyn());
    let mut clipped = Vec::new();
    for backend in ["gpu --allow-software", "cpu"] {
        let out = &backend[..3];
        let command = format!("resample integers --rate 44100 --orig-freq 48000 --preset high --no-dither --out {out}");
        let (code, summary, stderr) = run(&folder, &format!("{command} --backend {backend} --json {out}.json"));
        assert_eq!(code, 0, "{summary}{stderr}");
        let report = fs::read(folder.path().join(format!("{out}.json"))).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        clipped.push(report["totals"]["clipped_samples"].as_u64().unwrap());
        assert_eq!(report["totals"]["backend"], out.to_uppercase());
        assert!(!summary.contains("clips on the CPU"), "{summary}");
    }
    let [gpu, cpu] = ["gpu", "cpu"].map(|out| folder.path().join(out));
    let [integers, expected] = [&gpu, &cpu].map(|out| read_wav(&out.join("loud.wav")).samples);
    assert_eq!(integers.len(), expected.len());
    // The floats differ by some 1e-7, which rounds a few of them to the next integer.
    let units = integers.iter().zip(&expected).map(|(a, b)| ((a - b) * 32_768.0).abs());
    let (differing, largest) =
        units.filter(|&unit| unit > 0.0).fold((0, 0.0_f64), |(n, max), unit| (n + 1, max.max(unit)));
    assert!(largest <= 1.0 && differing * 50 < expected.len(), "{differing} differ, by up to {largest}");
    assert!(clipped[1] > 100 && clipped[0].abs_diff(clipped[1]) < 20, "{clipped:?}");
    let [array, expected] = [&gpu, &cpu].map(|out| read_npy::<f32>(&out.join("array.npy")));
    assert_eq!(array.shape(), expected.shape());
    assert!(array.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 2e-6));
}

/// The backend of the option or of the environment is used, or refused with a reason before anything is written.
#[test]
fn the_choice_of_a_backend_is_reported() {
    if !adapter() {
        return;
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.wav"), wav_bytes(8000, 1, &noise_f32(1, 1000))).unwrap();
    let (code, summary, _) = run(&folder, "resample a.wav --rate 16000 --backend cpu");
    assert!(code == 0 && summary.contains("on the CPU (") && summary.contains("the CPU was asked for"), "{summary}");
    let (code, devices, _) = run(&folder, "devices");
    assert!(code == 0 && devices.starts_with("CPU: ") && devices.contains("self-test         passed"), "{devices}");
    let json: serde_json::Value = serde_json::from_str(&run(&folder, "devices --json").1).unwrap();
    let first = &json["adapters"][0];
    assert!(first["self_test_error"].is_null());
    // What the list shows is what the option takes.
    for adapter in [first["index"].to_string(), first["pci_id"].as_str().unwrap().to_owned()] {
        assert!(devices.contains(&adapter), "{devices}");
        let (code, summary, stderr) = run(
            &folder,
            &format!("resample a.wav --rate 16000 --out {adapter} --backend gpu --allow-software --adapter {adapter}"),
        );
        assert!(code == 0 && summary.contains("on the GPU ("), "{adapter}: {summary}{stderr}");
    }
    let (code, _, stderr) = run(&folder, "resample a.wav --rate 16000 --out none --backend gpu --adapter none-such");
    assert!(code == 2 && stderr.contains("no adapter matches `none-such`") && stderr.contains("0: "), "{stderr}");
    if json["adapters"].as_array().unwrap().iter().all(|adapter| adapter["kind"] == "software") {
        let (code, stdout, stderr) = run(&folder, "resample a.wav --rate 16000 --out none --backend gpu");
        assert!(code == 2 && stdout.is_empty() && stderr.contains("--allow-software"), "{stderr}");
        assert!(!folder.path().join("none").exists());
    } else {
        skipped("POLYPHASE_REQUIRE_SOFTWARE_GPU", "machine with only software adapters");
    }
    // For little work, no GPU is opened.
    let (code, summary, _) = run(&folder, "resample a.wav --rate 16000 --overwrite --preset kaiser_best");
    assert!(
        code == 0
            && summary.contains("on the CPU (")
            && (summary.contains("the CPU is faster") || summary.contains("too short to start a GPU")),
        "{summary}"
    );
    let with_environment = |value: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_polyphase"))
            .args(["resample", "a.wav", "--rate", "16000", "--overwrite", "--allow-software"])
            .env(polyphase::BACKEND_VARIABLE, value)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    assert!(String::from_utf8(with_environment("gpu").stdout).unwrap().contains("on the GPU ("));
    assert!(String::from_utf8(with_environment("cpu").stdout).unwrap().contains("on the CPU ("));
    let refused = with_environment("cuda");
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        String::from_utf8(refused.stderr).unwrap().contains("unknown backend `cuda`: it must be one of auto, cpu, gpu")
    );
}

/// On a machine without a display, Vulkan drivers print to stderr.
#[test]
fn drivers_print_nothing() {
    if !adapter() {
        return;
    }
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_polyphase"));
    let output = program.arg("devices").env_clear().output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
    assert!(String::from_utf8(output.stdout).unwrap().contains("self-test         passed"));
}
