//! [`described`]: the settings that the samples depend on, as text, by which `--resume` tells whether an output is still
//! wanted.

use std::fmt::Write;

use polyphase::ResampleOptions;
use polyphase_audio::{Channels, Level};

use super::args::{Args, Precision};
use crate::filter_args::FilterRow;

/// Number of the samples that the program computes. It is raised whenever the same settings give other samples than
/// before, apart from the last bits, which depend on the machine too.
const SAMPLES: u32 = 1;

/// All settings that the samples depend on: `samples 1, rate 16000, width 6, rolloff 0.99, hann, …`.
///
/// A new option adds its text only if it is given, so that outputs of earlier versions still count.
pub(super) fn described(args: &Args, options: &ResampleOptions) -> String {
    let output = &args.output;
    let mut text = format!("samples {SAMPLES}, rate {}, {}", output.rate, FilterRow::from(*options));
    let mut add = |name: &str, value: &dyn std::fmt::Display| {
        let _ = write!(text, ", {name} {value}");
    };
    add("padding", &options.padding);
    add("length", &args.filter.output_length_text());
    add("bank", &format!("{} MiB", args.filter.max_filter_mib()));
    if options.normalize_phases {
        add("phases", &"normalized");
    }
    if let Some(orig_freq) = args.input.orig_freq {
        add("orig-freq", &orig_freq);
    }
    if let Some(raw) = args.input.raw {
        add("raw", &raw);
    }
    if let Some(axis) = args.input.axis {
        add("axis", &axis);
    }
    match args.channels.channels() {
        Channels::All => {}
        Channels::Pick(picked) => {
            let picked: Vec<_> = picked.iter().map(ToString::to_string).collect();
            add("channels", &picked.join("+"));
        }
        channels => add("channels", &format!("{channels:?}").to_lowercase()),
    }
    match args.channels.level() {
        Level::Headroom(decibels) => add("headroom", &decibels),
        Level::NormalizePeak(decibels) => add("peak", &decibels),
        _ => {}
    }
    if let Some(container) = output.format.0 {
        add("format", &container);
    }
    if let Some(format) = output.sample_format.0 {
        add("sample-format", &format);
    }
    if output.no_dither {
        add("dither", &"none");
    }
    match args.speed.precision {
        None => {}
        Some(Precision::F32) => add("precision", &"f32"),
        Some(Precision::F64) => add("precision", &"f64"),
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn of(command: &str) -> String {
        let args = Cli::parse_from(["resample"].into_iter().chain(command.split_whitespace())).args;
        described(&args, &args.filter.options().expect("options within the ranges"))
    }

    /// These texts are in the records of earlier runs. If one changes, their outputs no longer count.
    #[test]
    fn the_text_is_stable() {
        assert_eq!(
            of("a.wav -r 16000 --preset torchaudio"),
            "samples 1, rate 16000, width 6, rolloff 0.99, hann, padding zero, length ceil, bank 64 MiB"
        );
        assert_eq!(
            of(
                "a.wav -r 11025.50 --preset kaiser_best --normalize-phases --padding edge --output-length 7 --orig-freq 8000 \
                --format flac --sample-format i24 --no-dither --precision f64"
            ),
            "samples 1, rate 11025.5, width 64, rolloff 0.9475937167399596, kaiser, beta 14.769656459379492, padding edge, \
             length 7, bank 64 MiB, phases normalized, orig-freq 8000, format flac, sample-format i24, dither none, \
             precision f64"
        );
        let text = of("a.raw -r 16000 --raw s16le,2,44100 --mono --headroom 3 --axis 0");
        assert!(text.ends_with("bank 64 MiB, raw s16le,2,44100, axis 0, channels mono, headroom 3"), "{text}");
        let text = of("a.wav -r 16000 --pick 2,1 --normalize-peak");
        assert!(text.ends_with("bank 64 MiB, channels 2+1, peak -1"), "{text}");
        // Options that the samples do not depend on.
        assert_eq!(of("a.wav -r 16000 --threads 3 --quiet --overwrite --out x --backend cpu"), of("b.wav -r 16000"));
    }
}
