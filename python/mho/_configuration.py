# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""What all configuration classes have in common."""

from __future__ import annotations

import copy
import dataclasses
import json
import typing
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from typing_extensions import Self

from . import _core
from ._core import ConfigError
from .laws import Law

C = TypeVar("C", bound="Config")


class Parameter(NamedTuple):
    """What a reader must know about one parameter."""

    meaning: str
    unit: str
    range: str
    source: str
    choices: tuple[str, ...] = ()


class Config:
    """Base of the generated dataclasses."""

    _schema: ClassVar[str] = ""
    _parameters: ClassVar[dict[str, Parameter]] = {}

    # Type checkers know the parameters from the dataclasses.
    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in self._parameters:
                raise AttributeError(_unknown(type(self), name))
            object.__setattr__(self, name, value)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            raise AttributeError(_unknown(type(self), name))

    def __repr__(self) -> str:
        changed = []
        for f, default in _defaults(type(self)):
            value = getattr(self, f)
            if value != default:
                changed.append(f"{f}={value!r}")
        return f"{type(self).__name__}({', '.join(changed)})"

    def explain(self, name: str = "") -> str:
        """Meaning, unit, range, default and source of one parameter, or of all."""
        if name and name not in self._parameters:
            raise AttributeError(_unknown(type(self), name))
        lines = []
        for f, default in _defaults(type(self)):
            if name in ("", f):
                p = self._parameters[f]
                unit = f" [{p.unit}]" if p.unit else ""
                lines.append(f"{f}{unit} = {getattr(self, f)!r}: {p.meaning}")
                for label, text in (
                    ("default", repr(default)),
                    ("range", p.range),
                    ("one of", ", ".join(p.choices)),
                    ("source", p.source),
                ):
                    if text:
                        lines.append(f"    {label}: {text}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries as JSON has them; models carry their name under `model`."""
        return {f.rstrip("_"): _plain(getattr(self, f), _hints(type(self))[f]) for f in self._parameters}

    def to_json(self, indent: int | None = None) -> str:
        """JSON text."""
        return json.dumps(self.to_dict(), indent=indent)

    @classmethod
    def from_dict(cls, values: dict[str, Any], path: str = "") -> Self:
        """From nested dictionaries; absent parameters keep their defaults.

        Raises ConfigError with the full path of every key that does not exist and every value of a
        wrong kind. Ranges are checked by the core, when the configuration is used or by check().
        """
        problems: list[str] = []
        result = _read(cls, values, None, path, problems)
        if problems:
            raise ConfigError("\n".join(problems))
        return typing.cast(Self, result)

    @classmethod
    def from_json(cls, text: str, path: str = "") -> Self:
        """From JSON text."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f"{path or cls.__name__}: not JSON: {error}") from None
        return cls.from_dict(values, path)

    def replace(self, **changes: Any) -> Self:
        """A copy with other values; `replace(forward__adc__steps=510)` reaches into it."""
        result = copy.deepcopy(self)
        for name, value in changes.items():
            *parents, last = name.split("__")
            target: Any = result
            for parent in parents:
                target = getattr(target, parent)
            setattr(target, last, value)
        return result


def _unknown(cls: type[Config], name: str) -> str:
    near = _core.nearest_name(name, list(cls._parameters))
    hint = f", did you mean `{near}`?" if near else f"; it has {', '.join(cls._parameters)}"
    return f"{cls.__name__} has no parameter `{name}`{hint}"


_hint_cache: dict[type, dict[str, Any]] = {}
_default_cache: dict[type, list[tuple[str, Any]]] = {}


def _hints(cls: type) -> dict[str, Any]:
    if cls not in _hint_cache:
        hints = typing.get_type_hints(cls)
        _hint_cache[cls] = {name: _without_laws(hint) for name, hint in hints.items()}
    return _hint_cache[cls]


def _without_laws(hint: Any) -> Any:
    """The part of a union that JSON can hold."""
    kept = [a for a in typing.get_args(hint) if not (isinstance(a, type) and issubclass(a, Law))]
    if typing.get_origin(hint) is list:
        return list[_without_laws(kept[0])]  # type: ignore[misc]
    return typing.Union[tuple(kept)] if len(kept) < len(typing.get_args(hint)) else hint


def _defaults(cls: type[Config]) -> list[tuple[str, Any]]:
    if cls not in _default_cache:
        fresh = cls()
        _default_cache[cls] = [(f.name, getattr(fresh, f.name)) for f in dataclasses.fields(cls)]  # type: ignore[arg-type]
    return _default_cache[cls]


def _alternatives(hint: Any) -> list[type[Config]]:
    """The models of a union of configuration classes, else nothing."""
    found = [a for a in typing.get_args(hint) if isinstance(a, type) and issubclass(a, Config)]
    return found if len(found) > 1 else []


def plain_model(value: Any) -> Any:
    """A model with its name, as JSON has it; what json.dumps takes as `default`."""
    if isinstance(value, Config) or hasattr(value, "_schema"):
        return {"model": value._schema, **value.to_dict()}
    if hasattr(value, "item"):
        return value.item()  # a number of NumPy
    raise TypeError(f"{type(value).__name__} is no configuration")


def _plain(value: Any, hint: Any) -> Any:
    if isinstance(value, Law):
        return plain_model(value)
    if isinstance(value, Config):
        # The only model of a union must be named, too: readers look for the key.
        return plain_model(value) if _alternatives(hint) else value.to_dict()
    if isinstance(value, (list, tuple)):
        inner = typing.get_args(hint)
        return [_plain(v, inner[0] if inner else None) for v in value]
    if isinstance(value, dict):
        inner = typing.get_args(hint)
        return {k: _plain(v, inner[1] if inner else None) for k, v in value.items()}
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        return value.item()  # a number of NumPy
    return value


def _read(hint: Any, value: Any, default: Any, path: str, problems: list[str]) -> Any:
    if isinstance(value, Law):
        return value
    if isinstance(hint, type) and issubclass(hint, Config):
        if isinstance(value, Config):
            return value
        if not isinstance(value, dict):
            problems.append(f"{path}: expected an object, got {value!r}")
            return default
        return _read_class(hint, value, default, path, problems)
    models = _alternatives(hint)
    if models:
        if value is None and type(None) in typing.get_args(hint):
            return None
        if isinstance(value, Config):
            return value
        if not isinstance(value, dict):
            problems.append(f"{path}: expected an object with a key `model`, got {value!r}")
            return default
        names = [m._schema for m in models]
        wanted = value.get("model", default._schema if isinstance(default, Config) else names[0])
        if wanted not in names:
            near = _core.nearest_name(str(wanted), names)
            hint_text = f", did you mean `{near}`?" if near else f"; known are {', '.join(names)}"
            problems.append(f"{path}.model: unknown model `{wanted}`{hint_text}")
            return default
        model = models[names.index(wanted)]
        rest = {k: v for k, v in value.items() if k != "model"}
        start = default if isinstance(default, model) else None
        return _read_class(model, rest, start, path, problems)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        if not isinstance(value, (list, tuple)):
            problems.append(f"{path}: expected a list, got {value!r}")
            return default
        return [_read(arguments[0], v, None, f"{path}[{i}]", problems) for i, v in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            problems.append(f"{path}: expected an object, got {value!r}")
            return default
        return {k: _read(arguments[1], v, None, f"{path}.{k}", problems) for k, v in value.items()}
    if arguments and type(None) in arguments:
        if value is None:
            return None
        return _read(next(a for a in arguments if a is not type(None)), value, default, path, problems)
    wanted_types = {float: (int, float), int: (int,), bool: (bool,), str: (str,)}.get(hint)
    is_wrong_bool = isinstance(value, bool) and hint is not bool
    if wanted_types and (is_wrong_bool or not isinstance(value, wanted_types)):
        kind = {float: "a number", int: "an integer", bool: "true or false", str: "a string"}[hint]
        problems.append(f"{path}: expected {kind}, got {value!r}")
        return default
    return float(value) if hint is float else value


def _read_class(
    cls: type[Config], values: dict[str, Any], default: Any, path: str, problems: list[str]
) -> Config:
    result = copy.deepcopy(default) if default is not None else cls()
    for key, value in values.items():
        name = key if key in cls._parameters else key + "_"
        here = f"{path}.{key}" if path else key
        if name not in cls._parameters:
            near = _core.nearest_name(key, list(cls._parameters))
            problems.append(f"{here}: unknown key" + (f", did you mean `{near}`?" if near else ""))
            continue
        hint = _hints(cls)[name]
        setattr(result, name, _read(hint, value, getattr(result, name), here, problems))
    return result
