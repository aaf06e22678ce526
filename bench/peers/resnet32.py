"""A trained ResNet-32 on the standard model: one programming, one second of drift, 100 CIFAR-10 images; CPU seconds.

Needs MHO_DATA (models/resnet32-cifar10.safetensors and the lossless images).
"""

import json
import os
import pathlib
import subprocess

from bench.run_peers import Context, Missing, Pair

ROUNDS = 3
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def measure(context: Context) -> dict[str, Pair]:
    """CPU seconds of the phases and of all of it."""
    data = context.data
    if not data:
        raise Missing("MHO_DATA is not set and ../shared/data is not there: the trained network and its pictures")
    script = pathlib.Path(__file__).resolve().parent / "drive/aihwkit_resnet32.py"
    peer = context.run_peer(str(script), "--data", data)
    out = context.work / "resnet32"
    subprocess.run([str(context.programs / "mho"), "evaluate", str(ROOT / "examples/runs/resnet32.json"), "--out", str(out),
                    "--threads", "1", "--quiet", "--set", "evaluation.programmings=1", "--set", "evaluation.images=100",
                    "--set", 'evaluation.times=[{"name": "1 s", "t_s": 1}]', "--set", "evaluation.digital=[]",
                    "--set", "evaluation.error_images=0"], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "MHO_DATA": data})
    ours = json.loads((out / "results.json").read_text(encoding="utf-8"))["run"]["cpu_s"]
    rows = {phase: Pair(ours[phase], peer[f"{phase}_cpu_s"]) for phase in ("program", "drift", "inference")}
    rows["all"] = Pair(sum(p.mine for p in rows.values()), sum(p.theirs for p in rows.values()))
    return {f"resnet32.{name}": pair for name, pair in rows.items()}
