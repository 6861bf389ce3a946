#!/usr/bin/env python3
"""soxr and torchaudio beside the rows of `cargo bench --bench peers`, of equal quality.

    python3 -m pip install numpy soxr torch torchaudio        (without torch, soxr alone)
    cargo bench --bench peers
    python3 benches/peers.py

| row | soxr | torchaudio |
|---|---|---|
| width 6 | QQ | `transforms.Resample`, its default |
| high | HQ: 120 dB, pass band 0.913 | |
| best | VHQ: 150 dB in float64, pass band 0.913 | |

Each resamples 10 s of one channel in float32 on one thread; soxr makes its resampler in each call. Prints milliseconds
for one second of audio, the least of many measurements, and how many times as fast polyphase is.
"""
import json, pathlib, time

import numpy as np
import soxr

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRITERION = ROOT / "target/criterion/peers"
PAIRS = [(48000, 44100), (16000, 8000), (44100, 48000), (8000, 16000), (48000, 16000), (44100, 16000)]
ROWS = {"width 6": "QQ", "high": "HQ", "best": "VHQ"}
SECONDS, BUDGET = 10, 1.0


def fastest(call):
    """Seconds of the fastest call, for one second of audio."""
    call()
    least, end = float("inf"), time.perf_counter() + BUDGET
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
    return least / SECONDS


def criterion(row, orig, new, name):
    """The least of criterion's samples of a row, for one second of audio; None if it was not measured."""
    path = CRITERION / f"{orig}-{new}_{row}" / name / "new/sample.json"
    if not path.exists():
        return None
    sample = json.loads(path.read_text())
    return min(time / iterations for time, iterations in zip(sample["times"], sample["iters"])) / 1e9 / SECONDS


def peers(row, orig, new, noise):
    yield f"soxr {ROWS[row]}", fastest(lambda: soxr.resample(noise, orig, new, quality=ROWS[row]))
    for name in ("rubato fft", "rubato async"):
        seconds = criterion(row, orig, new, name)
        if seconds:
            yield name, seconds
    if row == "width 6" and torchaudio:
        resample, tensor = torchaudio.transforms.Resample(orig, new), torch.from_numpy(noise)
        yield "torchaudio", fastest(lambda: resample(tensor))


try:
    import torch, torchaudio

    torch.set_num_threads(1)
except ImportError:
    torchaudio = None
    print("SKIPPED torchaudio: not installed")

ratios = {}
for row in ROWS:
    for orig, new in PAIRS:
        ours = criterion(row, orig, new, "polyphase")
        if ours is None:
            print(f"SKIPPED {row} at {orig}-{new}: not in {CRITERION}, which `cargo bench --bench peers` writes")
            continue
        noise = np.random.default_rng(1).uniform(-1, 1, SECONDS * orig).astype(np.float32)
        line = f"{orig:6}-{new:<6} {row:8} polyphase {1e3 * ours:.4f}"
        for name, seconds in peers(row, orig, new, noise):
            ratios.setdefault((row, name), []).append(seconds / ours)
            line += f"   {name} {1e3 * seconds:.4f} ({seconds / ours:.1f} ×)"
        print(line, flush=True)
for (row, name), values in ratios.items():
    mean = np.exp(np.mean(np.log(values)))
    print(f"{row}: {mean:.2f} times as fast as {name} in the geometric mean of {len(values)} pairs, at least {min(values):.2f}")
