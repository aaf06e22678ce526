# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Any PyTorch model on analog hardware in three lines, then over ten years."""

import mho.torch
import torch
from torch import nn

torch.manual_seed(1)
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 4))
centres = torch.randn(4, 64)
labels = torch.randint(0, 4, (2000,))
images = centres[labels] + 1.6 * torch.randn(2000, 64)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for _ in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()

analog = mho.torch.convert(model, "standard")
mho.torch.calibrate(analog, images.split(500), "moving std")
mho.torch.program(analog.eval())


def accuracy(network):
    with torch.no_grad():
        return (network(images).argmax(1) == labels).float().mean().item()


print(mho.torch.report(analog))
print(f"digital {accuracy(model):.3f}")
for name, t in (("1 s", 1.0), ("1 day", 86400.0), ("10 years", 3650 * 86400.0)):
    mho.torch.advance_to(analog, t)
    print(f"after {name}: {accuracy(analog):.3f}")
