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
    "Converters": "converters",
    "CostReport": "costs",
    "Hardware": "config",
    "PulsedArray": "devices",
    "StepLaw": "laws",
    "Tile": "tiles",
    "TileGrid": "tiles",
    "Wires": "wires",
    "adc_linearity": "converters",
    "chip_yields": "budgets",
    "column_recursion": "wires",
    "compare_adcs": "costs",
    "compare_cost_presets": "costs",
    "compare_runs": "budgets",
    "conductances_at": "devices",
    "cost_preset": "costs",
    "device_preset": "presets",
    "device_response": "devices",
    "dmr_conductances": "wires",
    "error_budget": "budgets",
    "evaluate_run": "runs",
    "explain": "presets",
    "fit_devices": "devices",
    "hardware_from_aihwkit": "translate",
    "hardware_from_crosssim": "translate_crosssim",
    "hardware_from_lightning": "translate_lightning",
    "learner": "devices",
    "learner_preset": "presets",
    "lightning_layer": "translate_lightning",
    "list_presets": "presets",
    "list_studies": "runs",
    "network_cost": "costs",
    "preset": "presets",
    "progress": "_progress",
    "read_step_table": "devices",
    "run_cost": "costs",
    "run_networks": "runs",
    "run_study": "runs",
    "run_sweep": "sweeps",
    "run_test_data": "runs",
    "spec_axes": "budgets",
    "specify": "budgets",
    "training_cost": "costs",
}
_MODULES = ("config", "features", "interop", "onnx", "plots", "torch")

if TYPE_CHECKING:
    from . import config, features, interop, onnx, plots, torch
    from ._progress import progress
    from .budgets import chip_yields, compare_runs, error_budget, spec_axes, specify
    from .config import Hardware
    from .converters import Converters, adc_linearity
    from .costs import (
        CostReport,
        compare_adcs,
        compare_cost_presets,
        cost_preset,
        network_cost,
        run_cost,
        training_cost,
    )
    from .devices import (
        PulsedArray,
        conductances_at,
        device_response,
        fit_devices,
        learner,
        read_step_table,
    )
    from .laws import CompensationLaw, ConductanceLaw, ConverterLaw, StepLaw
    from .matrix import AnalogMatrix
    from .presets import device_preset, explain, learner_preset, list_presets, preset
    from .runs import evaluate_run, list_studies, run_networks, run_study, run_test_data
    from .sweeps import run_sweep
    from .tiles import Tile, TileGrid
    from .translate import hardware_from_aihwkit
    from .translate_crosssim import hardware_from_crosssim
    from .translate_lightning import hardware_from_lightning, lightning_layer
    from .wires import Wires, column_recursion, dmr_conductances


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
    "Converters",
    "CostReport",
    "Error",
    "Executor",
    "Hardware",
    "InputError",
    "IoError",
    "Learner",
    "Network",
    "PulsedArray",
    "StepLaw",
    "Tile",
    "TileGrid",
    "Wires",
    "__version__",
    "adc_linearity",
    "available_threads",
    "chip_yields",
    "column_recursion",
    "compare_adcs",
    "compare_cost_presets",
    "compare_runs",
    "conductances_at",
    "config",
    "cost_preset",
    "device_preset",
    "device_response",
    "dmr_conductances",
    "error_budget",
    "evaluate_run",
    "explain",
    "features",
    "fit_devices",
    "hardware_from_aihwkit",
    "hardware_from_crosssim",
    "hardware_from_lightning",
    "interop",
    "learner",
    "learner_preset",
    "lightning_layer",
    "list_presets",
    "list_studies",
    "make_network",
    "network_cost",
    "onnx",
    "plots",
    "preset",
    "progress",
    "read_step_table",
    "run_cost",
    "run_networks",
    "run_study",
    "run_sweep",
    "run_test_data",
    "spec_axes",
    "specify",
    "torch",
    "training_cost",
    "verify",
    "zoo_names",
]
