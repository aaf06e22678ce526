# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""One trained network by the command `mho evaluate`, by mho.evaluate_run and by mho.torch: the same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mho.torch as mt
import numpy as np
import pytest
import torch
from tiny_run import write_tiny_run

import mho

RESNET = Path(__file__).resolve().parents[3] / "examples" / "runs" / "resnet32.json"


def by_command(run, changes, out):
    sets = [a for k, v in changes.items() for a in ("--set", f"{k}={json.dumps(v)}")]
    words = [sys.executable, "-m", "mho", "evaluate", str(run), "--out", str(out), "--quiet", *sets]
    subprocess.run(words, check=True, capture_output=True)
    return json.loads((out / "results.json").read_text())["accuracy"]["naive"]["1 day"]["all"]


def by_torch(run, changes, chips, seed):
    network = mho.run_networks(str(run), changes)["naive"]
    pixels, labels = mho.run_test_data(str(run), changes["evaluation.images"], changes)
    module = mt.from_network(network, seed=seed)
    accuracies = []
    for chip in range(chips):
        mt.advance_to(mt.program(module, chip=chip), 86400.0, 1)
        mt.set_step(module, 1)
        core = mho.Executor(network, seed=seed, chip=chip)
        core.program()
        core.advance_to(86400.0, 1)
        with torch.no_grad():
            outputs = module(torch.from_numpy(pixels)).numpy()
        theirs = core.run(pixels, step=1)
        # Digital layers may round otherwise, and a rounding may move a value to the next code.
        np.testing.assert_allclose(outputs, theirs, atol=0.02 * np.abs(theirs).max())
        accuracies.append(float((outputs.argmax(1) == labels).mean()))
    return accuracies


def test_a_run_three_ways(tmp_path):
    (tmp_path / "run").mkdir()
    run = write_tiny_run(tmp_path / "run")
    changes = {"evaluation.images": 30}
    command = by_command(run, changes, tmp_path / "out")
    assert len(command) == 2
    assert mho.evaluate_run(run, changes)["accuracy"]["naive"]["1 day"]["all"] == command
    assert by_torch(run, changes, 2, seed=json.loads(Path(run).read_text()).get("seed", 1)) == command


def test_the_trained_resnet_three_ways(tmp_path):
    """bench/python_resnet.py with few images."""
    if not os.environ.get("MHO_DATA"):
        pytest.skip("MHO_DATA names no folder with trained networks")
    changes = {
        "evaluation.images": 24, "evaluation.programmings": 1, "evaluation.uncompensated": False,
        "evaluation.times": [{"name": "1 day", "t_s": 86400.0}], "evaluation.error_images": 0,
        "evaluation.digital": [], "evaluation.calibration_images": 128,
    }
    command = by_command(RESNET, changes, tmp_path)
    assert command[0] > 0.8
    assert mho.evaluate_run(str(RESNET), changes)["accuracy"]["naive"]["1 day"]["all"] == command
    assert by_torch(RESNET, changes, 1, seed=1) == command


def test_an_exported_model_runs_without_python(tmp_path):
    """A converted model in a folder that `mho evaluate` takes: chip k is the chip k of mho.torch."""
    (tmp_path / "data").mkdir()
    run = json.loads(Path(write_tiny_run(tmp_path / "data")).read_text())
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 12), torch.nn.ReLU(), torch.nn.Linear(12, 10))
    pixels, labels = mho.run_test_data(str(tmp_path / "data" / "run.json"), 30)
    x = torch.from_numpy(pixels).reshape(30, 1, 28, 28)
    analog = mt.calibrate(mt.convert(model, "standard", seed=9), [x / 255])
    sections = {key: run[key] for key in ("data", "network", "hardware", "evaluation")}
    folder = mt.export_run(str(tmp_path / "out"), analog, model, sections, [1, 28, 28])
    words = [sys.executable, "-m", "mho", "evaluate", folder, "--quiet"]
    subprocess.run(words, check=True, capture_output=True)
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["seed"] == 9
    mine = []
    for chip in range(2):
        mt.advance_to(mt.program(analog.eval(), chip=chip), 86400.0, 1)
        mt.set_step(analog, 1)
        with torch.no_grad():
            mine.append(float((analog(x / 255).argmax(1).numpy() == labels).mean()))
    assert results["accuracy"]["hwa"]["1 day"]["all"] == mine
    with pytest.raises(mho.InputError, match=r"run\.seed: must be the seed .*\(9\), got 4"):
        mt.export_run(str(tmp_path / "other"), analog, model, {**sections, "seed": 4}, [1, 28, 28])
