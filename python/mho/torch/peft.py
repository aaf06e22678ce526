# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Adapters of the package `peft` beside analog linear layers.

Needs `peft`, which knows the layers of torch only: analog_adapters(config) tells it about these.
"""

from __future__ import annotations

from typing import Any

import torch
from peft import LoraConfig
from peft.tuners.lora.layer import Linear
from peft.tuners.tuners_utils import check_adapters_to_merge

from .layers import AnalogLinear

_PARTS = ("tile_weight", "scale", "learned_scale")


class AnalogLoraLinear(Linear):
    """PEFT's low-rank adapter beside an analog layer. Merging maps the sum to the tiles anew; what
    was programmed before is not the merged matrix, so program afterwards."""

    def _get_in_out_features(self, module: Any) -> tuple[int, int]:
        return module.in_features, module.out_features

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:
        """Adds the active adapters to the weights of the analog layer."""
        base = self.get_base_layer()
        for name in check_adapters_to_merge(self, adapter_names) or ():
            if name not in self.lora_A:
                continue
            if name in self.lora_variant or self.lora_bias[name]:
                raise ValueError(f"adapter {name}: only plain LoRA without a bias can be merged")
            change = self.get_delta_weight(name)
            if safe_merge and not bool(torch.isfinite(change).all()):
                raise ValueError(f"adapter {name}: weights are not finite")
            if not self.merged_adapters:
                self._caches["mho"] = {part: getattr(base, part).detach().clone() for part in _PARTS}
            base.set_weights(base.logical_weight() + change, base.logical_bias())
            self.merged_adapters.append(name)

    @torch.no_grad()
    def unmerge(self) -> None:
        """The weights of the analog layer as they were before the first merge."""
        base = self.get_base_layer()
        kept = self._caches.pop("mho", None)
        if kept is None:
            return
        for part, values in kept.items():
            getattr(base, part).copy_(values)
        base._forget()
        self.merged_adapters.clear()


def analog_adapters(config: LoraConfig) -> LoraConfig:
    """The same configuration, which now also finds analog linear layers by the names of its
    `target_modules`; the base is frozen by PEFT, adapters are digital.

    >>> model = peft.get_peft_model(analog, mho.torch.peft.analog_adapters(LoraConfig(...)))

    Call it for a configuration that was loaded, too: PEFT does not store it.
    """
    mapping: dict[Any, Any] = {AnalogLinear: AnalogLoraLinear}
    config._register_custom_module(mapping)
    return config
