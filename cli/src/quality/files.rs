//! Reads and writes the files of test signals and of other resamplers' outputs.
//!
//! ```text
//! DIR/signals.json            pass band and pairs of rates
//! DIR/A_B.npy                 signals for the rates A to B, of shape (signals, time), in float64
//! DIR/NAME/A_B.npy            output of the resampler NAME: every signal resampled to B
//! DIR/NAME/A_B.back.npy       output of the resampler NAME: the last row of A_B.npy resampled back to A
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use polyphase::ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use polyphase_audio::SampleFormat;
use polyphase_audio::files::Temporary;
use polyphase_audio::npy::{self, Array};

use super::measure::Outputs;
use super::signals::Signals;

/// Contents of `signals.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) pass_band: f64,
    pub(crate) pairs: Vec<(u32, u32)>,
}

const MANIFEST: &str = "signals.json";

/// Writes the signals into a folder.
pub(crate) fn write(folder: &Path, manifest: &Manifest) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for &(orig_freq, new_freq) in &manifest.pairs {
        let signals = Signals::new(orig_freq, new_freq, manifest.pass_band);
        let all = signals.all();
        let samples: Vec<f64> = all.iter().flat_map(|&signal| signals.samples(signal)).collect();
        let path = folder.join(format!("{orig_freq}_{new_freq}.npy"));
        let write = || {
            let file = Temporary::new(folder)?;
            let shape = [all.len(), signals.len()];
            npy::write(file.writer()?, &shape, &samples, SampleFormat::F64, false)?;
            Ok::<(), anyhow::Error>(file.publish(&path, true)?)
        };
        write().with_context(|| path.display().to_string())?;
    }
    let path = folder.join(MANIFEST);
    fs::write(&path, serde_json::to_string_pretty(manifest)?).with_context(|| path.display().to_string())
}

/// Reads the manifest of a folder.
pub(crate) fn read_manifest(folder: &Path) -> Result<Manifest> {
    let path = folder.join(MANIFEST);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("{}: write the signals first, with --write-signals", path.display()))?;
    let manifest: Manifest = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let rates_are_valid = manifest.pairs.iter().all(|&(orig_freq, new_freq)| orig_freq > 0 && new_freq > 0);
    ensure!(
        super::PASS_BANDS.contains(&manifest.pass_band) && rates_are_valid,
        "{}: the pass band or a rate is out of range",
        path.display()
    );
    Ok(manifest)
}

/// Returns the names of the resamplers with their folders.
pub(crate) fn resamplers(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            found.push((name, path));
        }
    }
    ensure!(!found.is_empty(), "{}: there are no folders of outputs", folder.display());
    found.sort();
    Ok(found)
}

/// Reads the outputs of a resampler; `None` if it has no file for these rates.
pub(crate) fn outputs(folder: &Path, signals: &Signals) -> Result<Option<Outputs>> {
    let name = format!("{}_{}", signals.orig_freq, signals.new_freq);
    let path = folder.join(format!("{name}.npy"));
    if !path.exists() {
        return Ok(None);
    }
    let rows = rows(&path)?;
    let expected = signals.all().len();
    ensure!(rows.len() == expected, "{}: {} rows instead of {expected}", path.display(), rows.len());
    let path = folder.join(format!("{name}.back.npy"));
    let Ok([round_trip]) = <[Vec<f64>; 1]>::try_from(self::rows(&path)?) else {
        bail!("{}: there must be exactly one row", path.display())
    };
    Ok(Some(Outputs { resampled: rows, round_trip }))
}

/// Reads the rows of an array of floats, whose last axis is time.
fn rows(path: &Path) -> Result<Vec<Vec<f64>>> {
    let array: ArrayD<f64> = match npy::read(path).with_context(|| path.display().to_string())? {
        Array::F16(array) => array.mapv(f64::from),
        Array::F32(array) => array.mapv(f64::from),
        Array::F64(array) => array,
        Array::I16(_) | Array::I32(_) => bail!("{}: the samples are integers: they must be floats", path.display()),
    };
    ensure!(array.ndim() > 0, "{}: the array has no dimensions", path.display());
    Ok(array.rows().into_iter().map(|row| row.to_vec()).collect())
}
