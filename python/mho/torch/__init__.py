# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""PyTorch models on analog hardware.

>>> import torch, mho.torch
>>> model = torch.nn.Sequential(torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10))
>>> analog = mho.torch.convert(model, "standard")
>>> optimizer = mho.torch.attach(torch.optim.SGD(analog.parameters(), lr=0.01), analog)

Two back ends have one meaning: `core` (the C++ engine, CPU, the noise of `mho evaluate`) and
`torch` (tensor operations: any device, compilable; execution on a GPU is untested).
"""

from .._core import keep_freed_memory
from .adapters import LoRA, add_lora, distillation_loss, merge_lora
from .chips import (
    AnalogReport,
    advance_to,
    analog_layers,
    program,
    report,
    reset_chip,
    set_sample,
    set_step,
    use_compensation,
)
from .conversion import convert, to_digital
from .convolutions import AnalogConv1d, AnalogConv2d, AnalogConv3d
from .export import export_run, to_network
from .layers import AnalogLayer, AnalogLinear
from .lightning import LightningLinear, convert_lightning
from .modules import NetworkModule, from_network
from .recurrent import AnalogGRU, AnalogLSTM, AnalogRNN
from .training import AnalogSGD, attach, calibrate, post_step

__all__ = [
    "AnalogConv1d",
    "AnalogConv2d",
    "AnalogConv3d",
    "AnalogGRU",
    "AnalogLSTM",
    "AnalogLayer",
    "AnalogLinear",
    "AnalogRNN",
    "AnalogReport",
    "AnalogSGD",
    "LightningLinear",
    "LoRA",
    "NetworkModule",
    "add_lora",
    "advance_to",
    "analog_layers",
    "attach",
    "calibrate",
    "convert",
    "convert_lightning",
    "distillation_loss",
    "export_run",
    "from_network",
    "keep_freed_memory",
    "merge_lora",
    "post_step",
    "program",
    "report",
    "reset_chip",
    "set_sample",
    "set_step",
    "to_digital",
    "to_network",
    "use_compensation",
]
