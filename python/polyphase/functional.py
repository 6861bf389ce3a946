"""`resample`, with the signature and the defaults of `torchaudio.functional.resample`."""

from __future__ import annotations

import math
import warnings

import torch

from ._torch import TORCHAUDIO_LIMITS, Filter, resample_last

__all__ = ["resample"]

# torchaudio's default, and that of kaiser_best in resampy up to 0.2.
_DEFAULT_BETA = 14.769656459379492

_METHODS = {"sinc_interpolation": "sinc_interp_hann", "kaiser_window": "sinc_interp_kaiser"}


def resample(
    waveform: torch.Tensor,
    orig_freq: int,
    new_freq: int,
    lowpass_filter_width: float = 6,
    rolloff: float = 0.99,
    resampling_method: str = "sinc_interp_hann",
    beta: float | None = None,
) -> torch.Tensor:
    """Resamples the waveform at the new frequency using bandlimited interpolation, as torchaudio does, but exactly.

    Tensors of integers (16 or 32 bits), complex and empty ones, and any strides are taken too; the result has the
    type of the waveform. Gradients of any order, `torch.compile`, `torch.export` and `torch.vmap` are supported.

    Args:
        waveform: Signal of shape (..., time).
        orig_freq: Original frequency of the signal, a whole number.
        new_freq: Desired frequency, a whole number.
        lowpass_filter_width: Sharpness of the filter: more is sharper and slower.
        rolloff: Cut-off of the filter as a fraction of the Nyquist frequency, at most 1.
        resampling_method: `sinc_interp_hann` or `sinc_interp_kaiser`, or their names before torchaudio 2.0.
        beta: Shape of the Kaiser window.

    >>> import torch
    >>> from polyphase import functional as F
    >>> F.resample(torch.zeros(2, 48_000), 48_000, 16_000).shape
    torch.Size([2, 16000])
    """
    if orig_freq == new_freq and orig_freq > 0:
        return waveform
    filter = filter_of(orig_freq, new_freq, lowpass_filter_width, rolloff, resampling_method, beta)
    check_waveform(waveform)
    return resample_last(waveform, filter)


def check_waveform(waveform: torch.Tensor) -> None:
    """Refuses what is not a tensor, has no axis of time, or holds another type of sample."""
    if not isinstance(waveform, torch.Tensor):
        kind = type(waveform).__name__
        raise TypeError(f"waveform is of type {kind}: it must be a tensor of torch (polyphase.resample takes arrays)")
    if waveform.ndim == 0:
        raise ValueError("the waveform has no dimension: its last axis is time")
    taken = waveform.is_floating_point() or waveform.is_complex() or waveform.dtype in (torch.int16, torch.int32)
    if not taken:
        raise TypeError(f"Expected floating point type for waveform tensor, but received {waveform.dtype}.")


def filter_of(
    orig_freq: float,
    new_freq: float,
    lowpass_filter_width: float,
    rolloff: float,
    resampling_method: str,
    beta: float | None,
) -> Filter:
    """The filter of torchaudio's arguments, which are checked as torchaudio checks them."""
    if orig_freq <= 0.0 or new_freq <= 0.0:
        raise ValueError("Original frequency and desired frequency should be positive")
    if not (int(orig_freq) == orig_freq and int(new_freq) == new_freq):
        raise ValueError(
            "Frequencies must be of integer type to ensure quality resampling computation. "
            "polyphase.resample takes fractional ones."
        )
    if resampling_method in _METHODS:
        warnings.warn(
            f'"{resampling_method}" is the name before torchaudio 2.0 of "{_METHODS[resampling_method]}".',
            stacklevel=3,
        )
        resampling_method = _METHODS[resampling_method]
    elif resampling_method not in _METHODS.values():
        raise ValueError(f"Invalid resampling method: {resampling_method}")
    if lowpass_filter_width <= 0:
        raise ValueError("Low pass filter width should be positive.")
    shape = None
    if resampling_method == "sinc_interp_kaiser":
        shape = _DEFAULT_BETA if beta is None else float(beta)
    gcd = math.gcd(int(orig_freq), int(new_freq))
    return (
        int(orig_freq) // gcd,
        int(new_freq) // gcd,
        float(lowpass_filter_width),
        float(rolloff),
        shape,
        False,
        "zero",
        "ceil",
        TORCHAUDIO_LIMITS,
    )
