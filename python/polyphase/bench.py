"""Times and errors beside other resamplers: `python -m polyphase.bench`.

The signals, the rates and the filters are those of torchaudio's audio resampling tutorial. The contenders of a row run
in turn, and the shortest time of each counts. Resamplers that are not installed are named and left out.

Columns: milliseconds of one call; `error`, the signal over the error of float32 in dB, against the same filter in
float64 (torchaudio's and polyphase's filters only); `SINAD`, signal over noise, distortion and aliases of the worst of
24 tones up to 0.8 of the lower Nyquist frequency, in dB.
"""

from __future__ import annotations

import argparse
import importlib
import math
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

import polyphase

PAIRS = ((48_000, 44_100), (16_000, 8_000), (44_100, 48_000), (8_000, 16_000))
FILTERS: dict[str, dict[str, Any]] = {
    "sinc, width 64": {"lowpass_filter_width": 64},
    "sinc, width 16": {"lowpass_filter_width": 16},
    "kaiser_best": {
        "lowpass_filter_width": 64,
        "rolloff": 0.9475937167399596,
        "resampling_method": "sinc_interp_kaiser",
        "beta": 14.769656459379492,
    },
    "kaiser_fast": {
        "lowpass_filter_width": 16,
        "rolloff": 0.85,
        "resampling_method": "sinc_interp_kaiser",
        "beta": 8.555504641634386,
    },
}
OPTIONAL = ("torch", "torchaudio", "librosa", "resampy", "soxr")

Array = NDArray[np.floating[Any]]
Signal = NDArray[np.float32]


@dataclass
class Contender:
    """A resampler with one setting, and what it is measured by."""

    name: str
    run: Callable[[Signal], Any]
    """Resamples a signal; the result is only timed."""
    array: Callable[[Signal], Array] | None
    """Resamples a signal to an array, for its errors; None if it is another form of a contender that has one."""
    filter: str | None = None
    """Filter whose float64 result is the exact one."""
    seconds: float = math.inf


def sweep(sample_rate: int) -> Signal:
    """The tutorial's sine sweep: one second, from 0 to half the rate, in a logarithmic scale."""
    offset = 201
    logs = np.linspace(math.log(offset), math.log(offset + sample_rate // 2), sample_rate)
    phases = np.cumsum(2 * np.pi * (np.exp(logs) - offset) / sample_rate)
    return np.sin(phases).astype(np.float32)


def exact(signal: Signal, orig_freq: int, new_freq: int, name: str) -> Array:
    """The result of a filter in float64."""
    options = dict(FILTERS[name])
    window = options.pop("resampling_method", "sinc_interp_hann")
    return polyphase.resample(signal.astype(np.float64), orig_freq, new_freq, window=window, **options)


def decibels(wanted: Array, error: Array) -> float:
    """Power of the wanted signal over that of an error."""
    power = float(np.square(error, dtype=np.float64).mean())
    return 10 * math.log10(float(np.square(wanted, dtype=np.float64).mean()) / max(power, 1e-40))


def sinad(resample: Callable[[Signal], Array], orig_freq: int, new_freq: int) -> float:
    """Signal over everything else of the worst tone, by least squares, without a tenth of a second at each end."""
    worst = math.inf
    for part in np.linspace(0.03, 0.8, 24):
        frequency = part * min(orig_freq, new_freq) / 2
        tone = np.sin(2 * np.pi * frequency * np.arange(orig_freq) / orig_freq).astype(np.float32)
        result = np.asarray(resample(tone), np.float64).ravel()
        angle = 2 * np.pi * frequency * np.arange(len(result)) / new_freq
        middle = slice(new_freq // 10, len(result) - new_freq // 10)
        basis = np.stack([np.sin(angle), np.cos(angle), np.ones_like(angle)], axis=1)[middle]
        fit = basis @ np.linalg.lstsq(basis, result[middle], rcond=None)[0]
        worst = min(worst, decibels(fit, result[middle] - fit))
    return worst


def installed(names: Iterable[str]) -> dict[str, ModuleType]:
    """The optional modules that can be imported; names those that cannot."""
    modules = {}
    for name in names:
        try:
            modules[name] = importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a broken installation is as good as none
            print(f"left out: {name} ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})")
    return modules


def contenders(name: str, orig_freq: int, new_freq: int, modules: dict[str, ModuleType]) -> list[Contender]:
    """The contenders of a row."""
    options = FILTERS[name]
    native = {key: value for key, value in options.items() if key != "resampling_method"}
    plan = polyphase.Plan(orig_freq, new_freq, window=options.get("resampling_method", "sinc_interp_hann"), **native)
    found = [Contender("polyphase NumPy", plan.resample, plan.resample, name)]
    if "torch" in modules:
        from polyphase import functional, transforms

        found += torch_contenders("polyphase", functional, transforms, name, orig_freq, new_freq, modules["torch"])
    if "torchaudio" in modules:
        audio = modules["torchaudio"]
        found += torch_contenders(
            "torchaudio", audio.functional, audio.transforms, name, orig_freq, new_freq, modules["torch"]
        )
    if name.startswith("kaiser"):
        for module, call in (("librosa", librosa_call), ("resampy", resampy_call)):
            if module in modules and "resampy" in modules:
                run = call(modules[module], name, orig_freq, new_freq)
                found.append(Contender(module, run, run))
    if "soxr" in modules:
        quality = "VHQ" if name == "kaiser_best" else "HQ"

        def with_soxr(x: Signal) -> Array:
            result: Array = modules["soxr"].resample(x, orig_freq, new_freq, quality=quality)
            return result

        found.append(Contender(f"soxr {quality}", with_soxr, with_soxr))
    return found


def torch_contenders(
    library: str, functional: Any, transforms: Any, name: str, orig_freq: int, new_freq: int, torch: Any
) -> list[Contender]:
    """The function, the module, and the gradient of the module."""
    options = FILTERS[name]
    module = transforms.Resample(orig_freq, new_freq, **options)
    held: dict[int, Any] = {}

    def tensor(x: Signal) -> Any:
        # The conversion of the signal is not what is measured.
        return held.setdefault(id(x), torch.from_numpy(x)[None])

    def gradient(x: Signal) -> Any:
        leaf = tensor(x).detach().requires_grad_()
        module(leaf).sum().backward()
        return leaf.grad

    def function(x: Signal) -> Any:
        return functional.resample(tensor(x), orig_freq, new_freq, **options)

    return [
        Contender(
            f"{library} functional",
            function,
            lambda x: functional.resample(torch.from_numpy(x)[None], orig_freq, new_freq, **options)[0].numpy(),
            name,
        ),
        Contender(
            f"{library} transforms",
            lambda x: module(tensor(x)),
            lambda x: module(torch.from_numpy(x)[None])[0].numpy(),
            name,
        ),
        Contender(f"{library} gradient", gradient, None),
    ]


def librosa_call(librosa: Any, name: str, orig_freq: int, new_freq: int) -> Callable[[Signal], Array]:
    """librosa's call with a filter of resampy."""
    return lambda x: librosa.resample(x, orig_sr=orig_freq, target_sr=new_freq, res_type=name)


def resampy_call(resampy: Any, name: str, orig_freq: int, new_freq: int) -> Callable[[Signal], Array]:
    """resampy's call."""
    return lambda x: resampy.resample(x, orig_freq, new_freq, filter=name)


def measure(rows: list[Contender], signal: Signal, repeats: int) -> None:
    """Times the contenders in turn. Slow ones run less often."""
    for row in rows:
        row.run(signal)
    for repeat in range(repeats):
        for row in rows:
            if repeat > 2 and row.seconds > 0.02:
                continue
            begin = time.perf_counter()
            row.run(signal)
            row.seconds = min(row.seconds, time.perf_counter() - begin)


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Runs the benches, prints their tables, and returns the geometric means of the ratios."""
    parser = argparse.ArgumentParser(prog="python -m polyphase.bench", description=__doc__)
    parser.add_argument("--repeats", type=int, default=50, help="calls of each contender, of which the fastest counts")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch and polyphase")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    modules = installed(OPTIONAL)
    polyphase.set_num_threads(chosen.threads)
    if "torch" in modules:
        modules["torch"].set_num_threads(chosen.threads)
    versions = ", ".join(f"{name} {getattr(module, '__version__', '?')}" for name, module in modules.items())
    print(f"polyphase {polyphase.__version__}, numpy {np.__version__}, {versions}; {chosen.threads} thread(s)")
    ratios: dict[str, list[float]] = {}
    for orig_freq, new_freq in PAIRS:
        signal = sweep(orig_freq)
        print(f"\n{orig_freq} to {new_freq} Hz, one second\n{'':34}{'ms':>9}{'error':>9}{'SINAD':>9}")
        for name in FILTERS:
            rows = contenders(name, orig_freq, new_freq, modules)
            measure(rows, signal, chosen.repeats)
            wanted = exact(signal, orig_freq, new_freq, name)
            for row in rows:
                errors = ["", ""]
                if row.array is not None:
                    errors[1] = f"{sinad(row.array, orig_freq, new_freq):.1f}"
                    if row.filter is not None:
                        errors[0] = f"{decibels(wanted, row.array(signal) - wanted):.1f}"
                print(f"{name:16}{row.name:22}{row.seconds * 1e3:>5.3f}{errors[0]:>9}{errors[1]:>9}")
            if name == "kaiser_best":
                add_ratios(ratios, {row.name: row.seconds for row in rows})
    means = {name: math.exp(sum(map(math.log, values)) / len(values)) for name, values in ratios.items()}
    print("\nkaiser_best, geometric means of the four pairs:")
    for name, mean in means.items():
        print(f"  {name}: {mean:.1f} times as fast")
    return means


def add_ratios(ratios: dict[str, list[float]], seconds: dict[str, float]) -> None:
    """Adds how many times as fast polyphase is as its counterparts."""
    counterparts = {
        "polyphase functional": "torchaudio functional",
        "polyphase transforms": "torchaudio transforms",
        "polyphase gradient": "torchaudio gradient",
    }
    for own, other in counterparts.items():
        if own in seconds and other in seconds:
            ratios.setdefault(f"{own} against {other}", []).append(seconds[other] / seconds[own])
    for other in ("librosa", "resampy", "soxr VHQ"):
        if other in seconds:
            ratios.setdefault(f"polyphase NumPy against {other}", []).append(
                seconds[other] / seconds["polyphase NumPy"]
            )


if __name__ == "__main__":
    main()
