# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Hardware is a tree of dataclasses: presets, completion, explanations, JSON."""

import mho

hardware = mho.preset("standard")
hardware.forward.adc.steps = 510  # 9 bit
hardware.conductance = mho.config.Hermes()
print(hardware)
print(hardware.forward.adc.explain("steps"))
print(len(hardware.to_json()), "characters of JSON;", [p.name for p in mho.list_presets()])
try:
    hardware.forward.adc.stepz = 254
except AttributeError as error:
    print("AttributeError:", error)
hardware.forward.adc.bound = -3
try:
    mho.Tile(hardware, 4, 4)
except mho.ConfigError as error:
    print("ConfigError:", error)
