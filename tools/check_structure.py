#!/usr/bin/env python3
# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Checks the folders of src/mho against the order in cmake/units.cmake.

usage: check_structure.py [--picture] [ROOT]

A folder includes only itself and folders named before it; files of the core do not include torch;
public headers include nothing but the standard library and headers of mho. With --picture, prints a
Mermaid picture of the folders and their includes (for docs/design.md). Exit status 1 if a rule is
broken.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
# Folders after the core, in order. They may use torch (nn) or everything (studies, cli).
AFTER_CORE = ["nn", "studies", "cli"]
# Headers that no user of the library includes.
INTERNAL = re.compile(
    r"-inl\.h$|/util/json\.h$|/util/simd[^/]*\.h$|_json\.h$|\.test\.h$|test_support\.h$"
    r"|_support\.h$|_check\.h$"
)
TORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")


def folder_order(root):
    text = (root / "cmake" / "units.cmake").read_text()
    match = re.search(r"set\(MHO_CORE_FOLDERS\s+([^)]*)\)", text)
    if not match:
        sys.exit("cmake/units.cmake: no set(MHO_CORE_FOLDERS ...)")
    return match.group(1).split() + AFTER_CORE


def is_standard(name):
    """C++ and C headers of the standard library carry no folder and no extension, or <x.h>."""
    return "/" not in name and "." not in name


def includes_of(file):
    """(line, kind, name) of each #include; kind is < or the quote."""
    text = file.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match.group(1), match.group(2)


def check(root):
    source = root / "src" / "mho"
    order = folder_order(root)
    rank = {name: i for i, name in enumerate(order)}
    problems = []
    edges = {name: set() for name in order}
    for folder in sorted(p.name for p in source.iterdir() if p.is_dir()):
        if folder not in rank:
            problems.append(f"src/mho/{folder}: not in the order of cmake/units.cmake")
            continue
        for file in sorted((source / folder).rglob("*")):
            if file.suffix not in (".h", ".cc"):
                continue
            shown = file.relative_to(root)
            internal = INTERNAL.search(file.as_posix())
            for line, kind, name in includes_of(file):
                where = f"{shown}:{line}"
                if kind == '"' and not name.startswith("mho/"):
                    problems.append(f'{where}: write "mho/..." paths from src/, not "{name}"')
                    continue
                if name.startswith("mho/"):
                    if not (root / "src" / name).exists():
                        problems.append(f"{where}: {name} does not exist")
                        continue
                    other = name.split("/")[1]
                    if rank.get(other, len(rank)) > rank[folder]:
                        problems.append(
                            f"{where}: {folder} includes {other}, which comes later in the order"
                        )
                    elif other != folder and not file.name.endswith((".test.cc", ".test.h")):
                        edges[folder].add(other)
                    continue
                if TORCH.match(name) and folder != "nn" and not (
                    folder == "cli" and file.name == "command_train.cc"
                ):
                    problems.append(f"{where}: the core must not include torch ({name})")
                if (
                    file.suffix == ".h"
                    and folder not in AFTER_CORE
                    and not internal
                    and not is_standard(name)
                ):
                    problems.append(
                        f"{where}: a public header may include only the standard library and mho, "
                        f"not <{name}>"
                    )
    return order, edges, problems


def reduced(order, edges):
    """Drops an edge that a longer path already implies: the picture stays readable."""
    reach = {}
    for folder in order:
        reach[folder] = set(edges[folder])
        for other in edges[folder]:
            reach[folder] |= reach[other]
    return {
        folder: {
            other
            for other in edges[folder]
            if not any(other in reach[middle] for middle in edges[folder] if middle != other)
        }
        for folder in order
    }


def picture(order, edges):
    kept = reduced(order, edges)
    lines = ["```mermaid", "graph BT"]
    for folder in order:
        lines.append(f"    {folder}")
    for folder in order:
        for other in sorted(kept[folder], key=order.index):
            lines.append(f"    {folder} --> {other}")
    lines.append("```")
    return "\n".join(lines)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--picture"]
    root = pathlib.Path(arguments[0] if arguments else __file__).resolve()
    if not arguments:
        root = root.parent.parent
    order, edges, problems = check(root)
    if "--picture" in sys.argv:
        print(picture(order, edges))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
