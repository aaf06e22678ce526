# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Analog convolutions: patches are rows of one matrix product."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .._core import InputError
from .._hardware import HardwareLike
from .layers import AnalogLayer


class _AnalogConv(AnalogLayer):
    """Convolutions: patches are rows of one matrix product, group by group."""

    dimensions = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        hardware: HardwareLike = None,
        name: str = "conv",
        seed: int = 0,
        backend: str = "core",
    ) -> None:
        kernel = self._tuple(kernel_size)
        if in_channels % groups or out_channels % groups:
            raise InputError(f"layer {name}: channels must be multiples of groups ({groups})")
        inputs = in_channels // groups * math.prod(kernel)
        super().__init__(groups, out_channels // groups, inputs, bias, hardware, name, seed, backend)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel
        self.stride = self._tuple(stride)
        self.padding = self._tuple(padding)
        self.dilation = self._tuple(dilation)

    def _tuple(self, value: Any) -> tuple[int, ...]:
        return (value,) * self.dimensions if isinstance(value, int) else tuple(value)

    def forward(self, input: Tensor) -> Tensor:
        """x [samples, channels, ...] -> [samples, out_channels, ...]."""
        if input.dim() != self.dimensions + 2 or input.shape[1] != self.in_channels:
            raise InputError(
                f"layer {self.name}: inputs must be [samples, {self.in_channels}, "
                f"{self.dimensions} sizes], got {list(input.shape)}"
            )
        x = input.float() if input.dtype != torch.float32 else input
        samples = x.shape[0]
        sizes = [
            (x.shape[2 + d] + 2 * self.padding[d] - self.dilation[d] * (self.kernel_size[d] - 1) - 1)
            // self.stride[d]
            + 1
            for d in range(self.dimensions)
        ]
        if min(sizes) < 1:
            raise InputError(f"layer {self.name}: the kernel is larger than the padded input")
        rows = self._patches(x, sizes)
        y = self.multiply(rows, math.prod(sizes))
        y = y.reshape(samples, *sizes, self.out_channels)
        return y.permute(0, -1, *range(1, self.dimensions + 1)).to(input.dtype)

    def _patches(self, x: Tensor, sizes: list[int]) -> Tensor:
        """[samples * positions, channels * kernel], in the order channel, row, column."""
        if self.dimensions == 2:
            columns = F.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)  # type: ignore[arg-type]
            return columns.transpose(1, 2).reshape(-1, columns.shape[1])
        padding = [p for p in reversed(self.padding) for _ in range(2)]
        x = F.pad(x, padding)
        index: Any
        for d in range(self.dimensions):
            axis = 2 + 2 * d
            starts = torch.arange(sizes[d], device=x.device) * self.stride[d]
            taps = torch.arange(self.kernel_size[d], device=x.device) * self.dilation[d]
            index = (starts[:, None] + taps[None, :]).reshape(-1)
            x = x.index_select(axis, index)
            x = x.reshape(*x.shape[:axis], sizes[d], self.kernel_size[d], *x.shape[axis + 1 :])
        # [samples, channels, size, tap, size, tap, ...]
        n = self.dimensions
        order = [0, *(2 + 2 * d for d in range(n)), 1, *(3 + 2 * d for d in range(n))]
        return x.permute(order).reshape(-1, self.in_channels * math.prod(self.kernel_size))

    def extra_repr(self) -> str:
        """What print(model) shows."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, backend={self.backend!r}"
        )


class AnalogConv1d(_AnalogConv):
    """torch.nn.Conv1d on analog tiles."""

    dimensions = 1


class AnalogConv2d(_AnalogConv):
    """torch.nn.Conv2d on analog tiles."""

    dimensions = 2


class AnalogConv3d(_AnalogConv):
    """torch.nn.Conv3d on analog tiles."""

    dimensions = 3
