"""The operators `torch.ops.polyphase.resample` and `torch.ops.polyphase.adjoint`.

Each is the derivative of the other, so that gradients of any order exist. Tensors of the CPU are read and written where
they are; those of other devices are computed there, see `_device`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from . import _device, _function
from ._native import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A filter as arguments of an operator, which a compiler can store: rates in lowest terms, options, and the limits
# max_filter_bytes, max_ratio and max_lowpass_filter_width.
_FILTER = (
    "int orig_freq, int new_freq, float lowpass_filter_width, float rolloff, float? beta, bool normalize_phases, "
    "str padding, str output_length, int[3] limits"
)
Filter = tuple[int, int, float, float, "float | None", bool, str, str, list[int]]

_LIBRARY = torch.library.Library("polyphase", "DEF")
_LIBRARY.define(f"resample(Tensor x, {_FILTER}) -> Tensor")
_LIBRARY.define(f"adjoint(Tensor y, SymInt input_len, {_FILTER}) -> Tensor")

# The largest default limit of the bytes of a filter, and no limit of the ratio, as torchaudio has none.
TORCHAUDIO_LIMITS = [64 << 20, 1 << 62, 4096]


def filter_of(plan: Plan) -> Filter:
    """The arguments of the operators for a plan."""
    options = plan.options
    width, rolloff, length = options["lowpass_filter_width"], options["rolloff"], options["output_length"]
    limits = [options["max_filter_bytes"], options["max_ratio"], options["max_lowpass_filter_width"]]
    assert width is not None and rolloff is not None
    return (
        plan.stride,
        plan.phases,
        width,
        rolloff,
        options.get("beta"),
        bool(options["normalize_phases"]),
        str(options["padding"]),
        str(length),
        [limit for limit in limits if limit is not None],
    )


def plan_of(filter: Filter) -> Plan:
    """The plan of the arguments of an operator, from the cache of plans."""
    orig_freq, new_freq, width, rolloff, beta, normalize, padding, length, limits = filter
    return Plan(
        orig_freq,
        new_freq,
        lowpass_filter_width=width,
        rolloff=rolloff,
        window="hann" if beta is None else "kaiser",
        beta=beta,
        normalize_phases=normalize,
        padding=padding,  # type: ignore[arg-type]
        output_length=int(length) if length.isdigit() else length,  # type: ignore[arg-type]
        max_filter_bytes=limits[0],
        max_ratio=limits[1],
        max_lowpass_filter_width=limits[2],
    )


def as_array(tensor: object, name: str) -> NDArray[Any]:
    """The samples of a tensor as an array that shares its memory."""
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} is of type {type(tensor).__name__}: the others are tensors of torch")
    if tensor.requires_grad and torch.is_grad_enabled():
        raise TypeError(f"{name} requires gradients, which this call does not compute: detach it first")
    if tensor.device.type != "cpu":
        raise TypeError(f"{name} is on the device {tensor.device}: this call reads memory of the CPU")
    return _numpy(tensor)


def as_tensor(array: NDArray[Any]) -> torch.Tensor:
    """An array as a tensor that shares its memory."""
    return torch.from_numpy(array)


def resample_axis(x: torch.Tensor, plan: Plan, axis: int) -> torch.Tensor:
    """Resamples a tensor along an axis."""
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis {axis} does not exist in a tensor of {x.ndim} dimensions")
    last = axis in (-1, x.ndim - 1)
    y = resample_last(x if last else x.movedim(axis, -1), filter_of(plan))
    return y if last else y.movedim(-1, axis)


def resample_last(x: torch.Tensor, filter: Filter) -> torch.Tensor:
    """Resamples a tensor along its last axis."""
    if not torch.compiler.is_compiling():
        if _is_transformed():
            return _function.resample(x, filter)
        if _needs_no_dispatch(x):
            return _resample_on_cpu(x, *filter)
    y: torch.Tensor = torch.ops.polyphase.resample(x, *filter)
    return y


def _is_transformed() -> bool:
    """True inside torch.func's transforms and forward-mode gradients, which registered gradients do not support.

    These questions, and those of `_has_no_mode`, have no public form.
    """
    try:
        return torch._C._are_functorch_transforms_active() or torch.autograd.forward_ad._current_level >= 0
    except AttributeError:
        return False


def _needs_no_dispatch(x: torch.Tensor) -> bool:
    """True if nothing but the kernel of the CPU would see a call of the operator: 40 µs of dispatch are then saved."""
    return (
        type(x) is torch.Tensor
        and x.is_cpu
        and x.layout is torch.strided
        and not (x.requires_grad and torch.is_grad_enabled())
        and _has_no_mode(x)
    )


def _has_no_mode(x: torch.Tensor) -> bool:
    """True if no mode and no tracer observes operations, and no transform has wrapped the tensor."""
    try:
        return (
            torch._C._len_torch_dispatch_stack() == 0
            and torch._C._len_torch_function_stack() == 0
            and torch._C._get_tracing_state() is None
            and not torch._C._functorch.is_functorch_wrapped_tensor(x)
        )
    except AttributeError:
        return False


def _numpy(x: torch.Tensor) -> NDArray[Any]:
    array: NDArray[Any] = x.detach().resolve_conj().resolve_neg().numpy()
    return array


def _resample_on_cpu(x: torch.Tensor, *filter: Any) -> torch.Tensor:
    plan = plan_of(filter)
    if x.dtype == torch.bfloat16:
        return _resample_on_cpu(x.float(), *filter).to(torch.bfloat16)
    return torch.from_numpy(plan.resample(_numpy(x), threads=torch.get_num_threads()))


def _adjoint_on_cpu(y: torch.Tensor, input_len: int, *filter: Any) -> torch.Tensor:
    plan = plan_of(filter)
    if y.dtype == torch.bfloat16:
        return _adjoint_on_cpu(y.float(), input_len, *filter).to(torch.bfloat16)
    return torch.from_numpy(plan.adjoint(_numpy(y), input_len, threads=torch.get_num_threads()))


def _resample_on_device(x: torch.Tensor, *filter: Any) -> torch.Tensor:
    return _device.resample(x, plan_of(filter))


def _adjoint_on_device(y: torch.Tensor, input_len: int, *filter: Any) -> torch.Tensor:
    return _device.adjoint(y, input_len, plan_of(filter))


def _resampled_shape(x: torch.Tensor, *filter: Any) -> torch.Tensor:
    # The length may be symbolic: Plan.output_len takes integers only.
    orig_freq, new_freq, length, samples = filter[0], filter[1], filter[7], x.shape[-1]
    if length.isdigit():
        outputs = int(length)
    else:
        rest = orig_freq - 1 if length == "ceil" else 0
        outputs = (samples * new_freq + rest) // orig_freq
    return x.new_empty((*x.shape[:-1], outputs))


def _adjoint_shape(y: torch.Tensor, input_len: int, *filter: Any) -> torch.Tensor:
    return y.new_empty((*y.shape[:-1], input_len))


def _keep_resample(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    x, *ctx.filter = inputs
    ctx.input_len = x.shape[-1]


def _keep_adjoint(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    _, _, *ctx.filter = inputs


def _gradient_of_resample(ctx: Any, gradient: torch.Tensor) -> tuple[Any, ...]:
    return (torch.ops.polyphase.adjoint(gradient, ctx.input_len, *ctx.filter), *[None] * len(ctx.filter))


def _gradient_of_adjoint(ctx: Any, gradient: torch.Tensor) -> tuple[Any, ...]:
    return (torch.ops.polyphase.resample(gradient, *ctx.filter), None, *[None] * len(ctx.filter))


def _mapped_resample(info: Any, in_dims: tuple[Any, ...], x: torch.Tensor, *filter: Any) -> tuple[torch.Tensor, int]:
    return torch.ops.polyphase.resample(x.movedim(in_dims[0], 0), *filter), 0


def _mapped_adjoint(info: Any, in_dims: tuple[Any, ...], y: torch.Tensor, *rest: Any) -> tuple[torch.Tensor, int]:
    return torch.ops.polyphase.adjoint(y.movedim(in_dims[0], 0), *rest), 0


_LIBRARY.impl("resample", _resample_on_cpu, "CPU")
_LIBRARY.impl("adjoint", _adjoint_on_cpu, "CPU")
_LIBRARY.impl("resample", _resample_on_device, "CompositeExplicitAutograd")
_LIBRARY.impl("adjoint", _adjoint_on_device, "CompositeExplicitAutograd")
torch.library.register_fake("polyphase::resample", _resampled_shape, lib=_LIBRARY)
torch.library.register_fake("polyphase::adjoint", _adjoint_shape, lib=_LIBRARY)
torch.library.register_autograd(
    "polyphase::resample", _gradient_of_resample, setup_context=_keep_resample, lib=_LIBRARY
)
torch.library.register_autograd("polyphase::adjoint", _gradient_of_adjoint, setup_context=_keep_adjoint, lib=_LIBRARY)
torch.library.register_vmap("polyphase::resample", _mapped_resample, lib=_LIBRARY)
torch.library.register_vmap("polyphase::adjoint", _mapped_adjoint, lib=_LIBRARY)
