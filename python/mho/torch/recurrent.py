# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""RNN, LSTM and GRU with their matrices on analog tiles.

A layer in one direction is two matrices, as in the networks of `mho train`: `input` takes the
sequence to the gates, `hidden` the hidden state. Gates and state are digital. Every position of a
sequence reads the hidden matrix anew, with noise of its own.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .._core import InputError
from .._hardware import HardwareLike
from .layers import AnalogLayer, AnalogLinear

_GATES = {"rnn": 1, "lstm": 4, "gru": 3}


class _Direction(nn.Module):
    """One layer in one direction."""

    def __init__(self, kind: str, inputs: int, hidden: int, bias: bool, **options: Any) -> None:
        super().__init__()
        self.kind = kind
        self.size = hidden
        name = options.pop("name")
        gates = _GATES[kind] * hidden
        self.input = AnalogLinear(inputs, gates, bias, name=name + ".input", **options)
        self.hidden = AnalogLinear(hidden, gates, bias, name=name + ".hidden", **options)

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """x [samples, positions, inputs] -> hidden states [samples, positions, hidden]."""
        driven = self.input(x)
        outputs = []
        positions = x.shape[1]
        self.hidden._position = (0, positions)
        shared = None
        if not self.hidden._explicit_step:
            # All positions of a pass belong to one step.
            shared = self.hidden._next_step(positions)
        try:
            for p in range(positions):
                self.hidden._position = (p, positions)
                if shared is not None:
                    self.hidden._explicit_step = True
                    self.hidden.noise_step.fill_(shared)
                state = self._cell(driven[:, p], self.hidden(state[0]), state)
                outputs.append(state[0])
        finally:
            self.hidden._position = (0, 1)
            if shared is not None:
                self.hidden._explicit_step = False
        return torch.stack(outputs, 1), state

    def _cell(self, x: Tensor, u: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if self.kind == "rnn":
            return (torch.tanh(x + u),)
        if self.kind == "lstm":
            i, f, g, o = (x + u).chunk(4, -1)
            c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(c), c
        xr, xz, xn = x.chunk(3, -1)
        ur, uz, un = u.chunk(3, -1)
        z = torch.sigmoid(xz + uz)
        n = torch.tanh(xn + torch.sigmoid(xr + ur) * un)
        return ((1 - z) * n + z * state[0],)


class AnalogRecurrent(nn.Module):
    """Calls and results of torch's recurrent layers."""

    kind = "rnn"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        hardware: HardwareLike = None,
        name: str = "recurrent",
        seed: int = 0,
        backend: str = "core",
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.layers = nn.ModuleList()
        ways = 2 if bidirectional else 1
        for k in range(num_layers):
            inputs = input_size if k == 0 else ways * hidden_size
            for way in range(ways):
                path = f"{name}.{k}" + (".reverse" if way else "")
                self.layers.append(
                    _Direction(self.kind, inputs, hidden_size, bias, hardware=hardware, name=path,
                               seed=seed, backend=backend)
                )

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """As torch's layer: outputs, and the last state(s)."""
        batched = x.dim() == 3
        if not batched:
            x = x.unsqueeze(0 if self.batch_first else 1)
        if not self.batch_first:
            x = x.transpose(0, 1)
        ways = 2 if self.bidirectional else 1
        count = 2 if self.kind == "lstm" else 1
        if state is None:
            zeros = x.new_zeros(self.num_layers * ways, x.shape[0], self.hidden_size)
            states = [zeros] * count
        else:
            states = list(state) if self.kind == "lstm" else [state]
            if not batched:
                states = [s.unsqueeze(1) for s in states]
        last: list[tuple[Tensor, ...]] = []
        for k in range(self.num_layers):
            outputs = []
            for way in range(ways):
                i = k * ways + way
                start = tuple(s[i] for s in states)
                y, end = self.layers[i](x.flip(1) if way else x, start)
                outputs.append(y.flip(1) if way else y)
                last.append(end)
            x = outputs[0] if ways == 1 else torch.cat(outputs, -1)
            if self.dropout > 0 and k + 1 < self.num_layers:
                x = nn.functional.dropout(x, self.dropout, self.training)
        if not self.batch_first:
            x = x.transpose(0, 1)
        ends = [torch.stack([s[c] for s in last]) for c in range(count)]
        if not batched:
            x = x.squeeze(0 if self.batch_first else 1)
            ends = [e.squeeze(1) for e in ends]
        return x, tuple(ends) if self.kind == "lstm" else ends[0]

    def to_torch(self, programmed: bool = False) -> nn.Module:
        """The digital layer of torch with the logical weights."""
        made = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[self.kind]
        plain = made(self.input_size, self.hidden_size, self.num_layers, bias=self.bias,
                     batch_first=self.batch_first, dropout=self.dropout,
                     bidirectional=self.bidirectional)
        with torch.no_grad():
            for suffix, direction in zip(_suffixes(plain), self.layers):
                for part, layer in (("ih", direction.input), ("hh", direction.hidden)):
                    getattr(plain, f"weight_{part}_{suffix}").copy_(layer.logical_weight(programmed))
                    if self.bias:
                        getattr(plain, f"bias_{part}_{suffix}").copy_(layer.logical_bias())
        return plain.train(self.training)


class AnalogRNN(AnalogRecurrent):
    """torch.nn.RNN with tanh."""

    kind = "rnn"


class AnalogLSTM(AnalogRecurrent):
    """torch.nn.LSTM."""

    kind = "lstm"


class AnalogGRU(AnalogRecurrent):
    """torch.nn.GRU."""

    kind = "gru"


def _suffixes(plain: Any) -> list[str]:
    ways = ["", "_reverse"] if plain.bidirectional else [""]
    return [f"l{k}{way}" for k in range(plain.num_layers) for way in ways]


def from_torch(plain: Any, name: str = "recurrent", **options: Any) -> AnalogRecurrent:
    """The analog layer of a recurrent layer of torch."""
    if getattr(plain, "proj_size", 0):
        raise InputError(f"layer {name}: projections of the hidden state cannot be analog")
    if isinstance(plain, nn.RNN) and plain.nonlinearity != "tanh":
        raise InputError(f"layer {name}: only tanh is supported in an RNN, not {plain.nonlinearity}")
    made = {nn.RNN: AnalogRNN, nn.LSTM: AnalogLSTM, nn.GRU: AnalogGRU}[type(plain)]
    analog = made(plain.input_size, plain.hidden_size, plain.num_layers, plain.bias,
                  plain.batch_first, plain.dropout, plain.bidirectional, name=name, **options)
    for suffix, direction in zip(_suffixes(plain), analog.layers):
        for part, layer in (("ih", direction.input), ("hh", direction.hidden)):
            assert isinstance(layer, AnalogLayer)
            layer.set_weights(
                getattr(plain, f"weight_{part}_{suffix}"),
                getattr(plain, f"bias_{part}_{suffix}") if plain.bias else None,
            )
    return analog.train(plain.training)
