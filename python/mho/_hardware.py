# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""From what a user calls hardware to what the core takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Union

from . import _core
from ._core import InputError

if TYPE_CHECKING:
    from .config import Hardware
    from .laws import CompensationLaw

HardwareLike = Union["Hardware", dict, str, None]


def plain_hardware(hardware: HardwareLike) -> dict[str, Any]:
    """Hardware as dictionaries without laws written in Python: a dataclass, a dictionary, the name
    of a preset, or None for the standard model."""
    from .config import Hardware
    from .laws import is_law

    if hardware is None:
        return {}
    if isinstance(hardware, str):
        text = hardware.strip()
        return json.loads(text) if text.startswith("{") else {"preset": hardware}
    if isinstance(hardware, Hardware):
        plain = {
            name: getattr(hardware, name)
            for name in hardware._parameters
            if not is_law(getattr(hardware, name))
        }
        whole = Hardware(**plain).to_dict()
        return {name: whole[name] for name in plain}
    if isinstance(hardware, dict):
        return hardware
    raise InputError(
        "hardware: expected mho.Hardware, a dictionary or the name of a preset, got "
        + type(hardware).__name__
    )


def core_hardware(
    hardware: HardwareLike,
    compensation: CompensationLaw | None = None,
    path: str = "hardware",
) -> _core.Hardware:
    """The core's form; laws written in Python are taken from `conductance` and `converter`."""
    from .config import Hardware
    from .laws import is_law

    laws: dict[str, Any] = {}
    if isinstance(hardware, _core.Hardware):
        return hardware
    if isinstance(hardware, Hardware):
        for name in ("conductance", "converter"):
            value = getattr(hardware, name)
            if is_law(value):
                laws[name] = value
        if is_law(hardware.drift_compensation):
            laws["compensation"] = hardware.drift_compensation
    if compensation is not None:
        laws["compensation"] = compensation
    return _core.Hardware(json.dumps(plain_hardware(hardware)), path=path, **laws)
