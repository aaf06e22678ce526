# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Low-rank adapters beside frozen analog weights, and distillation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from .._core import InputError
from .._hardware import HardwareLike
from .layers import AnalogLinear


class LoRA(nn.Module):
    """y = base(x) + alpha / rank * B(A(dropout(x))) (Hu et al., arXiv 2106.09685).

    The base is frozen. The adapter is digital, or on analog tiles of its own with `hardware` (as in
    Li et al., arXiv 2411.17367). B starts at zero: at first the model is unchanged.
    """

    def __init__(
        self,
        base: nn.Module,
        rank: int = 8,
        alpha: float = 16.0,
        dropout: float = 0.0,
        hardware: HardwareLike = None,
        analog: bool = False,
        name: str = "lora",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if rank < 1:
            raise InputError(f"rank: must be at least 1, got {rank}")
        inputs, outputs = base.in_features, base.out_features
        self.base = base.requires_grad_(False)
        self.in_features, self.out_features = inputs, outputs
        self.factor = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.down: nn.Module
        self.up: nn.Module
        if analog:
            options: dict[str, Any] = {"bias": False, "hardware": hardware, "seed": seed}
            self.down = AnalogLinear(inputs, rank, name=name + ".down", **options)
            self.up = AnalogLinear(rank, outputs, name=name + ".up", **options)
            self.up.set_weights(torch.zeros(outputs, rank))
        else:
            self.down = nn.Linear(inputs, rank, bias=False)
            self.up = nn.Linear(rank, outputs, bias=False)
            nn.init.kaiming_uniform_(self.down.weight, a=math.sqrt(5))
            nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both ways."""
        return self.base(x) + self.factor * self.up(self.down(self.dropout(x)))


def add_lora(
    model: nn.Module,
    target: str | Iterable[str] = "*",
    rank: int = 8,
    alpha: float = 16.0,
    dropout: float = 0.0,
    hardware: HardwareLike = None,
    analog: bool = False,
    freeze: bool = True,
) -> nn.Module:
    """Puts an adapter beside every linear layer, digital or analog, whose path matches `target`
    (patterns with *), in place. `freeze`: everything else stops learning; unfreeze a head yourself.

    Adapters of the package `peft` work on converted models as well (mho.torch.peft); these need no
    package.
    """
    patterns = [target] if isinstance(target, str) else list(target)
    if freeze:
        model.requires_grad_(False)
    found = 0
    for path, module in list(model.named_modules()):
        if not isinstance(module, (nn.Linear, AnalogLinear)) or not path:
            continue
        if not any(fnmatchcase(path, p) for p in patterns):
            continue
        parent_path, _, leaf = path.rpartition(".")
        parent = model.get_submodule(parent_path)
        if isinstance(parent, LoRA):
            continue
        adapter = LoRA(module, rank, alpha, dropout, hardware, analog, name=path + ".lora")
        setattr(parent, leaf, adapter.train(module.training))
        found += 1
    if not found:
        raise InputError(f"no linear layer matches {patterns}")
    return model


@torch.no_grad()
def merge_lora(model: nn.Module) -> nn.Module:
    """Adds every digital adapter to its base and removes it, in place."""
    for path, module in list(model.named_modules()):
        for leaf, child in list(module.named_children()):
            if not isinstance(child, LoRA):
                continue
            if not isinstance(child.down, nn.Linear) or not isinstance(child.up, nn.Linear):
                raise InputError(f"{path}.{leaf}: an analog adapter stays beside its base")
            change = child.factor * child.up.weight @ child.down.weight
            base = child.base
            if isinstance(base, AnalogLinear):
                base.set_weights(base.logical_weight() + change, base.logical_bias())
            else:
                base.weight += change
            setattr(module, leaf, base.requires_grad_(True))
    return model


def distillation_loss(
    student: Tensor,
    teacher: Tensor,
    labels: Tensor | None = None,
    temperature: float = 2.0,
    weight: float = 1.0,
) -> Tensor:
    """`weight` times T^2 KL(teacher || student) at temperature T over the last dimension, plus (1 -
    weight) times the cross-entropy with `labels` (Hinton et al., arXiv 1503.02531)."""
    classes = student.shape[-1]
    loss = nn.functional.kl_div(
        nn.functional.log_softmax(student.reshape(-1, classes) / temperature, -1),
        nn.functional.log_softmax(teacher.detach().reshape(-1, classes) / temperature, -1),
        reduction="batchmean",
        log_target=True,
    )
    total = weight * temperature**2 * loss
    if labels is not None and weight < 1:
        total = total + (1 - weight) * nn.functional.cross_entropy(
            student.reshape(-1, classes), labels.reshape(-1)
        )
    return total
