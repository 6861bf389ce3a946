"""Times of loading recordings beside librosa and torchcodec: `python -m polyphase.bench_load`.

Folders of WAV, FLAC and MP3 files are loaded as one channel at 16 kHz, by `polyphase.load`, by `librosa.load` (its
default, soxr_hq) and by torchcodec. The contenders load each recording in turn on one core, and the shortest time of
each counts. Contenders and formats that are not installed are named and left out.

Columns: milliseconds for all recordings of a format; how many seconds of audio are loaded in a second; how many times
as long as polyphase it takes.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

import polyphase
from polyphase.bench import installed

RATE = 16_000

# Rates and numbers of channels of the recordings, in turn.
KINDS = ((44_100, 2), (48_000, 1), (22_050, 1), (48_000, 2))

ENCODERS = {
    "flac": ["-c:a", "flac", "-sample_fmt", "s16"],
    "mp3": ["-c:a", "libmp3lame", "-b:a", "128k"],
}

Load = Callable[[str], NDArray[np.float32]]


def voice(seed: int, seconds: float, rate: int, channels: int) -> NDArray[np.float64]:
    """A signal like a voice: harmonics of a gliding pitch in syllables, above the noise of a room."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    pitch = random.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * random.uniform(0.2, 0.7) * t))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    syllables = np.sin(2 * np.pi * random.uniform(1, 2.5) * t) ** 2
    harmonics = (np.sin(k * phase + random.uniform(0, 6)) / k**1.2 for k in range(1, 30))
    x: NDArray[np.float64] = 0.15 * syllables * np.sum(list(harmonics), axis=0)
    return x * random.uniform(0.7, 1, (channels, 1)) + 1e-3 * random.standard_normal((channels, len(t)))


def make(folder: Path, count: int, seconds: float) -> dict[str, list[str]]:
    """Writes recordings, and returns their paths by format."""
    paths: dict[str, list[str]] = {}
    for seed in range(count):
        rate, channels = KINDS[seed % len(KINDS)]
        wav = folder / f"{seed:03}.wav"
        samples = voice(seed, seconds * (0.5 + seed % 5 / 4), rate, channels)
        polyphase.save(wav, samples, rate, sample_format="i16")
        paths.setdefault("wav", []).append(str(wav))
        for container, arguments in ENCODERS.items():
            path = str(wav.with_suffix(f".{container}"))
            command = ["ffmpeg", "-v", "error", "-y", "-i", str(wav), *arguments, path]
            try:
                subprocess.run(command, check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError) as error:
                if seed == 0:
                    print(f"left out: {container} (ffmpeg does not write it: {error})")
            else:
                paths.setdefault(container, []).append(path)
    return paths


def contenders(modules: dict[str, ModuleType]) -> dict[str, Load]:
    """The contenders that are installed."""
    found: dict[str, Load] = {"polyphase": with_polyphase}
    if "librosa" in modules:
        librosa = modules["librosa"]

        def with_librosa(path: str) -> NDArray[np.float32]:
            samples: NDArray[np.float32] = librosa.load(path, sr=RATE, mono=True)[0]
            return samples

        found["librosa"] = with_librosa
    if "torchcodec.decoders" in modules:
        decoder: Any = modules["torchcodec.decoders"]

        def with_torchcodec(path: str) -> NDArray[np.float32]:
            audio = decoder.AudioDecoder(path, sample_rate=RATE, num_channels=1)
            samples: NDArray[np.float32] = audio.get_all_samples().data[0].numpy()
            return samples

        found["torchcodec"] = with_torchcodec
    return found


def with_polyphase(path: str) -> NDArray[np.float32]:
    """This package's call."""
    samples, _ = polyphase.load(path, sr=RATE, mono=True)
    return samples.astype(np.float32, copy=False)


def measure(loads: dict[str, Load], paths: list[str], repeats: int) -> tuple[dict[str, float], float]:
    """Seconds that each contender takes for all recordings, and the seconds of audio in them."""
    totals = dict.fromkeys(loads, 0.0)
    audio = 0.0
    for path in paths:
        best = dict.fromkeys(loads, math.inf)
        lengths = []
        for _ in range(repeats):
            for name, load in loads.items():
                begin = time.perf_counter()
                samples = load(path)
                best[name] = min(best[name], time.perf_counter() - begin)
                lengths.append(len(samples))
        # Encoders' delays are cut off by some decoders only.
        if max(lengths) - min(lengths) > RATE // 8:
            raise RuntimeError(f"{path}: the contenders load {sorted(set(lengths))} samples")
        audio += lengths[0] / RATE
        for name, seconds in best.items():
            totals[name] += seconds
    return totals, audio


def main(arguments: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Runs the bench, prints its table, and returns how many times as long as polyphase each contender takes."""
    parser = argparse.ArgumentParser(prog="python -m polyphase.bench_load", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="recordings of each format")
    parser.add_argument("--seconds", type=float, default=8.0, help="mean length of a recording")
    parser.add_argument("--repeats", type=int, default=3, help="loads of each recording, of which the fastest counts")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    modules = installed(("torch", "librosa", "torchcodec", "torchcodec.decoders"))
    versions = ", ".join(f"{name} {modules[name].__version__}" for name in modules if "." not in name)
    loads = contenders(modules)
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    ratios: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        formats = make(Path(folder), chosen.count, chosen.seconds)
        print(f"polyphase {polyphase.__version__}, {versions}; one core")
        print(f"{'':20}{'ms':>10}{'audio s/s':>12}{'ratio':>8}")
        if cores is not None:
            os.sched_setaffinity(0, {min(cores)})
        try:
            for name, paths in formats.items():
                measure(loads, paths[:4], 1)
                totals, audio = measure(loads, paths, chosen.repeats)
                ratios[name] = {other: seconds / totals["polyphase"] for other, seconds in totals.items()}
                for other, seconds in totals.items():
                    ratio = ratios[name][other]
                    print(f"{name:6}{other:14}{seconds * 1e3:>10.1f}{audio / seconds:>12.0f}{ratio:>8.2f}")
        finally:
            if cores is not None:
                os.sched_setaffinity(0, cores)
    return ratios


if __name__ == "__main__":
    main()
