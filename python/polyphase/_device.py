"""Resampling by torch's own operations, for tensors on devices that the library does not reach.

Output n = q·L + j is the sum of the taps of phase j times the samples from q·M + start_j on. The taps are designed in
float64 and rounded once. Products are summed without matrix multiplications, which some devices round to TF32:

    phase j of L         taps h_j[0 … K)
    outputs q·L + j      samples q·M + start_j + [0 … K), gathered; a padded position reads the sample that it copies

Blocks of phases and of periods q bound the memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from ._native import Plan

# Products of one block over all lanes: 64 MiB in float32, and as much again for positions and samples.
BLOCK = 1 << 24


def resample(x: torch.Tensor, plan: Plan) -> torch.Tensor:
    """Resamples a tensor along its last axis."""
    length = x.shape[-1]
    outputs = plan.output_len(length)
    lanes = x.reshape(math.prod(x.shape[:-1]), length).to(_computed_in(x.dtype))
    y = lanes.new_zeros((lanes.shape[0], outputs))
    if y.numel() > 0:
        for numbers, positions, taps in _blocks(plan, length, outputs, lanes):
            y[:, numbers] = (lanes[:, positions] * taps).sum(-1)
    return y.reshape((*x.shape[:-1], outputs)).to(x.dtype)


def adjoint(y: torch.Tensor, input_len: int, plan: Plan) -> torch.Tensor:
    """Applies the transpose of `resample` along the last axis."""
    outputs = y.shape[-1]
    lanes = y.reshape(math.prod(y.shape[:-1]), outputs).to(_computed_in(y.dtype))
    x = lanes.new_zeros((lanes.shape[0], input_len))
    if lanes.numel() > 0 and input_len > 0:
        for numbers, positions, taps in _blocks(plan, input_len, outputs, lanes):
            products = lanes[:, numbers, None] * taps
            x.index_add_(1, positions.flatten(), products.flatten(1))
    return x.reshape((*y.shape[:-1], input_len)).to(y.dtype)


def _computed_in(dtype: torch.dtype) -> torch.dtype:
    if dtype in (torch.float16, torch.bfloat16):
        return torch.float32
    if not (dtype.is_floating_point or dtype.is_complex):
        raise TypeError(f"Expected floating point type for waveform tensor, but received {dtype}.")
    return dtype


def _blocks(
    plan: Plan, length: int, outputs: int, lanes: torch.Tensor
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Numbers of outputs, and for each the positions of its samples and their taps, which are 0 for no sample."""
    device, stride, phases = lanes.device, plan.stride, plan.phases
    most = max(BLOCK // (plan.taps * max(lanes.shape[0], 1)), 1)
    real = lanes.real.dtype if lanes.is_complex() else lanes.dtype
    used = min(phases, outputs)
    for first in range(0, used, most):
        count = min(most, used - first)
        starts, table = plan.phase_taps(first, count)
        begins = torch.from_numpy(starts).to(device)
        taps = torch.from_numpy(table).to(real).to(device)
        periods = -(-(outputs - first) // phases)
        step = max(most // count, 1)
        for period in range(0, periods, step):
            q = torch.arange(period, min(period + step, periods), device=device)
            numbers = (q[:, None] * phases + torch.arange(first, first + count, device=device)).flatten()
            begin = (q[:, None] * stride + begins).flatten()
            inside = numbers < outputs
            numbers, begin = numbers[inside], begin[inside]
            positions = begin[:, None] + torch.arange(plan.taps, device=device)
            sources, valid = _sources(plan, positions, length)
            yield numbers, sources, taps.repeat(len(q), 1)[inside] * valid


def _sources(plan: Plan, positions: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The sample that is read at each position, and whether there is one."""
    padding, last = plan.options["padding"], length - 1
    margin = 0 if padding == "zero" else plan.look_ahead
    valid = (positions >= -margin) & (positions <= last + margin)
    if padding == "reflect" and last > 0:
        within = positions.remainder(2 * last)
        positions = torch.minimum(within, 2 * last - within)
    return positions.clamp(0, max(last, 0)), valid & (length > 0)
