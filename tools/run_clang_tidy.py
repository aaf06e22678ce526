"""Runs clang-tidy over the library and program sources of a build folder, in parallel.

    python tools/run_clang_tidy.py BUILD_FOLDER CLANG_TIDY [NAME_PART ...]

Sources with LibTorch in them (nn/, command_train) are left out: their headers alone take minutes. Exit code 1 on a
finding.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys


def main() -> int:
    """Check every source once."""
    build, tidy, parts = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    files = sorted({e["file"] for e in entries})
    files = [f for f in files if "/src/mho/" in f and not f.endswith(".test.cc")]
    files = [f for f in files if "/nn/" not in f and "command_train" not in f]
    files = [f for f in files if not parts or any(p in f for p in parts)]

    def check(file: str) -> tuple[str, int, str]:
        done = subprocess.run([tidy, "-p", str(build), "--quiet", file], capture_output=True, text=True, check=False)
        return file, done.returncode, done.stdout

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, code, text in pool.map(check, files):
            if code != 0:
                failed += 1
                print(f"{file}\n{text}")
    print(f"clang-tidy: {len(files) - failed} files clean, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
