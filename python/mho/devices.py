# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Cells: conductances over time, arrays that move by pulses, learners on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import _core
from ._configuration import plain_model
from ._hardware import HardwareLike, core_hardware

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from .config import MeasuredStep
    from .laws import StepLaw


def model_json(model: Any) -> tuple[str, list[StepLaw]]:
    """JSON of a device or learner (a configuration, a dictionary, the name of a preset, a StepLaw), and
    the laws of those of its devices that are written in Python, in their order."""
    from .laws import StepLaw

    if isinstance(model, str):
        return model if model.lstrip().startswith("{") else json.dumps({"preset": model}), []
    parts = model if isinstance(model, dict) else vars(model)
    devices = [model, parts.get("device"), *(parts.get("devices") or [])]
    laws = [d for d in devices if isinstance(d, StepLaw)]
    return json.dumps(model, default=plain_model), laws


def conductances_at(
    hardware: HardwareLike,
    target_us: ArrayLike,
    t_s: float = 0.0,
    seed: int = 0,
    programming: int = 0,
    read_step: int = 0,
) -> NDArray[np.float32]:
    """Conductances (uS) of cells t_s seconds after they were programmed to `target_us`."""
    return _core.program_cells(
        core_hardware(hardware), target_us, t_s, seed, "cells", programming, read_step
    )


class PulsedArray(_core.PulsedArray):
    """A crossbar [rows, cols] of cells that move by pulses."""

    def __init__(self, device: Any, rows: int, cols: int, seed: int = 0, name: str = "array") -> None:
        text, laws = model_json(device)
        super().__init__(text, rows, cols, seed, name, laws)

    def __repr__(self) -> str:
        return f"PulsedArray({self.rows} x {self.cols}, {self.number_of_states:.0f} states)"


def learner(config: Any, rows: int, cols: int, seed: int = 0, name: str = "learner") -> _core.Learner:
    """A learner from a configuration, a dictionary or the name of a preset ("agad capacitor")."""
    text, laws = model_json(config)
    return _core.make_learner(text, rows, cols, seed, name, laws=laws)


def device_response(device: Any, pulses: int = 0, cells: int = 400, seed: int = 1) -> dict[str, Any]:
    """How a device answers to trains of pulses: mean, cycle noise, spread, symmetric point."""
    text, laws = model_json(device)
    return _core.device_response(text, pulses, cells, seed, laws)


def fit_devices(csv_file: str, model: str = "", threads: int = 0, seed: int = 1) -> list[dict[str, Any]]:
    """Device models fitted to measured traces, best first (see `mho fit --help`)."""
    fits = _core.fit_devices(str(csv_file), model, threads, seed)
    for fit in fits:
        fit["device"] = json.loads(fit["device"])
    return fits


def read_step_table(path: str, w_min: float | None = None, w_max: float | None = None) -> MeasuredStep:
    """A measured device from a CSV file with the columns state, up, down [, up_std, down_std]; `w_min`
    and `w_max` are the weights of its lowest and highest state (default: states are weights)."""
    from .config import MeasuredStep

    values = json.loads(_core.read_step_table(str(path), w_min, w_max))
    values.pop("model")
    return MeasuredStep.from_dict(values, str(path))
