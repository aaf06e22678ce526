# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Budgets, specifications, comparisons and yields of a run; its costs."""

import json
import subprocess
import sys

import pytest
from tiny_run import write_tiny_run

import mho


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_tiny_run(tmp_path_factory.mktemp("run"))


def test_budget(run):
    seen = []
    budget = mho.error_budget(run, images=20, chips=2, orders=4, threads=1,
                              progress=lambda *a: seen.append(a))
    whole = budget["everything_off"]["mean"] - budget["everything_on"]["mean"]
    shares = [s["shapley"]["mean"] for s in budget["shares"]]
    assert sum(shares) == pytest.approx(whole, abs=1e-9)
    assert budget["images"] == 20 and budget["chips"] == 2 and budget["time"] == "1 day" and seen
    with pytest.raises(mho.Error, match="1 day"):
        mho.error_budget(run, time="1 dai", images=5, chips=1, orders=1)


def test_budget_is_that_of_the_command(run, tmp_path):
    words = [sys.executable, "-m", "mho", "budget", run, "--images", "20", "--chips", "2", "--orders", "4",
             "--quiet", "--json", str(tmp_path / "b.json")]
    subprocess.run(words, check=True, capture_output=True)
    command = json.loads((tmp_path / "b.json").read_text())
    mine = mho.error_budget(run, images=20, chips=2, orders=4)
    assert mine["shares"] == command["shares"] and mine["float"] == command["float"]


def test_specifications(run):
    axes = {a.name: a for a in mho.spec_axes()}
    assert axes["ADC bits"].levels[0] > axes["ADC bits"].levels[-1]
    found = mho.specify(run, loss=0.2, images=10, chips=1, points=2, pairs=[("drift", "ADC bits")])
    assert {limit["axis"] for limit in found["limits"]} == set(axes)
    assert found["pairs"][0]["x"] == "drift" and len(found["pairs"][0]["values"]) == 2
    assert found["target"] == pytest.approx(found["float"] - 0.2)
    with pytest.raises(mho.InputError, match="drif"):
        mho.specify(run, images=5, chips=1, pairs=[("drif", "ADC bits")])


def test_comparisons_and_yields(run, tmp_path):
    first = mho.evaluate_run(run, threads=1)
    second = mho.evaluate_run(run, {"seed": 5}, threads=1)
    same = mho.compare_runs(first, first)
    assert same["paired"] and all(r["difference"]["mean"] == 0 and not r["differs"] for r in same["rows"])
    other = mho.compare_runs(first, second)
    assert not other["paired"] and "seed" in other["why_not_paired"]
    (tmp_path / "results.json").write_text(json.dumps(first))
    assert mho.compare_runs(tmp_path, first)["rows"] == same["rows"]
    for threshold, share in ((0.0, 1.0), (1.1, 0.0)):
        for y in mho.chip_yields(first, threshold):
            assert y["chips"] == 2 and y["share"]["mean"] == share
    with pytest.raises(mho.IoError, match="missing"):
        mho.compare_runs(first, tmp_path / "missing")


def test_cost_of_a_run_is_that_of_the_command(run, tmp_path):
    words = [sys.executable, "-m", "mho", "cost", run, "--preset", "isaac", "--quiet",
             "--json", str(tmp_path / "c.json")]
    subprocess.run(words, check=True, capture_output=True)
    command = json.loads((tmp_path / "c.json").read_text())
    mine = mho.run_cost(run, "isaac")
    assert mine.totals == command["totals"] and mine.layers == command["layers"]
    assert mho.run_cost(run).totals != mine.totals
