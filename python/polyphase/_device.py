"""Resampling by torch's own operations, for tensors on devices that the library does not reach.

Output n = q·L + j is the sum of the taps of phase j times the samples from q·M + start_j on. The taps are designed in
float64 and rounded once. Blocks of neighbouring phases share the samples of a frame, so that a block of all periods is
one matrix product:

    frames   period 0   x[start_j        … start_j + W)                   phases j … j + B of L,  W samples under them
             period 1   x[start_j + M    … start_j + M + W)
             …
    outputs (periods, B) = frames (periods, W) @ taps (W, B)              tap k of phase j + b stands at start_{j+b} + k

A ratio of few phases is repeated, (M, L) to (M·r, L·r), so that blocks have work. Frames are copied in chunks, which
bounds the memory. The adjoint is the transpose: dframes = doutputs @ tapsᵀ, added where the frames lie.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from ._native import Plan

# Samples of the frames of one chunk: 128 MiB in float32.
CHUNK = 1 << 25

# Multiply-adds of a matrix product in the time of copying a sample of a frame. On an H100, 300 took less time than 30,
# 100 and 1000 at most pairs of rates.
COPY = 300


def resample(x: torch.Tensor, plan: Plan) -> torch.Tensor:
    """Resamples a tensor along its last axis."""
    length = x.shape[-1]
    outputs = plan.output_len(length)
    lanes = x.reshape(math.prod(x.shape[:-1]), length)
    if lanes.shape[0] * outputs == 0:
        _computed_in(x.dtype)
        return x.new_zeros((*x.shape[:-1], outputs))
    padded = _pad(lanes.to(_computed_in(x.dtype)), plan, outputs)
    layout = _Layout.of(plan, outputs)
    y = padded.new_empty((lanes.shape[0], layout.periods, layout.phases))
    with _no_tf32():
        for block in layout.blocks(plan, padded):
            frames = block.frames(padded)
            for periods in block.chunks(lanes.shape[0]):
                y[:, periods, block.first : block.end] = _product(frames[:, periods], block.taps)
    return y.flatten(1)[:, :outputs].contiguous().reshape((*x.shape[:-1], outputs)).to(x.dtype)


def adjoint(y: torch.Tensor, input_len: int, plan: Plan) -> torch.Tensor:
    """Applies the transpose of `resample` along the last axis."""
    outputs = y.shape[-1]
    lanes = y.reshape(math.prod(y.shape[:-1]), outputs)
    if lanes.numel() * input_len == 0:
        _computed_in(y.dtype)
        return y.new_zeros((*y.shape[:-1], input_len))
    layout = _Layout.of(plan, outputs)
    full = lanes.new_zeros((lanes.shape[0], layout.periods * layout.phases), dtype=_computed_in(y.dtype))
    full[:, :outputs] = lanes
    full = full.view(-1, layout.periods, layout.phases)
    padded = full.new_zeros((lanes.shape[0], _padded_len(plan, input_len, outputs)))
    with _no_tf32():
        for block in layout.blocks(plan, padded):
            taps = block.taps.T.contiguous()
            for periods in block.chunks(lanes.shape[0]):
                block.add(padded, _product(full[:, periods, block.first : block.end], taps), periods)
    return _unpad(padded, plan, input_len).reshape((*y.shape[:-1], input_len)).to(y.dtype)


@dataclass(frozen=True)
class _Layout:
    """Blocks of the outputs of a period."""

    phases: int
    stride: int
    periods: int

    block: int

    @classmethod
    def of(cls, plan: Plan, outputs: int) -> _Layout:
        # A frame of B outputs has taps + B·M/L samples. For each output it copies taps/B + M/L samples and multiplies
        # taps + B·M/L, which costs least at this B.
        block = min(max(math.isqrt(COPY * plan.taps * plan.phases // plan.stride), 8), 128)
        repeats = max(min(block, outputs) // plan.phases, 1)
        phases = plan.phases * repeats
        return cls(phases, plan.stride * repeats, -(-outputs // phases), block)

    def blocks(self, plan: Plan, padded: torch.Tensor) -> Iterator[_Block]:
        real = padded.real.dtype if padded.is_complex() else padded.dtype
        for first in range(0, self.phases, self.block):
            count = min(self.block, self.phases - first)
            starts, table = plan.phase_taps(first, count)
            begin, width = int(starts[0]), table.shape[1]
            taps = torch.zeros(int(starts[-1]) - begin + width, count, dtype=torch.float64)
            rows = torch.from_numpy(starts - begin)[:, None] + torch.arange(width)
            taps[rows, torch.arange(count)[:, None]] = torch.from_numpy(table)
            taps = taps.to(padded.dtype if padded.is_complex() else real)
            yield _Block(first, first + count, begin + _margin(plan), self.stride, self.periods, taps.to(padded.device))


@dataclass(frozen=True)
class _Block:
    """Outputs `first` to `end` of all periods, whose frames begin `begin` samples into the padded signal."""

    first: int
    end: int
    begin: int
    stride: int
    periods: int
    taps: torch.Tensor

    def frames(self, padded: torch.Tensor) -> torch.Tensor:
        frames = padded[:, self.begin :].unfold(1, self.taps.shape[0], self.stride)
        return frames[:, : self.periods]

    def chunks(self, lanes: int) -> Iterator[slice]:
        """Ranges of periods whose frames have up to `CHUNK` samples."""
        step = max(CHUNK // (self.taps.shape[0] * lanes), 1)
        for period in range(0, self.periods, step):
            yield slice(period, min(period + step, self.periods))

    def add(self, padded: torch.Tensor, frames: torch.Tensor, periods: slice) -> None:
        """Adds frames where they lie. Slices as long as a stride do not overlap, so that the order of sums is fixed."""
        count = frames.shape[1]
        for at in range(0, frames.shape[2], self.stride):
            part = frames[:, :, at : at + self.stride]
            begin = self.begin + periods.start * self.stride + at
            to = padded[:, begin:].as_strided(
                (padded.shape[0], count, part.shape[2]),
                (padded.stride(0), self.stride, 1),
                padded.storage_offset() + begin,
            )
            to += part


def _product(frames: torch.Tensor, taps: torch.Tensor) -> torch.Tensor:
    """Matrix product of the frames of all lanes."""
    return (frames.reshape(-1, frames.shape[2]) @ taps).view(*frames.shape[:2], taps.shape[1])


def _margin(plan: Plan) -> int:
    """Samples before the first one that windows reach."""
    return plan.look_ahead + 1


def _padded_len(plan: Plan, length: int, outputs: int) -> int:
    """Length of the signal with all samples that frames reach, of which many are zeros."""
    layout = _Layout.of(plan, outputs)
    starts, table = plan.phase_taps(layout.phases - 1, 1)
    end: int = (layout.periods - 1) * layout.stride + int(starts[0]) + table.shape[1]
    return _margin(plan) + max(end, length + plan.look_ahead) + layout.stride


def _pad(lanes: torch.Tensor, plan: Plan, outputs: int) -> torch.Tensor:
    """The signal with its padding, and zeros beyond."""
    length, margin = lanes.shape[1], _margin(plan)
    padded = lanes.new_zeros((lanes.shape[0], _padded_len(plan, length, outputs)))
    padded[:, margin : margin + length] = lanes
    for positions, sources in _copies(plan, length, lanes.device):
        padded[:, positions] = lanes[:, sources]
    return padded


def _unpad(padded: torch.Tensor, plan: Plan, length: int) -> torch.Tensor:
    """The transpose of `_pad`."""
    margin = _margin(plan)
    lanes = padded[:, margin : margin + length].clone()
    for positions, sources in _copies(plan, length, padded.device):
        lanes.index_add_(1, sources, padded[:, positions])
    return lanes


def _copies(plan: Plan, length: int, device: torch.device) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Places of the padded signal before and after the samples, and the samples that they copy."""
    padding, reach, last = plan.options["padding"], plan.look_ahead, length - 1
    if padding == "zero" or length == 0:
        return
    for first in (-reach, length):
        positions = torch.arange(first, first + reach, device=device)
        if padding == "reflect" and last > 0:
            within = positions.remainder(2 * last)
            sources = torch.minimum(within, 2 * last - within)
        else:
            sources = positions.clamp(0, last)
        yield positions + _margin(plan), sources


def _computed_in(dtype: torch.dtype) -> torch.dtype:
    if dtype in (torch.float16, torch.bfloat16):
        return torch.float32
    if not (dtype.is_floating_point or dtype.is_complex):
        raise TypeError(f"Expected floating point type for waveform tensor, but received {dtype}.")
    return dtype


@contextmanager
def _no_tf32() -> Iterator[None]:
    """Matrix products in full float32."""
    matmul = torch.backends.cuda.matmul
    allowed = matmul.allow_tf32
    matmul.allow_tf32 = False
    try:
        yield
    finally:
        matmul.allow_tf32 = allowed
