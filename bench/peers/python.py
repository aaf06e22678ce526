# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The Python package beside the field's tools: rows python.main_job.* (the phases of the main job through mho.torch, in CPU
seconds) and python.step.* (a full hardware-aware training step, beside aihwkit-lightning).

Ours runs in the environment of `make python-test` (build/python-venv).
"""

import json
import os
import subprocess

from bench.run_peers import ROOT, Context, Missing, Pair

ROUNDS = 1
PYTHON = ROOT / "build/python-venv/bin/python"


def run(context: Context, script: str, *arguments: str) -> dict:
    """The JSON that a script of bench/ writes."""
    out = context.work / "python.json"
    subprocess.run([str(PYTHON), str(ROOT / "bench" / script), *arguments, "--out", str(out)], check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return json.loads(out.read_text(encoding="utf-8"))


def main_job(context: Context) -> dict[str, Pair]:
    """CPU seconds of every phase."""
    short = ("--float-epochs", "1", "--hwa-epochs", "1", "--programmings", "2")
    peer = context.run_peer("aihwkit_main_job.py", *short)
    ours = run(context, "python_main_job.py", *short)
    rows = {}
    for phase, pick in {
        "calibration": lambda d: d["naive"]["calibration_cpu_s"],
        "training": lambda d: d["hwa"]["cpu_s_per_epoch"][0],
        "program": lambda d: d["hwa"]["cost"]["program_s_each"],
        "drift": lambda d: d["hwa"]["cost"]["drift_s_each"],
        "inference": lambda d: d["hwa"]["cost"]["inference_s_each"],
    }.items():
        rows[f"python.main_job.{phase}"] = Pair(pick(ours), pick(peer))
    return rows


def steps(context: Context) -> dict[str, Pair]:
    """Seconds of a step with everything on."""
    peer = context.run_peer("lightning_step.py", "--repeats", "5")
    theirs = {(r["model"], r["optimizer"]): r["analog_ms_min"] for r in peer["records"]
              if r["what"] == "step" and r["variant"].startswith("full: ")}
    rows = {}
    for row in run(context, "python_step.py", "--backends", "core", "torch", "--repeats", "5")["rows"]:
        parts = row["id"].split(".")
        if parts[1] == "step":
            rows[row["id"]] = Pair(row["ms"] / 1e3, theirs[parts[2], parts[3]] / 1e3)
    return rows


def measure(context: Context) -> dict[str, Pair]:
    """All rows."""
    if not PYTHON.exists():
        raise Missing("build/python-venv is not there: run `make python-test` first")
    return {**main_job(context), **steps(context)}
