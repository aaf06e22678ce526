# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""All analog layers of a model at once: programming, drift, steps of the noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn

from .layers import AnalogLayer


def analog_layers(model: nn.Module) -> Iterator[tuple[str, AnalogLayer]]:
    """Every analog layer with its path in the model."""
    for name, module in model.named_modules():
        if isinstance(module, AnalogLayer):
            yield name, module


def program(model: nn.Module, chip: int = 0, programming: int = 0) -> nn.Module:
    """Programs chip number `chip` with the present weights; evaluation mode runs on it.

    Equal numbers draw equal noise: the chip is that of `mho evaluate` with the same seed.
    """
    for _, layer in analog_layers(model):
        layer.program(programming, chip)
    return model


def advance_to(model: nn.Module, t_s: float, read_step: int = 0) -> nn.Module:
    """Moves the programmed chip to t_s seconds after programming."""
    for _, layer in analog_layers(model):
        layer.advance_to(t_s, read_step)
    return model


def use_compensation(model: nn.Module, on: bool) -> nn.Module:
    """Switches the digital use of drift compensation on or off."""
    for _, layer in analog_layers(model):
        layer.use_compensation(on)
    return model


def reset_chip(model: nn.Module) -> nn.Module:
    """Exact weights in evaluation mode again."""
    for _, layer in analog_layers(model):
        layer.reset_chip()
    return model


def set_step(model: nn.Module, step: int | None) -> nn.Module:
    """Names the noise of the next passes (0 <= step < 2**54); None: each pass draws a number of its
    own from torch's generator. Two passes of one step and sample have equal noise."""
    for _, layer in analog_layers(model):
        layer._explicit_step = step is not None
        with torch.no_grad():
            layer.noise_step.fill_(step or 0)
    return model


def set_sample(model: nn.Module, sample: int | None) -> nn.Module:
    """Number of the first sample of the next batches; None: 0, in training of several processes
    rank times batch."""
    for _, layer in analog_layers(model):
        layer._sample = sample
    return model


class LayerLine(NamedTuple):
    """One layer of a report."""

    name: str
    kind: str
    weights: int
    tiles: int


class AnalogReport(NamedTuple):
    """What of a model is analog."""

    layers: list[LayerLine]
    digital: list[str]
    analog_weights: int
    digital_weights: int

    def __str__(self) -> str:
        lines = [f"{line.name}: {line.kind}, {line.weights} weights, {line.tiles} tiles"
                 for line in self.layers]
        lines += [f"{name}: digital" for name in self.digital]
        share = self.analog_weights / max(self.analog_weights + self.digital_weights, 1)
        return "\n".join([*lines, f"{share:.1%} of the weights are analog"])


def report(model: nn.Module) -> AnalogReport:
    """Which layers are analog, on how many tiles, and which layers with weights are not."""
    lines, digital, inside = [], [], set()
    analog = total = 0
    for name, layer in analog_layers(model):
        engine = layer._training_engine
        tiles = layer.groups * engine.pieces * (len(engine.output_offsets) - 1)
        weights = layer.tile_weight.numel()
        lines.append(LayerLine(name, type(layer).__name__, weights, tiles))
        analog += weights
        inside |= {id(p) for p in layer.parameters(recurse=False)}
    for name, module in model.named_modules():
        own = [p for p in module.parameters(recurse=False) if id(p) not in inside]
        if own:
            digital.append(name)
            total += sum(p.numel() for p in own)
    return AnalogReport(lines, digital, analog, total)
