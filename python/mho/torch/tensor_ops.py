# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The back end `torch`: the same passes as tensor operations.

Any device that torch supports, and torch.compile, for noise comes from torch's generators: equal to
the core in law, not bit by bit. What is deterministic agrees up to the order of sums. Formulas:
docs/models/mvm.md; the numbers of the steps below are those of that page.

It covers what hardware-aware training uses. What it does not cover (bound management, separate
polarities, voltage offsets, an analog backward pass, ...) is refused when a layer is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .._core import InputError

if TYPE_CHECKING:
    from ..config import Hardware
    from .layers import AnalogLayer


def _round_through(x: Tensor) -> Tensor:
    """Rounding with the gradient of the identity."""
    return x + (torch.round(x) - x).detach()


class _CutInput(torch.autograd.Function):
    """clip(x, +-range) with the range's own gradient (adapt/input_range.h): it grows where larger
    inputs would lower the loss, and decays while enough inputs fit."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, x: Tensor, range_: Tensor, config: Any, mask: bool, share: float
    ) -> Tensor:
        ctx.save_for_backward(x, range_)
        ctx.config, ctx.mask, ctx.share = config, mask, share
        return torch.clamp(x, -range_, range_)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # type: ignore[override]
        x, range_ = ctx.saved_tensors
        relative, scale, decay, least = ctx.config
        range_gradient = None
        if ctx.needs_input_grad[1]:
            above = torch.where(x >= range_, gradient.clamp(max=0), 0).sum()
            below = torch.where(x <= -range_, gradient.clamp(min=0), 0).sum()
            total = (above - below) * scale
            if relative:
                total = total * range_
            inside = (x.abs() < range_).float().mean()
            range_gradient = total + ctx.share * decay * range_ * (inside > least)
        if ctx.mask:
            gradient = torch.where(x.abs() > range_, 0, gradient)
        return gradient, range_gradient, None, None, None


class _Product(torch.autograd.Function):
    """v w^T with the gradients of x w^T: straight through the converter that made v of x."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, v: Tensor, w: Tensor) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(x, w)
        return v @ w.t()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # type: ignore[override]
        x, w = ctx.saved_tensors
        dx = gradient @ w if ctx.needs_input_grad[0] else None
        dw = gradient.t() @ x if ctx.needs_input_grad[2] else None
        return dx, None, dw


def _step(bound: float, steps: float) -> float:
    return 2 * bound / steps if steps > 0 else 0.0


def unsupported(hardware: Hardware) -> list[str]:
    """Settings that this back end does not cover."""
    f, b = hardware.forward, hardware.backward
    found = []
    for name, wrong in (
        ("forward.mode", f.mode != "one pass"),
        ("forward.bound_management.kind", f.bound_management.kind != "none"),
        ("forward.noise_management.kind", f.noise_management.kind not in ("none", "constant", "abs max")),
        ("forward.dac.stochastic_rounding", f.dac.stochastic_rounding),
        ("forward.adc.stochastic_rounding", f.adc.stochastic_rounding),
        ("forward.dac.asymmetry", f.dac.asymmetry != 0),
        ("forward.adc.asymmetry", f.adc.asymmetry != 0),
        ("forward.output_noise.spread", f.output_noise.spread != 0),
        ("forward.output_nonlinearity.strength", f.output_nonlinearity.strength != 0),
        ("forward.voltage_offset.std", f.voltage_offset.std != 0),
        ("forward.series_resistance.factor", f.series_resistance.factor != 0),
        ("backward", not (b.perfect and b.output_scale == 1.0)),
        ("input_range.manage_output_clipping", hardware.input_range.manage_output_clipping),
        (
            "modifier.kind",
            hardware.modifier.kind
            not in (
                "none",
                "copy",
                "additive normal",
                "multiplicative normal",
                "discretize",
                "discretize and additive normal",
                "drop connect",
            ),
        ),
        ("modifier.stochastic_rounding", hardware.modifier.stochastic_rounding),
        ("modifier.keep_last_column", hardware.modifier.keep_last_column),
    ):
        if wrong and not (name.startswith("forward") and f.perfect):
            found.append(name)
    return found


class TensorEngine:
    """The passes of one layer."""

    def __init__(self, layer: AnalogLayer) -> None:
        wrong = unsupported(layer.hardware)
        if wrong:
            raise InputError(
                f"layer {layer.name}: the back end `torch` does not cover "
                + ", ".join(f"hardware.{name}" for name in wrong)
                + '; use backend="core"'
            )
        self.layer = layer
        engine = layer._training_engine
        self.input_offsets = engine.input_offsets
        self.output_offsets = engine.output_offsets
        self.width = engine.inputs

    def __call__(self, x: Tensor) -> Tensor:
        layer, hardware = self.layer, self.layer.hardware
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            if layer.training and hardware.input_range.enabled:
                self._start_ranges(x)
            parts = []
            for g in range(layer.groups):
                inputs = x[:, g * self.width : (g + 1) * self.width]
                parts.append(self._group(inputs, g))
            y = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
            return y if layer.bias is None else y + layer.bias

    def _group(self, x: Tensor, g: int) -> Tensor:
        layer, hardware = self.layer, self.layer.hardware
        pieces = len(self.input_offsets) - 1
        block = slice(g * layer.outputs, (g + 1) * layer.outputs)
        weights = self._weights(block)
        config = hardware.input_range
        total = None
        for p in range(pieces):
            columns = slice(self.input_offsets[p], self.input_offsets[p + 1])
            part = x[:, columns]
            range_ = None
            if config.enabled:
                range_ = layer.input_range[g * pieces + p]
                rule = (config.relative_gradient, config.gradient_scale, config.decay,
                        config.min_share_inside)
                part = _CutInput.apply(
                    part, range_, rule, hardware.gradient.mask_inputs, 1.0 / layer._position[1]
                )
                # The gradient of the range is its own rule: none through this division.
                part = part / range_.detach()
            outs = []
            for r in range(len(self.output_offsets) - 1):
                rows = slice(self.output_offsets[r], self.output_offsets[r + 1])
                outs.append(self._tile(part, weights[rows, columns]))
            y = outs[0] if len(outs) == 1 else torch.cat(outs, 1)
            if range_ is not None:
                y = y * range_.detach()
            y = y * (layer.scale[p, block] * layer.learned_scale[p, block])
            total = y if total is None else total + y
        return total  # type: ignore[return-value]

    def _weights(self, block: slice) -> Tensor:
        """Weights of this pass; the gradient of a tile weight is that of the logical one over the
        scale of the mapping (docs/design.md, Training)."""
        layer, hardware = self.layer, self.layer.hardware
        weights = layer.tile_weight[block]
        if layer._chip is not None and not layer.training:
            present = layer._chip_weights().to(weights)[block]
            return weights + (present - weights).detach()
        modifier = hardware.modifier
        modified = None
        if (layer.training or modifier.in_evaluation) and (
            modifier.kind not in ("none", "copy", "drop connect") or modifier.drop_probability > 0
        ):
            modified = self._modified(weights.detach())
        if torch.is_grad_enabled() and weights.requires_grad:
            plain = weights.detach() if modified is None else modified
            return _Weights.apply(weights, plain, self._gradient_scale(block))
        return weights if modified is None else modified

    def _gradient_scale(self, block: slice) -> Tensor:
        """What the gradient of the weights used is multiplied by: [outputs, 1], or a matrix where
        pieces differ."""
        layer, offsets = self.layer, self.input_offsets
        pieces = len(offsets) - 1
        factors = layer.scale[:, block].detach() ** -2
        if layer.hardware.gradient.divide_by_range and layer.hardware.input_range.enabled:
            first = block.start // layer.outputs * pieces
            factors = factors / layer.input_range.detach()[first : first + pieces, None]
        if pieces == 1:
            return factors[0][:, None]
        widths = [offsets[p + 1] - offsets[p] for p in range(pieces)]
        return torch.cat([factors[p][:, None].expand(-1, widths[p]) for p in range(pieces)], 1)

    def _modified(self, weights: Tensor) -> Tensor:
        """The laws of adapt/modifier.h, tile by tile."""
        modifier = self.layer.hardware.modifier
        rows = []
        for r in range(len(self.output_offsets) - 1):
            row = []
            for p in range(len(self.input_offsets) - 1):
                w = weights[
                    self.output_offsets[r] : self.output_offsets[r + 1],
                    self.input_offsets[p] : self.input_offsets[p + 1],
                ]
                if modifier.relative_to_max:
                    largest = w.abs().max()
                    largest = torch.where(largest > 0, largest, 1.0)
                else:
                    largest = torch.as_tensor(modifier.assumed_max, device=w.device)
                new = w
                if "discretize" in modifier.kind and modifier.steps > 0:
                    q = new / largest * (modifier.steps / 2)
                    new = torch.sign(q) * torch.floor(q.abs() + 0.5) * (2 / modifier.steps) * largest
                if "additive normal" in modifier.kind:
                    new = torch.addcmul(new, torch.randn_like(w), largest, value=modifier.std)
                elif modifier.kind == "multiplicative normal":
                    new = new * (1 + modifier.std * largest * torch.randn_like(w))
                if modifier.drop_probability > 0:
                    new = torch.where(torch.rand_like(w) < modifier.drop_probability, 0, new)
                row.append(new)
            rows.append(row[0] if len(row) == 1 else torch.cat(row, 1))
        return rows[0] if len(rows) == 1 else torch.cat(rows, 0)

    def _tile(self, x: Tensor, w: Tensor) -> Tensor:
        """One analog product, steps 2 to 11."""
        hardware = self.layer.hardware
        f = hardware.forward
        if f.perfect:
            return x @ w.t() * f.output_scale
        management = f.noise_management
        alpha: Any = 1.0
        if management.kind == "constant" and management.threshold > 0:
            alpha = management.threshold
        elif management.kind == "abs max":
            alpha = x.detach().abs().amax(1, keepdim=True)
            if management.threshold > 0:
                alpha = alpha.clamp(max=management.threshold)
            alpha = torch.where(alpha > 1.2e-38, alpha, 1.0)
        v = x / alpha if management.kind == "abs max" or alpha != 1.0 else x
        exact, v = v, v.detach()
        step = _step(f.dac.bound, f.dac.steps)
        if step > 0:
            v = torch.round(v / step) * step
        if f.dac.bound > 0:
            v = v.clamp(-f.dac.bound, f.dac.bound)
        if f.dac.noise_std > 0:
            v = v + f.dac.noise_std * torch.randn_like(v)
        y = _Product.apply(exact, v, w)
        y = self._disturbed(v, w.detach(), y)
        if f.adc.bound > 0 or f.adc.steps > 0:
            step = _step(f.adc.bound, f.adc.steps)
            if step > 0:
                y = _round_through(y / step) * step
            if f.adc.bound > 0:
                bound = f.adc.bound
                cut = y.clamp(-bound, bound)
                y = cut if hardware.gradient.mask_outputs else y + (cut - y).detach()
        y = y * f.output_scale
        return y * alpha if management.kind == "abs max" or alpha != 1.0 else y

    def _disturbed(self, v: Tensor, w: Tensor, y: Tensor) -> Tensor:
        """With what wires and noise add before the ADC (steps 6, 8, 9)."""
        f = self.layer.hardware.forward
        n = w.shape[1]
        if f.ir_drop.strength > 0:
            a = (v.abs() @ w.abs().t()) * (n / f.ir_drop.wire_to_g_max)
            c = a * (a * (0.05 * a - 0.2) + 0.5)
            position = 1 - (1 - torch.arange(n, device=v.device, dtype=v.dtype) / n) ** 2
            y = y - f.ir_drop.strength * c * ((v * position) @ w.t())
        if f.weight_noise.kind != "none" and f.weight_noise.std > 0:
            if f.weight_noise.kind == "pcm read":
                squares = (v * v) @ w.abs().t()
            else:
                squares = (v * v).sum(1, keepdim=True)
            y = y + f.weight_noise.std * squares.clamp(min=0).sqrt() * torch.randn_like(y)
        if f.output_noise.std > 0:
            y = y + f.output_noise.std * torch.randn_like(y)
        return y

    @torch.no_grad()
    def _start_ranges(self, x: Tensor) -> None:
        layer, config = self.layer, self.layer.hardware.input_range
        if not layer._starting or torch.compiler.is_compiling():
            # A compiled model starts with ranges from calibrate() or from eager batches.
            return
        from .layers import _in_backward

        if int(layer.range_batches.min()) >= config.init_batches:
            layer._starting = False
            return
        if _in_backward():
            return
        pieces = len(self.input_offsets) - 1
        for i in range(layer.groups * pieces):
            g, p = divmod(i, pieces)
            part = x[:, g * self.width + self.input_offsets[p] : g * self.width + self.input_offsets[p + 1]]
            std = part.std()
            if std > 0:
                k = layer.range_batches[i]
                new = (layer.input_range[i] * k + config.init_std_factor * std).abs() / (k + 1)
                layer.input_range[i] = new
                layer.range_batches[i] += 1

    @torch.no_grad()
    def post_step(self) -> None:
        """Clip and remap (adapt/clip_remap.h) on any device."""
        layer, hardware = self.layer, self.layer.hardware
        for g in range(layer.groups):
            for r in range(len(self.output_offsets) - 1):
                first = g * layer.outputs
                rows = slice(first + self.output_offsets[r], first + self.output_offsets[r + 1])
                for p in range(len(self.input_offsets) - 1):
                    tile = layer.tile_weight[rows, self.input_offsets[p] : self.input_offsets[p + 1]]
                    self._clip(tile)
                    if hardware.remap.kind != "none":
                        self._remap(tile, p, rows)
        if hardware.input_range.enabled:
            layer.input_range.abs_().clamp_(min=1e-6)

    def _clip(self, tile: Tensor) -> None:
        clip = self.layer.hardware.clip
        if clip.kind == "none":
            return
        bound: Any = clip.value
        if clip.kind == "layer gaussian":
            bound = clip.sigma * tile.std()
        elif clip.kind == "average channel max":
            bound = tile.abs().amax(1).mean()
        if clip.kind != "fixed" and clip.value > 0:
            bound = torch.clamp(bound, max=clip.value)
        if not isinstance(bound, float) or bound > 0:
            tile.copy_(torch.minimum(torch.maximum(tile, -torch.as_tensor(bound)), torch.as_tensor(bound)))

    def _remap(self, tile: Tensor, piece: int, rows: slice) -> None:
        layer, remap = self.layer, self.layer.hardware.remap
        scale = layer.scale[piece, rows] * layer.learned_scale[piece, rows]
        largest = tile.abs().amax(1)
        if remap.kind == "layer":
            largest = largest.max().expand_as(largest)
        factor = torch.where(largest > 0, largest / remap.w_max, 1.0)
        if remap.kind == "column" and remap.max_scale_range > 0:
            most = remap.max_scale_range * torch.clamp(scale.min(), min=remap.max_scale_reference)
            factor = torch.where(scale * factor > most, most / scale, factor)
        tile.div_(factor[:, None])
        layer.scale[piece, rows] = scale * factor
        layer.learned_scale[piece, rows] = 1.0


class _Weights(torch.autograd.Function):
    """Takes other values for the weights; their gradient is multiplied and goes straight through."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, factor: Tensor) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(factor)
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # type: ignore[override]
        return gradient * ctx.saved_tensors[0], None, None
