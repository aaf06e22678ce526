# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Where accuracy goes, and what suffices: error budgets, specifications, comparisons, yields."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Union

from . import _core
from ._core import IoError
from ._progress import ProgressCallback
from .runs import override_words

Results = Union[Mapping[str, Any], str, "os.PathLike[str]"]


class SpecAxis(NamedTuple):
    """An imperfection that `specify` searches."""

    name: str
    unit: str
    levels: list[float]
    """From mild to severe."""


def error_budget(
    run: str,
    network: str = "",
    time: str = "",
    images: int = 1000,
    chips: int = 5,
    orders: int = 32,
    overrides: dict[str, Any] | None = None,
    threads: int = 0,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """What each non-ideality of a trained run costs in accuracy, as `mho budget`: for each source its
    Shapley share of the loss, what comes back when it is `off`, and what is lost when it acts
    `alone`, all on the same chips and images, with 95 % intervals.

    `network`: naive or hwa (default: hwa where it is); `time`: one of the run's evaluation times.
    """
    return _core.error_budget(
        str(run), override_words(overrides), network, time, images, chips, orders, threads, progress
    )


def spec_axes() -> list[SpecAxis]:
    """The imperfections that `specify` searches, with their levels."""
    return [SpecAxis(*axis) for axis in _core.spec_axes()]


def specify(
    run: str,
    loss: float = 0.01,
    network: str = "",
    time: str = "",
    images: int = 1000,
    chips: int = 3,
    points: int = 7,
    pairs: Sequence[tuple[str, str]] = (),
    overrides: dict[str, Any] | None = None,
    threads: int = 0,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """How large noise and drift may be, and how few bits suffice, before a run loses more than `loss`
    of its accuracy (texts: nats), as `mho specs`: `limits` of one imperfection with everything else
    ideal, and borders of `pairs` of axes."""
    return _core.specify(
        str(run), override_words(overrides), network, time, loss, images, chips, points, list(pairs), threads,
        progress,
    )


def _text(results: Results) -> str:
    if isinstance(results, Mapping):
        return json.dumps(results)
    path = os.fspath(results)
    path = os.path.join(path, "results.json") if os.path.isdir(path) else path
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise IoError(f"{path}: {error.strerror}") from None


def compare_runs(first: Results, second: Results) -> dict[str, Any]:
    """Difference of two evaluated runs with 95 % intervals, as `mho compare`: chips with equal
    numbers share their random draws and are compared pair by pair.

    Each is what mho.evaluate_run returns, a results.json, or the folder of a run.
    """
    return _core.compare_results(_text(first), _text(second))


def chip_yields(results: Results, threshold: float) -> list[dict[str, Any]]:
    """Share of the chips of an evaluated run that are at least as accurate as `threshold` (or whose
    loss is at most that), with the 95 % interval of Wilson."""
    return _core.chip_yields(_text(results), threshold)
