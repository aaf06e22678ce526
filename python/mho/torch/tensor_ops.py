# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The back end `torch`: the same passes as tensor operations.

Any device that torch supports, and torch.compile. Noise (noise.py) is equal to that of the core in
law, not bit by bit. What is deterministic agrees up to the order of sums. Formulas:
docs/models/mvm.md; the numbers of the steps below are those of that page.

It covers what hardware-aware training uses. What it does not cover (bound management, separate
polarities, voltage offsets, an analog backward pass, ...) is refused when a layer is made.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from .._core import InputError
from .noise import add_normals, largest, normals_like
from .outside import outside_sums
from .processes import sum_over_processes

if TYPE_CHECKING:
    from ..config import Hardware, NoiseManagement
    from .layers import AnalogLayer


def _inside(values: Tensor, where: Tensor, bound: float) -> Tensor:
    """values, 0 where not |where| < bound."""
    if torch.compiler.is_compiling():
        # In numbers: generated code that keeps a mask for the backward pass takes longer to store
        # it than for all the rest of its loop. Differences of floats near a bound above 1e-30 are
        # far above 1e-38.
        return values * ((bound - where.abs()) * 1e38).clamp(0, 1)
    # One vectorised pass (masks take three).
    return torch.ops.aten.hardtanh_backward(values, where, -bound, bound)  # type: ignore[no-any-return]


def _above(bound: float) -> float:
    """The next number of float32 above a positive bound."""
    (bits,) = struct.unpack("<i", struct.pack("<f", bound))
    return float(struct.unpack("<f", struct.pack("<i", bits + 1))[0])


_ABOVE_ONE = _above(1.0)


class _Range(NamedTuple):
    """What the gradient of an input range asks of the hardware, and its layer's share of the decay."""

    relative: bool
    scale: float
    decay: float
    least: float
    share: float

    def gradient(self, change: Tensor, inside: Tensor, range_: Tensor) -> Tensor:
        """From what the inputs outside would change and the share of those inside: the range grows
        where larger inputs would lower the loss, and decays while enough inputs fit
        (adapt/input_range.h)."""
        gradient = change * self.scale
        if self.relative:
            gradient = gradient * range_
        if self.decay > 0:
            gradient = gradient + self.share * self.decay * range_ * (inside > self.least)
        return gradient


class _CutInput(torch.autograd.Function):
    """clip(x / range, +-1) with the range's own gradient."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, x: Tensor, range_: Tensor, rule: _Range, mask: bool
    ) -> Tensor:
        inverse = 1 / range_
        u = x * inverse
        ctx.save_for_backward(u, range_, inverse)
        ctx.rule, ctx.mask = rule, mask
        return u.clamp(-1, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # type: ignore[override]
        u, range_, inverse = ctx.saved_tensors
        gradient = gradient * inverse
        range_gradient = None
        if ctx.needs_input_grad[1]:
            range_gradient = ctx.rule.gradient(*outside_sums(u, gradient), range_)
        if ctx.mask and ctx.needs_input_grad[0]:
            gradient = _inside(gradient, u, _ABOVE_ONE)
        return gradient, range_gradient, None, None


def _weight_gradient(gradient: Tensor, x: Tensor, factor: Tensor | None) -> Tensor:
    return (gradient if factor is None else gradient * factor).t() @ x


class _Product(torch.autograd.Function):
    """v used^T with the gradients of x w^T: straight through the converter that made v of x and
    through what made `used` of the parameter w. The gradient of w is that of the logical weight over
    the scale of the mapping (docs/design.md, Training): `factor` [outputs] of that of w, or None."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, x: Tensor, v: Tensor, w: Tensor, used: Tensor, factor: Tensor | None
    ) -> Tensor:
        ctx.save_for_backward(x, used, factor)
        return v @ used.t()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # type: ignore[override]
        x, used, factor = ctx.saved_tensors
        dx = gradient @ used if ctx.needs_input_grad[0] else None
        dw = _weight_gradient(gradient, x, factor) if ctx.needs_input_grad[2] else None
        return dx, None, dw, None, None


class _FirstProduct(torch.autograd.Function):
    """_CutInput and _Product of a layer whose inputs u (over the range, not cut) want no gradient
    while its range learns: gradients of the few inputs outside take the place of a whole product."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, u: Tensor, range_: Tensor, rule: _Range, x: Tensor, v: Tensor, w: Tensor,
        used: Tensor, factor: Tensor | None,
    ) -> Tensor:
        ctx.save_for_backward(u, range_, x, used, factor)
        ctx.rule = rule
        return v @ used.t()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # type: ignore[override]
        u, range_, x, used, factor = ctx.saved_tensors
        dw = _weight_gradient(gradient, x, factor) if ctx.needs_input_grad[5] else None
        change, inside = torch.ops.mho.outside_products(u, gradient, used).unbind()
        dr = ctx.rule.gradient(change / range_, inside, range_)
        return None, dr, None, None, None, dw, None, None


class _Adc(torch.autograd.Function):
    """Rounds and clips; the gradient goes straight through, but not where it clipped if `above` > 0:
    the next number above the bound."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, step: float, bound: float, above: float) -> Tensor:  # type: ignore[override]
        out = (y / step).round_().mul_(step) if step > 0 else y.clone()
        if bound > 0:
            if above > 0:
                ctx.save_for_backward(out)
                ctx.above = above
                return out.clamp(-bound, bound)
            out.clamp_(-bound, bound)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # type: ignore[override]
        saved = ctx.saved_tensors  # checkpointing allows one look
        if saved:
            gradient = _inside(gradient, saved[0], ctx.above)
        return gradient, None, None, None


def _fixed_scale(management: NoiseManagement) -> float | None:
    """What inputs are divided by before the DAC; None: the largest of each row."""
    if management.kind == "abs max":
        return None
    return management.threshold if management.kind == "constant" and management.threshold > 0 else 1.0


def _part(t: Tensor, dim: int, first: int, last: int) -> Tensor:
    """Lines [first, last) of a dimension; all of them without a slice, whose gradient is a copy."""
    return t if last - first == t.shape[dim] else t.narrow(dim, first, last - first)


def _one(t: Tensor, i: int) -> Tensor:
    return t.reshape(()) if t.shape[0] == 1 else t[i]


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
        bound = layer.hardware.forward.adc.bound
        self.adc_bound = (bound, _above(bound) if bound > 0 else 0.0)
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
                inputs = _part(x, 1, g * self.width, (g + 1) * self.width)
                parts.append(self._group(inputs, g))
            return parts[0] if len(parts) == 1 else torch.cat(parts, 1)

    def _group(self, x: Tensor, g: int) -> Tensor:
        layer, hardware = self.layer, self.layer.hardware
        pieces = len(self.input_offsets) - 1
        first, last = g * layer.outputs, (g + 1) * layer.outputs
        parameter, used, factors = self._weights(g, slice(first, last))
        one_row = len(self.output_offsets) == 2
        config = hardware.input_range
        rule = _Range(config.relative_gradient, config.gradient_scale, config.decay,
                      config.min_share_inside, 1.0 / layer._position[1])
        total = None if layer.bias is None else _part(layer.bias, 0, first, last)
        for p in range(pieces):
            columns = (self.input_offsets[p], self.input_offsets[p + 1])
            part = _part(x, 1, *columns)
            range_ = learns = None
            if config.enabled:
                range_ = _one(layer.input_range, g * pieces + p)
                if one_row and self._only_the_range_learns(part, range_):
                    learns = (part * (1 / range_.detach()), range_, rule)
                    part = learns[0].clamp(-1, 1)
                else:
                    part = _CutInput.apply(part, range_, rule, hardware.gradient.mask_inputs)
            outs = []
            for r in range(len(self.output_offsets) - 1):
                rows = (self.output_offsets[r], self.output_offsets[r + 1])
                outs.append(
                    self._tile(
                        part,
                        _part(_part(parameter, 0, *rows), 1, *columns),
                        _part(_part(used, 0, *rows), 1, *columns),
                        factors and _part(factors[p], 0, *rows),
                        learns,
                    )
                )
            y = outs[0] if len(outs) == 1 else torch.cat(outs, 1)
            scale = _part(layer.scale[p], 0, first, last) * _part(layer.learned_scale[p], 0, first, last)
            if range_ is not None:
                # The gradient of the range is its own rule: none through this factor.
                scale = scale * range_.detach()
            total = y * scale if total is None else torch.addcmul(total, y, scale)
        return total  # type: ignore[return-value]

    def _only_the_range_learns(self, x: Tensor, range_: Tensor) -> bool:
        """As in a first layer; where a product is what converters make of the inputs and no more."""
        f = self.layer.hardware.forward
        return (
            range_.requires_grad
            and not x.requires_grad
            and x.device.type == "cpu"
            and not f.perfect
            and _fixed_scale(f.noise_management) == 1.0
        )

    def _weights(self, g: int, block: slice) -> tuple[Tensor, Tensor, list[Tensor] | None]:
        """The parameter, the weights of this pass, and for every piece what the gradient of the
        weights is multiplied by (None: 1)."""
        layer, hardware = self.layer, self.layer.hardware
        parameter = layer.tile_weight if layer.groups == 1 else layer.tile_weight[block]
        if layer._chip is not None and not layer.training:
            return parameter, layer._chip_weights().to(parameter)[block], None
        used = parameter.detach()
        modifier = hardware.modifier
        if (layer.training or modifier.in_evaluation) and (
            modifier.kind not in ("none", "copy", "drop connect") or modifier.drop_probability > 0
        ):
            used = self._modified(used)
        factors = layer.scale[:, block].detach() ** -2
        if hardware.gradient.divide_by_range and hardware.input_range.enabled:
            pieces = len(factors)
            ranges = layer.input_range.detach()[g * pieces : (g + 1) * pieces, None]
            factors = factors / ranges
        return parameter, used, list(factors)

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
                if modifier.kind == "additive normal":
                    std = modifier.std * (1.0 if modifier.relative_to_max else modifier.assumed_max)
                    new = add_normals(w, std, modifier.relative_to_max)
                else:
                    new = self._quantized_or_scaled(w)
                if modifier.drop_probability > 0:
                    new = torch.where(torch.rand_like(w) < modifier.drop_probability, 0, new)
                row.append(new)
            rows.append(row[0] if len(row) == 1 else torch.cat(row, 1))
        return rows[0] if len(rows) == 1 else torch.cat(rows, 0)

    def _quantized_or_scaled(self, w: Tensor) -> Tensor:
        """The laws that look at single weights, and what may follow them."""
        modifier = self.layer.hardware.modifier
        most = largest(w) if modifier.relative_to_max else modifier.assumed_max
        if "discretize" in modifier.kind and modifier.steps > 0:
            q = w / most * (modifier.steps / 2)
            w = torch.sign(q) * torch.floor(q.abs() + 0.5) * (2 / modifier.steps) * most
        if "additive normal" in modifier.kind:
            w = add_normals(w, modifier.std * most)
        elif modifier.kind == "multiplicative normal":
            w = w * (1 + modifier.std * most * normals_like(w))
        return w

    def _tile(
        self,
        x: Tensor,
        w: Tensor,
        used: Tensor,
        factor: Tensor | None,
        learns: tuple[Tensor, Tensor, _Range] | None = None,
    ) -> Tensor:
        """One analog product, steps 2 to 11. `learns`: inputs before the cut, the range and its rule,
        where the inputs themselves want no gradient."""
        hardware = self.layer.hardware
        f = hardware.forward
        if f.perfect:
            return _Product.apply(x, x, w, used, factor) * f.output_scale
        alpha: Any = _fixed_scale(f.noise_management)
        if alpha is None:
            alpha = x.detach().abs().amax(1, keepdim=True)
            if f.noise_management.threshold > 0:
                alpha = alpha.clamp(max=f.noise_management.threshold)
            alpha = torch.where(alpha > 1.2e-38, alpha, 1.0)
        scaled = isinstance(alpha, Tensor) or alpha != 1.0
        v = x / alpha if scaled else x
        exact, v = v, v.detach()
        step = _step(f.dac.bound, f.dac.steps)
        if step > 0:
            v = (v / step).round_().mul_(step)
        if f.dac.bound > 0:
            v = v.clamp(-f.dac.bound, f.dac.bound)
        if f.dac.noise_std > 0:
            v = add_normals(v, f.dac.noise_std)
        if learns is None:
            y = _Product.apply(exact, v, w, used, factor)
        else:
            y = _FirstProduct.apply(*learns, exact, v, w, used, factor)
        wants = w if w.requires_grad else exact if learns is None else learns[1]
        if torch.is_grad_enabled() and wants.requires_grad and not y.requires_grad:
            # torch.compile of torch 2.4 looks at v and used alone, and would leave out what follows.
            y = y + wants.reshape(-1)[:0].sum()
        y = self._disturbed(v, used, y)
        if f.adc.bound > 0 or f.adc.steps > 0:
            step = _step(f.adc.bound, f.adc.steps)
            # Found before: torch.compile of torch 2.4 does not see through struct.
            bound, above = self.adc_bound
            if bound != f.adc.bound:
                above = _above(f.adc.bound)
            above = above if hardware.gradient.mask_outputs else 0.0
            y = _Adc.apply(y, step, f.adc.bound, above)
        if f.output_scale != 1.0:
            y = y * f.output_scale
        return y * alpha if scaled else y

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
            y = y + f.weight_noise.std * squares.clamp(min=0).sqrt() * normals_like(y)
        if f.output_noise.std > 0:
            y = add_normals(y, f.output_noise.std)
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
        parts = []
        for g in range(layer.groups):
            columns = x[:, g * self.width : (g + 1) * self.width]
            for p in range(pieces):
                part = columns[:, self.input_offsets[p] : self.input_offsets[p + 1]]
                part = part.to(torch.float32 if part.device.type == "mps" else torch.float64)
                count = torch.full_like(part.sum(), part.numel())
                parts.append(torch.stack([part.sum(), part.square().sum(), count]))
        sums, squares, counts = sum_over_processes(torch.stack(parts)).unbind(1)
        variance = (squares - sums.square() / counts) / (counts - 1).clamp(min=1)
        for i, std in enumerate(variance.clamp(min=0).sqrt().float()):
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
            tile.clamp_(min=-bound, max=bound)

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

