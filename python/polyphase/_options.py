"""The keyword arguments that describe a filter."""

from __future__ import annotations

from typing import Literal, TypedDict

PresetName = Literal[
    "default",
    "torchaudio",
    "kaiser_best",
    "kaiser_fast",
    "resampy_kaiser_best",
    "resampy_kaiser_fast",
    "fast",
    "high",
    "best",
]
WindowName = Literal["hann", "kaiser", "sinc_interp_hann", "sinc_interp_kaiser", "sinc_interpolation", "kaiser_window"]
PaddingName = Literal["zero", "edge", "reflect"]
Backend = Literal["cpu", "auto", "gpu"]


class FilterOptions(TypedDict, total=False):
    """Options of a filter. Those that are not given, or are None, are those of the preset."""

    preset: PresetName | None
    """Filter by name: default (torchaudio's), kaiser_best, kaiser_fast, fast, high, best or one of resampy's."""
    lowpass_filter_width: float | None
    """Half-width of the windowed sinc in zero crossings, whole or fractional."""
    rolloff: float | None
    """Cut-off frequency as a fraction of the lower Nyquist frequency."""
    window: WindowName | None
    """hann or kaiser, or torchaudio's names."""
    beta: float | None
    """Shape of the Kaiser window."""
    normalize_phases: bool | None
    """Divides the taps of each phase by their sum, so that a constant stays constant."""
    padding: PaddingName | None
    """Samples beyond the ends of a clip."""
    output_length: Literal["ceil", "floor"] | int | None
    """Number of outputs: n · new_freq / orig_freq, rounded, or a fixed number."""
    max_filter_bytes: int | None
    """Size in bytes above which a filter is interpolated."""
    max_ratio: int | None
    """Largest ratio of the rates."""
    max_lowpass_filter_width: int | None
    """Largest lowpass_filter_width."""
