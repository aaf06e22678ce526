# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Reading the configuration objects of other tools: fields by name, and notes on what became of them."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, NamedTuple

from ._core import ConfigError


class Note(NamedTuple):
    """Something that was not taken over literally; `dropped` may change results."""

    kind: str
    """`interpreted` (another expression, same result) or `dropped` (no counterpart here)."""
    path: str
    message: str


def plain_fields(value: Any) -> Any:
    """The fields of an object under their own names, enumerations by name."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, (list, tuple)):
        return [plain_fields(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): plain_fields(v) for k, v in value.items()}
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    if dataclasses.is_dataclass(value):
        names = [f.name for f in dataclasses.fields(value)]
    else:
        names = list(vars(value))
    fields = {n: plain_fields(getattr(value, n)) for n in names if not n.startswith("_")}
    return {"class": type(value).__name__, **fields}


class Fields:
    """The fields of one object. What nobody took is told by `finish`."""

    def __init__(self, values: Any, path: str, notes: list[Note]) -> None:
        if values is None:
            values = {}
        if not isinstance(values, Mapping):
            raise ConfigError(f"{path}: expected an object, got {values!r}")
        self.values = {k: v for k, v in values.items() if k != "class"}
        self.path, self.notes = path, notes
        self.taken: set[str] = set()
        self.children: list[Fields] = []

    def within(self, name: str) -> Fields:
        """A field that is an object; an absent one is empty."""
        self.taken.add(name)
        child = Fields(self.values.get(name), f"{self.path}.{name}", self.notes)
        self.children.append(child)
        return child

    def number(self, name: str, default: float) -> float:
        """A number."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ConfigError(f"{self.path}.{name}: expected a number, got {value!r}")
        return float(value)

    def integer(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.number(name, default)
        if value != int(value):
            raise ConfigError(f"{self.path}.{name}: expected a whole number, got {value}")
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise ConfigError(f"{self.path}.{name}: expected True or False, got {value!r}")
        return value

    def choice(self, name: str, default: str, known: dict[str, Any], numbers: bool = False) -> Any:
        """What stands for one of the names; `numbers`: enumerators may be given as 1, 2, ..."""
        value = self._take(name, default)
        if numbers and isinstance(value, int) and 0 < value <= len(known):
            value = list(known)[value - 1]
        if value not in known:
            raise ConfigError(f"{self.path}.{name}: expected one of {', '.join(known)}, got {value!r}")
        return known[value]

    def value(self, name: str, default: Any = None) -> Any:
        """Anything."""
        return self._take(name, default)

    def ignore(self, *names: str) -> None:
        """Fields that change nothing here."""
        self.taken.update(names)

    def dropped(self, name: str, message: str) -> None:
        """Notes that a field has no counterpart."""
        self.notes.append(Note("dropped", f"{self.path}.{name}", message))

    def interpreted(self, name: str, message: str) -> None:
        """Notes that a field is expressed in another way."""
        self.notes.append(Note("interpreted", f"{self.path}.{name}", message))

    def finish(self) -> None:
        """Notes fields that are not known, here and below."""
        for name in self.values:
            if name not in self.taken:
                self.dropped(name, "not known to this translation")
        for child in self.children:
            child.finish()

    def _take(self, name: str, default: Any) -> Any:
        self.taken.add(name)
        return self.values.get(name, default)
