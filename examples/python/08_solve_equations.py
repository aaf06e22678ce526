# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""An analog matrix inside SciPy's iterative solvers: refinement makes up for its noise."""

import numpy as np
from scipy.sparse.linalg import cg

import mho

rng = np.random.default_rng(0)
a = rng.normal(size=(60, 60))
a = a @ a.T / 60 + 2 * np.eye(60)
b = rng.normal(size=60)
analog = mho.AnalogMatrix(a, "standard", seed=1).as_linear_operator()
x = np.zeros(60)
for round_ in range(6):
    residual = b - a @ x  # exact, digital
    print(f"round {round_}: residual {np.linalg.norm(residual) / np.linalg.norm(b):.1e}")
    x += cg(analog, residual, rtol=0.1, maxiter=8)[0]
