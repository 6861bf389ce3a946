"""torchaudio's windowed-sinc resampling, exact, for NumPy arrays, torch tensors and recordings.

>>> import numpy, polyphase
>>> x = numpy.sin(0.05 * numpy.arange(48_000, dtype=numpy.float32))
>>> polyphase.resample(x, 48_000, 16_000).shape
(16000,)

| for | use |
|---|---|
| an array or tensor | `resample` |
| many with one filter | `Plan` |
| clips of any lengths and rates | `resample_batch` |
| a signal in chunks | `Stream` |
| recordings | `load`, `save` |
| code written for torchaudio | `polyphase.functional`, `polyphase.transforms` |
| many recordings on a cluster | `polyphase.ray` |
"""

from __future__ import annotations

import os as _os

from . import _native
from ._api import load, resample, resample_batch, save
from ._native import AudioFileError, GpuResampler, Plan, Response, Stream, get_num_threads, set_num_threads

__all__ = [
    "AudioFileError",
    "GpuResampler",
    "Plan",
    "Response",
    "Stream",
    "get_num_threads",
    "load",
    "resample",
    "resample_batch",
    "save",
    "set_num_threads",
]
__version__ = _native.__version__

if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(
        before=_native.before_fork,
        after_in_parent=_native.after_fork_in_parent,
        after_in_child=_native.after_fork_in_child,
    )
