# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Layers whose numbers the core reads by address."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class StaysFloat32(nn.Module):
    """Moves to other devices, but stays in float32 and contiguous: model.bfloat16() is for the rest of
    the model. Inputs and outputs of a layer follow whatever type the inputs have."""

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        def in_float32(t: Tensor) -> Tensor:
            moved = fn(t)
            return moved if moved.dtype == t.dtype else t.to(moved.device)

        return super()._apply(in_float32, recurse)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        # load_state_dict(assign=True) takes the tensors as they are.
        for p in (*self.parameters(recurse=False), *self.buffers(recurse=False)):
            if p.is_floating_point() and (p.dtype != torch.float32 or not p.is_contiguous()):
                p.data = p.data.to(torch.float32).contiguous()
