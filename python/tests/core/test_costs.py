# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Costs of networks, their presets, and how far the field's tools disagree."""

import json

import numpy as np
import pytest

import mho


@pytest.fixture(scope="module")
def network():
    return mho.make_network("mlp", [1, 28, 28], [784, 32, 10]).map_to_hardware('{"preset": "standard"}')


def images(count=4):
    return np.random.default_rng(0).uniform(0, 255, (count, 784)).astype(np.float32)


def total(tree):
    """The value of a tree from its leaves, where nodes are sums of their parts."""
    if tree.get("parts") and tree["formula"] == "sum of the parts":
        return sum(total(part) for part in tree["parts"])
    return tree["value"]


def test_costs_of_a_network(network):
    report = mho.network_cost(network, "isaac", images())
    t = report.totals
    assert t["multiply_adds"] == 784 * 32 + 32 * 10 and t["tiles"] >= 2
    assert total(report.energy) == pytest.approx(1e12 * t["energy_j"])
    layers = {line["name"]: line for line in report.layers}
    assert layers["fc1"]["on_tiles"] and layers["fc1"]["energy_pj"] > layers["fc2"]["energy_pj"]
    for by in ("component", "layer"):
        assert sum(report.shares(by).values()) == pytest.approx(1e12 * t["energy_j"])
    neurosim = mho.network_cost(network, "neurosim", images())  # its layout multiplies the sum
    assert sum(neurosim.shares().values()) == pytest.approx(1e12 * neurosim.totals["energy_j"])
    assert {"cells", "ADCs"} <= set(report.shares())
    assert "ISAAC" in report.explain() and "TOPS/W" in str(report)
    assert report.chips and all(chip["source"] for chip in report.chips)
    # Smaller inputs drive the lines for less energy.
    dim = mho.network_cost(network, "isaac", images() / 8)
    assert dim.totals["energy_j"] < t["energy_j"]


def test_configuration_of_costs(network, tmp_path):
    cost = mho.cost_preset("isaac")
    assert cost == mho.config.CostConfig.from_json(cost.to_json())
    assert cost.adc._schema == "table" and "pJ" in cost.digital.explain("adder_pj")
    assert any("ISAAC" in source for source in cost.sources.values())
    preset = mho.network_cost(network, "isaac", images())
    assert mho.network_cost(network, cost, images()).totals == preset.totals
    cost.activity.source = "average"
    report = mho.network_cost(network, cost)
    report.save_page(tmp_path / "cost.html")
    assert "<svg" in (tmp_path / "cost.html").read_text()
    with pytest.raises(mho.InputError, match="activity"):
        mho.network_cost(network, "isaac")
    with pytest.raises(mho.ConfigError, match=r"cost\.array\.rowz: unknown key, did you mean `rows`"):
        mho.network_cost(network, {"array": {"rowz": 3}}, images())
    with pytest.raises(mho.ConfigError, match="did you mean `isaac`"):
        mho.network_cost(network, "isac", images())


def test_costs_of_training(network):
    one = mho.training_cost(network, "residual", "standard") if "residual" in [
        p.name for p in mho.list_presets("training")] else None
    plain = mho.training_cost(network, {"model": "analog sgd"}, "standard")
    assert [line["layer"] for line in plain] == ["fc1", "fc2"]
    assert all(line["sample_ns"] > line["read_ns"] > 0 for line in plain)
    transfer = mho.training_cost(network, "ttv2 reram es", "standard", batch=10) if one is None else one
    assert sum(t["update_ns"] for t in transfer) > sum(p["update_ns"] for p in plain)


def test_the_fields_tools_disagree(network):
    adcs = mho.compare_adcs(8, 28.0)
    energies = [a["energy_pj"] for a in adcs]
    assert len(adcs) >= 3 and max(energies) > 2 * min(energies) and all(a["source"] for a in adcs)
    layers = mho.compare_cost_presets(network, "fc1", None, images())
    assert {"isaac", "neurosim", "zigzag"} <= {line["preset"] for line in layers}
    with pytest.raises(mho.InputError, match="fc9"):
        mho.compare_cost_presets(network, "fc9", None, images())


def test_presets_go_both_ways():
    for info in mho.list_presets("cost"):
        values = json.loads(mho._core.preset_json("cost", info.name))
        values.pop("preset", None)
        assert mho.cost_preset(info.name).to_dict() == values
