"""Makes other resamplers' outputs of the test signals, for `polyphase quality --files`.

    pip install torch==2.11.0 torchaudio==2.11.0 soxr resampy samplerate scipy numpy
    polyphase quality --write-signals DIR
    python peers.py DIR
    cargo run --release --example rubato_files -- DIR
    polyphase quality --files DIR --preset high --preset best

Everything is computed in float32 unless the name says float64. A peer that is not installed is left out, and said.
"""
import importlib, importlib.metadata, json, math, pathlib, sys
import numpy as np

DIR = pathlib.Path(sys.argv[1])
PAIRS = json.load(open(DIR / "signals.json"))["pairs"]

KAISER_BEST = dict(lowpass_filter_width=64, rolloff=0.9475937167399596, resampling_method="sinc_interp_kaiser", beta=14.769656459379492)

def torchaudio(x, orig, new, **options):
    import torch, torchaudio.functional as functional
    return functional.resample(torch.from_numpy(x), orig, new, **options).numpy()

def soxr(x, orig, new, quality):
    import soxr
    return np.stack([soxr.resample(row, orig, new, quality) for row in x])

def resampy(x, orig, new, filter):
    import resampy
    return resampy.resample(x, orig, new, filter=filter, axis=-1)

def samplerate(x, orig, new, converter):
    import samplerate
    return np.stack([samplerate.resample(row, new / orig, converter) for row in x])

def scipy(x, orig, new):
    from scipy.signal import resample_poly
    divisor = math.gcd(orig, new)
    return resample_poly(x, new // divisor, orig // divisor, axis=-1)

def double(x): return x
def single(x): return x.astype(np.float32)

# name: package, function, its options, samples
PEERS = {
    "torchaudio default": ("torchaudio", torchaudio, {}, single),
    "torchaudio kaiser_best": ("torchaudio", torchaudio, KAISER_BEST, single),
    "soxr HQ": ("soxr", soxr, dict(quality="HQ"), single),
    "soxr VHQ": ("soxr", soxr, dict(quality="VHQ"), single),
    "soxr VHQ float64": ("soxr", soxr, dict(quality="VHQ"), double),
    "resampy kaiser_best": ("resampy", resampy, dict(filter="kaiser_best"), single),
    "libsamplerate best": ("samplerate", samplerate, dict(converter="sinc_best"), single),
    "scipy resample_poly": ("scipy", scipy, {}, single),
}

for name, (package, resample, options, samples) in PEERS.items():
    try:
        importlib.import_module(package)
    except ImportError as error:
        print(f"left out: {name}: {error}")
        continue
    folder = DIR / name
    folder.mkdir(exist_ok=True)
    for orig, new in PAIRS:
        x = samples(np.load(DIR / f"{orig}_{new}.npy"))
        y = resample(x, orig, new, **options)
        # The noise is the last row.
        back = resample(y[-1:], new, orig, **options)
        assert y.dtype == x.dtype and back.dtype == x.dtype, (name, y.dtype, back.dtype)
        np.save(folder / f"{orig}_{new}.npy", np.ascontiguousarray(y))
        np.save(folder / f"{orig}_{new}.back.npy", np.ascontiguousarray(back))
    print(f"{name}: {package} {importlib.metadata.version(package)}")
