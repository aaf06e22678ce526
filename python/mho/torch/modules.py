# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""A network of the core as a PyTorch module: to train it further, or to look inside."""

from __future__ import annotations

import json
from typing import Any

import torch
from torch import Tensor, nn

from .. import _core
from .._core import InputError
from .convolutions import AnalogConv2d, AnalogConv3d
from .layers import AnalogLayer, AnalogLinear

_ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU}


class NetworkModule(nn.Module):
    """Runs the graph of a network. Layers have the names that they have in the network, so that a
    converted module and `mho evaluate` draw the same noise. Inputs are those of the network
    (pixels), [samples, channels, height, width]."""

    def __init__(self, network: _core.Network, seed: int = 0, backend: str = "core") -> None:
        super().__init__()
        graph = json.loads(network.graph)
        self._input: dict[str, Any] = graph["input"]
        self._steps: list[tuple[str, str, list[str]]] = []
        parameters = {k: torch.from_numpy(v.copy()) for k, v in network.parameters.items()}
        analog = set(network.analog_layers)
        before = "input"
        for layer in graph["layers"]:
            name, op = layer["name"], layer["op"]
            hardware = json.loads(network.hardware_of(name)) if name in analog else None
            module = _module(layer, parameters, hardware, seed, backend)
            if module is not None:
                self._place(name, module)
            self._steps.append((name, op, layer.get("inputs") or [before]))
            before = name

    def _place(self, name: str, module: nn.Module) -> None:
        *parents, leaf = name.split(".")
        at: nn.Module = self
        for part in parents:
            if not hasattr(at, part):
                at.add_module(part, nn.Module())
            at = getattr(at, part)
        at.add_module(leaf, module)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs of the last layer."""
        spec = self._input
        x = x.reshape(x.shape[0], *spec["shape"]) * spec["scale"]
        for key, sign in (("mean", -1), ("std", 0)):
            if spec.get(key):
                values = torch.tensor(spec[key], dtype=x.dtype, device=x.device).reshape(1, -1, 1, 1)
                x = x - values if sign else x / values
        values_of: dict[str, Tensor] = {"input": x}
        for name, op, inputs in self._steps:
            given = [values_of[i] for i in inputs]
            if op == "add":
                y = given[0]
                for more in given[1:]:
                    y = y + more
            elif op == "flatten":
                y = given[0].flatten(1)
            elif op == "global_average_pool":
                y = given[0].flatten(2).mean(2)
            else:
                y = self.get_submodule(name)(given[0])
            values_of[name] = y
        return y


def from_network(network: _core.Network, seed: int = 0, backend: str = "core") -> NetworkModule:
    """A module of a network: digital layers become torch's, analog ones analog layers.

    Linear and convolution layers, batch and layer norms, activations, pooling, sums and flattening; other
    operations are refused by name.
    """
    return NetworkModule(network, seed, backend).eval()


def _module(
    layer: dict[str, Any],
    parameters: dict[str, Tensor],
    hardware: dict[str, Any] | None,
    seed: int,
    backend: str,
) -> nn.Module | None:
    name, op = layer["name"], layer["op"]
    options: dict[str, Any] = {"hardware": hardware, "name": name, "seed": seed, "backend": backend}
    made: Any
    if op == "linear":
        sizes = (layer["in_features"], layer["out_features"], layer.get("bias", True))
        made = AnalogLinear(*sizes, **options) if hardware else nn.Linear(*sizes)
    elif op in ("conv2d", "conv3d"):
        n = int(op[4])
        kernel = _sizes(layer["kernel"], n)
        values = {
            "stride": _sizes(layer.get("stride", 1), n),
            "padding": _sizes(layer.get("padding", 0), n),
            "dilation": _sizes(layer.get("dilation", 1), n),
            "groups": layer.get("groups", 1),
            "bias": layer.get("bias", True),
        }
        channels = (layer["in_channels"], layer["out_channels"], kernel)
        if hardware:
            made = (AnalogConv2d if n == 2 else AnalogConv3d)(*channels, **values, **options)
        else:
            made = (nn.Conv2d if n == 2 else nn.Conv3d)(*channels, **values)
    elif op == "batch_norm":
        made = _BatchNorm(layer["channels"], layer.get("epsilon", 1e-5))
    elif op == "layer_norm":
        made = nn.LayerNorm(layer["features"], layer.get("epsilon", 1e-5))
    elif op in _ACTIVATIONS:
        return _ACTIVATIONS[op]()
    elif op in ("max_pool2d", "avg_pool2d"):
        kernel = _sizes(layer["kernel"], 2)
        kind = nn.MaxPool2d if op == "max_pool2d" else nn.AvgPool2d
        return kind(kernel, _sizes(layer.get("stride", kernel), 2), _sizes(layer.get("padding", 0), 2))
    elif op == "dropout":
        return nn.Dropout(layer.get("rate", 0.5))
    elif op in ("add", "flatten", "global_average_pool"):
        return None
    else:
        raise InputError(f"layer {name}: the operation {op} has no module yet")
    with torch.no_grad():
        for key in ("tile_weight", "scale", "input_range", "weight", "bias", "running_mean", "running_var"):
            if f"{name}.{key}" in parameters:
                target = getattr(made, key)
                target.copy_(parameters[f"{name}.{key}"].reshape(target.shape))
        if isinstance(made, AnalogLayer):
            made.range_batches.fill_(made.hardware.input_range.init_batches)
            made._forget()
    return made


class _BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Of features or of channels of images."""

    def __init__(self, channels: int, epsilon: float) -> None:
        super().__init__(channels, epsilon)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise InputError("batch norm takes [samples, channels, ...]")


def _sizes(value: Any, n: int) -> tuple[int, ...]:
    return (value,) * n if isinstance(value, int) else tuple(value)
