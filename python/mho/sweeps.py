# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Sweeps on this machine or on a cluster.

The file is the one that `mho sweep` takes, and so is the folder that it fills: what one has begun the
other continues. A point is a command line of `mho` in a process of a worker; what it leaves comes back
as bytes, so that workers share nothing with the caller but the run's files and the data
(MHO_DATA), which they must see at the same paths.
"""

from __future__ import annotations

import concurrent.futures
import csv
import os
import pathlib
import shutil
import subprocess
import tempfile
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from . import _core
from ._core import Error, InputError
from ._program import program_words
from ._progress import ProgressCallback

Files = dict[str, bytes]
Job = tuple[list[str], str, bool, list[str]]

# Stands in arguments for the folder that only the worker knows.
_INTO = "<folder of the worker>"


def compute_point(arguments: list[str], into: str, cost: bool, program: list[str]) -> tuple[Files, str]:
    """One point, in the process of a worker: the files it leaves and what it said.

    `into` stands in `arguments` for the folder; no results.json among the files: it failed.
    """
    words = program_words(program)
    with tempfile.TemporaryDirectory() as folder:
        to = str(pathlib.Path(folder) / "point")
        commands = [[to if word == into else word for word in arguments]]
        if cost:
            commands.append(_core.SweepFolder.costing(to))
        log = ""
        for command in commands:
            done = subprocess.run([*words, *command], capture_output=True, text=True, check=False)
            log += done.stdout + done.stderr
            if done.returncode != 0:
                break
        files = {p.name: p.read_bytes() for p in pathlib.Path(to).glob("*") if p.is_file()}
        files.pop(".mho.lock", None)
        return files, log


def _keep(points: pathlib.Path, name: str, files: Files, log: str) -> None:
    """Files of a point take their place at once: a caller that is killed leaves all or nothing."""
    (points / f"{name}.log").write_text(log, encoding="utf-8")
    if not files.get("results.json"):
        return
    aside = points / f".{name}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for file, content in files.items():
        with open(aside / file, "wb") as f:
            f.write(content)
            f.flush()
            os.fsync(f.fileno())
    shutil.rmtree(points / name, ignore_errors=True)
    aside.rename(points / name)


def _results(executor: Any, jobs: Sequence[Job]) -> Iterator[tuple[int, tuple[Files, str]]]:
    """Number and result of each job as it ends."""
    if isinstance(executor, types.ModuleType) and hasattr(executor, "remote"):
        remote = executor.remote(compute_point)
        waiting = {remote.remote(*job): i for i, job in enumerate(jobs)}
        try:
            while waiting:
                done, _ = executor.wait(list(waiting), num_returns=1)
                yield waiting.pop(done[0]), executor.get(done[0])
        finally:
            for reference in waiting:
                executor.cancel(reference)
        return
    if hasattr(executor, "get_executor"):
        executor = executor.get_executor()
    futures = {executor.submit(compute_point, *job): i for i, job in enumerate(jobs)}
    try:
        for future in concurrent.futures.as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def _rows(text: str) -> list[dict[str, Any]]:
    def value(cell: str) -> Any:
        try:
            return float(cell)
        except ValueError:
            return cell or None

    return [{name: value(cell) for name, cell in row.items()} for row in csv.DictReader(text.splitlines())]


def run_sweep(
    file: str,
    out: str = "",
    executor: Any = None,
    *,
    x: str = "",
    y: str = "",
    program: Sequence[str] = (),
    progress: ProgressCallback | None = None,
) -> list[dict[str, Any]]:
    """All points of a sweep file; the table, a dict per point: parameters, metrics, `state`.

    `executor` says where points are computed: None (processes of this machine, one per processor), any
    `concurrent.futures.Executor`, a `distributed.Client` of Dask, or the module `ray` after
    `ray.init()`. Points that the folder `out` (runs/NAME) already holds are not computed again.
    Also writes sweep.csv and sweep.html there, with `y` drawn against `x`. `program` starts another `mho`
    on the workers (the package's own cannot train): its full path. Raises ConfigError for a wrong
    sweep file or run, and Error if points failed, after the table is written.
    """
    if isinstance(program, str):
        raise InputError("program: expected a list of words, got a string")
    sweep = _core.SweepFolder(str(file), str(out))
    missing = sweep.missing(_INTO)
    jobs: list[Job] = [(arguments, _INTO, sweep.costs, list(program)) for _, arguments in missing]
    done = sweep.point_count - len(missing)
    report: Callable[[int], None] = lambda n: progress("sweep", n, sweep.point_count, "points") if progress else None
    report(done)
    own = None
    if executor is None:
        own = executor = concurrent.futures.ThreadPoolExecutor(_core.available_threads())
        for arguments, *_ in jobs:
            if arguments[0] == "evaluate":
                arguments += ["--threads", "1"]
    points = pathlib.Path(sweep.folder) / "points"
    try:
        for i, (files, log) in _results(executor, jobs):
            _keep(points, missing[i][0], files, log)
            done += 1
            report(done)
    finally:
        if own is not None:
            own.shutdown(cancel_futures=True)
    words = program_words(program)
    for arguments in sweep.missing_costs():
        subprocess.run([*words, *arguments], capture_output=True, check=False)
    rows = _rows(sweep.finish(x, y))
    failed = [row for row in rows if row["state"] != "done"]
    if failed:
        raise Error(f"{len(failed)} of {len(rows)} points failed; first: {failed[0]['state']}; output in {points}")
    return rows
