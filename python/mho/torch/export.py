# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""A converted model as a network of the program `mho`: run it without Python."""

from __future__ import annotations

import json
import operator
import os
from typing import Any

import torch
from torch import Tensor, fx, nn

from .. import _core
from .._core import InputError
from .chips import analog_layers
from .convolutions import _AnalogConv
from .layers import AnalogLayer
from .recurrent import AnalogRecurrent

_ACTIVATIONS = {
    nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid", nn.GELU: "gelu",
    torch.relu: "relu", nn.functional.relu: "relu", torch.tanh: "tanh", torch.sigmoid: "sigmoid",
    nn.functional.gelu: "gelu", "relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid",
}


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, name: str) -> bool:
        return isinstance(m, (AnalogLayer, AnalogRecurrent)) or super().is_leaf_module(m, name)


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


class _Builder:
    """Layers and parameters from the nodes of a traced model."""

    def __init__(self, model: nn.Module, shape: list[int]) -> None:
        self.model = model
        self.modules = dict(model.named_modules())
        self.layers: list[dict[str, Any]] = []
        self.parameters: dict[str, Any] = {}
        self.analog: dict[str, _core.Hardware] = {}
        self.names: dict[fx.Node, str] = {}
        self.used: set[str] = set()
        self.flat = len(shape) == 1

    def add(self, node: fx.Node, name: str, op: str, inputs: list[fx.Node], **values: Any) -> None:
        name = name or node.name
        while name in self.used:
            name += "_"
        self.used.add(name)
        self.layers.append(
            {"name": name, "op": op, **values, "inputs": [self.names[i] for i in inputs]}
        )
        self.names[node] = name

    def same(self, node: fx.Node) -> None:
        self.names[node] = self.names[node.args[0]]  # type: ignore[index]

    def keep(self, name: str, values: Tensor) -> None:
        self.parameters[name] = values.detach().cpu().float().contiguous().numpy()

    def matrix(self, name: str, module: nn.Module) -> None:
        """Parameters of a linear or convolution layer, analog or digital."""
        if isinstance(module, AnalogLayer):
            if module.name != name:
                raise InputError(
                    f"layer {name} was converted under the name {module.name}, which names its "
                    "noise: export the model that was converted as a whole"
                )
            self.keep(name + ".tile_weight", module.tile_weight)
            self.keep(name + ".scale", module.scale * module.learned_scale)
            self.keep(name + ".input_range", module.input_range)
            self.analog[name] = module._core_hardware()
        else:
            self.keep(name + ".weight", module.weight)  # type: ignore[arg-type]
        if module.bias is not None:
            self.keep(name + ".bias", module.bias)  # type: ignore[arg-type]

    def module(self, node: fx.Node) -> None:
        module, path = self.modules[str(node.target)], str(node.target)
        inputs = [a for a in node.args if isinstance(a, fx.Node)]
        has_bias = getattr(module, "bias", None) is not None or getattr(module, "analog_bias", False)
        if isinstance(module, nn.Linear) or (
            isinstance(module, AnalogLayer) and hasattr(module, "in_features")
        ):
            self.add(node, path, "linear", inputs, in_features=module.in_features,
                     out_features=module.out_features, bias=bool(has_bias))
            self.matrix(path, module)
        elif isinstance(module, (nn.Conv2d, nn.Conv3d)) or (
            isinstance(module, _AnalogConv) and module.dimensions > 1
        ):
            n = 2 if isinstance(module, nn.Conv2d) else getattr(module, "dimensions", 3)
            if isinstance(module.padding, str):
                raise InputError(f"layer {path}: padding must be given in numbers")
            self.add(node, path, f"conv{n}d", inputs, in_channels=module.in_channels,
                     out_channels=module.out_channels, kernel=list(module.kernel_size),
                     stride=list(module.stride), padding=list(module.padding),
                     dilation=list(module.dilation), groups=module.groups, bias=bool(has_bias))
            self.matrix(path, module)
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            self.add(node, path, "batch_norm", inputs, channels=module.num_features,
                     epsilon=module.eps)
            count = module.num_features
            for name, fallback in (("weight", torch.ones(count)), ("bias", torch.zeros(count))):
                value = getattr(module, name)
                self.keep(f"{path}.{name}", fallback if value is None else value)
            self.keep(path + ".running_mean", module.running_mean)  # type: ignore[arg-type]
            self.keep(path + ".running_var", module.running_var)  # type: ignore[arg-type]
        elif isinstance(module, nn.LayerNorm):
            self.add(node, path, "layer_norm", inputs, features=module.normalized_shape[-1],
                     epsilon=module.eps)
            self.keep(path + ".weight", module.weight)
            self.keep(path + ".bias", module.bias)
        elif type(module) in _ACTIVATIONS:
            self.add(node, path, _ACTIVATIONS[type(module)], inputs)
        elif isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)):
            kind = "max_pool2d" if isinstance(module, nn.MaxPool2d) else "avg_pool2d"
            self.add(node, path, kind, inputs, kernel=_pair(module.kernel_size),
                     stride=_pair(module.stride), padding=_pair(module.padding))
        elif isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (1, (1, 1)):
            self.add(node, path, "global_average_pool", inputs)
        elif isinstance(module, nn.Flatten):
            self.flatten(node, path, inputs)
        elif isinstance(module, (nn.Identity, nn.Dropout, nn.Unflatten)):
            self.same(node)
        else:
            raise InputError(f"layer {path}: {type(module).__name__} has no counterpart in networks")

    def flatten(self, node: fx.Node, name: str, inputs: list[fx.Node]) -> None:
        self.add(node, name, "flatten", inputs)

    def function(self, node: fx.Node) -> None:
        target: Any = node.target
        inputs = [a for a in node.args if isinstance(a, fx.Node)]
        if target in _ACTIVATIONS:
            self.add(node, "", _ACTIVATIONS[target], inputs[:1])
        elif target in (operator.add, torch.add, operator.iadd) and len(inputs) == 2:
            self.add(node, "", "add", inputs)
        elif target in (torch.flatten, "flatten", "view", "reshape"):
            self.flatten(node, "", inputs[:1])
        elif target in (nn.functional.max_pool2d, nn.functional.avg_pool2d):
            kernel = node.args[1] if len(node.args) > 1 else node.kwargs["kernel_size"]
            stride = node.args[2] if len(node.args) > 2 else node.kwargs.get("stride") or kernel
            padding = node.args[3] if len(node.args) > 3 else node.kwargs.get("padding", 0)
            kind = "max_pool2d" if target is nn.functional.max_pool2d else "avg_pool2d"
            self.add(node, "", kind, inputs[:1], kernel=_pair(kernel), stride=_pair(stride),
                     padding=_pair(padding))
        elif target in (nn.functional.dropout, "contiguous"):
            self.same(node)
        elif target in (torch.mean, "mean") and tuple(node.args[1:2]) == ((2, 3),):
            self.add(node, "", "global_average_pool", inputs[:1])
        else:
            raise InputError(f"{node.name}: the operation {target} has no counterpart in networks")


def to_network(
    model: nn.Module,
    input_shape: list[int] | tuple[int, ...],
    name: str = "model",
    scale: float = 1.0,
    mean: list[float] | None = None,
    std: list[float] | None = None,
) -> _core.Network:
    """A network of the core: `save()` writes the file that `mho evaluate` reads.

    `input_shape` without the samples: [features], or [channels, height, width]. Inputs of the network
    become (x * scale - mean) / std first. The model is traced by torch.fx; linear, convolution, norm,
    pooling and activation layers, sums and flattening have counterparts, the rest is refused by name.
    """
    shape = list(input_shape)
    if len(shape) not in (1, 3):
        raise InputError("input_shape: expected [features] or [channels, height, width]")
    training = model.training
    model.eval()
    try:
        nodes = list(_Tracer().trace(model).nodes)
    except Exception as error:
        raise InputError(f"torch.fx cannot trace the model: {error}") from error
    finally:
        model.train(training)
    builder = _Builder(model, shape)
    for node in nodes:
        if node.op == "placeholder":
            if "input" in builder.names.values():
                raise InputError("the model takes more than one input")
            builder.names[node] = "input"
            if len(shape) == 1:
                builder.add(node, "flatten_input", "flatten", [node])
        elif node.op == "call_module":
            builder.module(node)
        elif node.op in ("call_function", "call_method"):
            builder.function(node)
        elif node.op == "get_attr":
            raise InputError(f"{node.target}: parameters outside layers have no counterpart")
    full = [1, 1, shape[0]] if len(shape) == 1 else shape
    graph = {
        "name": name,
        "input": {"shape": full, "scale": scale, "mean": mean or [], "std": std or []},
        "layers": builder.layers,
    }
    return _core.Network(json.dumps(graph), builder.parameters, builder.analog)


def export_run(
    folder: str,
    model: nn.Module,
    digital: nn.Module,
    run: dict[str, Any],
    input_shape: list[int] | tuple[int, ...],
    retrained: bool = True,
    scale: float = 1 / 255,
    mean: list[float] | None = None,
    std: list[float] | None = None,
) -> str:
    """A folder that `mho evaluate FOLDER` runs: the converted model (as the retrained network, or as
    the one that is mapped as it is), the digital one, and run.json with data and evaluation.

    `run`: sections of a run file, at least `data`, `network` and `hardware`. Its seed is that of the
    model, so that chip k there is `program(model, chip=k)` here; another one is refused.
    """
    seeds = {layer.seed for _, layer in analog_layers(model)}
    if len(seeds) != 1 or run.get("seed", *seeds) not in seeds:
        raise InputError(
            f"run.seed: must be the seed that the model was converted with ({', '.join(map(str, sorted(seeds)))}), "
            f"got {run.get('seed')}"
        )
    run = {"seed": seeds.pop(), **run}
    os.makedirs(folder, exist_ok=True)
    options: dict[str, Any] = {"scale": scale, "mean": mean, "std": std}
    plain = to_network(digital, input_shape, **options).fold_batch_norm()
    plain.save(os.path.join(folder, "float.safetensors"))
    name = "hwa" if retrained else "naive"
    to_network(model, input_shape, **options).save(os.path.join(folder, name + ".safetensors"))
    text = _core.check_run(json.dumps(run), "run")
    with open(os.path.join(folder, "run.json"), "w", encoding="utf-8") as file:
        file.write(text)
    return folder
