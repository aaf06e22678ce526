# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The command `mho`: every sub-command of the program except `train`, which needs LibTorch."""

import sys

from ._core import run_command
from ._program import program_words


def main() -> int:
    """Runs the command line of this process."""
    return run_command(sys.argv[1:], program_words())


if __name__ == "__main__":
    sys.exit(main())
