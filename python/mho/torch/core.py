# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The back end `core`: passes through the C++ engine, with gradients.

Eagerly an autograd.Function is used (the least overhead); under torch.compile a custom operator with
a fake kernel, so that the graph does not break. Both call the same two functions. Noise is named by
(seed, layer, step, sample), and the step is an argument: whoever repeats a call, such as gradient
checkpointing, repeats its noise.
"""

# No postponed annotations here: torch reads the types of operators from them.
import itertools
import weakref
from typing import TYPE_CHECKING, Any, List  # noqa: UP035

import torch
from torch import Tensor

from .._core import LayerScales
from .processes import sum_over_processes

if TYPE_CHECKING:
    from .layers import AnalogLayer

# Operators take numbers and tensors only, so layers are known to them by a number.
_layers: "weakref.WeakValueDictionary[int, AnalogLayer]" = weakref.WeakValueDictionary()
_numbers = itertools.count(1)


def register(layer: "AnalogLayer") -> int:
    """A number by which the operators find the layer."""
    number = next(_numbers)
    _layers[number] = layer
    return number


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def run_forward(
    layer: "AnalogLayer",
    x: Tensor,
    mapping: Tensor,
    learned: Tensor,
    ranges: Tensor,
    bias: Tensor | None,
    weight: Tensor,
    step: int,
    first_sample: int,
    record: bool,
) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None, LayerScales]:
    """Outputs, the weights that were used, and what the backward pass needs."""
    engine = layer._engine
    weights = layer._load(weight, step)
    rows = x.shape[0]
    everything = engine.groups * engine.outputs
    scales = engine.load_scales(
        mapping.data_ptr(), learned.data_ptr(), ranges.data_ptr(), _address(bias)
    )
    y = torch.empty(rows, everything)
    clipped = sums = None
    if record and engine.keeps_clipped:
        clipped = torch.empty(engine.pieces, rows, everything, dtype=torch.uint8)
    if record and engine.keeps_sums:
        sums = torch.empty(engine.pieces, rows, everything)
    engine.forward(
        x.data_ptr(),
        rows,
        y.data_ptr(),
        step,
        first_sample,
        torch.get_num_threads(),
        _address(clipped),
        _address(sums),
    )
    return y, weights, clipped, sums, scales


def run_backward(
    layer: "AnalogLayer",
    errors: Tensor,
    x: Tensor,
    weights: Tensor,
    scales: LayerScales,
    clipped: Tensor | None,
    sums: Tensor | None,
    step: int,
    first_sample: int,
    share: float,
    wants: tuple[bool, bool, bool, bool, bool],
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Gradients of inputs, tile weights, learned scales, ranges and bias."""
    engine = layer._engine
    rows, width = x.shape
    groups, outputs, inputs, pieces = engine.groups, engine.outputs, engine.inputs, engine.pieces
    exact = engine.exact_backward
    for_weights = torch.empty(pieces, rows, groups * outputs)
    wants_x = wants[0]

    def begin(wants_inputs: bool) -> tuple[Any, Tensor | None]:
        for_inputs = torch.empty_like(for_weights) if wants_inputs and exact else None
        return (
            engine.begin_backward(
                errors.data_ptr(),
                x.data_ptr(),
                rows,
                weights.data_ptr(),
                _address(clipped),
                _address(sums),
                wants_inputs,
                for_weights.data_ptr(),
                _address(for_inputs),
                scales,
            ),
            for_inputs,
        )

    total, for_inputs = begin(wants_x)
    whole = wants_x or not exact
    if total.any_product and not whole:
        # Many inputs lie outside their range: its gradient takes the whole product.
        total, for_inputs = begin(True)
        whole = True
    offsets, threads = engine.input_offsets, torch.get_num_threads()
    pairs = [(g, p) for g in range(groups) for p in range(pieces)]
    gradient = None
    if whole:
        gradient = torch.empty(rows, width)
        if exact:
            for g, p in pairs:
                source = for_inputs[p]  # type: ignore[index]
                if engine.input_gradient(
                    g, p, source.data_ptr(), weights.data_ptr(), rows, gradient.data_ptr(), threads
                ):
                    continue
                block = slice(g * outputs, (g + 1) * outputs)
                columns = slice(g * inputs + offsets[p], g * inputs + offsets[p + 1])
                torch.mm(
                    source[:, block],
                    weights[block, offsets[p] : offsets[p + 1]],
                    out=gradient[:, columns],
                )
        else:
            engine.transposed(
                errors.data_ptr(), rows, gradient.data_ptr(), step, first_sample, _address(clipped)
            )
    weight_gradient = None
    # Devices that learn in memory take the place of the weight gradient.
    if wants[1] or layer._collects:
        cut = x
        if total.any_outside:
            cut = torch.empty_like(x)
            engine.cut_inputs(x.data_ptr(), rows, cut.data_ptr())
        if layer._collects:
            layer._collect(cut, errors, scales, step)
        if wants[1] and not layer._collects:
            weight_gradient = torch.empty(groups * outputs, inputs)
            for g, p in pairs:
                if engine.weight_gradient(
                    g,
                    p,
                    for_weights[p].data_ptr(),
                    cut.data_ptr(),
                    rows,
                    weight_gradient.data_ptr(),
                    threads,
                ):
                    continue
                block = slice(g * outputs, (g + 1) * outputs)
                columns = slice(g * inputs + offsets[p], g * inputs + offsets[p + 1])
                torch.mm(
                    for_weights[p][:, block].t(),
                    cut[:, columns],
                    out=weight_gradient[block, offsets[p] : offsets[p + 1]],
                )
    if gradient is not None:
        engine.end_backward(x.data_ptr(), gradient.data_ptr(), rows, total)
    learned_gradient = torch.empty(pieces, groups * outputs) if wants[2] else None
    range_gradient = torch.empty(groups * pieces) if wants[3] else None
    bias_gradient = torch.empty(groups * outputs) if wants[4] else None
    engine.gradients(
        total,
        rows,
        share,
        _address(learned_gradient),
        _address(bias_gradient),
        _address(range_gradient),
    )
    return gradient if wants_x else None, weight_gradient, learned_gradient, range_gradient, bias_gradient


def start_ranges(layer: "AnalogLayer", x: Tensor, ranges: Tensor, batches: Tensor) -> None:
    """One batch of the initialisation of the input ranges, from the inputs of all processes."""
    engine = layer._training_engine
    moments = torch.empty(ranges.numel(), 3, dtype=torch.float64)
    engine.input_moments(x.data_ptr(), x.shape[0], moments.data_ptr())
    moments = sum_over_processes(moments)
    engine.start_ranges(moments.data_ptr(), ranges.data_ptr(), batches.data_ptr())


def _core_backward(ctx: Any, errors: Tensor) -> Any:
    x, weights, clipped, sums = ctx.saved_tensors
    gradients = run_backward(
        ctx.layer,
        errors.contiguous(),
        x,
        weights,
        ctx.scales,
        clipped,
        sums,
        *ctx.key,
        ctx.needs_input_grad[:5],
    )
    return (*gradients, None, None)


# Refuses second derivatives; torch's wrapper costs ten microseconds a call.
_core_backward_once = torch.autograd.function.once_differentiable(_core_backward)


class CoreFunction(torch.autograd.Function):
    """One pass, eagerly; `key` is (step, first sample, share of the decay of the ranges)."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        learned: Tensor,
        ranges: Tensor,
        bias: Tensor | None,
        layer: "AnalogLayer",
        key: tuple[int, int, float],
    ) -> Tensor:
        record = any(ctx.needs_input_grad[:5])
        y, weights, clipped, sums, scales = run_forward(
            layer, x, layer.scale, learned, ranges, bias, weight, key[0], key[1], record
        )
        if record:
            ctx.save_for_backward(x, weights, clipped, sums)
            ctx.layer, ctx.key, ctx.scales = layer, key, scales
        return y

    @staticmethod
    def backward(ctx: Any, errors: Tensor) -> Any:  # type: ignore[override]
        return (_core_backward_once if torch.is_grad_enabled() else _core_backward)(ctx, errors)


@torch.library.custom_op("mho::analog", mutates_args=())
def analog_op(
    x: Tensor,
    weight: Tensor,
    learned: Tensor,
    ranges: Tensor,
    bias: Tensor,
    mapping: Tensor,
    step: Tensor,
    layer: int,
    first_sample: int,
    share: float,
    record: bool,
) -> List[Tensor]:  # noqa: UP006
    """The pass as an operator: outputs, weights used, where ADCs cut, sums of the tiles."""
    y, weights, clipped, sums, _ = run_forward(
        _layers[layer],
        x.contiguous(),
        mapping.contiguous(),
        learned.contiguous(),
        ranges.contiguous(),
        bias if bias.numel() else None,
        weight.contiguous(),
        int(step),
        first_sample,
        record,
    )
    empty = torch.empty(0)
    return [
        y,
        weights.clone(),
        torch.empty(0, dtype=torch.uint8) if clipped is None else clipped,
        empty if sums is None else sums,
    ]


@analog_op.register_fake
def _analog_fake(
    x: Tensor,
    weight: Tensor,
    learned: Tensor,
    ranges: Tensor,
    bias: Tensor,
    mapping: Tensor,
    step: Tensor,
    layer: int,
    first_sample: int,
    share: float,
    record: bool,
) -> List[Tensor]:  # noqa: UP006
    rows, (pieces, everything) = x.shape[0], learned.shape
    engine = _layers[int(layer)]._engine
    clipped = (pieces, rows, everything) if record and engine.keeps_clipped else (0,)
    sums = (pieces, rows, everything) if record and engine.keeps_sums else (0,)
    return [
        x.new_empty(rows, everything),
        torch.empty_like(weight, memory_format=torch.contiguous_format),
        x.new_empty(clipped, dtype=torch.uint8),
        x.new_empty(sums),
    ]


@torch.library.custom_op("mho::analog_backward", mutates_args=())
def analog_backward_op(
    errors: Tensor,
    x: Tensor,
    weights: Tensor,
    mapping: Tensor,
    learned: Tensor,
    ranges: Tensor,
    clipped: Tensor,
    sums: Tensor,
    step: Tensor,
    layer: int,
    first_sample: int,
    share: float,
) -> List[Tensor]:  # noqa: UP006
    """All gradients of the pass."""
    one = _layers[layer]
    mapping, learned, ranges = (t.contiguous() for t in (mapping, learned, ranges))
    scales = one._engine.load_scales(mapping.data_ptr(), learned.data_ptr(), ranges.data_ptr(), 0)
    gradients = run_backward(
        one,
        errors.contiguous(),
        x.contiguous(),
        weights.contiguous(),
        scales,
        clipped.contiguous() if clipped.numel() else None,
        sums.contiguous() if sums.numel() else None,
        int(step),
        first_sample,
        share,
        (True, True, True, True, True),
    )
    return [g for g in gradients if g is not None]


@analog_backward_op.register_fake
def _analog_backward_fake(
    errors: Tensor,
    x: Tensor,
    weights: Tensor,
    mapping: Tensor,
    learned: Tensor,
    ranges: Tensor,
    clipped: Tensor,
    sums: Tensor,
    step: Tensor,
    layer: int,
    first_sample: int,
    share: float,
) -> List[Tensor]:  # noqa: UP006
    return [
        x.new_empty(x.shape),
        weights.new_empty(weights.shape),
        learned.new_empty(learned.shape),
        ranges.new_empty(ranges.shape),
        x.new_empty(learned.shape[1]),
    ]


def _setup(ctx: Any, inputs: tuple, output: list[Tensor]) -> None:
    x, _, learned, ranges, bias, mapping, step, layer, first_sample, share, _ = inputs
    _, weights, clipped, sums = output
    ctx.save_for_backward(x, weights, mapping, learned, ranges, clipped, sums, step)
    ctx.layer, ctx.first_sample, ctx.share = layer, first_sample, share
    ctx.has_bias = bias.numel() > 0


def _gradients(ctx: Any, gradients: list[Tensor]) -> Any:
    x, weights, mapping, learned, ranges, clipped, sums, step = ctx.saved_tensors
    dx, dw, dl, dr, db = torch.ops.mho.analog_backward(
        gradients[0],
        x,
        weights,
        mapping,
        learned,
        ranges,
        clipped,
        sums,
        step,
        ctx.layer,
        ctx.first_sample,
        ctx.share,
    )
    return dx, dw, dl, dr, db if ctx.has_bias else None, None, None, None, None, None, None


analog_op.register_autograd(_gradients, setup_context=_setup)


@torch.library.custom_op("mho::start_ranges", mutates_args={"ranges", "batches"})
def start_ranges_op(x: Tensor, ranges: Tensor, batches: Tensor, layer: int) -> None:
    """One batch of the initialisation of the input ranges."""
    one = _layers[layer]
    if int(batches.min()) >= one.hardware.input_range.init_batches:
        one._starting = False
        return
    start_ranges(one, x.contiguous(), ranges, batches)


@start_ranges_op.register_fake
def _start_ranges_fake(x: Tensor, ranges: Tensor, batches: Tensor, layer: int) -> None:
    return None
