# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Training with the noise of the hardware; clips, ranges and scales follow the optimiser."""

import mho.torch
import torch
from torch import nn

torch.manual_seed(1)
model = nn.Sequential(nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
x = torch.randn(1000, 32)
y = (x[:, 0] * x[:, 1] > 0).long()

hardware = mho.preset("standard")
hardware.modifier.kind = "additive normal"
hardware.modifier.std = 0.05
hardware.input_range.init_batches = 20
analog = mho.torch.convert(model, hardware).train()
optimizer = mho.torch.attach(torch.optim.AdamW(analog.parameters(), lr=3e-3), analog)
for step in range(200):
    batch = torch.randint(0, 1000, (128,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(analog(x[batch]), y[batch])
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: loss {loss.item():.3f}")
mho.torch.program(analog.eval())
mho.torch.advance_to(analog, 86400.0)
with torch.no_grad():
    right = (analog(x).argmax(1) == y).float().mean()
print(f"accuracy on a chip after a day: {right:.3f}")
print(f"input ranges: {[round(float(v), 2) for _, m in mho.torch.analog_layers(analog) for v in m.input_range]}")
