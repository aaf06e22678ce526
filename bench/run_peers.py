"""Measures mho beside the field's tool (aihwkit) on the same work, in turns, and prints the ratios.

    make peers           installs aihwkit into .peers (its own environment)
    make bench-peers     runs this

Every module of bench/peers/ is a family of rows: it has `ROUNDS` (how often both sides take turns) and
`measure(context) -> {name: Pair}`, seconds of both sides. The scripts that drive aihwkit live in the folder MHO_PEERS
(default ../shared/bench/peers where that exists). Results go to build/bench-peers.json in the form of build/bench.json; the
ratio is the field's time over ours, the higher the better; goals are in GOALS. The file is written after every family: what was
measured is kept, whatever happens to the next one. Families that are named replace their rows, and those of the others stay.

A new family is one file in bench/peers/ and, if its rows have goals, lines in GOALS.
"""

import argparse
import importlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.run import commit, data_folder

GOALS: dict[str, float] = {
    "resnet32.all": 12,
    "update.ConstantStep.sparse": 80, "update.ConstantStep.dense": 150,
    "update.SoftBounds.sparse": 12, "update.SoftBounds.dense": 50,
    "update.LinearStep.sparse": 12, "update.LinearStep.dense": 50,
    "update.SoftBounds.sparse.batch": 50, "update.SoftBounds.dense.batch": 150,
    "update.LinearStep.sparse.batch": 50, "update.LinearStep.dense.batch": 150,
    "update.ExpStep.sparse": 10, "update.ExpStep.dense": 15,
    "update.PowStep.sparse": 10, "update.PowStep.dense": 15,
    "update.PiecewiseStep.sparse": 10, "update.PiecewiseStep.dense": 15,
    "update.ExpStep.sparse.frozen": 12, "update.ExpStep.dense.frozen": 40,
    "update.PowStep.sparse.frozen": 12, "update.PowStep.dense.frozen": 40,
    "update.PiecewiseStep.sparse.frozen": 12, "update.PiecewiseStep.dense.frozen": 40,
    "update.TTv1.sparse": 12, "update.TTv2.sparse": 8, "update.cTTv2.sparse": 6, "update.AGAD.sparse": 6,
    "update.MixedPrecision.sparse": 50,
    "threads.update.ConstantStep": 0.93, "threads.update.SoftBounds": 0.93,
    "epoch.ReRamES": 6, "epoch.ReRamSB": 6, "epoch.TikiTaka": 8, "epoch.TTv2": 15, "epoch.AGAD": 15, "epoch.PCM": 15,
    "wires.superlu.128": 100, "wires.superlu.256": 100, "wires.ngspice.48": 100,
    "python.main_job.training": 6, "python.main_job.inference": 8,
}


class Missing(Exception):
    """Something that a family needs is not there; the text says how to get it."""


@dataclass
class Pair:
    """Seconds (or any other measure, the lower the better) of the same work on both sides."""

    mine: float
    theirs: float


@dataclass
class Context:
    """Where everything is."""

    peers: pathlib.Path  # the scripts that drive the field's tool
    python: pathlib.Path  # of the environment that has the tool
    programs: pathlib.Path  # mho's
    work: pathlib.Path  # scratch files
    data: str | None  # trained networks and pictures

    def run_peer(self, script: str, *arguments: str) -> dict:
        """Runs one of the scripts on one thread and returns the JSON that it writes."""
        out = self.work / "peer.json"
        command = [str(self.python), str(self.peers / script), *arguments, "--out", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "BENCH_THREADS": "1"})
        return json.loads(out.read_text(encoding="utf-8"))

    def run_bench(self, program: str, *rows: str) -> dict:
        """Runs rows of one of mho's benchmark programs: {name: row}."""
        out = self.work / "mho.json"
        out.unlink(missing_ok=True)
        subprocess.run([str(self.programs / program), "--out", str(out), *rows], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "OMP_NUM_THREADS": "1"})
        return {row["name"]: row for row in json.loads(out.read_text(encoding="utf-8"))["results"]}


def find_peers() -> pathlib.Path:
    """The folder of the scripts; ends with a message that says what would be right."""
    given = os.environ.get("MHO_PEERS")
    folder = pathlib.Path(given) if given else ROOT.parent / "shared/bench/peers"
    if not (folder / "aihwkit_tile.py").exists():
        where = f"MHO_PEERS={given} has" if given else "MHO_PEERS is not set, and ../shared/bench/peers has"
        sys.exit(f"bench-peers: {where} no aihwkit_tile.py; set MHO_PEERS to the folder of the scripts that drive aihwkit")
    return folder.resolve()


def main() -> None:
    """Run the families, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", help="names of modules in bench/peers; none = all")
    parser.add_argument("--rounds", type=int, default=0, help="instead of what each family takes")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench-peers.json")
    args = parser.parse_args()
    python = ROOT / ".peers/bin/python"
    if not python.exists():
        sys.exit("bench-peers: no environment with the field's tool; run `make peers` first")
    sys.modules.setdefault("bench.run_peers", sys.modules[__name__])
    names = args.families or sorted(p.stem for p in (ROOT / "bench/peers").glob("[a-z]*.py"))
    results = []
    if args.families and args.out.exists():
        results = json.loads(args.out.read_text(encoding="utf-8"))["results"]
    failed = []
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        context = Context(find_peers(), python, ROOT / "build/release/bin", pathlib.Path(work), data_folder(None))
        machine = {"cpu": cpu(), "aihwkit": version(python), "commit": commit()}
        print(f"aihwkit {machine['aihwkit']} on {machine['cpu']}, one thread\n{'row':34} {'aihwkit':>12} {'mho':>12} {'ratio':>8}")
        for name in names:
            try:
                family = importlib.import_module(f"bench.peers.{name}")
                rounds = [family.measure(context) for _ in range(args.rounds or family.ROUNDS)]
            except Missing as e:
                print(f"{name}: skipped, {e}", flush=True)
                failed.append(name)
                continue
            except (OSError, subprocess.SubprocessError, LookupError, ValueError):
                traceback.print_exc()
                failed.append(name)
                continue
            results = [r for r in results if r.get("family") != name]
            results += [{**judged(row, [r[row] for r in rounds]), "family": name, "commit": machine["commit"]} for row in rounds[0]]
            aside = args.out.with_suffix(".part")
            aside.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n", encoding="utf-8")
            aside.replace(args.out)
    missed = [r["name"] for r in results if not r["holds"]]
    print(f"{args.out}: {len(results)} rows, {len(missed)} missed" + (": " + ", ".join(missed) if missed else ""))
    if failed:
        sys.exit("bench-peers: not measured: " + ", ".join(failed))


def judged(name: str, pairs: list[Pair]) -> dict:
    """One row of the file."""
    ratios = sorted(p.theirs / p.mine for p in pairs)
    mine, theirs = statistics.median(p.mine for p in pairs), statistics.median(p.theirs for p in pairs)
    ratio, goal = theirs / mine, GOALS.get(name)
    print(f"{name:34} {text(theirs):>12} {text(mine):>12} {ratio:8.1f}", flush=True)
    return {"name": name, "ratio": ratio, "goal": goal, "sense": ">=", "holds": goal is None or ratio >= goal,
            "quartiles": [ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]], "mine_s": mine, "other_s": theirs,
            "note": f"{text(theirs)} against {text(mine)}, {len(pairs)} rounds in turns"}


def text(seconds: float) -> str:
    """A time with a unit that suits it."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


def cpu() -> str:
    """Name of the processor."""
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def version(python: pathlib.Path) -> str:
    """Version of the field's tool."""
    code = "import importlib.metadata as m; print(m.version('aihwkit'))"
    return subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
