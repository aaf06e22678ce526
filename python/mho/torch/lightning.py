# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The linear layer of aihwkit-lightning: weights in their own scale, noise and bounds in units of the
largest one (mho/adapt/lightning.h has the law). For training; programmed chips come by converting the
trained model: `convert(model, hardware)` takes these layers like torch's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from .. import _core
from .._core import InputError
from ..config import LightningLayer
from .precision import StaysFloat32
from .processes import process_rank

_MOST_STEPS = 2**54


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


class LightningLinear(StaysFloat32, nn.Linear):
    """torch.nn.Linear by the law of aihwkit-lightning 2.1 (mho.config.LightningLayer), on the CPU.

    Parameters beside weight and bias: `input_range` [pieces] for learned and fast ranges, and
    `weight_clip` [pieces, outputs] for learned clips. Noise acts in training only; its step is drawn
    from torch's generator.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        layer: LightningLayer | dict[str, Any] | None = None,
        name: str = "linear",
        seed: int = 0,
    ) -> None:
        super().__init__(in_features, out_features, bias)
        self.layer = layer if isinstance(layer, LightningLayer) else LightningLayer.from_dict(layer or {}, "layer")
        self.name, self.seed = name, seed
        self._engine = self._make_engine()
        pieces = self._engine.pieces
        moves = self.layer.range in ("learned", "fast")
        self.input_range = nn.Parameter(
            torch.full((pieces,), self.layer.initial_range), requires_grad=moves and self.layer.learn_range
        )
        self.register_buffer("range_batches", torch.zeros(pieces, dtype=torch.int64))
        self.register_buffer("extremes", torch.tensor([-1e-5, 1e-5])[:, None].repeat(1, pieces))
        self.weight_clip = nn.Parameter(torch.empty(0), requires_grad=False)
        self.start_clips()

    def _make_engine(self) -> _core.LightningEngine:
        return _core.LightningEngine(
            self.layer.to_json(), self.out_features, self.in_features, self.seed, self.name
        )

    def start_clips(self) -> None:
        """Learned clips at the largest weights of the present matrix."""
        if self.layer.clip == "learned per channel":
            clips = torch.from_numpy(self._engine.initial_clips(self.weight.detach().contiguous().data_ptr()))
            self.weight_clip = nn.Parameter(clips)

    def forward(self, input: Tensor) -> Tensor:
        """x [..., in_features] -> [..., out_features]."""
        if input.shape[-1] != self.in_features:
            raise InputError(
                f"layer {self.name}: inputs must be [..., {self.in_features}], got {list(input.shape)}"
            )
        rows = input.reshape(-1, self.in_features).float().contiguous()
        first = process_rank() * rows.shape[0] if self.training else 0
        step = int(torch.randint(0, _MOST_STEPS, (), dtype=torch.int64)) if self.training else 0
        y = _LightningFunction.apply(
            rows, self.weight, self.bias, self.input_range, self.weight_clip, self, step, first
        )
        return y.reshape(*input.shape[:-1], self.out_features).to(input.dtype)

    def post_step(self) -> None:
        """The gaussian clips, after an optimiser step; ranges stay positive."""
        with torch.no_grad():
            self._engine.clip_weights(self.weight.data_ptr())
            self.input_range.abs_()

    def _state(self) -> tuple[int, int, int, int]:
        return (
            self.input_range.data_ptr(), self.range_batches.data_ptr(), self.extremes.data_ptr(),
            _address(self.weight_clip if self.weight_clip.numel() else None),
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._engine = self._make_engine()

    def extra_repr(self) -> str:
        """What print(model) shows."""
        return f"{super().extra_repr()}, {self.layer!r}"


class _LightningFunction(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        ranges: Tensor,
        clips: Tensor,
        module: LightningLinear,
        step: int,
        first_sample: int,
    ) -> Tensor:
        keep = any(ctx.needs_input_grad[:5])
        weight = weight.contiguous()
        y = torch.empty(x.shape[0], module.out_features)
        record = module._engine.forward(
            weight.data_ptr(), _address(bias), x.data_ptr(), x.shape[0], y.data_ptr(), *module._state(),
            module.training, step, first_sample, keep,
        )
        if keep:
            ctx.save_for_backward(x, weight)
            ctx.record, ctx.module, ctx.has_bias = record, module, bias is not None
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> Any:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        module, wants = ctx.module, ctx.needs_input_grad
        shapes = (x, weight, torch.empty(module.out_features), module.input_range, module.weight_clip)
        made = [torch.zeros_like(s) if wanted else None for s, wanted in zip(shapes, wants)]
        module._engine.backward(
            ctx.record, weight.data_ptr(), x.data_ptr(), x.shape[0], upstream.contiguous().data_ptr(),
            *module._state(), *(_address(g) for g in made),
        )
        return (*made, None, None, None)


def convert_lightning(
    model: nn.Module,
    layer: LightningLayer | dict[str, Any],
    exclude: Iterable[str] = (),
    seed: int = 0,
    inplace: bool = False,
) -> nn.Module:
    """The same model with its linear layers (torch's, and Conv1D of transformers) by the law of
    aihwkit-lightning; `layer` is what mho.lightning_layer makes of a configuration.

    `exclude`: patterns of layers that stay as they are. Weights that an embedding shares stay, too.
    """
    model = model if inplace else copy.deepcopy(model)
    shared = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    unused, done = set(exclude), 0
    for path, module in list(model.named_modules()):
        transposed = type(module).__name__ == "Conv1D" and hasattr(module, "nf")
        if not path or not (type(module) is nn.Linear or transposed) or id(module.weight) in shared:
            continue
        found = {pattern for pattern in exclude if fnmatchcase(path, pattern)}
        unused -= found
        if found:
            continue
        rows = module.weight.t() if transposed else module.weight
        made = LightningLinear(rows.shape[1], rows.shape[0], module.bias is not None, layer, path, seed)
        with torch.no_grad():
            made.weight.copy_(rows)
            if module.bias is not None:
                made.bias.copy_(module.bias)
        made.start_clips()
        parent, _, leaf = path.rpartition(".")
        setattr(model.get_submodule(parent), leaf, made.train(module.training))
        done += 1
    if unused:
        raise InputError(f"no linear layer matches the pattern `{min(unused)}`")
    if not done:
        raise InputError("the model has no linear layer")
    return model
