"""Writes the table of the README that sets mho beside the field's tool, from the committed results of `make bench-peers`.

    python bench/peer_table.py [--from build/bench-peers.json --machine zen4|avx512|avx2] [--check]

One machine of each kind stands in the table, the first with its times, the others with their ratios. `--from` first takes over new results of one, into bench/results. `--check` writes
nothing and fails when the README is not what the results say.
"""

import argparse
import json
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MACHINES = {"zen4": "Zen 4", "avx512": "Xeon", "avx2": "AVX2"}  # how the table calls them
README = ROOT / "README.md"
BEGIN, END = "<!-- bench-peers: begin -->", "<!-- bench-peers: end -->"
# Families in the order of the table, and what their rows are.
FAMILIES = {
    "tile": "one tile of 512 x 512, a batch of 64 vectors",
    "main_job": "784-256-128-10 perceptron under the standard model, CPU time of a phase: ranges, an epoch of hardware-aware training, a chip, 10,000 images",
    "python": "the same through `mho.torch`; a full hardware-aware step against aihwkit-lightning",
    "resnet32": "trained ResNet-32, standard model, one chip, a second of drift, 100 pictures",
    "update": "pulsed update of one 512 x 512 array, 64 vectors; 0.6 (sparse) or 5 (dense) pulses a cell and vector",
    "epoch": "training of the perceptron in memory, batch 16, per picture; learning rate 0.5, `.slow` 0.1 (Xeon and AVX2: 0.1)",
    "wires": "exact currents of a crossbar with wires (against SuperLU and ngspice)",
}


def time(seconds: float) -> str:
    """A time of three digits with a unit that suits it."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            value = seconds / size
            return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}" if value >= 10 else f"{value:.2f} {unit}"
    return ""


def ratio(value: float) -> str:
    """More digits such a measurement is not good for."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def results(machine: str) -> pathlib.Path:
    """Where its results are kept."""
    return ROOT / f"bench/results/bench-peers.{machine}.json"


def missed(row: dict) -> bool:
    """Whether it has a goal and does not reach it."""
    return row["goal"] is not None and not row["holds"]


def cells(row: dict | None, times: bool) -> str:
    """Times of both sides where wanted, and their ratio, in bold where it misses its goal."""
    if row is None:
        return " | | " if times else ""
    mark = "**" if missed(row) else ""
    judged = f"{mark}{ratio(row['ratio'])}{mark}"
    return f"{time(row['other_s'])} | {time(row['mine_s'])} | {judged}" if times else judged


def table(contents: dict[str, dict]) -> str:
    """Markdown of all rows, machines side by side."""
    lines, rows = [], {}
    for name, content in contents.items():
        machine = content["machine"]
        commits = sorted({r.get("commit", machine["commit"]) for r in content["results"]})
        goals = [r for r in content["results"] if r["goal"] is not None]
        lines.append(f"{MACHINES[name]}: {machine['cpu']}, aihwkit {machine['aihwkit']}, commit {', '.join(commits)}; "
                     f"{sum(not missed(r) for r in goals)} of {len(goals)} goals hold (ratios in bold miss theirs).  ")
        for r in content["results"]:
            rows.setdefault(r["family"], {}).setdefault(r["name"], {})[name] = r
    first, *others = contents
    columns = [f"{MACHINES[first]}: field's tool", "mho", "ratio", *(f"{MACHINES[m]}: ratio" for m in others)]
    lines += ["", f"| row | {' | '.join(columns)} | goal |", "|---|" + "---:|" * len(columns) + "---|"]
    for family, words in FAMILIES.items():
        if family in rows:
            lines.append(f"| *{words}* |" + " |" * (len(columns) + 1))
        for name, by_machine in rows.get(family, {}).items():
            goal = next(iter(by_machine.values()))["goal"]
            measured = " | ".join(cells(by_machine.get(m), m == first) for m in contents)
            lines.append(f"| `{name}` | {measured} | {'' if goal is None else f'{goal:g}'} |")
    return "\n".join(lines)


def main() -> int:
    """Take over, write or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=pathlib.Path)
    parser.add_argument("--machine", choices=list(MACHINES))
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.source:
        if args.machine is None:
            parser.error("--from needs --machine")
        results(args.machine).parent.mkdir(exist_ok=True)
        shutil.copy(args.source, results(args.machine))
    contents = {m: json.loads(results(m).read_text(encoding="utf-8")) for m in MACHINES if results(m).exists()}
    old = README.read_text(encoding="utf-8")
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    new = f"{before}{BEGIN}\n{table(contents)}\n{END}{after}"
    if args.check:
        if new != old:
            print("README.md is not what bench/results says: run python bench/peer_table.py")
        return int(new != old)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
