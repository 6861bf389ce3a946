//! Names and defaults.

use polyphase::{CpuResampler, DEFAULT_BETA, Error, Plan, Preset, ResampleOptions, Window};

#[test]
fn defaults_are_torchaudios() {
    let options = ResampleOptions::default();
    assert_eq!((options.lowpass_filter_width, options.rolloff, options.window), (6.0, 0.99, Window::Hann));
    assert_eq!(Window::KAISER, Window::Kaiser { beta: 14.769656459379492 });
    assert_eq!(Preset::default().options(), options);
}

#[test]
fn presets_have_their_published_numbers() {
    for (name, width, rolloff, beta) in [
        ("kaiser_best", 64.0, 0.9475937167399596, 14.769656459379492),
        ("kaiser_fast", 16.0, 0.85, 8.555504641634386),
        ("resampy_kaiser_best", 50.0 * 0.9173473712608761, 0.9173473712608761, 12.984585251213232),
        ("resampy_kaiser_fast", 24.0 * 0.8682120388377784, 0.8682120388377784, 9.90322),
    ] {
        let options = name.parse::<Preset>().unwrap().options();
        assert_eq!(options.lowpass_filter_width, width, "{name}");
        assert_eq!(options.rolloff, rolloff, "{name}");
        assert_eq!(options.window, Window::Kaiser { beta }, "{name}");
    }
    assert_eq!(ResampleOptions::kaiser_best(), Preset::KaiserBest.options());
    assert_eq!(ResampleOptions::kaiser_fast(), Preset::KaiserFast.options());
}

#[test]
fn qualities_out_of_range_are_refused() {
    for (preset, stop_band_db, pass_band) in
        [(Preset::Fast, 80.0, 0.8), (Preset::High, 120.0, 0.913), (Preset::Best, 150.0, 0.95)]
    {
        assert_eq!(preset.designed_for(), Some((stop_band_db, pass_band)));
        assert_eq!(ResampleOptions::quality(stop_band_db, pass_band), Ok(preset.options()));
    }
    assert_eq!(Preset::KaiserBest.designed_for(), None);
    let refused = |stop_band_db, pass_band, field: &str| {
        let error = ResampleOptions::quality(stop_band_db, pass_band).unwrap_err();
        assert!(matches!(error, Error::Option { field: actual, .. } if actual == field), "{error}");
    };
    for stop_band_db in [49.9, 200.1, -80.0, f64::NAN, f64::INFINITY] {
        refused(stop_band_db, 0.8, "stop_band_db");
    }
    for pass_band in [0.74, 1.0, 1.5, -0.9, f64::NAN] {
        refused(80.0, pass_band, "pass_band");
    }
    let error = ResampleOptions::quality(80.0, 1.0).unwrap_err();
    assert_eq!(error.to_string(), "pass_band is 1: it must be at least 0.75 and below 1");
    // A valid quality may need a wider filter than a plan allows.
    let options = ResampleOptions::quality(200.0, 0.999).unwrap();
    assert!(matches!(Plan::new(2, 1, options), Err(Error::Option { field: "lowpass_filter_width", .. })));
}

#[test]
fn names_parse_and_print() {
    for preset in Preset::ALL {
        assert_eq!(preset.to_string().parse(), Ok(preset));
    }
    for name in ["hann", "sinc_interp_hann", "sinc_interpolation"] {
        assert_eq!(name.parse(), Ok(Window::Hann));
    }
    for name in ["kaiser", "sinc_interp_kaiser", "kaiser_window"] {
        assert_eq!(name.parse(), Ok(Window::Kaiser { beta: DEFAULT_BETA }));
    }
    for name in ["default", "torchaudio"] {
        assert_eq!(name.parse(), Ok(Preset::Default));
    }
    let error = "kaiser_bset".parse::<Preset>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown preset `kaiser_bset`: it must be one of default, kaiser_best, kaiser_fast, resampy_kaiser_best, \
         resampy_kaiser_fast, fast, high, best, torchaudio"
    );
    assert!(matches!("box".parse::<Window>(), Err(Error::UnknownName { what: "window", .. })));
}

#[test]
fn equal_rates_return_the_samples() {
    let clip = [0.1_f32, -0.0, f32::NAN, f32::INFINITY, 1e-40];
    for rate in [1, 48_000, u32::MAX] {
        let output = polyphase::resample(&clip, rate, rate).unwrap();
        assert_eq!(output.map_bits(), clip.to_vec().map_bits());
    }
    assert_eq!(Plan::new(7, 7, ResampleOptions::default()).unwrap().look_ahead(), 0);
    // No filter is designed, so that none can be too large.
    let extreme = ResampleOptions::default().lowpass_filter_width(4096.0).rolloff(1e-300);
    assert_eq!(polyphase::resample_with(&clip[..2], 7, 7, extreme).unwrap(), clip[..2]);
}

#[test]
fn plans_print_in_a_few_lines() {
    let plan = Plan::new(48_000, 44_100, ResampleOptions::default()).unwrap();
    // With a bank for each kind of sample.
    let cpu = CpuResampler::new();
    assert_eq!(
        (cpu.resample(&plan, &[0.0_f32]), cpu.resample(&plan, &[0.0_f64; 480])),
        (Ok(vec![0.0]), Ok(vec![0.0; 441]))
    );
    let printed = format!("{plan:?}");
    assert!(printed.contains("phases: 147") && printed.contains("f32_bank: Exact(PhaseBlocks { blocks: "), "{printed}");
    assert!(printed.contains("f64_blocks: OnceLock(Some(PhaseBlocks { blocks: ") && printed.len() < 1000, "{printed}");
}

trait MapBits {
    fn map_bits(&self) -> Vec<u32>;
}

impl MapBits for Vec<f32> {
    fn map_bits(&self) -> Vec<u32> {
        self.iter().map(|sample| sample.to_bits()).collect()
    }
}
