"""Recordings on a cluster: `Resample`, for `Dataset.map_batches` of Ray.

```python
import ray
from polyphase.ray import Resample

recordings = ray.data.read_binary_files("s3://bucket/recordings", include_paths=True)
resampled = recordings.map_batches(
    Resample, fn_constructor_kwargs={"rate": 16_000}, batch_format="pyarrow", batch_size=32, concurrency=(1, 64)
)
resampled.filter(lambda row: row["error"] is None).write_parquet("s3://bucket/resampled")
```

`Resample` needs pyarrow for tables, fsspec for URLs, and Ray not at all: it works in any pipeline of batches. The
example `ray_folder.py` of the repository resamples a folder so that it can be interrupted and taken up again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeVar, cast

import numpy as np

from ._api import load
from ._native import Plan

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    from ._options import PresetName

__all__ = ["Resample"]

# Columns that are looked for if none is named: those of `ray.data.read_binary_files`, Hugging Face and WebDataset.
COLUMNS = ("bytes", "audio", "path")

OUTPUTS = {"audio", "rate", "error"}

Batch = TypeVar("Batch", "pyarrow.Table", "dict[str, NDArray[Any]]")


class Result(NamedTuple):
    """A resampled recording, or the reason why there is none."""

    samples: NDArray[np.float32] | None
    error: str | None


class Resample:
    """Resamples the recordings of a batch: a callable class for `Dataset.map_batches`.

    A batch is a table of pyarrow or a dict of NumPy arrays, and the result is of the same kind. These columns are new:

    - `audio`: samples of float32, full scale [-1, 1): lists of (frames,), or (channels, frames) with `mono=False`;
    - `rate`: their rate in Hz;
    - `error`: None, or the reason why the recording could not be read. Its samples are null then, in a dict empty.

    The column of the recordings is dropped unless it holds paths; all others stay, and so do the rows and their order.
    A recording is resampled on one thread: Ray runs as many workers as there are cores.

    Args:
        rate: Rate of the results in Hz.
        mono: True mixes the channels, as `polyphase.load` does; arrays by their mean.
        preset: Filter by name, as of `polyphase.resample`.
        column: Column of the recordings; default: the first of `bytes`, `audio` and `path` that exists. It holds the
            bytes of files; paths or URLs of fsspec; arrays of shape (frames,) or (channels, frames); or Hugging Face's
            structs, of `bytes` and `path` or of `array` and `sampling_rate`.
        orig_freq: Rate of arrays in Hz, or the name of the column that holds it.

    >>> import io, numpy, polyphase, polyphase.ray
    >>> file = io.BytesIO()
    >>> polyphase.save(file, numpy.zeros(48_000, numpy.int16), 48_000, container="flac")
    0
    >>> batch = {"bytes": numpy.array([file.getvalue(), b"RIFF"], object), "name": numpy.array(["a", "b"])}
    >>> result = polyphase.ray.Resample(rate=16_000)(batch)
    >>> sorted(result), [len(samples) for samples in result["audio"]]
    (['audio', 'error', 'name', 'rate'], [16000, 0])
    >>> result["error"][0] is None, result["error"][1].split(":")[0]
    (True, 'AudioFileError')
    """

    def __init__(
        self,
        rate: float = 16_000,
        mono: bool = True,
        preset: PresetName = "high",
        *,
        column: str | None = None,
        orig_freq: float | str | None = None,
    ) -> None:
        # An option that is not accepted is an error here, not one of each recording.
        Plan(rate, rate, preset=preset)
        if orig_freq is not None and not isinstance(orig_freq, str):
            Plan(orig_freq, rate, preset=preset)
        self.rate = int(rate) if float(rate).is_integer() else float(rate)
        self.mono = mono
        self.preset = preset
        self.column = column
        self.orig_freq = orig_freq

    def __call__(self, batch: Batch) -> Batch:
        """Resamples the recordings of a batch."""
        if isinstance(batch, Mapping):
            return self._of_arrays(batch)
        pyarrow = sys.modules.get("pyarrow")
        if pyarrow is not None and isinstance(batch, pyarrow.Table):
            return cast(Batch, self._of_table(batch))
        raise TypeError(
            f"the batch is of type {type(batch).__name__}: it must be a table of pyarrow or a dict of arrays "
            '(batch_format="pyarrow" or "numpy")'
        )

    def _of_table(self, table: pyarrow.Table) -> pyarrow.Table:
        import pyarrow as pa

        name = self._column_of(table.column_names)
        is_paths = pa.types.is_string(table[name].type) or pa.types.is_large_string(table[name].type)
        rates = map(_of_scalar, table[self.orig_freq]) if isinstance(self.orig_freq, str) else repeat(self.orig_freq)
        results = self._resample(map(_of_scalar, table[name]), rates)
        replaced = OUTPUTS if is_paths else {*OUTPUTS, name}
        table = table.drop_columns([key for key in table.column_names if key in replaced])
        missing = np.array([result.samples is None for result in results], bool)
        table = table.append_column("audio", _lists([result.samples for result in results], 1 if self.mono else 2))
        table = table.append_column("rate", pa.array(np.full(len(results), self.rate), mask=missing))
        return table.append_column("error", pa.array([result.error for result in results], pa.string()))

    def _of_arrays(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        name = self._column_of(batch)
        is_paths = name == "path" or any(isinstance(recording, str) for recording in batch[name])
        rates = batch[self.orig_freq] if isinstance(self.orig_freq, str) else repeat(self.orig_freq)
        results = self._resample(batch[name], rates)
        replaced = OUTPUTS if is_paths else {*OUTPUTS, name}
        output = {key: value for key, value in batch.items() if key not in replaced}
        audio, errors = np.empty(len(results), object), np.empty(len(results), object)
        empty = np.zeros(0 if self.mono else (0, 0), np.float32)
        for index, (samples, error) in enumerate(results):
            audio[index] = empty if samples is None else samples
            errors[index] = error
        return {**output, "audio": audio, "rate": np.full(len(results), self.rate), "error": errors}

    def _column_of(self, names: Iterable[str]) -> str:
        """The column of the recordings."""
        names = list(names)
        wanted = COLUMNS if self.column is None else (self.column,)
        for name in wanted:
            if name in names:
                return name
        raise ValueError(f"the batch has no column {' or '.join(wanted)}: its columns are {', '.join(names)}")

    def _resample(self, recordings: Iterable[Any], rates: Iterable[Any]) -> list[Result]:
        results = []
        # One rate for all is repeated without end.
        for recording, orig_freq in zip(recordings, rates, strict=False):
            try:
                results.append(Result(self._samples(recording, orig_freq), None))
            except (OSError, ValueError, MemoryError) as error:
                results.append(Result(None, f"{type(error).__name__}: {error}"))
        return results

    def _samples(self, recording: Any, orig_freq: float | None) -> NDArray[np.float32]:
        """Resamples one recording."""
        if isinstance(recording, Mapping):
            orig_freq = recording.get("sampling_rate", orig_freq)
            contents = (recording.get(key) for key in ("array", "bytes", "path"))
            recording = next((content for content in contents if content is not None), None)
        if recording is None:
            raise ValueError("there is no recording: the value is null")
        if isinstance(recording, (bytes, bytearray)):
            return self._load(recording)
        if isinstance(recording, str):
            return _read_url(recording, self._load) if "://" in recording else self._load(recording)
        return self._of_array(np.asarray(recording), orig_freq)

    def _load(self, file: str | bytes | bytearray | BinaryIO) -> NDArray[np.float32]:
        samples, _ = load(file, self.rate, mono=self.mono, preset=self.preset)
        return samples.astype(np.float32, copy=False)

    def _of_array(self, samples: NDArray[Any], orig_freq: float | None) -> NDArray[np.float32]:
        if samples.dtype.kind not in "fi":
            raise TypeError(f"a recording is of type {samples.dtype}: it must be bytes, a path, or an array of samples")
        if samples.ndim not in (1, 2):
            raise ValueError(f"samples have shape {samples.shape}: it must be (frames,) or (channels, frames)")
        if orig_freq is None:
            raise ValueError("the rate of an array is not known: orig_freq gives it, or the column that holds it")
        if samples.dtype.kind == "i":
            samples = samples / -float(np.iinfo(samples.dtype).min)
        if self.mono and samples.ndim == 2:
            samples = samples.mean(0)
        if not self.mono and samples.ndim == 1:
            samples = samples[None]
        plan = Plan(orig_freq, self.rate, preset=self.preset)
        return plan.resample(samples, threads=1).astype(np.float32, copy=False)


def _read_url(url: str, read: Callable[[BinaryIO], NDArray[np.float32]]) -> NDArray[np.float32]:
    """Reads a file of a store that fsspec knows."""
    import fsspec

    try:
        with fsspec.open(url, "rb") as file:
            return read(file)
    except (OSError, ValueError, MemoryError, ImportError):
        raise
    except Exception as error:
        # Stores have exceptions of their own.
        raise OSError(f"{url}: {type(error).__name__}: {error}") from error


def _of_scalar(scalar: Any) -> Any:
    """A value of pyarrow, with arrays of NumPy in place of lists."""
    import pyarrow as pa

    if not scalar.is_valid:
        return None
    if isinstance(scalar, pa.StructScalar):
        return {key: _of_scalar(value) for key, value in scalar.items()}
    if isinstance(scalar, pa.ListScalar):
        values = scalar.values
        if pa.types.is_primitive(values.type):
            return values.to_numpy(zero_copy_only=False)
        return np.stack([_of_scalar(value) for value in values])
    return scalar.as_py()


def _lists(arrays: Sequence[NDArray[np.float32] | None], dimensions: int) -> pyarrow.Array:
    """Arrays as lists of pyarrow, or as lists of lists; None as null."""
    import pyarrow as pa

    # Large lists, as the samples of a batch may be more than 2^31.
    lengths = [0 if array is None else len(array) for array in arrays]
    offsets = pa.array(np.cumsum([0, *lengths]), pa.int64())
    missing = pa.array([array is None for array in arrays], pa.bool_())
    found = [array for array in arrays if array is not None]
    if dimensions == 1:
        values = pa.array(np.concatenate([np.zeros(0, np.float32), *found]))
    else:
        values = _lists([channel for array in found for channel in array], dimensions - 1)
    return pa.LargeListArray.from_arrays(offsets, values, mask=missing)
