"""Resampling for `torch.func` and forward-mode gradients, which the operators' registered gradients do not support.

The operators are linear: each is its own derivative, and the other is its transpose.
"""

from __future__ import annotations

from typing import Any

import torch


def resample(x: torch.Tensor, filter: tuple[Any, ...]) -> torch.Tensor:
    """Resamples a tensor along its last axis."""
    y: torch.Tensor = _Resample.apply(x, *filter)  # type: ignore[no-untyped-call]
    return y


class _Resample(torch.autograd.Function):
    @staticmethod
    def forward(x: torch.Tensor, *filter: Any) -> Any:
        return torch.ops.polyphase.resample(x, *filter)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        x, *ctx.filter = inputs
        ctx.input_len = x.shape[-1]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        gradient = _Adjoint.apply(gradients[0], ctx.input_len, *ctx.filter)  # type: ignore[no-untyped-call]
        return (gradient, *[None] * len(ctx.filter))

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        return _Resample.apply(tangents[0], *ctx.filter)  # type: ignore[no-untyped-call]

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], x: torch.Tensor, *filter: Any) -> Any:
        return _Resample.apply(x.movedim(in_dims[0], 0), *filter), 0  # type: ignore[no-untyped-call]


class _Adjoint(torch.autograd.Function):
    @staticmethod
    def forward(y: torch.Tensor, input_len: int, *filter: Any) -> Any:
        return torch.ops.polyphase.adjoint(y, input_len, *filter)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _, ctx.input_len, *ctx.filter = inputs

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        gradient = _Resample.apply(gradients[0], *ctx.filter)  # type: ignore[no-untyped-call]
        return (gradient, None, *[None] * len(ctx.filter))

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        return _Adjoint.apply(tangents[0], ctx.input_len, *ctx.filter)  # type: ignore[no-untyped-call]

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], y: torch.Tensor, *rest: Any) -> Any:
        return _Adjoint.apply(y.movedim(in_dims[0], 0), *rest), 0  # type: ignore[no-untyped-call]
