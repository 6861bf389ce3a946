"""Helpers of the tests: the definition of resampling, and modules that may be missing."""

from __future__ import annotations

import importlib
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = REPOSITORY / "tests" / "golden"
RECORDINGS = REPOSITORY / "tests" / "data"

KAISER_BEST = {
    "lowpass_filter_width": 64,
    "rolloff": 0.9475937167399596,
    "resampling_method": "sinc_interp_kaiser",
    "beta": 14.769656459379492,
}
KAISER_FAST = {
    "lowpass_filter_width": 16,
    "rolloff": 0.85,
    "resampling_method": "sinc_interp_kaiser",
    "beta": 8.555504641634386,
}
PAIRS = [(48_000, 44_100), (16_000, 8_000), (44_100, 48_000), (8_000, 16_000)]


def require(name: str) -> Any:
    """Imports an optional module. Without it the tests of the file are skipped, or fail where it is required."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        if os.environ.get(f"POLYPHASE_REQUIRE_{name.upper().replace('.', '_')}") == "1":
            raise
        print(f"SKIPPED {name} cannot be imported: {error}")
        pytest.skip(f"{name} cannot be imported", allow_module_level=True)


def oracle(
    x: np.ndarray, orig_freq: int, new_freq: int, width: float = 6, rolloff: float = 0.99, beta: float | None = None
) -> np.ndarray:
    """The definition, sum by sum, for one clip."""
    gcd = math.gcd(orig_freq, new_freq)
    stride, phases = orig_freq // gcd, new_freq // gcd
    base = min(stride, phases) * rolloff
    outputs = np.arange(-(-len(x) * phases // stride))
    distance = np.arange(len(x))[None] * phases - outputs[:, None] * stride
    t = distance * base / (phases * stride)
    inside = np.abs(t) < width
    u = np.clip(t / width, -1, 1)
    window = np.cos(np.pi * u / 2) ** 2 if beta is None else np.i0(beta * np.sqrt(1 - u**2)) / np.i0(beta)
    return np.where(inside, base / stride * np.sinc(t) * window, 0) @ x


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Noise in [-1, 1)."""
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def error_db(expected: np.ndarray, actual: np.ndarray) -> float:
    """Power of the expected samples over that of the error, in dB."""
    expected, actual = np.asarray(expected, np.complex128), np.asarray(actual, np.complex128)
    assert expected.shape == actual.shape
    error = np.mean(np.abs(expected - actual) ** 2)
    return math.inf if error == 0 else 10 * math.log10(np.mean(np.abs(expected) ** 2) / error)
