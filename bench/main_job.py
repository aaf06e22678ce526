"""The perceptron of the main job beside the stored result of aihwkit: accuracies and CPU time per phase.

    python bench/main_job.py [--seeds 1 2 3] [--peer tests/data/aihwkit_main_job_mlp_standard.json]

Runs `mho train examples/runs/perceptron.json` on one thread for every seed (the hardware-aware training starts
from the same float weights each time), and compares

* mean accuracies at the peer's five times, within 0.5 points + 3 std / sqrt(5) of the peer;
* CPU seconds of calibration, training, programming, drift and inference.

The peer's seconds are those of another machine (named in its file); both sides in one run: `make bench-peers`.
Writes build/main-job.json in the form of all benchmarks.
"""

import argparse
import json
import pathlib
import platform
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(mho: pathlib.Path, seed: int, out: pathlib.Path, *overrides: str) -> tuple[dict, list]:
    """One training and evaluation; returns results.json and the events."""
    command = [str(mho), "train", str(ROOT / "examples/runs/perceptron.json"), "--threads", "1"]
    command += ["--out", str(out), "--set", f"seed={seed}", "--quiet"]
    for override in overrides:
        command += ["--set", override]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    events = [json.loads(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return results, events


def compare_accuracy(runs: list, peer: dict) -> list:
    """Rows of name, difference in points, limit in points."""
    rows = []
    for ours, theirs, chosen in (("naive", "naive", runs[:1]), ("hwa", "hwa", runs)):
        for time, value in peer[theirs]["accuracy"].items():
            mean = statistics.mean(r["accuracy"][ours][time]["mean"] for r, _ in chosen)
            limit = 0.5 + 100 * 3 * value["std"] / len(value["all"]) ** 0.5
            rows.append((f"main_job.accuracy.{ours}.{time}", 100 * mean, 100 * value["mean"], limit))
    return rows


def phase_seconds(results: dict, events: list) -> dict:
    """CPU seconds per phase, in the units of the peer's file."""
    cpu, calls = results["run"]["cpu_s"], results["run"]["calls"]
    epochs = [e["cpu_s"] for e in events if e.get("stage") == "hwa" and e["event"] == "epoch"]
    return {
        "calibration": next(e["cpu_s"] for e in events if e["event"] == "calibrated"),
        "training": epochs[-1],
        "program": cpu["program"] / calls["program"],
        "drift": cpu["drift"] / calls["drift"],
        "inference": cpu["inference"] / calls["inference"],
    }


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--mho", type=pathlib.Path, default=ROOT / "build/release/bin/mho")
    parser.add_argument("--peer", type=pathlib.Path,
                        default=ROOT / "tests/data/aihwkit_main_job_mlp_standard.json")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build/main-job.json")
    args = parser.parse_args()
    peer = json.loads(args.peer.read_text(encoding="utf-8"))
    runs = [run(args.mho, seed, ROOT / f"runs/perceptron-{seed}") for seed in args.seeds]

    rows, results = compare_accuracy(runs, peer), []
    print(f"{'accuracy':40} {'mho %':>8} {'peer %':>8} {'diff':>7} {'limit':>7}")
    for name, ours, theirs, limit in rows:
        holds = abs(ours - theirs) <= limit
        print(f"{name:40} {ours:8.2f} {theirs:8.2f} {ours - theirs:+7.2f} {limit:7.2f} {'ok' if holds else 'MISS'}")
        results.append({"name": name, "ratio": abs(ours - theirs), "goal": limit, "sense": "<=", "holds": holds})

    ours = phase_seconds(*runs[0])
    theirs = {
        "calibration": peer["naive"]["calibration_cpu_s"],
        "training": peer["hwa"]["cpu_s_total"],
        "program": peer["hwa"]["cost"]["program_s_each"],
        "drift": peer["hwa"]["cost"]["drift_s_each"],
        "inference": peer["hwa"]["cost"]["inference_s_each"],
    }
    goals = {"training": 6, "inference": 8}
    print(f"\n{'CPU seconds, one thread':40} {'mho':>8} {'peer':>8} {'ratio':>7} {'goal':>7}")
    for phase, seconds in ours.items():
        ratio, goal = theirs[phase] / seconds, goals.get(phase)
        print(f"{phase:40} {seconds:8.3f} {theirs[phase]:8.3f} {ratio:7.1f} {'' if goal is None else f'>= {goal}':>7}")
        results.append({"name": f"main_job.cpu.{phase}", "ratio": ratio, "goal": goal, "sense": ">=",
                        "holds": goal is None or ratio >= goal})
    print(f"peer: aihwkit {peer['environment']['versions']['aihwkit']} on {peer['environment']['cpu']['name']},"
          f" {peer['environment']['date']}; mho on {runs[0][0]['run']['cpu']}")
    machine = {"cpu": runs[0][0]["run"]["cpu"], "python": platform.python_version()}
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
