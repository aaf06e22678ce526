# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The words that start the program `mho` in another process."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def program_words(own: Sequence[str] = ()) -> list[str]:
    """`own`, or the `mho` of this package run by this interpreter."""
    return list(own) or [sys.executable, "-m", "mho"]
