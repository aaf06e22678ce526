"""Runs every benchmark program of a build and merges their results into build/bench.json.

    python bench/run.py [--data ../shared/data]

`--data` (or MHO_DATA) is the folder with models/ and images/ for the row evaluate.resnet32.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Large pages for both sides. With pages of 4 KiB it is chance how many addresses of a matrix share a
# set of the second-level cache: the same program was 8 % slower in one start than in the next.
LARGE_PAGES = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.top_pad=67108864"


def commit() -> str:
    """What is being measured, whenever the build was configured."""
    words = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def data_folder(given: str | None) -> str | None:
    """The folder of the trained networks and pictures, or None."""
    beside = ROOT.parent / "shared/data"
    return given or os.environ.get("MHO_DATA") or (str(beside) if beside.is_dir() else None)


def main() -> int:
    """Run all; the exit code tells whether they ran, not whether a goal holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    data = data_folder(parser.parse_args().data)
    env = {"GLIBC_TUNABLES": LARGE_PAGES} | os.environ | ({"MHO_DATA": data} if data else {})
    build = ROOT / "build/release"
    programs = sorted((build / "bin").glob("bench_*"))
    if not programs:
        print("no benchmark program in build/release/bin: install libdnnl-dev and build again")
        return 1
    # Rows of programs and cases that are no more must not stand beside those of today.
    out = ROOT / "build/bench.json"
    out.unlink(missing_ok=True)
    for program in programs:
        subprocess.run([str(program), "--out", str(out)], check=True, env=env)
    content = json.loads(out.read_text(encoding="utf-8"))
    content["machine"]["commit"] = commit()
    out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    results = content["results"]
    missed = [r["name"] for r in results if not r["holds"]]
    print(f"build/bench.json: {len(results)} rows, {len(missed)} missed" + (": " + ", ".join(missed) if missed else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
