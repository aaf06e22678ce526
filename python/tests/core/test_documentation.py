# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Every public symbol of the package has a docstring: the API pages are made of them."""

import ast
import inspect
from pathlib import Path

import pytest

from mho import _core, config

PACKAGE = Path(__file__).resolve().parents[2] / "mho"
FILES = sorted(p for p in PACKAGE.rglob("*.py") if p.name != "config.py")


def undocumented(node, path):
    """Paths of public classes, functions and methods without a docstring."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.ClassDef, ast.FunctionDef)) and not child.name.startswith("_"):
            here = f"{path}.{child.name}"
            if not ast.get_docstring(child) and not overrides(child):
                yield here
            if isinstance(child, ast.ClassDef):
                yield from undocumented(child, here)


def overrides(node):
    """Methods of torch's classes say in torch what they do."""
    return isinstance(node, ast.FunctionDef) and node.name in ("forward", "backward", "is_leaf_module")


@pytest.mark.parametrize("file", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_public_symbol_is_documented(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), file
    assert not list(undocumented(tree, file.stem))


def said(doc):
    """What a docstring of the binary module says beside signatures."""
    return [line for line in (doc or "").splitlines() if line.strip() and "->" not in line]


def test_every_symbol_of_the_binary_module_is_documented():
    missing = []
    for name, value in vars(_core).items():
        if name.startswith("_") or not callable(value):
            continue
        if not said(value.__doc__):
            missing.append(name)
        if inspect.isclass(value):
            missing += [f"{name}.{m}" for m, v in vars(value).items() if not m.startswith("_") and not said(v.__doc__)]
    assert not missing


def test_every_parameter_has_a_meaning():
    missing = []
    for name in config.__all__:
        cls = getattr(config, name)
        if not inspect.isclass(cls):
            continue
        assert cls.__doc__, name
        missing += [f"{name}.{p}" for p, parameter in cls._parameters.items() if not parameter.meaning]
    assert not missing
