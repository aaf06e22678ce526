# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Networks from files of other tools."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import _core
from ._core import IoError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, NDArray[np.float32]]:
    """Tensors of a safetensors file as float32 (float16 and bfloat16 are widened)."""
    import json
    import struct

    import numpy as np

    widths = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4",
              "I16": "<i2", "I8": "<i1", "U8": "<u1", "BOOL": "?"}
    try:
        with open(path, "rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(size, 1 << 27)))
            body = file.read()
    except (OSError, struct.error, ValueError) as error:
        raise IoError(f"{path}: not a readable safetensors file: {error}") from None
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in widths:
            raise IoError(f"{path}: tensor {name} has the unsupported type {entry['dtype']}")
        first, last = entry["data_offsets"]
        raw = np.frombuffer(body[first:last], dtype=widths[entry["dtype"]])
        if entry["dtype"] == "BF16":
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = raw.astype(np.float32).reshape(entry["shape"])
    return tensors


def load_network(path: str | os.PathLike[str]) -> _core.Network:
    """A network file of mho, or an ONNX file (`*.onnx`)."""
    if os.fspath(path).endswith(".onnx"):
        from .onnx import load_onnx

        return load_onnx(path)
    return _core.Network.load(os.fspath(path))


def network_from_parts(
    graph: dict[str, Any], parameters: dict[str, Any], hardware: dict[str, Any] | None = None
) -> _core.Network:
    """A network from its graph (docs/network-format.md), parameters, and hardware by layer."""
    import json

    from ._hardware import core_hardware

    return _core.Network(
        json.dumps(graph), parameters, {k: core_hardware(v) for k, v in (hardware or {}).items()}
    )
