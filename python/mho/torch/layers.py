# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Analog layers: the parameters, the noise, and the passes of linear and convolution layers.

A layer keeps its weights in units of its tiles (`tile_weight`, at most 1 by default) with digital
scales beside them (`scale` times `learned_scale`). Forward passes go through everything that the
hardware says. Backward passes go straight through rounding and noise; where an input range cuts an
input or an ADC an output, the gradient is zero.
"""

from __future__ import annotations

import json
import math
from typing import Any

import torch
from torch import Tensor, nn

from .. import _core
from .._core import InputError
from .._hardware import HardwareLike, core_hardware, plain_hardware
from ..config import Hardware
from ..laws import StepLaw, is_law
from . import core
from .memory import LearnsInMemory
from .precision import StaysFloat32
from .processes import process_rank
from .tensor_ops import TensorEngine

BACKENDS = ("core", "torch")
_MOST_STEPS = 2**54


def full_hardware(hardware: HardwareLike) -> Hardware:
    """A complete configuration of one's own from any form of hardware."""
    core_form = core_hardware(hardware)
    full = Hardware.from_json(core_form.to_json()) if not _has_laws(hardware) else None
    if full is not None:
        return full
    assert isinstance(hardware, Hardware)
    laws = {n: getattr(hardware, n) for n in hardware._parameters if is_law(getattr(hardware, n))}
    full = Hardware.from_dict({k: v for k, v in plain_hardware(hardware).items() if k not in laws})
    for name, law in laws.items():
        setattr(full, name, law)
    return full


def _has_laws(hardware: HardwareLike) -> bool:
    return isinstance(hardware, Hardware) and any(
        is_law(getattr(hardware, n)) for n in hardware._parameters
    )


class AnalogLayer(StaysFloat32, LearnsInMemory):
    """What all analog layers share.

    Parameters: `tile_weight` [groups * outputs, inputs of a group], `learned_scale` [pieces, groups
    * outputs], `input_range` [groups * pieces] (0 = none), `bias` [groups * outputs] or None.
    Buffer: `scale`, that of the mapping.

    Noise belongs to (seed, name, step, sample). By default every pass draws its step from torch's
    CPU generator, which `torch.manual_seed` seeds and gradient checkpointing replays; `set_step`
    names it instead. Processes of torch.distributed number their samples one behind the other.
    """

    tile_weight: nn.Parameter
    learned_scale: nn.Parameter
    input_range: nn.Parameter
    bias: nn.Parameter | None
    scale: Tensor
    range_batches: Tensor
    noise_step: Tensor

    def __init__(
        self,
        groups: int,
        outputs: int,
        inputs: int,
        bias: bool,
        hardware: HardwareLike = None,
        name: str = "layer",
        seed: int = 0,
        backend: str = "core",
    ) -> None:
        super().__init__()
        if backend not in BACKENDS:
            near = _core.nearest_name(backend, list(BACKENDS))
            raise InputError(
                f"backend: must be core or torch, got `{backend}`"
                + (f", did you mean `{near}`?" if near else "")
            )
        self.hardware = full_hardware(hardware)
        self.name = name
        self.seed = seed
        self.backend = backend
        self.groups = groups
        self.outputs = outputs
        self.analog_bias = bool(bias and self.hardware.mapping.analog_bias)
        self.inputs = inputs
        self._chip: dict[str, Any] | None = None
        self._explicit_step = False
        self._sample: int | None = None
        self._position = (0, 1)
        self._learner_config: str | None = None
        self._learner_laws: list[StepLaw] = []
        self._learners: Any = None
        self._pending: list[tuple[int, Tensor, list[Tensor]]] = []
        self._learner_states: Any = None
        self._reset_engines()
        engine = self._engine
        everything, pieces = groups * outputs, engine.pieces
        ranges = self.hardware.input_range
        learns = self.hardware.mapping.learn_scales != "none"
        self.tile_weight = nn.Parameter(torch.empty(everything, engine.inputs))
        self.learned_scale = nn.Parameter(torch.ones(pieces, everything), requires_grad=learns)
        self.input_range = nn.Parameter(
            torch.full((groups * pieces,), ranges.initial if ranges.enabled else 0.0),
            requires_grad=ranges.enabled and ranges.learn,
        )
        if bias and not self.analog_bias:
            self.bias = nn.Parameter(torch.zeros(everything))
        else:
            self.register_parameter("bias", None)
        self.register_buffer("scale", torch.ones(pieces, everything))
        self.register_buffer("range_batches", torch.zeros(groups * pieces, dtype=torch.int64))
        self.register_buffer("noise_step", torch.zeros((), dtype=torch.int64), persistent=False)
        self.reset_parameters()

    # --- weights -----------------------------------------------------------------------------

    def reset_parameters(self) -> None:
        """PyTorch's default: uniform in +-1 / sqrt(inputs)."""
        bound = 1 / math.sqrt(self.inputs)
        weight = torch.empty(self.groups * self.outputs, self.inputs).uniform_(-bound, bound)
        has_bias = self.bias is not None or self.analog_bias
        bias = torch.empty(self.groups * self.outputs).uniform_(-bound, bound) if has_bias else None
        self.set_weights(weight, bias)

    @torch.no_grad()
    def set_weights(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """Takes weights of any scale, [groups * outputs, ...], and maps them to the tiles."""
        rows = weight.detach().to(device="cpu", dtype=torch.float32)
        rows = rows.reshape(self.groups * self.outputs, self.inputs)
        if self.analog_bias:
            column = torch.zeros(len(rows), 1) if bias is None else bias.detach().cpu().float()[:, None]
            rows = torch.cat([rows, column], 1)
        core_form = self._core_hardware()
        for g in range(self.groups):
            block = slice(g * self.outputs, (g + 1) * self.outputs)
            tiles, scales = _core.map_weights(core_form, rows[block].contiguous())
            self.tile_weight[block] = torch.from_numpy(tiles).to(self.tile_weight)
            self.scale[:, block] = torch.from_numpy(scales).to(self.scale)
        self.learned_scale.fill_(1.0)
        if self.bias is not None:
            self.bias.zero_()
            if bias is not None:
                self.bias.copy_(bias)
        self._forget()

    @torch.no_grad()
    def logical_matrix(self, programmed: bool = False) -> Tensor:
        """Weights with their scales [groups * outputs, inputs] (an analog bias is the last column);
        `programmed`: those of the chip at its present time."""
        tiles = self.tile_weight.detach()
        if programmed and self._chip is not None:
            tiles = self._chip_weights().to(tiles)
        total = self.scale * self.learned_scale
        offsets = self._engine.input_offsets
        parts = [
            tiles[:, offsets[p] : offsets[p + 1]] * total[p][:, None] for p in range(len(offsets) - 1)
        ]
        return torch.cat(parts, 1)

    def logical_weight(self, programmed: bool = False) -> Tensor:
        """Weights [groups * outputs, inputs], without an analog bias."""
        return self.logical_matrix(programmed)[:, : self.inputs].contiguous()

    def logical_bias(self) -> Tensor | None:
        """The bias, digital or analog."""
        if self.analog_bias:
            return self.logical_matrix()[:, -1].contiguous()
        return None if self.bias is None else self.bias.detach().clone()

    # --- the pass ----------------------------------------------------------------------------

    def multiply(self, rows: Tensor, rows_per_sample: int = 1) -> Tensor:
        """The analog product of rows [..., groups * inputs]; what layers are made of."""
        dtype = rows.dtype
        x = rows.float() if dtype != torch.float32 else rows
        if self.analog_bias:
            x = self._with_constant(x)
        if self._tensors is not None:
            return self._tensors(x).to(dtype)
        if x.device.type != "cpu":
            raise InputError(
                f"layer {self.name}: the back end `core` runs on the CPU, inputs are on {x.device}; "
                'use convert(..., backend="torch") there'
            )
        if torch.compiler.is_compiling():
            return self._compiled_pass(x, rows_per_sample).to(dtype)
        x = x.contiguous()
        if self._starting and self.training and not _in_backward():
            with torch.no_grad():
                self._start_ranges(x)
        position, positions = self._position
        step = self._next_step(positions) * positions + position
        first = self._first_sample(x.shape[0] // rows_per_sample) * rows_per_sample
        y = core.CoreFunction.apply(
            x,
            self.tile_weight,
            self.learned_scale,
            self.input_range,
            self.bias,
            self,
            (step, first, 1.0 / positions),
        )
        return y if dtype == torch.float32 else y.to(dtype)

    def _with_constant(self, x: Tensor) -> Tensor:
        parts = x.reshape(x.shape[0], self.groups, self.inputs)
        ones = torch.ones(x.shape[0], self.groups, 1, dtype=x.dtype, device=x.device)
        return torch.cat([parts, ones], -1).reshape(x.shape[0], -1)

    def _compiled_pass(self, x: Tensor, rows_per_sample: int) -> Tensor:
        if self._learner_config is not None:
            raise InputError("layers that learn in memory cannot be compiled")
        if self.training and self._starting:
            torch.ops.mho.start_ranges(
                x.detach(), self.input_range.detach(), self.range_batches, self._number
            )
        position, positions = self._position
        if self._explicit_step:
            step = self.noise_step
        else:
            step = torch.randint(0, _MOST_STEPS // positions, (), dtype=torch.int64)
        bias = self.bias if self.bias is not None else torch.empty(0)
        first = self._first_sample(x.shape[0] // rows_per_sample) * rows_per_sample
        return torch.ops.mho.analog(
            x,
            self.tile_weight,
            self.learned_scale,
            self.input_range,
            bias,
            self.scale,
            step * positions + position,
            self._number,
            first,
            1.0 / positions,
            torch.is_grad_enabled(),
        )[0]

    def _next_step(self, positions: int = 1) -> int:
        if self._explicit_step:
            return int(self.noise_step)
        return int(torch.randint(0, _MOST_STEPS // positions, (), dtype=torch.int64))

    def _first_sample(self, samples: int) -> int:
        if self._sample is not None:
            return self._sample
        return process_rank() * samples if self.training else 0

    def _start_ranges(self, x: Tensor) -> None:
        config = self.hardware.input_range
        if not config.enabled or int(self.range_batches.min()) >= config.init_batches:
            self._starting = False
            return
        core.start_ranges(self, x, self.input_range, self.range_batches)

    def _load(self, weight: Tensor, step: int) -> Tensor:
        """Gives the engine the weights of this pass, and returns them."""
        if self._chip is not None and not self.training:
            return self._chip_weights()
        engine = self._engine
        modified = engine.modifies and (self.training or self.hardware.modifier.in_evaluation)
        try:
            version = (weight.data_ptr(), weight._version)
        except RuntimeError:  # tensors of inference mode do not count their changes
            version = None
        key = (modified, step if modified else 0, version)
        if version is None or self._loaded is None or self._loaded[0] != key:
            plain = weight.detach()
            if modified:
                used = torch.empty_like(plain)
                self._training_engine.load_modified(plain.data_ptr(), used.data_ptr(), step)
            else:
                used = plain
                self._training_engine.load_weights(plain.data_ptr())
            self._keep_loaded((key, used))
        return self._loaded[1]

    def _keep_loaded(self, loaded: tuple[Any, Tensor] | None) -> None:
        # Twice a step: nn.Module's own way of setting an attribute takes five microseconds.
        self.__dict__["_loaded"] = loaded

    # --- the chip ----------------------------------------------------------------------------

    def program(self, programming: int = 0, chip: int = 0) -> None:
        """Programs a chip with the present weights; evaluation mode reads it from now on."""
        self._chip = {"programming": programming, "chip": chip, "t_s": None, "read_step": 0,
                      "compensation": True}
        self._chip_engine = None
        self._read_chip()

    def advance_to(self, t_s: float, read_step: int = 0) -> None:
        """Moves the chip to t_s seconds after programming."""
        if self._chip is None:
            raise InputError(f"layer {self.name}: program() comes before advance_to()")
        self._chip.update(t_s=float(t_s), read_step=int(read_step))
        self._read_chip().advance_to(float(t_s), int(read_step))
        self._chip_values = None

    def use_compensation(self, on: bool) -> None:
        """Switches the digital use of drift compensation on or off."""
        if self._chip is None:
            raise InputError(f"layer {self.name}: program() comes before use_compensation()")
        self._chip["compensation"] = bool(on)
        self._read_chip().use_compensation(bool(on))

    def reset_chip(self) -> None:
        """Back to exact weights in evaluation mode."""
        self._chip = None
        self._chip_engine = None
        self._chip_values = None

    def _read_chip(self) -> _core.LayerEngine:
        """The programmed tiles; they replay from the numbers in _chip after a copy or a load."""
        chip = self._chip
        assert chip is not None
        if self._chip_engine is None:
            engine = self._new_engine(chip["chip"])
            weight = self.tile_weight.detach().cpu().contiguous()
            engine.program(weight.data_ptr(), chip["programming"])
            if chip["t_s"] is not None:
                engine.advance_to(chip["t_s"], chip["read_step"])
            engine.use_compensation(chip["compensation"])
            self._chip_engine = engine
            self._chip_values = None
        return self._chip_engine

    def _chip_weights(self) -> Tensor:
        engine = self._read_chip()
        if self._chip_values is None:
            self._chip_values = torch.from_numpy(engine.weights())
        return self._chip_values

    # --- engines and state ---------------------------------------------------------------------

    @property
    def _engine(self) -> _core.LayerEngine:
        """The tiles of the present mode."""
        if self._chip is not None and not self.training:
            return self._read_chip()
        return self._training_engine

    @property
    def _training_engine(self) -> _core.LayerEngine:
        if self._training is None:
            self._training = self._new_engine(0)
        return self._training

    def _core_hardware(self) -> _core.Hardware:
        if self._parsed is None:
            self._parsed = core_hardware(self.hardware)
        return self._parsed

    def _new_engine(self, chip: int) -> _core.LayerEngine:
        inputs = self.inputs + (1 if self.analog_bias else 0)
        return _core.LayerEngine(
            self._core_hardware(), self.groups, self.outputs, inputs, self.seed, self.name, chip
        )

    def _reset_engines(self) -> None:
        self._parsed: _core.Hardware | None = None
        self._training: _core.LayerEngine | None = None
        self._chip_engine: _core.LayerEngine | None = None
        self._chip_values: Tensor | None = None
        self._tensors: TensorEngine | None = None
        self._loaded: tuple[Any, Tensor] | None = None
        self._starting = True
        self._learners = None
        self._pending = []
        self._number = core.register(self)
        if self.backend == "torch":
            # Made at once: a compiled model must not meet the core.
            self._tensors = TensorEngine(self)

    def _forget(self) -> None:
        """Weights, ranges or hardware changed: look at them again."""
        self._loaded = None
        self._starting = True

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        if self._learners is not None:
            state["_learner_states"] = self._states_of_learners()
        for name in ("_parsed", "_training", "_chip_engine", "_chip_values", "_tensors", "_loaded",
                     "_learners", "_pending"):
            state[name] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._reset_engines()
        if self._learner_states is not None:
            self._restore_learners(self._learner_states)
            self._learner_states = None

    def _apply(self, fn: Any, recurse: bool = True) -> AnalogLayer:
        super()._apply(fn, recurse)
        self._forget()
        return self

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._forget()

    def get_extra_state(self) -> Tensor:
        """Hardware and what names the noise, as the bytes of a JSON text: a tensor, so that
        safetensors files can hold it."""
        state = {"hardware": plain_hardware(self.hardware), "name": self.name, "seed": self.seed,
                 "chip": self._chip}
        text = json.dumps(state).encode()
        return torch.frombuffer(bytearray(text), dtype=torch.uint8).clone()

    def set_extra_state(self, state: Tensor) -> None:
        """Refuses a state that was saved for other hardware, naming what differs."""
        saved = json.loads(bytes(state.cpu().tolist()).decode())
        differences = _differences(plain_hardware(self.hardware), saved["hardware"], "hardware")
        if differences:
            raise RuntimeError(
                f"layer {self.name}: the state was saved for other hardware: " + "; ".join(differences)
            )
        self.name, self.seed, self._chip = saved["name"], saved["seed"], saved["chip"]
        self._reset_engines()

    def post_step(self) -> None:
        """After an optimiser step: clips and remaps the weights, keeps ranges positive."""
        with torch.no_grad():
            if self._learner_config is not None:
                self.input_range.abs_().clamp_(min=1e-6 if self.hardware.input_range.enabled else 0)
                return
            if self.tile_weight.device.type == "cpu":
                self._training_engine.post_step(
                    self.tile_weight.data_ptr(),
                    self.scale.data_ptr(),
                    self.learned_scale.data_ptr(),
                    self.input_range.data_ptr(),
                )
            else:
                self._tensors.post_step()  # type: ignore[union-attr]
        self._keep_loaded(None)

    def extra_repr(self) -> str:
        """What print(model) shows."""
        bias = self.bias is not None or self.analog_bias
        return f"{self.inputs}, {self.groups * self.outputs}, bias={bias}, backend={self.backend!r}"


def _in_backward() -> bool:
    """Whether this runs inside a backward pass: gradient checkpointing repeats a forward pass."""
    current = getattr(torch._C, "_current_graph_task_id", None)
    return current is not None and current() != -1


def _differences(here: Any, there: Any, path: str) -> list[str]:
    if isinstance(here, dict) and isinstance(there, dict):
        found = []
        for key in {**here, **there}:
            found += _differences(here.get(key), there.get(key), f"{path}.{key}")
        return found
    return [] if here == there else [f"{path} is {there!r} there, {here!r} here"]


class AnalogLinear(AnalogLayer):
    """torch.nn.Linear on analog tiles."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        hardware: HardwareLike = None,
        name: str = "linear",
        seed: int = 0,
        backend: str = "core",
    ) -> None:
        super().__init__(1, out_features, in_features, bias, hardware, name, seed, backend)
        self.in_features = in_features
        self.out_features = out_features

    def forward(self, input: Tensor) -> Tensor:
        """x [..., in_features] -> [..., out_features]."""
        if input.shape[-1] != self.in_features:
            raise InputError(
                f"layer {self.name}: inputs must be [..., {self.in_features}], got {list(input.shape)}"
            )
        if input.dim() == 2:
            return self.multiply(input)
        rows = input.reshape(-1, self.in_features)
        samples = max(input.shape[0], 1) if input.dim() > 2 else max(rows.shape[0], 1)
        y = self.multiply(rows, max(rows.shape[0] // samples, 1))
        return y.reshape(*input.shape[:-1], self.out_features)
