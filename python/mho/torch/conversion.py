# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""From a PyTorch model to one on analog hardware, and back."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Union

from torch import nn

from .. import _core
from .._core import InputError
from .._hardware import HardwareLike, plain_hardware
from ..config import Hardware
from ..laws import is_law
from . import recurrent
from .convolutions import AnalogConv1d, AnalogConv2d, AnalogConv3d
from .layers import AnalogLayer, AnalogLinear
from .lightning import LightningLinear

Override = Union[HardwareLike, bool]
_CONVOLUTIONS = {nn.Conv1d: AnalogConv1d, nn.Conv2d: AnalogConv2d, nn.Conv3d: AnalogConv3d}


def convert(
    model: nn.Module,
    hardware: HardwareLike = "standard",
    overrides: Mapping[str, Any] | None = None,
    exclude: Iterable[str] = (),
    seed: int = 0,
    backend: str = "core",
    inplace: bool = False,
) -> nn.Module:
    """The same model with its matrices on analog tiles.

    Linear, Conv1d to Conv3d, RNN, LSTM, GRU and the transposed linear layer of GPT-2 (Conv1D of
    transformers, fused projections included) become analog wherever they are in the model;
    embeddings, normalisations, attention products and everything else stay digital.

    `overrides` maps patterns of layer paths ("encoder.layer.*.output.dense", * stands for any
    letters, later ones win) to hardware of their own: a configuration, the name of a preset, a
    dictionary of parameters that differ from `hardware`, or False for a digital layer. `exclude`:
    patterns of layers that stay digital. A weight that an embedding shares (tied heads) stays
    digital, for its other use reads it exactly; name the layer in `overrides` with True to untie it.

    Layers of convert_lightning are taken with the input ranges that they were trained with.

    Raises InputError for patterns that match no layer and for layers with an unsupported option.
    Optimisers made before hold the old parameters: make them afterwards.
    """
    if not inplace:
        model = copy.deepcopy(model)
    rules = _Rules(hardware, overrides or {}, exclude)
    shared = _embedding_weights(model)
    if isinstance(model, nn.Module) and _kind(model):
        return _convert_one(model, "model", rules, shared, seed, backend) or model
    parents = dict(model.named_modules())
    done: dict[int, nn.Module] = {}
    for path, module in list(parents.items()):
        kind = _kind(module)
        if not path or not kind or isinstance(module, AnalogLayer):
            continue
        parent_path, _, leaf = path.rpartition(".")
        parent = parents[parent_path]
        if id(module) in done:  # one layer at two places
            setattr(parent, leaf, done[id(module)])
            continue
        analog = _convert_one(module, path, rules, shared, seed, backend)
        if analog is not None:
            done[id(module)] = analog
            setattr(parent, leaf, analog)
    rules.require_all_used()
    return model


def to_digital(model: nn.Module, inplace: bool = False, programmed: bool = False) -> nn.Module:
    """The model with plain torch layers of the logical weights; `programmed`: with the weights of
    the chips at their present time."""
    if not inplace:
        model = copy.deepcopy(model)
    if isinstance(model, (AnalogLayer, recurrent.AnalogRecurrent)):
        return _digital(model, programmed)
    for path, module in list(model.named_modules()):
        for leaf, child in list(module.named_children()):
            if isinstance(child, (AnalogLayer, recurrent.AnalogRecurrent)) and not isinstance(
                module, recurrent.AnalogRecurrent
            ):
                setattr(module, leaf, _digital(child, programmed))
    return model


class _Rules:
    """Hardware of every layer by its path."""

    def __init__(self, base: HardwareLike, overrides: Mapping[str, Any], exclude: Iterable[str]) -> None:
        self.base = base
        # Problems are named with their full path before anything is converted.
        if not _laws(base):
            _core.check_hardware(json.dumps(plain_hardware(base)))
        self.rules: list[tuple[str, Any]] = [*overrides.items(), *((p, False) for p in exclude)]
        self.unused = {pattern for pattern, _ in self.rules}
        self.seen: list[str] = []

    def hardware(self, path: str) -> tuple[HardwareLike, bool, bool]:
        """Hardware, whether the layer is analog, and whether that was asked for by name."""
        self.seen.append(path)
        result, analog, named = self.base, True, False
        for pattern, value in self.rules:
            if not fnmatchcase(path, pattern):
                continue
            self.unused.discard(pattern)
            if value is False or value is None:
                analog = False
            elif value is True:
                result, analog, named = self.base, True, True
            else:
                analog, named = True, True
                if isinstance(value, dict) and "preset" not in value:
                    merged = _merged(plain_hardware(self.base), value)
                    where = f"overrides[{pattern!r}]"
                    result = json.loads(_core.check_hardware(json.dumps(merged), where))
                else:
                    result = value
        return result, analog, named

    def require_all_used(self) -> None:
        if self.unused:
            pattern = min(self.unused)
            near = _core.nearest_name(pattern, self.seen)
            hint = f", did you mean `{near}`?" if near else f"; layers are {', '.join(self.seen[:20])}"
            raise InputError(f"no layer matches the pattern `{pattern}`{hint}")


def _laws(hardware: HardwareLike) -> bool:
    return isinstance(hardware, Hardware) and any(
        is_law(getattr(hardware, n)) for n in hardware._parameters
    )


def _merged(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = value
    return result


def _kind(module: nn.Module) -> str:
    if isinstance(module, AnalogLayer):
        return ""
    if isinstance(module, nn.Linear):
        # The output projection of nn.MultiheadAttention is read as a tensor, not called.
        return "linear" if type(module) in (nn.Linear, LightningLinear) else ""
    if type(module) in _CONVOLUTIONS:
        return "convolution"
    if type(module) in (nn.RNN, nn.LSTM, nn.GRU):
        return "recurrent"
    if type(module).__name__ == "Conv1D" and hasattr(module, "nf"):
        return "transposed"
    return ""


def _embedding_weights(model: nn.Module) -> set[int]:
    return {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}


def _convert_one(
    module: nn.Module, path: str, rules: _Rules, shared: set[int], seed: int, backend: str
) -> nn.Module | None:
    hardware, analog, named = rules.hardware(path)
    if not analog:
        return None
    kind = _kind(module)
    weight = getattr(module, "weight", None)
    if weight is not None and id(weight) in shared and not named:
        return None
    options: dict[str, Any] = {
        "hardware": hardware, "name": path, "seed": seed, "backend": backend,
    }
    made: nn.Module
    if kind == "recurrent":
        made = recurrent.from_torch(module, **options)
    elif kind == "convolution":
        if module.padding_mode != "zeros" or isinstance(module.padding, str):
            raise InputError(f"layer {path}: only padding with zeros, in numbers, can be analog")
        made = _CONVOLUTIONS[type(module)](  # type: ignore[index]
            module.in_channels,
            module.out_channels,
            module.kernel_size,
            module.stride,
            module.padding,
            module.dilation,
            module.groups,
            module.bias is not None,
            **options,
        )
        made.set_weights(module.weight, module.bias)
    else:
        rows = module.weight.t() if kind == "transposed" else module.weight
        made = AnalogLinear(rows.shape[1], rows.shape[0], module.bias is not None, **options)
        made.set_weights(rows, module.bias)
        if isinstance(module, LightningLinear):
            _take_ranges(made, module)
    made.train(module.training)
    if backend == "torch" and weight is not None:
        made.to(weight.device)
    return made


def _take_ranges(analog: AnalogLinear, trained: LightningLinear) -> None:
    """Input ranges that were trained, where both cut their inputs into the same pieces."""
    fixed = trained.layer.range in ("learned", "fast") and analog.hardware.input_range.enabled
    if fixed and analog.input_range.shape == trained.input_range.shape:
        analog.input_range.data.copy_(trained.input_range)
        analog.range_batches.fill_(analog.hardware.input_range.init_batches)


def _digital(layer: nn.Module, programmed: bool) -> nn.Module:
    if isinstance(layer, recurrent.AnalogRecurrent):
        return layer.to_torch(programmed)
    assert isinstance(layer, AnalogLayer)
    weight, bias = layer.logical_weight(programmed), layer.logical_bias()
    plain: nn.Module
    if isinstance(layer, AnalogLinear):
        plain = nn.Linear(layer.in_features, layer.out_features, bias is not None)
    else:
        made = {AnalogConv1d: nn.Conv1d, AnalogConv2d: nn.Conv2d, AnalogConv3d: nn.Conv3d}
        plain = made[type(layer)](
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size,
            layer.stride,
            layer.padding,
            layer.dilation,
            layer.groups,
            bias is not None,
        )
    plain.weight.data.copy_(weight.reshape(plain.weight.shape))
    if bias is not None:
        plain.bias.data.copy_(bias)
    plain.to(layer.tile_weight.device).train(layer.training)
    return plain
