//! Arrays as inputs and outputs.

use ndarray::{Array, IxDyn, ShapeBuilder};
use polyphase::{CpuResampler, Plan, Preset};
use tempfile::TempDir;

use super::done;
use super::files::{read_npy, read_wav, write_npy};
use crate::signals::{noise, noise_f32};

#[test]
fn arrays_of_any_rank_type_and_order() {
    let folder = TempDir::new().unwrap();
    let cpu = CpuResampler::new();
    let plan = Plan::new(3, 2, Preset::High.options()).unwrap();
    for (name, shape) in [("one", vec![700]), ("two", vec![3, 700]), ("four", vec![2, 1, 3, 200]), ("none", vec![2, 0])]
    {
        let len = shape.iter().product();
        let double = Array::from_shape_vec(IxDyn(&shape), noise(1, len)).unwrap();
        let single = double.mapv(|sample| sample as f32);
        let integers = double.mapv(|sample| (sample * 32767.0) as i16);
        write_npy(&folder.path().join(format!("{name}-f64.npy")), &double);
        write_npy(&folder.path().join(format!("{name}-f32.npy")), &single);
        write_npy(&folder.path().join(format!("{name}-i16.npy")), &integers);
        done(&folder, "resample . --orig-freq 3 --rate 2 --overwrite --no-dither");
        let resampled = |type_name: &str| folder.path().join(format!("resampled/{name}-{type_name}.npy"));
        assert_eq!(read_npy::<f64>(&resampled("f64")), cpu.resample_tensor(&plan, &double).unwrap());
        assert_eq!(read_npy::<f32>(&resampled("f32")), cpu.resample_tensor(&plan, &single).unwrap());
        let expected = cpu.resample_tensor(&plan, &integers.mapv(|sample| f32::from(sample) / 32768.0)).unwrap();
        let expected = expected.mapv(|sample| (sample * 32768.0).round_ties_even().clamp(-32768.0, 32767.0) as i16);
        assert_eq!(read_npy::<i16>(&resampled("i16")), expected);
    }
    // Equal rates keep every bit. 32-bit integers are read too.
    let sixteen = Array::from_vec((i16::MIN..=i16::MAX).collect::<Vec<_>>()).into_dyn();
    let wide = Array::from_vec(vec![i32::MIN, -3, 0, 5 << 20, i32::MAX]).into_dyn();
    write_npy(&folder.path().join("sixteen.npy"), &sixteen);
    write_npy(&folder.path().join("wide.npy"), &wide);
    done(&folder, "resample sixteen.npy --orig-freq 3 --rate 3");
    done(&folder, "resample wide.npy --orig-freq 3 --rate 3 --precision f64");
    assert_eq!(read_npy::<i16>(&folder.path().join("resampled/sixteen.npy")), sixteen);
    assert_eq!(read_npy::<i32>(&folder.path().join("resampled/wide.npy")), wide);
    // Fortran order.
    let fortran = Array::from_shape_vec((3, 50).f(), noise_f32(2, 150)).unwrap().into_dyn();
    write_npy(&folder.path().join("fortran.npy"), &fortran);
    done(&folder, "resample fortran.npy --orig-freq 3 --rate 2");
    assert_eq!(
        read_npy::<f32>(&folder.path().join("resampled/fortran.npy")),
        cpu.resample_tensor(&plan, &fortran).unwrap()
    );
    // An array of (channels, time) can be written as audio.
    done(&folder, "resample fortran.npy --orig-freq 48000 --rate 32000 --format wav");
    let wav = read_wav(&folder.path().join("resampled/fortran.wav"));
    assert_eq!((wav.channels, wav.rate), (3, 32_000));
    let expected = cpu.resample_tensor(&plan, &fortran).unwrap();
    assert!(wav.samples.iter().map(|&sample| sample as f32).eq(expected.t().iter().copied()));
}
