# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Output converters by themselves: SAR, ramp, pipeline, ... with the mismatch of their parts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _core
from ._configuration import plain_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _adc_json(adc: Any) -> str:
    return json.dumps({"model": adc} if isinstance(adc, str) else adc, default=plain_model)


class Converters(_core.Converters):
    """Converters of some columns, as a crossbar has them behind each slice.

    `adc`: mho.config.SarAdc(...) and the like, a dictionary, or the name of a model ("sar"). A range
    is symmetric for `is_signed` ones, else it starts at 0.
    """

    def __init__(
        self, adc: Any, columns: int, is_signed: bool = True, seed: int = 1, name: str = "adc"
    ) -> None:
        super().__init__(_adc_json(adc), columns, is_signed, seed, name)

    def __repr__(self) -> str:
        return f"Converters({self.columns} columns, {self.converters} converters, {self.codes} codes)"


class Linearity(NamedTuple):
    """Non-linearity of one converter in steps (LSB), by the widths of its codes (IEEE Std 1241)."""

    dnl: NDArray[np.float64]
    """Codes 1 to n - 2."""
    inl: NDArray[np.float64]
    """Edges 1 to n - 1, the first one 0."""
    missing_codes: int
    gain_error: float
    largest_dnl: float
    largest_inl: float


def adc_linearity(
    adc: Any, converters: int = 20, is_signed: bool = True, seed: int = 1
) -> list[Linearity]:
    """DNL and INL of so many converters of one kind, each with its own mismatch (`mho adc`)."""
    return [Linearity(**one) for one in _core.adc_linearity(_adc_json(adc), converters, is_signed, seed)]
