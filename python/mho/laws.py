# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Laws of your own: conductance of a cell, converter, drift compensation, pulsed device.

Put an instance where the configuration has a model:

    hardware.conductance = MyCell()
    hardware.converter = MyConverter()
    hardware.drift_compensation = MyCompensation()
    mho.PulsedArray(MyDevice(), 4, 3)
    mho.config.AnalogSgd(device=MyDevice())

Laws must be pure functions of their arguments, each cell by itself: threads call them, and arrays
come in pieces of any length. Random numbers are given, so that results can be replayed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .config import UserStep

    Floats = NDArray[np.float32]


class Law(ABC):
    """Base of all laws."""


class ConductanceLaw(Law):
    """A conductance model. All conductances are in uS, all arrays of a call have one length."""

    @abstractmethod
    def program(
        self,
        g_max_us: float,
        target_us: Floats,
        programming_normal: Floats,
        drift_normal: Floats,
    ) -> tuple[Floats, Floats]:
        """Programmed conductances and drift coefficients of cells with these targets; the normals
        are standard normal numbers, one per cell."""

    @abstractmethod
    def at_time(
        self,
        g_max_us: float,
        t_s: float,
        target_us: Floats,
        programmed_us: Floats,
        nu: Floats,
        read_normal: Floats,
        relaxation_normal: Floats,
    ) -> Floats:
        """Conductances read t_s >= 0 seconds after programming."""


class ConverterLaw(Law):
    """From weights to the conductances of several devices (slices), and back."""

    g_max_us: float = 25.0
    g_min_us: float = 0.0

    @abstractmethod
    def slice_factors(self) -> list[float]:
        """Factor of every slice in the sum that gives the weight."""

    @abstractmethod
    def fit_scale(self, weights: Floats) -> float | list[float]:
        """uS per weight for these weights [outputs, inputs]: one number, or one per output."""

    @abstractmethod
    def to_slices(self, weights: Floats, us_per_weight: Floats) -> list[Floats]:
        """Conductances of every slice; us_per_weight is [outputs, 1]."""

    @abstractmethod
    def to_weights(self, slices: list[Floats], us_per_weight: Floats) -> Floats:
        """Weights of (noisy) conductances."""


class CompensationLaw(Law):
    """A drift compensation: what is read from a tile, and which digital factors follow."""

    @abstractmethod
    def read(self, outputs: Floats) -> float | list[float]:
        """From the noisy outputs [inputs, outputs] for unit vectors to the numbers to keep."""

    @abstractmethod
    def factors(self, baseline: Any, present: Any) -> float | list[float]:
        """Factors on the outputs, one for all or one per output, from the numbers of the
        programmed tile and the present ones."""


class StepLaw(Law):
    """A device that moves by pulses, one cell at a time: for arrays of a few thousand cells, as every
    pulse of every cell calls Python."""

    device: UserStep | None = None
    """Step size, bounds and spreads, which all devices have; None: the defaults of UserStep."""
    _schema = "user step"

    @abstractmethod
    def pulse(
        self, weight: float, up: bool, step: float, min_bound: float, max_bound: float, normal: float
    ) -> float:
        """The weight after one pulse up or down; it is clipped to the bounds afterwards. `step` is the
        nominal step of this cell in this direction, `normal` a standard normal number for its noise."""

    def to_dict(self) -> dict[str, Any]:
        """The parameters that all devices have, as JSON has them."""
        from .config import UserStep

        common = self.device or UserStep()
        return {**common.to_dict(), "law_name": getattr(self, "name", type(self).__name__)}


def is_law(value: Any) -> bool:
    """Whether this is a law written in Python."""
    return isinstance(value, Law)
