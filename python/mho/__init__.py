# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""mho: neural networks on analog in-memory hardware.

>>> import mho
>>> hardware = mho.preset("standard")
>>> tile = mho.Tile(hardware, 64, 64, seed=1)

`mho.torch` converts PyTorch models; it is loaded when it is first used, and so are NumPy, SciPy and
matplotlib: `import mho` takes some hundredths of a second.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import _core
from ._core import (
    ConfigError,
    Error,
    Executor,
    InputError,
    IoError,
    Learner,
    Network,
    __version__,
    available_threads,
    make_network,
    verify,
    zoo_names,
)

# What needs more than the binary module is loaded when it is asked for.
_LAZY = {
    "AnalogMatrix": "matrix",
    "CompensationLaw": "laws",
    "ConductanceLaw": "laws",
    "ConverterLaw": "laws",
    "Hardware": "config",
    "PulsedArray": "devices",
    "Tile": "tiles",
    "TileGrid": "tiles",
    "conductances_at": "devices",
    "device_preset": "presets",
    "device_response": "devices",
    "evaluate_run": "runs",
    "explain": "presets",
    "fit_devices": "devices",
    "hardware_from_aihwkit": "translate",
    "learner": "devices",
    "learner_preset": "presets",
    "list_presets": "presets",
    "list_studies": "runs",
    "preset": "presets",
    "progress": "_progress",
    "run_networks": "runs",
    "run_study": "runs",
    "run_sweep": "sweeps",
    "run_test_data": "runs",
}
_MODULES = ("config", "interop", "onnx", "plots", "torch")

if TYPE_CHECKING:
    from . import config, interop, onnx, plots, torch
    from ._progress import progress
    from .config import Hardware
    from .devices import PulsedArray, conductances_at, device_response, fit_devices, learner
    from .laws import CompensationLaw, ConductanceLaw, ConverterLaw
    from .matrix import AnalogMatrix
    from .presets import device_preset, explain, learner_preset, list_presets, preset
    from .runs import evaluate_run, list_studies, run_networks, run_study, run_test_data
    from .sweeps import run_sweep
    from .tiles import Tile, TileGrid
    from .translate import hardware_from_aihwkit


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module("." + _LAZY[name], __name__), name)
    elif name in _MODULES:
        value = importlib.import_module("." + name, __name__)
    else:
        near = _core.nearest_name(name, [*_LAZY, *_MODULES, *globals()])
        hint = f", did you mean `{near}`?" if near else ""
        raise AttributeError(f"module `mho` has no attribute `{name}`{hint}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES})


__all__ = [
    "AnalogMatrix",
    "CompensationLaw",
    "ConductanceLaw",
    "ConfigError",
    "ConverterLaw",
    "Error",
    "Executor",
    "Hardware",
    "InputError",
    "IoError",
    "Learner",
    "Network",
    "PulsedArray",
    "Tile",
    "TileGrid",
    "__version__",
    "available_threads",
    "conductances_at",
    "config",
    "device_preset",
    "device_response",
    "evaluate_run",
    "explain",
    "fit_devices",
    "hardware_from_aihwkit",
    "interop",
    "learner",
    "learner_preset",
    "list_presets",
    "list_studies",
    "make_network",
    "onnx",
    "plots",
    "preset",
    "progress",
    "run_networks",
    "run_study",
    "run_sweep",
    "run_test_data",
    "torch",
    "verify",
    "zoo_names",
]
