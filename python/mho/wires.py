# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Crossbars as circuits: cells between lines that have resistance.

Rows are inputs (word lines), columns outputs (bit lines), so conductances are [inputs, outputs].
Units are yours as long as they fit together: conductance in g_max and resistance in 1 / g_max, or
siemens and ohms. Formulas and method: docs/models/wires.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Union

from . import _core
from ._configuration import Config

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from .config import WireConfig

    Doubles = NDArray[np.float64]

WiresLike = Union["WireConfig", dict, None]


class WireSolution(NamedTuple):
    """The circuit for one vector of inputs."""

    currents: Doubles
    """Out of every column."""
    residual: float
    """Unbalanced over driving currents; with a cell law over the sum of all cell currents."""
    iterations: int
    """Of the conjugate gradients, over all Newton steps."""
    newton_steps: int
    """0 for ohmic cells."""
    cell_voltages: list[Doubles]
    """[rows, columns] with `voltages`; of pairs first the positive cells."""
    bit_voltages: Doubles
    balance: float
    """Largest error of Kirchhoff's law at the outputs over the largest current; with `voltages`."""


class EffectiveConductances(NamedTuple):
    """What an array of ohmic cells does to inputs: currents = inputs @ conductance."""

    conductance: Doubles
    solves: int
    iterations: int
    residual: float


class FastModeError(NamedTuple):
    """How far a closed form is from the exact circuit, measured with all inputs at 1."""

    mean: float
    worst: float
    drop: float
    """Mean relative loss of current by the wires."""
    warnings: list[str]


def _wires_json(wires: WiresLike) -> str:
    return json.dumps(wires.to_dict() if isinstance(wires, Config) else wires or {})


class Wires(_core.Wires):
    """A crossbar with resistive lines, factored once and solved for many inputs.

    >>> wires = mho.Wires(conductance, {"row_resistance": 1e-3, "column_resistance": 1e-3})
    >>> currents = wires.solve(voltages).currents

    `conductance` [inputs, outputs], finite, at least 0; with a topology of pairs also `negative`.
    """

    def __init__(
        self, conductance: ArrayLike, wires: WiresLike = None, negative: ArrayLike | None = None
    ) -> None:
        super().__init__(_wires_json(wires), conductance, negative)

    def __repr__(self) -> str:
        return f"Wires({self.rows} inputs, {self.columns} outputs)"

    def solve(  # type: ignore[override]
        self,
        inputs: ArrayLike,
        tolerance: float = 1e-10,
        max_iterations: int = 10000,
        voltages: bool = False,
        curvature: float = 0.0,
        law: Callable[[float, float], tuple[float, float]] | None = None,
    ) -> WireSolution:
        """Exact currents for one vector of input voltages (supply lines: gates, 0 to 1).

        `curvature` k: cells with I = g sinh(k V) / sinh(k). `law`: cells of your own, from
        conductance and voltage to current and its slope, increasing and odd in the voltage; it is
        called for every cell and step, so keep arrays small. Raises Error when the tolerance is not
        met.
        """
        found = super().solve(inputs, tolerance, max_iterations, voltages, curvature, law)
        return WireSolution(**found)

    def effective(  # type: ignore[override]
        self, threads: int = 0, tolerance: float = 1e-10
    ) -> EffectiveConductances:
        """The conductances [inputs, outputs] that the circuit amounts to (input lines, ohmic cells):
        as many solves as the array has rows or columns, whichever is less."""
        return EffectiveConductances(**super().effective(threads, tolerance))


def dmr_conductances(conductance: ArrayLike, wires: WiresLike) -> tuple[Doubles, FastModeError]:
    """Effective conductances by dual mean resistance, a closed form for small drops, and its error.
    Source: Lambertini, Crossbar_Models_Comparison (2025)."""
    effective, error = _core.dmr_conductances(_wires_json(wires), conductance)
    return effective, FastModeError(**error)


def column_recursion(
    conductance: ArrayLike, wires: WiresLike, inputs: ArrayLike
) -> tuple[Doubles, FastModeError]:
    """Currents of topology `supply line` in closed form (exact without row resistance), and its
    error. Source: RWTH analog-cim-sim."""
    currents, error = _core.column_recursion(_wires_json(wires), conductance, inputs)
    return currents, FastModeError(**error)
