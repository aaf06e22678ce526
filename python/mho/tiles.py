# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Tiles and grids of tiles from any form of hardware."""

from __future__ import annotations

from . import _core
from ._hardware import HardwareLike, core_hardware


class Tile(_core.Tile):
    """One crossbar with its converters.

    Weights [outputs, inputs] are in units of the largest weight; noise is a pure function of
    (seed, name, chip) and of the step and sample of a call.
    """

    def __init__(
        self,
        hardware: HardwareLike,
        outputs: int,
        inputs: int,
        seed: int = 0,
        name: str = "tile",
        chip: int = 0,
    ) -> None:
        super().__init__(core_hardware(hardware), outputs, inputs, seed, name, chip)

    def __repr__(self) -> str:
        state = f"programmed, t = {self.time_s:g} s" if self.is_programmed else "exact weights"
        return f"Tile({self.outputs} outputs, {self.inputs} inputs, {state})"


class TileGrid(_core.TileGrid):
    """A matrix of any size cut into tiles, with digital scales, input ranges and bias."""

    def __init__(
        self,
        hardware: HardwareLike,
        outputs: int,
        inputs: int,
        seed: int = 0,
        name: str = "layer",
        chip: int = 0,
    ) -> None:
        super().__init__(core_hardware(hardware), outputs, inputs, seed, name, chip)

    def __repr__(self) -> str:
        tiles = (len(self.output_offsets) - 1) * (len(self.input_offsets) - 1)
        return f"TileGrid({self.outputs} outputs, {self.inputs} inputs, {tiles} tiles)"
