# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Cells: conductances over time, arrays that move by pulses, learners on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import _core
from ._configuration import Config
from ._hardware import HardwareLike, core_hardware

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

DeviceLike = "Config | dict | str"


def _model_json(model: Any) -> str:
    """JSON of a device or learner: a configuration, a dictionary, or the name of a preset."""
    if isinstance(model, Config):
        return json.dumps({"model": model._schema, **model.to_dict()})
    if isinstance(model, str) and not model.lstrip().startswith("{"):
        return json.dumps({"preset": model})
    return model if isinstance(model, str) else json.dumps(model)


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
        super().__init__(_model_json(device), rows, cols, seed, name)

    def __repr__(self) -> str:
        return f"PulsedArray({self.rows} x {self.cols}, {self.number_of_states:.0f} states)"


def learner(config: Any, rows: int, cols: int, seed: int = 0, name: str = "learner") -> _core.Learner:
    """A learner from a configuration, a dictionary or the name of a preset ("agad capacitor")."""
    return _core.make_learner(_model_json(config), rows, cols, seed, name)


def device_response(device: Any, pulses: int = 0, cells: int = 400, seed: int = 1) -> dict[str, Any]:
    """How a device answers to trains of pulses: mean, cycle noise, spread, symmetric point."""
    return _core.device_response(_model_json(device), pulses, cells, seed)


def fit_devices(csv_file: str, model: str = "", threads: int = 0, seed: int = 1) -> list[dict[str, Any]]:
    """Device models fitted to measured traces, best first (see `mho fit --help`)."""
    fits = _core.fit_devices(str(csv_file), model, threads, seed)
    for fit in fits:
        fit["device"] = json.loads(fit["device"])
    return fits
