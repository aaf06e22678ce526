# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Hardware-aware training, training in memory, and calibration from data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from .._core import InputError
from ..config import CalibrationConfig
from .chips import analog_layers
from .layers import AnalogLayer
from .lightning import LightningLinear

Optimizer = TypeVar("Optimizer", bound=torch.optim.Optimizer)


def post_step(model: nn.Module) -> None:
    """What follows an optimiser step: weights are clipped and remapped, ranges kept positive."""
    for module in model.modules():
        if isinstance(module, (AnalogLayer, LightningLinear)):
            module.post_step()


def attach(optimizer: Optimizer, model: nn.Module) -> Optimizer:
    """Calls post_step(model) after every step of any optimiser of torch; returns the optimiser.

    Works inside the Trainer of Hugging Face, too: attach the optimiser that is given to it.
    """
    optimizer.register_step_post_hook(lambda *_: post_step(model))
    return optimizer


class AnalogSGD(torch.optim.Optimizer):
    """Training inside the array: tile weights change by pulses of the learner's devices, everything
    else by plain gradient descent with momentum.

    >>> optimizer = AnalogSGD(model, lr=0.1, learner="agad capacitor")

    Layers that learn already keep their devices.
    """

    def __init__(
        self, model: nn.Module, lr: float, learner: Any = None, momentum: float = 0.0
    ) -> None:
        if lr <= 0:
            raise InputError(f"lr: must be above 0, got {lr}")
        self.layers: list[AnalogLayer] = []
        for name, layer in analog_layers(model):
            if layer._learner_config is None:
                if learner is None:
                    raise InputError(f"layer {name} has no learner yet: give one by `learner`")
                layer.learn_in_memory(learner)
            self.layers.append(layer)
        if not self.layers:
            raise InputError("the model has no analog layer: convert it first")
        pulsed = {id(layer.tile_weight) for layer in self.layers}
        rest = [p for p in model.parameters() if p.requires_grad and id(p) not in pulsed]
        # A layer without digital parameters still needs a group for the learning rate.
        super().__init__(rest or [nn.Parameter(torch.zeros(1))], {"lr": lr, "momentum": momentum})
        self.steps = 0

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """One step of everything."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                change = p.grad
                if group["momentum"] > 0:
                    state = self.state[p]
                    if "momentum" not in state:
                        state["momentum"] = change.clone()
                    else:
                        state["momentum"].mul_(group["momentum"]).add_(change)
                    change = state["momentum"]
                p.add_(change, alpha=-group["lr"])
        for layer in self.layers:
            layer.learn(self.param_groups[0]["lr"], self.steps)
            layer.post_step()
        self.steps += 1
        return loss


def _forward(model: nn.Module, batch: Any) -> None:
    if isinstance(batch, Mapping):
        model(**{k: v for k, v in batch.items() if k != "labels"})
    elif isinstance(batch, (list, tuple)):
        model(batch[0])
    else:
        model(batch)


@torch.no_grad()
def calibrate(
    model: nn.Module,
    data: Iterable[Any],
    rule: CalibrationConfig | str = "max",
    batches: int | None = None,
    outputs: bool = False,
    forward: Callable[[nn.Module, Any], Any] = _forward,
) -> nn.Module:
    """Sets the input ranges of all analog layers from batches, without training.

    `data` gives what the model takes: tensors, tuples whose first entry is the input, dictionaries
    of keyword arguments; `forward` says how, where that is not enough. `rule`: "max" (largest |x|),
    "moving std", "moving quantile", "cache quantile", or a mho.config.CalibrationConfig. The model
    runs with exact products meanwhile. Batches that are all zero do not count.

    `outputs`: also sets the ADC bound of every layer to the largest output of its tiles over the
    same data (one static range per layer, in the units of the tiles).
    """
    config = rule if isinstance(rule, CalibrationConfig) else CalibrationConfig(kind=rule)
    if config.kind not in ("max", "moving std", "moving quantile", "cache quantile"):
        raise InputError(f"rule: unknown kind `{config.kind}`")
    layers = [layer for _, layer in analog_layers(model)]
    data = list(data) if batches is None else [b for b, _ in zip(data, range(batches))]
    if not data:
        raise InputError("data: there are no batches")
    training = model.training
    model.eval()
    watches = [_InputWatch(layer, config) for layer in layers]
    try:
        for layer, watch in zip(layers, watches):
            layer.multiply = watch.multiply  # type: ignore[method-assign]
        for batch in data:
            forward(model, batch)
            for watch in watches:
                watch.end_batch()
        for watch in watches:
            watch.set_ranges()
        if outputs:
            for watch in watches:
                watch.start_outputs()
            for batch in data:
                forward(model, batch)
            for watch in watches:
                watch.set_outputs()
    finally:
        for layer in layers:
            layer.__dict__.pop("multiply", None)
        model.train(training)
    return model


class _InputWatch:
    """Takes the place of a layer's product: exact, and looking at what goes through."""

    def __init__(self, layer: AnalogLayer, config: CalibrationConfig) -> None:
        self.layer = layer
        self.config = config
        self.weight = layer.logical_matrix()
        engine = layer._training_engine
        self.width, self.offsets = engine.inputs, engine.input_offsets
        self.pieces = engine.pieces
        count = layer.groups * self.pieces
        self.value = [0.0] * count
        self.batches = [0] * count
        self.batch: list[list[Tensor]] = [[] for _ in range(count)]
        self.cache: list[Tensor | None] = [None] * count
        self.seen = [0] * count
        self.generator = torch.Generator().manual_seed(layer.seed)
        self.outputs: list[float] | None = None

    def multiply(self, rows: Tensor, rows_per_sample: int = 1) -> Tensor:
        layer = self.layer
        x = rows.float()
        if layer.analog_bias:
            x = layer._with_constant(x)
        for g in range(layer.groups):
            for p in range(self.pieces):
                part = x[:, g * self.width + self.offsets[p] : g * self.width + self.offsets[p + 1]]
                if self.outputs is not None:
                    self._watch_outputs(part, g, p)
                else:
                    self._watch(part, g * self.pieces + p)
        outs = []
        for g in range(layer.groups):
            block = slice(g * layer.outputs, (g + 1) * layer.outputs)
            outs.append(x[:, g * self.width : (g + 1) * self.width] @ self.weight[block].t())
        y = outs[0] if len(outs) == 1 else torch.cat(outs, 1)
        return (y if layer.bias is None else y + layer.bias).to(rows.dtype)

    def _watch(self, part: Tensor, i: int) -> None:
        if self.config.kind == "max":
            self.value[i] = max(self.value[i], float(part.abs().max()) if part.numel() else 0.0)
            return
        rows = part[part.abs().amax(1) > 0]
        if not len(rows):
            return
        if self.config.kind == "cache quantile":
            self._keep(rows, i)
        else:
            self.batch[i].append(rows)

    def _keep(self, rows: Tensor, i: int) -> None:
        """A uniform sample of all rows so far (reservoir)."""
        most = self.config.cache_rows
        cache = self.cache[i]
        if cache is None or len(cache) < most:
            room = most - (0 if cache is None else len(cache))
            taken = rows[:room].clone()
            self.cache[i] = taken if cache is None else torch.cat([cache, taken])
            self.seen[i] += len(taken)
            rows = rows[room:]
        if len(rows):
            numbers = self.seen[i] + torch.arange(1, len(rows) + 1)
            place = (torch.rand(len(rows), generator=self.generator) * numbers).long()
            hit = place < most
            self.cache[i][place[hit]] = rows[hit]  # type: ignore[index]
            self.seen[i] += len(rows)

    def end_batch(self) -> None:
        if not self.config.kind.startswith("moving"):
            return
        for i, parts in enumerate(self.batch):
            if not parts:
                continue
            values = torch.cat(parts)
            if self.config.kind == "moving std":
                new = self.config.std_factor * float(values.std())
            else:
                new = _quantile(values, self.config)
            if new > 0:
                self.value[i] = (self.value[i] * self.batches[i] + new) / (self.batches[i] + 1)
                self.batches[i] += 1
            self.batch[i] = []

    def set_ranges(self) -> None:
        layer = self.layer
        if not layer.hardware.input_range.enabled:
            return
        for i in range(len(self.value)):
            if self.config.kind == "cache quantile" and self.cache[i] is not None:
                self.value[i] = _quantile(self.cache[i], self.config)  # type: ignore[arg-type]
            if self.value[i] > 0:
                layer.input_range.data[i] = self.value[i]
        # Calibrated ranges stay: training does not start them again.
        layer.range_batches.fill_(max(layer.hardware.input_range.init_batches, 0))
        layer._forget()

    def start_outputs(self) -> None:
        self.outputs = [0.0]

    def _watch_outputs(self, part: Tensor, g: int, p: int) -> None:
        layer = self.layer
        range_ = float(layer.input_range[g * self.pieces + p])
        scaled = part.clamp(-range_, range_) / range_ if range_ > 0 else part
        block = slice(g * layer.outputs, (g + 1) * layer.outputs)
        tile = layer.tile_weight[block, self.offsets[p] : self.offsets[p + 1]]
        assert self.outputs is not None
        self.outputs[0] = max(self.outputs[0], float((scaled @ tile.t()).abs().max()))

    def set_outputs(self) -> None:
        assert self.outputs is not None
        if self.outputs[0] > 0:
            self.layer.hardware.forward.adc.bound = self.outputs[0]
            self.layer._reset_engines()


def _quantile(values: Tensor, config: CalibrationConfig) -> float:
    flat = values.flatten() if config.signed_values else values.abs().flatten()
    ordered, _ = flat.sort()
    place = config.quantile * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return abs(float(ordered[low] + (ordered[high] - ordered[low]) * (place - low)))
