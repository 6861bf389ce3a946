"""`Resample`, with the signature and the defaults of `torchaudio.transforms.Resample`."""

from __future__ import annotations

import math
from typing import Any

import torch

from ._torch import resample_last
from .functional import check_waveform, filter_of

__all__ = ["Resample"]


class Resample(torch.nn.Module):
    """Resamples a signal from one frequency to another, as `functional.resample`, with arguments that are checked once.

    The arguments, their order and their defaults are torchaudio's. The module has no state: filters are designed in
    float64 from the arguments, and computed in the type of the waveform, so that `dtype` has no effect. A `kernel` in a
    state_dict of torchaudio's module is accepted if it has the shape that these arguments give.

    >>> import torch
    >>> from polyphase import transforms as T
    >>> T.Resample(48_000, 16_000)(torch.zeros(2, 48_000)).shape
    torch.Size([2, 16000])
    """

    def __init__(
        self,
        orig_freq: int = 16000,
        new_freq: int = 16000,
        resampling_method: str = "sinc_interp_hann",
        lowpass_filter_width: float = 6,
        rolloff: float = 0.99,
        beta: float | None = None,
        *,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.orig_freq = orig_freq
        self.new_freq = new_freq
        self.gcd = math.gcd(int(orig_freq), int(new_freq))
        self.resampling_method = resampling_method
        self.lowpass_filter_width = lowpass_filter_width
        self.rolloff = rolloff
        self.beta = beta
        self._filter = None
        if orig_freq != new_freq:
            self._filter = filter_of(orig_freq, new_freq, lowpass_filter_width, rolloff, resampling_method, beta)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """The waveform of shape (..., time) at the new frequency."""
        if self._filter is None:
            return waveform
        check_waveform(waveform)
        return resample_last(waveform, self._filter)

    def extra_repr(self) -> str:
        return f"{self.orig_freq}, {self.new_freq}"

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any) -> None:
        kernel = state_dict.pop(f"{prefix}kernel", None)
        unexpected_keys, error_msgs = args[-2], args[-1]
        super()._load_from_state_dict(state_dict, prefix, *args)
        if kernel is None:
            return
        if self._filter is None:
            unexpected_keys.append(f"{prefix}kernel")
        elif tuple(kernel.shape) != self._torchaudio_shape():
            error_msgs.append(
                f"size mismatch for {prefix}kernel: the checkpoint has {tuple(kernel.shape)}, "
                f"the arguments of this module give {self._torchaudio_shape()}."
            )

    def _torchaudio_shape(self) -> tuple[int, int, int]:
        orig_freq, new_freq = int(self.orig_freq) // self.gcd, int(self.new_freq) // self.gcd
        base = min(orig_freq, new_freq) * self.rolloff
        width = math.ceil(self.lowpass_filter_width * orig_freq / base)
        return new_freq, 1, 2 * width + orig_freq
