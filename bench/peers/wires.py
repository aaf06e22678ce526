"""Currents of a crossbar with wires: SciPy's SuperLU (nodal analysis, as badcrossbar does it) and ngspice.

Also runs alone, without the field's tool: `python bench/peers/wires.py` (needs numpy and scipy, and ngspice).
"""

import json
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ROUNDS = 3
LU_CASES = ((128, 1e-4), (256, 1e-4))
SPICE_CASE = (48, 1e-3)


def row_name(n: int, r: float) -> str:
    """Our row of bench_wires."""
    return f"wires.first.{n}.{r:g}"


def circuit(n: int):
    """The cells and inputs of bench_wires: the same generator, seed 1."""
    import numpy as np

    raw = np.random.RandomState(1)._bit_generator.random_raw(n * n + n) / 2.0**32
    return 0.01 + 0.99 * raw[: n * n].reshape(n, n), raw[n * n :]


def nodal(n: int, r: float) -> dict:
    """Seconds of matrix and solution, and the current of column 0."""
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import splu

    g, v = circuit(n)
    start = time.process_time()
    wire = 1.0 / r
    word = np.arange(n * n).reshape(n, n)
    bit = word + n * n
    rows, cols, values = [], [], []

    def link(a, b, conductance):
        conductance = np.broadcast_to(conductance, a.shape).ravel()
        for p, q, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
            rows.append(p.ravel())
            cols.append(q.ravel())
            values.append(sign * conductance)

    link(word, bit, g)
    link(word[:, :-1], word[:, 1:], wire)
    link(bit[:-1], bit[1:], wire)
    for held in (word[:, 0], bit[-1]):
        rows.append(held)
        cols.append(held)
        values.append(np.full(n, wire))
    size = 2 * n * n
    matrix = coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))), (size, size)).tocsc()
    source = np.zeros(size)
    source[word[:, 0]] = wire * v
    voltages = splu(matrix).solve(source)
    return {"seconds": time.process_time() - start, "current": wire * voltages[bit[-1, 0]]}


def spice(deck: pathlib.Path) -> dict:
    """CPU seconds of ngspice for a deck, and the current of column 0."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    out = subprocess.run(["ngspice", "-b", str(deck)], check=True, capture_output=True, text=True).stdout
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    return {"seconds": seconds, "current": float(re.search(r"i\(vo0\) = (\S+)", out).group(1))}


def compare_all(run_bench, python: str, programs: pathlib.Path, work: pathlib.Path) -> dict:
    """{row: (ours, theirs)}; the currents must agree, else the times mean nothing."""
    times = {}

    def add(name: str, row: dict, theirs: dict) -> None:
        ours = float(re.search(r"column 0: (\S+)", row["note"]).group(1))
        if abs(ours / theirs["current"] - 1) > 1e-7:
            sys.exit(f"{name}: {ours} A of column 0 here, {theirs['current']} there")
        times[name] = (row["mine_s"], theirs["seconds"])

    rows = run_bench("bench_wires", "wires.first")
    for n, r in LU_CASES:
        # A process of its own: SuperLU alone on one thread.
        out = subprocess.run([python, __file__, "--nodal", str(n), str(r)], check=True, capture_output=True, text=True).stdout
        add(f"wires.superlu.{n}", rows[row_name(n, r)], json.loads(out))
    if shutil.which("ngspice"):
        deck = work / "deck.cir"
        subprocess.run([str(programs / "bench_wires"), "deck", str(deck)], check=True)
        add(f"wires.ngspice.{SPICE_CASE[0]}", rows[row_name(*SPICE_CASE)], spice(deck))
    return times


def measure(context) -> dict:
    """The family of run_peers.py."""
    from bench.run_peers import Pair

    times = compare_all(context.run_bench, str(context.python), context.programs, context.work)
    return {name: Pair(*pair) for name, pair in times.items()}


def alone() -> None:
    """One round, printed."""
    programs = ROOT / "build/release/bin"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)

        def run_bench(program: str, *names: str) -> dict:
            out = work / "mho.json"
            subprocess.run([str(programs / program), "--out", str(out), *names], check=True, stdout=subprocess.DEVNULL)
            return {row["name"]: row for row in json.loads(out.read_text(encoding="utf-8"))["results"]}

        print(f"{'row':22} {'theirs':>10} {'mho':>10} {'ratio':>7}")
        for name, (ours, theirs) in compare_all(run_bench, sys.executable, programs, work).items():
            print(f"{name:22} {1e3 * theirs:7.1f} ms {1e3 * ours:7.3f} ms {theirs / ours:7.0f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--nodal"]:
        print(json.dumps(nodal(int(sys.argv[2]), float(sys.argv[3]))))
    else:
        alone()
