# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Runs and studies, as the commands `mho evaluate` and `mho study` do them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from . import _core
from ._progress import ProgressCallback


def override_words(overrides: dict[str, Any] | None) -> list[str]:
    """Overrides of a run file, from paths to values, as the command line has them: path=value."""
    return [f"{path}={json.dumps(value)}" for path, value in (overrides or {}).items()]


class StudyInfo(NamedTuple):
    """A study in a list."""

    name: str
    paper: str
    claim: str


def list_studies() -> list[StudyInfo]:
    """Studies: published claims that can be re-run."""
    return [StudyInfo(*entry) for entry in _core.list_studies()]


def run_study(
    name: str,
    small: bool = True,
    seed: int = 1,
    threads: int = 0,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Runs a study; `small` takes seconds. Ctrl-C stops it."""
    return json.loads(_core.run_study(name, small, seed, threads, progress))


def evaluate_run(
    run: str,
    overrides: dict[str, Any] | None = None,
    threads: int = 0,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Accuracy over time of a trained run (its folder, or a run file that names weights).

    `overrides` maps paths of the run file to values. The result is what results.json holds.
    """
    return json.loads(_core.evaluate_run(str(run), override_words(overrides), threads, progress))


def run_networks(run: str, overrides: dict[str, Any] | None = None) -> dict[str, _core.Network]:
    """The networks of a run (its folder, or a run file that names weights): `float`, `naive`, `hwa`."""
    return _core.run_networks(str(run), override_words(overrides))


def run_test_data(run: str, count: int = 0, overrides: dict[str, Any] | None = None) -> tuple[Any, Any]:
    """Test images [count, features] as pixels, and labels, of a run; count 0 = all."""
    return _core.run_test_data(str(run), override_words(overrides), count)
