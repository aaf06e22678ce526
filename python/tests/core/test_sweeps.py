# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Sweeps: the command of the package, executors of Python, Dask and Ray give one table."""

import concurrent.futures
import json
import subprocess
import sys

import pytest
from tiny_run import write_tiny_run

import mho


@pytest.fixture(scope="module")
def sweep_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    write_tiny_run(folder)
    sweep = {
        "run": "run.json",
        "cost": True,
        "parameters": [{"path": "hardware.forward.adc.steps", "values": [6, 254]}],
    }
    (folder / "sweep.json").write_text(json.dumps(sweep))
    return str(folder / "sweep.json")


@pytest.fixture(scope="module")
def table(sweep_file, tmp_path_factory):
    """What the command of the package makes: its points are processes of Python."""
    out = tmp_path_factory.mktemp("command")
    words = [sys.executable, "-m", "mho", "sweep", sweep_file, "--out", str(out), "--quiet"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return (out / "sweep.csv").read_text()


def test_command(table):
    header, *lines = table.splitlines()
    assert len(lines) == 2 and all(line.endswith("done") for line in lines), table
    assert {"naive 1 day", "energy_j"} <= set(header.split(","))


@pytest.mark.parametrize("workers", [None, 2])
def test_executors_of_python(sweep_file, table, tmp_path, workers):
    seen = []
    report = lambda *a: seen.append(a)
    if workers is None:
        rows = mho.run_sweep(sweep_file, str(tmp_path), progress=report)
    else:
        with concurrent.futures.ProcessPoolExecutor(workers) as pool:
            rows = mho.run_sweep(sweep_file, str(tmp_path), pool, progress=report)
    assert (tmp_path / "sweep.csv").read_text() == table
    assert (tmp_path / "sweep.html").exists()
    assert [row["hardware.forward.adc.steps"] for row in rows] == [6, 254]
    assert seen[-1] == ("sweep", 2, 2, "points")
    # All is there: nothing is computed again, and the command agrees.
    assert mho.run_sweep(sweep_file, str(tmp_path), object()) == rows


def test_dask(sweep_file, table, tmp_path):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        mho.run_sweep(sweep_file, str(tmp_path), client)
    assert (tmp_path / "sweep.csv").read_text() == table


def test_ray(sweep_file, table, tmp_path):
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        mho.run_sweep(sweep_file, str(tmp_path), ray)
    finally:
        ray.shutdown()
    assert (tmp_path / "sweep.csv").read_text() == table


def test_errors(sweep_file, tmp_path):
    with pytest.raises(mho.IoError, match="missing"):
        mho.run_sweep(str(tmp_path / "missing.json"), str(tmp_path))
    with pytest.raises(mho.InputError, match="program"):
        mho.run_sweep(sweep_file, str(tmp_path), program="mho")
    with pytest.raises(mho.Error, match="2 of 2 points failed"):
        mho.run_sweep(sweep_file, str(tmp_path / "out"), program=["/bin/false"])
    with pytest.raises(mho.InputError, match="no column `energ`"):
        mho.run_sweep(sweep_file, str(tmp_path / "out"), program=["/bin/false"], y="energ")
