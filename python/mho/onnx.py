# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX graphs of linear, convolution and recurrent networks as networks of the core."""

from __future__ import annotations

import json
import os
from typing import Any

from . import _core
from ._core import InputError

_SIMPLE = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Gelu": "gelu"}


def load_onnx(path: str | os.PathLike[str], scale: float = 1.0) -> _core.Network:
    """Reads an ONNX file. Operators: Gemm, MatMul with a constant, Conv, BatchNormalization, Relu,
    Tanh, Sigmoid, Gelu, MaxPool, AveragePool, GlobalAveragePool, Add, Flatten, Reshape to a vector,
    Dropout, Identity, RNN, LSTM, GRU (one layer, forward). Others are refused by name.

    Inputs of the network are multiplied by `scale`.
    """
    try:
        import onnx
    except ImportError:
        raise InputError("reading ONNX files needs the package onnx: pip install onnx") from None
    return from_onnx(onnx.load(os.fspath(path)), scale)


def from_onnx(model: Any, scale: float = 1.0) -> _core.Network:
    """A network from an onnx.ModelProto."""
    return _Reader(model, scale).network()


class _Reader:
    def __init__(self, model: Any, scale: float) -> None:
        from onnx import numpy_helper

        self.graph = model.graph
        self.scale = scale
        self.constants = {t.name: numpy_helper.to_array(t) for t in self.graph.initializer}
        self.layers: list[dict[str, Any]] = []
        self.parameters: dict[str, Any] = {}
        self.names: dict[str, str] = {}
        self.used: set[str] = set()

    def network(self) -> _core.Network:
        inputs = [i for i in self.graph.input if i.name not in self.constants]
        if len(inputs) != 1:
            raise InputError(f"the graph has {len(inputs)} inputs; networks take one")
        dims = [d.dim_value for d in inputs[0].type.tensor_type.shape.dim]
        shape = [d for d in dims[1:]]
        self.names[inputs[0].name] = "input"
        first = self.graph.node[0].op_type if self.graph.node else ""
        self.sequence = first in ("RNN", "LSTM", "GRU")
        if self.sequence:
            # [positions, samples, features]
            shape = [1, dims[0], dims[2]]
            self.add("sequence", "sequence", ["input"])
            self.names[inputs[0].name] = "sequence"
        elif len(shape) == 1:
            shape = [1, 1, shape[0]]
            self.add("flatten_input", "flatten", ["input"])
            self.names[inputs[0].name] = "flatten_input"
        if len(shape) != 3 or any(d < 1 for d in shape):
            raise InputError(f"the input has the shape {dims}; sizes must be fixed numbers")
        for node in self.graph.node:
            self.node(node)
        graph = {
            "name": self.graph.name or "onnx",
            "input": {"shape": shape, "scale": self.scale, "mean": [], "std": []},
            "layers": self.layers,
        }
        return _core.Network(json.dumps(graph), self.parameters)

    def add(self, name: str, op: str, inputs: list[str], **values: Any) -> str:
        name = "".join(c if c.isalnum() or c in "_./-" else "_" for c in name).strip("/") or op
        while name in self.used:
            name += "_"
        self.used.add(name)
        self.layers.append({"name": name, "op": op, **values, "inputs": inputs})
        return name

    def constant(self, name: str, node: Any) -> Any:
        if name not in self.constants:
            raise InputError(f"{node.op_type} {node.name}: its weights must be constants")
        return self.constants[name]

    def keep(self, name: str, values: Any) -> None:
        import numpy as np

        self.parameters[name] = np.ascontiguousarray(values, dtype=np.float32)

    def node(self, node: Any) -> None:
        from onnx import helper, numpy_helper

        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        kind, title = node.op_type, node.name or node.output[0]
        if kind == "Constant":
            self.constants[node.output[0]] = numpy_helper.to_array(attributes["value"])
            return
        sources = [self.names[i] for i in node.input if i in self.names]
        if not sources:
            raise InputError(f"{kind} {title}: none of its inputs is computed by a known layer")
        method = getattr(self, "_" + kind.lower(), None)
        if kind in _SIMPLE:
            name = self.add(title, _SIMPLE[kind], sources)
        elif kind in ("Dropout", "Identity", "Cast"):
            name = sources[0]
        elif method is not None:
            name = method(node, title, attributes, sources)
        else:
            raise InputError(f"{kind} {title}: this operator has no counterpart in networks")
        self.names[node.output[0]] = name
        for extra in node.output[1:]:
            self.names[extra] = name

    def linear(self, title: str, source: str, weight: Any, bias: Any) -> str:
        name = self.add(title, "linear", [source], in_features=int(weight.shape[1]),
                        out_features=int(weight.shape[0]), bias=bias is not None)
        self.keep(name + ".weight", weight)
        if bias is not None:
            self.keep(name + ".bias", bias)
        return name

    def _gemm(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        if a.get("alpha", 1.0) != 1.0 or a.get("beta", 1.0) != 1.0 or a.get("transA", 0):
            raise InputError(f"Gemm {title}: only alpha = beta = 1 and no transposed input")
        weight = self.constant(node.input[1], node)
        bias = self.constant(node.input[2], node) if len(node.input) > 2 else None
        return self.linear(title, sources[0], weight if a.get("transB", 0) else weight.T, bias)

    def _matmul(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        return self.linear(title, sources[0], self.constant(node.input[1], node).T, None)

    def _add(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        if len(sources) == 2:
            return self.add(title, "add", sources)
        bias = self.constant(next(i for i in node.input if i not in self.names), node)
        last = self.layers[-1]
        if last["name"] != sources[0] or last["op"] != "linear" or last["bias"]:
            raise InputError(f"Add {title}: a constant can only be the bias of the MatMul before it")
        last["bias"] = True
        self.keep(last["name"] + ".bias", bias.reshape(-1))
        return last["name"]

    def _window(self, title: str, a: dict[str, Any]) -> dict[str, Any]:
        kernel = list(a["kernel_shape"])
        n = len(kernel)
        pads = list(a.get("pads", [0] * 2 * n))
        if pads[:n] != pads[n:] or a.get("auto_pad", b"NOTSET") not in (b"NOTSET", "NOTSET"):
            raise InputError(f"{title}: padding must be equal on both sides, in numbers")
        return {"kernel": kernel, "stride": list(a.get("strides", [1] * n)), "padding": pads[:n]}

    def _conv(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        weight = self.constant(node.input[1], node)
        a.setdefault("kernel_shape", weight.shape[2:])
        groups = int(a.get("group", 1))
        n = len(a["kernel_shape"])
        bias = self.constant(node.input[2], node) if len(node.input) > 2 else None
        name = self.add(title, f"conv{n}d", sources[:1], in_channels=int(weight.shape[1]) * groups,
                        out_channels=int(weight.shape[0]), groups=groups, bias=bias is not None,
                        dilation=list(a.get("dilations", [1] * n)), **self._window(title, a))
        self.keep(name + ".weight", weight)
        if bias is not None:
            self.keep(name + ".bias", bias)
        return name

    def _batchnormalization(
        self, node: Any, title: str, a: dict[str, Any], sources: list[str]
    ) -> str:
        values = [self.constant(i, node) for i in node.input[1:5]]
        name = self.add(title, "batch_norm", sources[:1], channels=int(values[0].shape[0]),
                        epsilon=float(a.get("epsilon", 1e-5)))
        for part, value in zip(("weight", "bias", "running_mean", "running_var"), values):
            self.keep(f"{name}.{part}", value)
        return name

    def _maxpool(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        return self.add(title, "max_pool2d", sources, **self._window(title, a))

    def _averagepool(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        window = self._window(title, a)
        if any(window["padding"]) and not a.get("count_include_pad", 0):
            raise InputError(f"AveragePool {title}: padded zeros must count (count_include_pad)")
        return self.add(title, "avg_pool2d", sources, **window)

    def _globalaveragepool(
        self, node: Any, title: str, a: dict[str, Any], sources: list[str]
    ) -> str:
        return self.add(title, "global_average_pool", sources)

    def _flatten(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        if a.get("axis", 1) != 1:
            raise InputError(f"Flatten {title}: only axis 1")
        return self.add(title, "flatten", sources)

    def _reshape(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        target = list(self.constant(node.input[1], node))
        if len(target) != 2:
            raise InputError(f"Reshape {title}: only to [samples, features]")
        return self.add(title, "flatten", sources)

    def _squeeze(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        # The direction axis of a recurrent layer.
        return sources[0]

    def _recurrent(
        self, node: Any, title: str, a: dict[str, Any], sources: list[str], kind: str, order: list[int]
    ) -> str:
        import numpy as np

        if a.get("direction", b"forward") not in (b"forward", "forward"):
            raise InputError(f"{node.op_type} {title}: only the forward direction")
        w = self.constant(node.input[1], node)[0]
        r = self.constant(node.input[2], node)[0]
        hidden = r.shape[1]

        def gates(m: Any) -> Any:
            parts = np.split(m, len(order))
            return np.concatenate([parts[i] for i in order])

        bias = None
        if len(node.input) > 3 and node.input[3]:
            bias = self.constant(node.input[3], node)[0]
        if kind == "gru" and bias is not None and not a.get("linear_before_reset", 0):
            raise InputError(f"GRU {title}: only linear_before_reset = 1")
        half = len(order) * hidden
        name = self.linear(title + ".input", sources[0], gates(w),
                           None if bias is None else gates(bias[:half]))
        name = self.add(title + ".hidden", kind, [name], hidden=int(hidden), bias=bias is not None)
        self.keep(name + ".weight", gates(r))
        if bias is not None:
            self.keep(name + ".bias", gates(bias[half:]))
        return name

    def _rnn(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        return self._recurrent(node, title, a, sources, "rnn", [0])

    def _lstm(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        # ONNX: input, output, forget, cell. Here: input, forget, cell, output.
        return self._recurrent(node, title, a, sources, "lstm", [0, 2, 3, 1])

    def _gru(self, node: Any, title: str, a: dict[str, Any], sources: list[str]) -> str:
        # ONNX: update, reset, new. Here: reset, update, new.
        return self._recurrent(node, title, a, sources, "gru", [1, 0, 2])
