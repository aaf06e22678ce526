# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""A matrix that lives on analog hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import InputError
from ._hardware import HardwareLike
from .tiles import TileGrid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


class AnalogMatrix:
    """`A @ x` with a programmed matrix of any size and scale.

    Every product is a new reading of the hardware: noise belongs to (seed, number of the product).
    `reset()` starts the numbers again. `A.T @ y` is the product with the transpose, on the same
    cells. For SciPy's iterative solvers: `as_linear_operator()`.
    """

    def __init__(
        self,
        matrix: ArrayLike,
        hardware: HardwareLike = None,
        seed: int = 0,
        name: str = "matrix",
        programmed: bool = True,
    ) -> None:
        import numpy as np

        values = np.ascontiguousarray(matrix, dtype=np.float32)
        if values.ndim != 2:
            raise InputError(f"matrix: expected two dimensions, got {values.ndim}")
        self.grid = TileGrid(hardware, values.shape[0], values.shape[1], seed, name)
        self.shape: tuple[int, int] = (values.shape[0], values.shape[1])
        self.dtype = np.dtype(np.float32)
        self._step = 0
        if programmed:
            self.grid.program_logical(values)
        else:
            self.grid.set_logical_weights(values)

    def __repr__(self) -> str:
        return f"AnalogMatrix({self.shape[0]} x {self.shape[1]})"

    def advance_to(self, t_s: float) -> None:
        """Moves to t_s seconds after programming."""
        self.grid.advance_to(t_s, self._step)

    def reset(self, step: int = 0) -> None:
        """Numbers the next product `step`: its noise is that of the earlier one of this number."""
        self._step = step

    def matvec(self, x: ArrayLike) -> NDArray[np.float32]:
        """A x of a vector."""
        return self._product(x, transposed=False)

    def rmatvec(self, x: ArrayLike) -> NDArray[np.float32]:
        """A' x of a vector."""
        return self._product(x, transposed=True)

    def matmat(self, x: ArrayLike) -> NDArray[np.float32]:
        """A X of a matrix [columns of A, vectors]."""
        import numpy as np

        rows = np.ascontiguousarray(np.asarray(x, dtype=np.float32).T)
        return self._product(rows, transposed=False).T

    def __matmul__(self, x: Any) -> NDArray[np.float32]:
        import numpy as np

        return self.matvec(x) if np.ndim(x) == 1 else self.matmat(x)

    @property
    def T(self) -> _Transposed:
        """The transposed matrix, on the same cells."""
        return _Transposed(self)

    def as_linear_operator(self) -> Any:
        """A scipy.sparse.linalg.LinearOperator."""
        import numpy as np
        from scipy.sparse.linalg import LinearOperator

        return LinearOperator(
            self.shape,
            matvec=lambda x: self.matvec(np.asarray(x).reshape(-1)),
            rmatvec=lambda x: self.rmatvec(np.asarray(x).reshape(-1)),
            matmat=self.matmat,
            dtype=self.dtype,
        )

    def _product(self, x: Any, transposed: bool) -> NDArray[np.float32]:
        self._step += 1
        apply = self.grid.apply_transposed if transposed else self.grid.apply
        return apply(x, step=self._step - 1)


class _Transposed:
    def __init__(self, matrix: AnalogMatrix) -> None:
        self.T = matrix
        self.shape = matrix.shape[::-1]

    def __matmul__(self, x: Any) -> NDArray[np.float32]:
        import numpy as np

        if np.ndim(x) == 1:
            return self.T.rmatvec(x)
        rows = np.ascontiguousarray(np.asarray(x, dtype=np.float32).T)
        return self.T._product(rows, transposed=True).T
