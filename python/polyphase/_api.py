"""The calls for arrays, tensors and recordings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, overload

import numpy as np

from . import _native
from ._native import Plan

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from typing_extensions import TypeIs, Unpack

    from ._options import Backend, FilterOptions


def _is_tensor(value: object) -> TypeIs[torch.Tensor]:
    # A tensor exists only if torch has been imported.
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _plan_of(stride: int, phases: int, options: FilterOptions) -> Plan:
    """The plan that was pickled."""
    return Plan(stride, phases, **options)


@overload
def resample(
    x: NDArray[Any],
    orig_freq: float,
    new_freq: float,
    *,
    axis: int = -1,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
    backend: Backend = "cpu",
    **options: Unpack[FilterOptions],
) -> NDArray[Any]: ...
@overload
def resample(
    x: torch.Tensor, orig_freq: float, new_freq: float, *, axis: int = -1, **options: Unpack[FilterOptions]
) -> torch.Tensor: ...
def resample(
    x: NDArray[Any] | torch.Tensor,
    orig_freq: float,
    new_freq: float,
    *,
    axis: int = -1,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
    backend: Backend = "cpu",
    **options: Unpack[FilterOptions],
) -> NDArray[Any] | torch.Tensor:
    """Resamples an array of NumPy or a tensor of torch along an axis; the result is of the same kind and type.

    The default filter is torchaudio's; `preset="high"` is sharper. Samples are float16, float32, float64, int16, int32
    (rounded to nearest even, and clamped), complex64 or complex128; those of tensors may be bfloat16 too. Contiguous
    input is read where it is, and any strides are taken. Filters are cached.

    Args:
        x: Samples, of any shape.
        orig_freq: Rate of the samples in Hz, or any other unit; whole, or with up to nine decimals.
        new_freq: Rate of the result.
        axis: Axis of time.
        out: Array for the result, of any strides. This and the next two are for arrays only.
        threads: Largest number of threads. Default: see `set_num_threads`; tensors also keep to torch's number.
        backend: `auto` for the faster of CPU and GPU, `gpu` for the GPU. Tensors stay on their device.
        **options: See `FilterOptions`.

    Raises:
        ValueError: An option, a rate or a shape is not accepted.
        TypeError: The samples are of another type.

    >>> import numpy, polyphase
    >>> x = numpy.zeros((2, 48_000), numpy.int16)
    >>> y = polyphase.resample(x, 48_000, 44_100, preset="high")
    >>> y.shape, y.dtype
    ((2, 44100), dtype('int16'))
    >>> polyphase.resample(x.T, 48_000, 16_000, axis=0, padding="reflect").shape
    (16000, 2)
    >>> polyphase.resample(x, 48_000, 0)
    Traceback (most recent call last):
    ValueError: new_freq is 0: a sampling rate must be at least 1
    """
    plan = Plan(orig_freq, new_freq, **options)
    if not _is_tensor(x):
        return plan.resample(x, axis=axis, out=out, threads=threads, backend=backend)
    if out is not None or threads is not None or backend != "cpu":
        raise TypeError("out, threads and backend are for arrays of NumPy: a tensor stays on its device")
    from . import _torch

    return _torch.resample_axis(x, plan, axis)


@overload
def resample_batch(
    clips: Sequence[NDArray[Any]],
    orig_freqs: float | Sequence[float],
    new_freqs: float | Sequence[float],
    *,
    threads: int | None = None,
    backend: Backend = "cpu",
    **options: Unpack[FilterOptions],
) -> list[NDArray[Any]]: ...
@overload
def resample_batch(
    clips: Sequence[torch.Tensor],
    orig_freqs: float | Sequence[float],
    new_freqs: float | Sequence[float],
    *,
    threads: int | None = None,
    backend: Backend = "cpu",
    **options: Unpack[FilterOptions],
) -> list[torch.Tensor]: ...
def resample_batch(
    clips: Sequence[NDArray[Any]] | Sequence[torch.Tensor],
    orig_freqs: float | Sequence[float],
    new_freqs: float | Sequence[float],
    *,
    threads: int | None = None,
    backend: Backend = "cpu",
    **options: Unpack[FilterOptions],
) -> list[NDArray[Any]] | list[torch.Tensor]:
    """Resamples clips of any lengths, shapes and rates in one call, on all cores or the GPU.

    The last axis of each clip is time. The results are views of one array: keep a copy of a clip, not the view, if
    the others are to be freed.

    Args:
        clips: Arrays or tensors with one type of sample.
        orig_freqs: Rate of all clips, or a sequence with the rate of each.
        new_freqs: Rate of all results, or a sequence.
        threads: As of `resample`.
        backend: As of `resample`.
        **options: See `FilterOptions`.

    >>> import numpy, polyphase
    >>> clips = [numpy.zeros(44_100), numpy.zeros((2, 480))]
    >>> [y.shape for y in polyphase.resample_batch(clips, [44_100, 48_000], 16_000)]
    [(16000,), (2, 160)]
    """
    arrays: list[Any] = list(clips)
    is_tensors = any(map(_is_tensor, arrays))
    if is_tensors:
        from . import _torch

        arrays = [_torch.as_array(tensor, f"clip {index}") for index, tensor in enumerate(arrays)]
    outputs = _native.resample_batch(arrays, orig_freqs, new_freqs, threads=threads, backend=backend, **options)
    return [_torch.as_tensor(output) for output in outputs] if is_tensors else outputs


def load(
    file: str | PathLike[str] | bytes | bytearray | BinaryIO,
    sr: float | None = None,
    *,
    mono: bool = True,
    offset: float = 0.0,
    duration: float | None = None,
    dtype: Literal["float32", "float64"] | np.dtype[Any] | type[np.floating[Any]] = "float32",
    **options: Unpack[FilterOptions],
) -> tuple[NDArray[np.floating[Any]], int | float]:
    """Reads a recording, resampled and mixed on the way; returns its samples and their rate.

    WAV, FLAC, MP3, Ogg Vorbis, Opus, AAC, ALAC, AIFF, CAF, Matroska and more are read; the contents tell the format,
    not the name.

    Args:
        file: A path, the bytes of a file, or a file object in binary mode, which is read from its beginning. One that
            cannot seek is read as a stream.
        sr: Rate in Hz. None keeps that of the recording.
        mono: True mixes all channels into samples of shape (frames,): by the weights of ITU-R BS.775 where the file
            names its speakers, else their mean. False gives samples of shape (channels, frames).
        offset: Beginning of the section to read, in seconds.
        duration: Length of the section in seconds; None reads to the end.
        dtype: float32 or float64. Full scale is [-1, 1).
        **options: See `FilterOptions`. The default preset is `high`.

    Raises:
        OSError: The file cannot be read, as with `open`.
        AudioFileError: The file is damaged, truncated, or of a format that is not read; a subclass of OSError.
        ValueError: An option, a time or a rate is not accepted.

    >>> import io, numpy, polyphase
    >>> file = io.BytesIO()
    >>> polyphase.save(file, numpy.zeros((2, 48_000), numpy.int16), 48_000, container="flac")
    0
    >>> samples, sr = polyphase.load(file, sr=16_000, offset=0.5)
    >>> samples.shape, samples.dtype, sr
    ((8000,), dtype('float32'), 16000)
    """
    name = np.dtype(dtype).name
    return _native.load(file, sr, mono=mono, offset=offset, duration=duration, dtype=name, **options)


def save(
    file: str | PathLike[str] | BinaryIO,
    samples: NDArray[Any] | torch.Tensor,
    sr: float,
    *,
    container: Literal["wav", "flac", "npy", "raw"] | None = None,
    sample_format: Literal["i16", "i24", "i32", "f32", "f64"] | None = None,
    dither: bool = True,
) -> int:
    """Writes samples to a recording; returns the number of samples that were clipped to full scale.

    A file appears under its name when it is complete.

    Args:
        file: A path, whose extension names the format, or a file object in binary mode.
        samples: Floats with full scale [-1, 1), int16 or int32, of shape (frames,) or (channels, frames).
        sr: Rate in Hz.
        container: Format of the file. A file object needs it.
        sample_format: Type of the samples in the file. Default: that of `samples`, or the closest that the container
            holds: 24-bit integers for floats in FLAC.
        dither: True adds triangular noise of one step before floats are rounded to 16 bits.

    Raises:
        OSError: The file cannot be written.
        ValueError: The container cannot hold the samples, or an argument is not accepted.
        TypeError: The samples are of another type.

    >>> import io, numpy, polyphase
    >>> polyphase.save(io.BytesIO(), numpy.array([0.5, 1.5]), 8_000, container="wav", sample_format="i16")
    1
    """
    if _is_tensor(samples):
        from . import _torch

        samples = _torch.as_array(samples, "samples")
    # A recording of (frames, channels) would get more channels than any has.
    is_array = container == "npy" or str(file).endswith(".npy")
    if not is_array and getattr(samples, "ndim", 0) == 2 and samples.shape[0] > max(64, samples.shape[1]):
        raise ValueError(f"samples are (channels, frames), and {samples.shape} may be (frames, channels): transpose")
    return _native.save(file, samples, sr, container=container, sample_format=sample_format, dither=dither)
