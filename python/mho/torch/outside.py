# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""What the back end `torch` asks of the inputs outside their range (adapt/outside_gradients.h)."""

# No postponed annotations here: torch reads the types of operators from them.
import torch
from torch import Tensor

from .. import _core


def outside_sums(u: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Of inputs u over their range, with the gradient of the loss by them: the sum of min(sign(u)
    gradient, 0) over those not inside (-1, 1), for with the sign both ends of the range have one
    rule; and the share of those inside."""
    change = torch.sign(u).mul_(gradient).clamp_(max=0)
    inside = torch.ops.aten.hardtanh_backward(change, u, -1.0, 1.0)  # one vectorised pass
    return change.sub_(inside).sum(), 1 - (u.abs() >= 1).float().mean()


@torch.library.custom_op("mho::outside_products", mutates_args=(), device_types="cpu")
def outside_products(u: Tensor, errors: Tensor, weights: Tensor) -> Tensor:
    """The two numbers of outside_sums for the gradient errors @ weights, of which only the elements
    that count are computed while they are few: u [rows, inputs], errors [rows, outputs], weights
    [outputs, inputs]."""
    u, errors, weights = u.contiguous(), errors.contiguous(), weights.contiguous()
    sums = torch.empty(2)
    if _core.outside_products(
        u.data_ptr(), errors.data_ptr(), weights.data_ptr(), *u.shape, errors.shape[1], sums.data_ptr()
    ):
        return sums
    return torch.stack(outside_sums(u, errors @ weights))


@outside_products.register_fake
def _outside_products_fake(u: Tensor, errors: Tensor, weights: Tensor) -> Tensor:
    return u.new_empty(2)
