# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
import pytest

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def one_thread():
    """Two test programs at once must not fight over the cores."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
