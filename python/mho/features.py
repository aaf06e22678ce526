# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Random features on analog hardware: kernels and attention by one product with a random matrix.

Buechel et al., Nature Machine Intelligence 6, 1605 (2024), arXiv 2411.03375. Formulas:
docs/models/features.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _core
from ._core import InputError, Ridge, fast_hadamard
from ._hardware import HardwareLike, core_hardware
from .config import Hardware

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float32]


class Projection:
    """A random matrix W [features, inputs], and its product on simulated hardware.

    `kind`: "gaussian" (RFF), "orthogonal" (ORF) or "structured" (SORF: blocks of sqrt(D) H D1 H D2 H
    D3). Without `hardware` products are exact. On hardware the matrix is programmed at once; inputs
    are cut at `input_range`, which is theirs to have: the DACs spend their codes on it.
    """

    def __init__(
        self,
        inputs: int,
        features: int,
        kind: str = "orthogonal",
        seed: int = 0,
        factor: float = 1.0,
    ) -> None:
        self.kind, self.seed = kind, seed
        self.inputs, self.features = inputs, features
        self.matrix: Floats = factor * _core.draw_projection(kind, features, inputs, seed)
        self._analog: _core.AnalogProjection | None = None

    def __repr__(self) -> str:
        where = "exact" if self._analog is None else "analog"
        return f"Projection({self.inputs} inputs, {self.features} features, {self.kind}, {where})"

    def program(
        self, hardware: HardwareLike, input_range: float, name: str = "projection", chip: int = 0
    ) -> Projection:
        """Programs the matrix on tiles; products are analog from now on."""
        self._analog = _core.AnalogProjection(
            core_hardware(hardware), self.matrix, input_range, self.seed, name, chip
        )
        return self

    def advance_to(self, t_s: float, read_step: int = 0) -> None:
        """Moves to t_s seconds after programming."""
        if self._analog is None:
            raise InputError("program() comes before advance_to()")
        self._analog.advance_to(t_s, read_step)

    def project(self, x: ArrayLike, step: int = 0, first_sample: int = 0) -> Floats:
        """W x of every row [rows, features]; row r draws the noise of (step, first_sample + r)."""
        import numpy as np

        if self._analog is not None:
            return self._analog.project(x, step, first_sample)
        return np.asarray(x, dtype=np.float32) @ self.matrix.T


class KernelFeatures:
    """A map z with z(x) . z(y) close to a kernel: one product with a random matrix, then a function
    of each number.

    `kernel`: "rbf" (exp(-gamma |x - y|^2); features cos and sin) or "arccos 0", "arccos 1", "arccos
    2" (Cho and Saul 2009). `samples`: products with the random matrix, 1 or 2 features each.

    >>> z = mho.features.KernelFeatures(inputs=16, samples=256, gamma=0.1)
    >>> error = z.error(x)                                  # digital
    >>> z.projection.program(hardware, input_range=3.0)     # now on tiles
    """

    def __init__(
        self,
        inputs: int,
        samples: int,
        kernel: str = "rbf",
        gamma: float = 0.05,
        kind: str = "orthogonal",
        seed: int = 0,
    ) -> None:
        self.kernel, self.gamma = kernel, gamma
        factor = _core.projection_factor(kernel, gamma)
        self.projection = Projection(inputs, samples, kind, seed, factor)

    def __call__(self, x: ArrayLike, step: int = 0, first_sample: int = 0) -> Floats:
        """z of every row of x [rows, inputs]."""
        projected = self.projection.project(x, step, first_sample)
        return _core.kernel_features(projected, self.kernel, self.gamma)

    def kernel_matrix(self, x: ArrayLike) -> NDArray[np.float64]:
        """The kernel itself for all pairs of rows."""
        return _core.kernel_matrix(x, self.kernel, self.gamma)

    def error(self, x: ArrayLike, step: int = 0) -> float:
        """|K - Z Z^T| / |K| (Frobenius) over the rows of x."""
        import numpy as np

        exact = self.kernel_matrix(x)
        z = self(x, step).astype(np.float64)
        return float(np.linalg.norm(exact - z @ z.T) / np.linalg.norm(exact))


class FavorAttention:
    """Softmax attention by random features (FAVOR+; Choromanski et al., arXiv 2009.14794): linear in
    the number of positions. `kind`: "positive", "trigonometric", or "relu" (another kernel)."""

    def __init__(
        self,
        size: int,
        samples: int,
        kind: str = "positive",
        projection: str = "orthogonal",
        seed: int = 0,
    ) -> None:
        self.kind = kind
        self.projection = Projection(size, samples, projection, seed)

    def features(self, vectors: ArrayLike, step: int = 0) -> Floats:
        """Features of queries or keys [positions, size]."""
        scaled = _core.scale_for_favor(vectors)
        return _core.favor_features(scaled, self.projection.project(scaled, step), self.kind)

    def __call__(
        self, queries: ArrayLike, keys: ArrayLike, values: ArrayLike, step: int = 0
    ) -> NDArray[np.float64]:
        """Attention [queries, columns of values]; queries read the projection in `step`, keys in
        `step` + 1."""
        return _core.linear_attention(self.features(queries, step), self.features(keys, step + 1), values)

    def weights(self, queries: ArrayLike, keys: ArrayLike, step: int = 0) -> NDArray[np.float64]:
        """The attention weights that the features stand for [queries, keys]."""
        return _core.feature_attention(self.features(queries, step), self.features(keys, step + 1))


def softmax_attention(queries: ArrayLike, keys: ArrayLike) -> NDArray[np.float64]:
    """Exact attention weights: exp(q . k / sqrt(d)), rows divided by their sums."""
    return _core.softmax_attention(queries, keys)


def hermes_core(adc_bound: float) -> Hardware:
    """The 64-core HERMES chip: 256 x 256 cells of two devices per polarity, 8-bit converters, output
    noise 1 % of their range (Le Gallo et al., Nature Electronics 6, 680 (2023)). `adc_bound` in units
    of the largest weight times the largest input: see adc_bound_for."""
    return Hardware.from_json(_core.hermes_core(adc_bound))


def adc_bound_for(
    projection: Projection, x: ArrayLike, input_range: float, margin: float = 1.1
) -> float:
    """Range of an ADC that takes the exact products of these inputs, times `margin`."""
    return _core.adc_bound_for(projection.matrix, x, input_range, margin)


def fit_ridge(features: ArrayLike, targets: Any, shrinkage: float) -> tuple[Any, Any]:
    """Weights [outputs, features] and intercept of a ridge regression; `targets` [rows, outputs] or
    class numbers, which become +-1 targets."""
    import numpy as np

    z = np.asarray(features, dtype=np.float32)
    y = np.asarray(targets)
    if y.ndim == 1:
        classes = int(y.max()) + 1
        y = np.where(np.arange(classes) == y[:, None].astype(int), 1.0, -1.0)
    ridge = Ridge(z.shape[1], y.shape[1])
    ridge.add(z, y)
    return ridge.solve(shrinkage)


__all__ = [
    "FavorAttention",
    "KernelFeatures",
    "Projection",
    "Ridge",
    "adc_bound_for",
    "fast_hadamard",
    "fit_ridge",
    "hermes_core",
    "softmax_attention",
]
