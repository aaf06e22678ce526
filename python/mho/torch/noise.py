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
import torch
from torch import Tensor

from .. import _core


@torch.library.custom_op("mho::add_normals", mutates_args=(), device_types="cpu")
def add_normals_op(x: Tensor, factor: Tensor, key: Tensor) -> Tensor:
    """x + factor * N with N standard normal, by `key`."""
    x = x.contiguous()
    y = torch.empty_like(x)
    _core.add_normals(x.data_ptr(), y.data_ptr(), x.numel(), float(factor), int(key))
    return y


@add_normals_op.register_fake
def _add_normals_fake(x: Tensor, factor: Tensor, key: Tensor) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _straight(ctx: object, gradient: Tensor) -> tuple[Tensor, None, None]:
    return gradient, None, None


add_normals_op.register_autograd(_straight)


def add_normals(x: Tensor, factor: Tensor | float) -> Tensor:
    """x + factor * N, N standard normal and independent; the gradient is that of x. `factor` has one
    element."""
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return x + factor * torch.randn_like(x)
    if not isinstance(factor, Tensor):
        factor = torch.tensor(factor)
    return torch.ops.mho.add_normals(x, factor, torch.randint(2**62, ()))  # type: ignore[no-any-return]


def normals_like(x: Tensor) -> Tensor:
    """Standard normal numbers in the shape of x."""
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return torch.randn_like(x)
    return add_normals(torch.zeros_like(x), 1.0)
