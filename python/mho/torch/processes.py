# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Several processes of torch.distributed that train one model."""

from __future__ import annotations

import torch
from torch import Tensor


def process_count() -> int:
    """Processes that train together; 1 without torch.distributed."""
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return 1
    return torch.distributed.get_world_size()


def process_rank() -> int:
    """Number of this process, from 0."""
    return torch.distributed.get_rank() if process_count() > 1 else 0


def sum_over_processes(values: Tensor) -> Tensor:
    """The sum of the tensors of all processes; every process must call it."""
    if process_count() == 1:
        return values
    # NCCL adds on GPUs only.
    nccl = torch.distributed.get_backend() == "nccl"
    there = values.cuda() if nccl and not values.is_cuda else values
    torch.distributed.all_reduce(there)
    return there.to(values.device)
