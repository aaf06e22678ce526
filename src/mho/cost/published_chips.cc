// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/published_chips.h"

namespace mho::cost {

const std::vector<PublishedChip>& published_chips() {
    static const std::vector<PublishedChip> chips = {
        {"HERMES core, 14 nm", "silicon", 10.5, 1.008, 1.59, "JSSC 2022"},
        {"HERMES 64 cores, one-phase read", "silicon", 9.76, 63.1, 1.55, "Nature Electronics 2023"},
        {"HERMES 64 cores, four-phase read", "silicon", 2.48, 16.1, 0.4, "Nature Electronics 2023"},
        {"speech chip, 34 tiles", "silicon", 12.4, 0, 0, "Nature 2023, analog AI for speech"},
        {"ALBERT on 34 tiles, system",
         "silicon",
         3,
         0,
         0,
         "Nature Communications 2025; \"more than\""},
        {"weight-stationary tile, 14 nm", "simulation", 100, 0, 10.9, "CICC 2025"},
        {"H100 NVL",
         "digital",
         8.35,
         0,
         0,
         "Nature Reviews Electrical Engineering 2025; \"about\""}};
    return chips;
}

}  // namespace mho::cost
