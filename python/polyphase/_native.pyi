from collections.abc import Sequence
from os import PathLike
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Unpack

from ._options import Backend, FilterOptions

__version__: str

class AudioFileError(OSError):
    """A recording that is damaged, truncated, or of a format that is not read. The message names it."""

class Response:
    def magnitude(self, frequency: float) -> float: ...
    def image_level(self, frequency: float) -> float: ...
    def pass_band_ripple(self, pass_band: float) -> float: ...
    def edge(self, fall: float) -> float | None: ...
    def alias_rejection(self, pass_band: float) -> float | None: ...
    def image_rejection(self, pass_band: float) -> float | None: ...
    @property
    def dc_image(self) -> float: ...
    @property
    def delay(self) -> float: ...

class Plan:
    def __new__(cls, orig_freq: float, new_freq: float, **options: Unpack[FilterOptions]) -> Plan: ...
    @property
    def stride(self) -> int: ...
    @property
    def phases(self) -> int: ...
    @property
    def taps(self) -> int: ...
    @property
    def filter_bytes(self) -> int: ...
    @property
    def filter_form(self) -> Literal["exact", "interpolated"]: ...
    @property
    def look_ahead(self) -> int: ...
    @property
    def options(self) -> FilterOptions: ...
    def output_len(self, input_len: int) -> int: ...
    def response(self) -> Response: ...
    @property
    def impulse_response_density(self) -> int: ...
    def impulse_response(self) -> NDArray[np.float64]: ...
    def phase_taps(self, first: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...
    def resample(
        self,
        x: NDArray[Any],
        *,
        axis: int = -1,
        out: NDArray[Any] | None = None,
        threads: int | None = None,
        backend: Backend = "cpu",
    ) -> NDArray[Any]: ...
    def adjoint(
        self, y: NDArray[Any], input_len: int, *, axis: int = -1, threads: int | None = None
    ) -> NDArray[Any]: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class Stream:
    def __new__(
        cls,
        orig_freq: float,
        new_freq: float,
        *,
        channels: int = 1,
        dtype: str = "float32",
        **options: Unpack[FilterOptions],
    ) -> Stream: ...
    @property
    def look_ahead(self) -> int: ...
    def push(self, chunk: NDArray[Any]) -> NDArray[Any]: ...
    def finish(self) -> NDArray[Any]: ...
    def reset(self) -> None: ...

class GpuResampler:
    def __new__(cls, adapter: str | None = None, *, allow_software: bool = False) -> GpuResampler: ...
    @property
    def adapter(self) -> str | None: ...
    @property
    def report(self) -> str | None: ...
    def resample_batch(
        self,
        clips: Sequence[NDArray[Any]],
        orig_freqs: float | Sequence[float],
        new_freqs: float | Sequence[float],
        **options: Unpack[FilterOptions],
    ) -> list[NDArray[Any]]: ...

def resample_batch(
    clips: Sequence[NDArray[Any]],
    orig_freqs: float | Sequence[float],
    new_freqs: float | Sequence[float],
    *,
    threads: int | None = None,
    backend: Backend = "cpu",
    **options: Unpack[FilterOptions],
) -> list[NDArray[Any]]: ...
def load(
    file: str | PathLike[str] | bytes | bytearray | BinaryIO,
    sr: float | None = None,
    *,
    mono: bool = True,
    offset: float = 0.0,
    duration: float | None = None,
    dtype: str = "float32",
    **options: Unpack[FilterOptions],
) -> tuple[NDArray[np.floating[Any]], int | float]: ...
def save(
    file: str | PathLike[str] | BinaryIO,
    samples: object,
    sr: float,
    *,
    container: str | None = None,
    sample_format: str | None = None,
    dither: bool = True,
) -> int: ...
def set_num_threads(threads: int) -> None:
    """Sets the number of threads that calls of this process use.

    The default is one for each core, but 1 in a worker of torch's DataLoader: there the number counts only if the
    worker itself sets it.
    """

def get_num_threads() -> int:
    """Number of threads that a call from here may use."""

def before_fork() -> None: ...
def after_fork_in_parent() -> None: ...
def after_fork_in_child() -> None: ...
