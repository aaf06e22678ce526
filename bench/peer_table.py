"""Writes the table of the README that sets mho beside the field's tool, from the committed results of `make bench-peers`.

    python bench/peer_table.py [--from build/bench-peers.json] [--check]

`--from` takes new results over into bench/results/bench-peers.json first. `--check` writes nothing and fails when the README is
not what the results say.
"""

import argparse
import json
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench/results/bench-peers.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- bench-peers: begin -->", "<!-- bench-peers: end -->"
# Families in the order of the table, and what their rows are.
FAMILIES = {
    "tile": "one tile of 512 x 512, a batch of 64 vectors",
    "main_job": "784-256-128-10 perceptron under the standard model, CPU time of a phase: ranges, an epoch of hardware-aware training, a chip, 10,000 images",
    "python": "the same through `mho.torch`; a full hardware-aware step against aihwkit-lightning",
    "resnet32": "trained ResNet-32, standard model, one chip, a second of drift, 100 pictures",
    "update": "pulsed update of one 512 x 512 array, 64 vectors; 0.6 (sparse) or 5 (dense) pulses a cell and vector",
    "epoch": "training of the perceptron in memory, batch 16, per picture",
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


def table(content: dict) -> str:
    """Markdown of all rows."""
    machine = content["machine"]
    lines = [f"aihwkit {machine['aihwkit']}, {machine['cpu']}, one thread, commit {machine['commit']}.", "",
             "| row | field's tool | mho | ratio | goal | |", "|---|---:|---:|---:|---:|---|"]
    for family, words in FAMILIES.items():
        rows = [r for r in content["results"] if r.get("family") == family]
        if rows:
            lines.append(f"| *{words}* | | | | | |")
        for r in rows:
            goal = "" if r["goal"] is None else f"{r['goal']:g}"
            verdict = "" if r["goal"] is None else "holds" if r["holds"] else "**missed**"
            lines.append(f"| `{r['name']}` | {time(r['other_s'])} | {time(r['mine_s'])} | {ratio(r['ratio'])} | {goal} | {verdict} |")
    return "\n".join(lines)


def main() -> int:
    """Take over, write or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.source:
        RESULTS.parent.mkdir(exist_ok=True)
        shutil.copy(args.source, RESULTS)
    old = README.read_text(encoding="utf-8")
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    new = f"{before}{BEGIN}\n{table(json.loads(RESULTS.read_text(encoding='utf-8')))}\n{END}{after}"
    if args.check:
        if new != old:
            print("README.md is not what bench/results/bench-peers.json says: run python bench/peer_table.py")
        return int(new != old)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
