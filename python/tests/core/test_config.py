# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration dataclasses."""

import copy
import json
import pickle

import pytest

import mho
from mho import _core, config


def test_defaults_are_those_of_the_core():
    assert config.Hardware().to_dict() == json.loads(_core.Hardware("{}").to_json())


@pytest.mark.parametrize("name", [p.name for p in mho.list_presets()])
def test_presets_go_both_ways(name):
    hardware = mho.preset(name)
    assert hardware.to_dict() == json.loads(_core.preset_json("hardware", name))
    assert config.Hardware.from_json(hardware.to_json()) == hardware
    assert json.loads(_core.check_hardware(hardware.to_json())) == hardware.to_dict()
    assert pickle.loads(pickle.dumps(hardware)) == hardware == copy.deepcopy(hardware)


@pytest.mark.parametrize("kind", ["device", "training"])
def test_presets_of_learning_go_both_ways(kind):
    read = mho.device_preset if kind == "device" else mho.learner_preset
    for info in mho.list_presets(kind)[:12]:
        model = read(info.name)
        text = json.dumps({"model": model._schema, **model.to_dict()})
        check = _core.check_device if kind == "device" else _core.check_learner
        assert json.loads(check(text)) == json.loads(_core.preset_json(kind, info.name))


def test_repr_shows_what_differs_and_can_be_evaluated():
    hardware = config.Hardware()
    assert repr(hardware) == "Hardware()"
    hardware.forward.adc.steps = 510.0
    assert repr(hardware) == "Hardware(forward=MvmConfig(adc=Adc(steps=510.0)))"
    assert eval(repr(hardware), vars(config)) == hardware
    preset = mho.preset("light")
    assert eval(repr(preset), vars(config)) == preset


def test_wrong_names_are_refused_with_a_hint():
    hardware = config.Hardware()
    with pytest.raises(AttributeError, match="did you mean `steps`"):
        hardware.forward.adc.stepz = 3
    with pytest.raises(AttributeError, match="did you mean `forward`"):
        hardware.forwardd  # noqa: B018


def test_errors_name_the_full_path():
    with pytest.raises(mho.ConfigError, match=r"forward\.adc\.stepz: unknown key, did you mean `steps`"):
        config.Hardware.from_dict({"forward": {"adc": {"stepz": 3}}})
    with pytest.raises(mho.ConfigError, match=r"hw\.forward\.adc\.steps: expected a number"):
        config.Hardware.from_dict({"forward": {"adc": {"steps": "many"}}}, "hw")
    hardware = config.Hardware()
    hardware.forward.adc.steps = -1
    with pytest.raises(mho.ConfigError, match=r"hardware\.forward\.adc\.steps.*at least|must be"):
        mho.Tile(hardware, 4, 4)
    with pytest.raises(mho.ConfigError, match="did you mean `standard`"):
        mho.preset("standart")


def test_several_problems_are_told_at_once():
    with pytest.raises(mho.ConfigError) as caught:
        config.Hardware.from_dict({"a": 1, "forward": {"mode": 3, "dac": []}})
    assert len(str(caught.value).splitlines()) == 3


def test_models_are_chosen_by_name():
    hardware = config.Hardware.from_dict({"conductance": {"model": "hermes"}})
    assert isinstance(hardware.conductance, config.Hermes)
    hardware.conductance = config.StateIndependent()
    assert hardware.to_dict()["conductance"]["model"] == config.StateIndependent._schema
    with pytest.raises(mho.ConfigError, match="conductance.model: unknown model"):
        config.Hardware.from_dict({"conductance": {"model": "hermez"}})


def test_explain_and_replace():
    hardware = config.Hardware()
    assert "one of: none, " in hardware.modifier.explain("kind")
    assert "hardware.forward.adc.steps" in mho.explain("forward.adc.steps")
    changed = hardware.replace(forward__adc__steps=126.0)
    assert changed.forward.adc.steps == 126.0 and hardware.forward.adc.steps == 254.0


def test_run_files():
    text = _core.check_run('{"name": "x", "hardware": {"preset": "light"}}')
    run = config.RunFile.from_dict(
        {k: v for k, v in json.loads(text).items() if k not in ("hardware", "learning")}
    )
    assert run.name == "x" and run.evaluation.times
