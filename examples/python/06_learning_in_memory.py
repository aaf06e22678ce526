# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Weights that live in devices and change by pulses: the same network by two rules."""

import mho.torch
import torch
from torch import nn

torch.manual_seed(1)
x = torch.randn(256, 10)
y = (x[:, :3].sum(1) > 0).long()
for rule in ("sgd idealized", "agad idealized"):
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 2))
    analog = mho.torch.convert(model, "ideal").train()
    optimizer = mho.torch.AnalogSGD(analog, lr=0.1, learner=rule)
    for step in range(30):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(analog(x), y)
        loss.backward()
        optimizer.step()
    print(f"{rule}: loss {loss.item():.3f} after {step + 1} steps")
