# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The Trainer of Hugging Face for analog models, alone or with a teacher (needs `transformers`)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import Trainer

from .adapters import distillation_loss
from .training import attach


class AnalogTrainer(Trainer):
    """transformers.Trainer that clips and remaps analog weights after every step of the optimiser.

    With a `teacher` (usually the floating-point model) the loss is distillation_loss of its logits at
    `temperature`, with `distillation` of it and the rest the model's own loss.
    """

    def __init__(
        self,
        *args: Any,
        teacher: nn.Module | None = None,
        temperature: float = 2.0,
        distillation: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.teacher = None if teacher is None else teacher.eval().requires_grad_(False)
        self.temperature, self.distillation = temperature, distillation
        self._attached: Any = None
        if self.optimizer is not None:
            self._attach(self.optimizer)

    def create_optimizer(self, *args: Any, **kwargs: Any) -> Any:
        """The optimiser of the base class, with what analog layers need after a step."""
        return self._attach(super().create_optimizer(*args, **kwargs))

    def _attach(self, optimizer: Any) -> Any:
        if optimizer is not self._attached:
            self._attached = attach(optimizer, self.model)
        return optimizer

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, **kwargs: Any
    ) -> Any:
        """The model's loss, or the sum with that of the teacher."""
        if self.teacher is None:
            return super().compute_loss(model, inputs, return_outputs=return_outputs, **kwargs)
        own, outputs = super().compute_loss(model, inputs, return_outputs=True, **kwargs)
        self.teacher.to(outputs.logits.device)
        with torch.no_grad():
            wanted = self.teacher(**{k: v for k, v in inputs.items() if k != "labels"}).logits
        loss = distillation_loss(outputs.logits, wanted, temperature=self.temperature)
        loss = self.distillation * loss + (1 - self.distillation) * own
        return (loss, outputs) if return_outputs else loss
