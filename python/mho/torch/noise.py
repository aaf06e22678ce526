# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Normal numbers for the back end `torch`.

torch's own generator makes some 250 million normal numbers a second on a processor, that of the core
1700 million; weight noise draws one for every weight and step, which is most of what such a step
costs. On the CPU they come from the core, by a key that torch's CPU generator gives (so torch.manual_seed
seeds them and gradient checkpointing repeats them); on other devices torch draws them. Both are
operators, so that graphs of torch.compile do not break.
"""

# No postponed annotations here: torch reads the types of operators from them.
from typing import Any

import torch
from torch import Tensor

from .. import _core


def _drawn(x: Tensor, factor: float, key: int, relative: bool) -> Tensor:
    x = x.contiguous()
    y = torch.empty_like(x)
    _core.add_normals(x.data_ptr(), y.data_ptr(), x.numel(), factor, key, relative)
    return y


@torch.library.custom_op("mho::add_normals", mutates_args=(), device_types="cpu")
def add_normals_op(x: Tensor, factor: Tensor, key: Tensor, relative: bool) -> Tensor:
    """x + factor * N with N standard normal, by `key`; `relative`: times the largest |x|."""
    return _drawn(x, float(factor), int(key), relative)


@add_normals_op.register_fake
def _add_normals_fake(x: Tensor, factor: Tensor, key: Tensor, relative: bool) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _straight(ctx: object, gradient: Tensor) -> tuple[Tensor, None, None, None]:
    return gradient, None, None, None


add_normals_op.register_autograd(_straight)


class _AddNormals(torch.autograd.Function):
    """The operator eagerly: a custom one costs some forty microseconds a call."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: object, x: Tensor, factor: float, key: int, relative: bool
    ) -> Tensor:
        return _drawn(x, factor, key, relative)

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Any:  # type: ignore[override]
        return _straight(ctx, gradient)


def add_normals(x: Tensor, factor: Tensor | float, relative: bool = False) -> Tensor:
    """x + factor * N, N standard normal and independent; the gradient is that of x. `factor` has one
    element. `relative`: it is in units of the largest |x| (1 where all are 0)."""
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return x + (factor * largest(x) if relative else factor) * torch.randn_like(x)
    key = torch.randint(2**62, ())
    if not torch.compiler.is_compiling():
        draw = _AddNormals.apply if x.requires_grad and torch.is_grad_enabled() else _drawn
        return draw(x, float(factor), int(key), relative)  # type: ignore[no-any-return]
    if not isinstance(factor, Tensor):
        factor = torch.tensor(factor)
    return torch.ops.mho.add_normals(x, factor, key, relative)  # type: ignore[no-any-return]


def largest(x: Tensor) -> Tensor:
    """The largest |x|, 1 where all are 0."""
    low, high = torch.aminmax(x)
    most = torch.maximum(high, -low)
    return torch.where(most > 0, most, 1.0)


def normals_like(x: Tensor) -> Tensor:
    """Standard normal numbers in the shape of x."""
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return torch.randn_like(x)
    return add_normals(torch.zeros_like(x), 1.0)
