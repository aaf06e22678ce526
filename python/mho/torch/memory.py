# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Learning in memory: the weights of a layer live in devices and change by pulses only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .. import _core
from .._core import InputError
from .processes import process_count

if TYPE_CHECKING:
    from ..config import Hardware
    from ..laws import StepLaw


class LearnsInMemory(nn.Module):
    """The part of an analog layer that its training devices need."""

    if TYPE_CHECKING:
        name: str
        seed: int
        groups: int
        outputs: int
        backend: str
        hardware: Hardware
        tile_weight: nn.Parameter
        scale: Tensor
        _training_engine: _core.LayerEngine
        _loaded: Any

    _learner_config: str | None
    _learner_laws: list[StepLaw]
    _learners: Any
    _learner_states: Any
    _pending: list[tuple[int, Tensor, list[Tensor]]]

    @property
    def _collects(self) -> bool:
        return self._learner_config is not None

    def learn_in_memory(self, learner: Any) -> None:
        """From now on the weights are those of training devices, changed by pulses only.

        `learner`: a configuration, a dictionary or the name of a preset ("agad capacitor"); its
        devices may be laws of your own (mho.StepLaw).
        AnalogSGD takes the place of the optimiser for `tile_weight`.
        """
        from ..devices import model_json

        if self.backend != "core":
            raise InputError(f"layer {self.name}: learning in memory needs the back end `core`")
        if process_count() > 1:
            raise InputError(
                f"layer {self.name}: learning in memory runs in one process: a vector update is one "
                "event of one array, and processes would have devices of their own"
            )
        text, self._learner_laws = model_json(learner)
        self._learner_config = text if self._learner_laws else _core.check_learner(text)
        self._learners = self._make_learners()
        for (block, columns), device in self._learners:
            device.set_weights(self.tile_weight.detach()[block, columns].contiguous(), 0)
        self._show_learned()

    def _make_learners(self) -> list[tuple[tuple[slice, slice], Any]]:
        engine = self._training_engine
        made = []
        rows, cols = engine.output_offsets, engine.input_offsets
        for g in range(self.groups):
            path = (self.name if self.groups == 1 else f"{self.name}/g{g}") + "/learner"
            for r in range(len(rows) - 1):
                for c in range(len(cols) - 1):
                    block = slice(g * self.outputs + rows[r], g * self.outputs + rows[r + 1])
                    columns = slice(cols[c], cols[c + 1])
                    device = _core.make_learner(
                        self._learner_config,
                        rows[r + 1] - rows[r],
                        cols[c + 1] - cols[c],
                        self.seed,
                        path,
                        r,
                        c,
                        self._learner_laws,
                    )
                    made.append(((block, columns), device))
        return made

    def _collect(self, cut: Tensor, errors: Tensor, scales: _core.LayerScales, step: int) -> None:
        """Keeps what a backward pass gives: inputs cut to their ranges, and errors that move the
        tile weight as the logical one would move (dL/dV over the scale of the mapping)."""
        scaled = [errors * factor for factor in torch.from_numpy(scales.learned_over_mapping())]
        self._pending.append((step, cut.detach(), scaled))

    @torch.no_grad()
    def learn(self, rate: float, step: int) -> None:
        """The vector updates of all backward passes since the last call: W -= rate * gradient of
        the logical weight, by pulses."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        # A backward pass of a recurrence visits the last position first.
        pending.sort(key=lambda one: one[0])
        engine = self._training_engine
        width, offsets = engine.inputs, engine.input_offsets
        total = sum(len(cut) for _, cut, _ in pending)
        for (block, columns), device in self._learners:
            first = block.start // self.outputs * width
            piece = offsets.index(columns.start)
            factor = 1.0
            if self.hardware.mapping.rate_compensation:
                factor = 1 / float(self.scale[piece, block].double().mean())
            number = 0
            for _, cut, scaled in pending:
                device.update(
                    cut[:, first + columns.start : first + columns.stop],
                    (scaled[piece][:, block] / factor).contiguous(),
                    rate * factor,
                    step=step,
                    first_sample=number,
                    batch_size=total,
                    threads=torch.get_num_threads(),
                )
                number += len(cut)
            device.end_of_batch(step)
        self._show_learned()

    @torch.no_grad()
    def _show_learned(self) -> None:
        for (block, columns), device in self._learners:
            self.tile_weight[block, columns] = torch.from_numpy(device.weights())
        self._loaded = None

    def _states_of_learners(self) -> list[Any]:
        return [device.state() for _, device in self._learners]

    def _restore_learners(self, states: list[Any]) -> None:
        self._learners = self._make_learners()
        for (_, device), state in zip(self._learners, states):
            device.set_state(state)
        self._show_learned()
