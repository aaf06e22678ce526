# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Configurations of other tools, taken over."""

import pytest

import mho


def test_a_configuration_of_aihwkit_and_what_was_dropped():
    hardware, notes = mho.hardware_from_aihwkit(
        {
            "class": "TorchInferenceRPUConfigIRDropT",
            "forward": {"class": "IOParametersIRDropT", "inp_res": 254, "ir_drop_rs": 0.2, "strange": 1},
            "modifier": {"class": "WeightModifierParameter", "type": "ADD_NORMAL", "std_dev": 0.03},
        }
    )
    assert hardware.forward.dac.steps == 254
    assert hardware.time_ir_drop.enabled
    assert hardware.time_ir_drop.wire_ohm == pytest.approx(0.2)
    assert hardware.modifier.std == pytest.approx(0.03)
    assert any("strange" in note.path for note in notes)


def test_configurations_of_lightning_are_refused():
    with pytest.raises(ValueError, match="LightningLayer"):
        mho.hardware_from_aihwkit({"class": "TorchInferenceRPUConfig", "modifier": {"noise_type": "ADD_NORMAL"}})
