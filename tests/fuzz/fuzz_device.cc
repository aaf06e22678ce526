// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "files.h"
#include "fuzz.h"
#include "mho/cli/device_source.h"
#include "mho/device/step_table.h"
#include "mho/net/training_presets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        // A file of a device is a step table or JSON.
        try {
            const MeasuredStep steps = parse_step_table(input, "fuzz");
            fuzz::require(!steps.mean_up.empty());
        } catch (const Error&) {
        }
        const PulsedDevice device = find_device(fuzz::folder().put("device.json", input)).device;
        const std::string text = pulsed_device_to_json(device);
        fuzz::require(pulsed_device_to_json(pulsed_device_from_json(text, "fuzz")) == text);
        PulsedArray(device, 2, 3, TileKey{1}).pulse_all(true, 0);
    });
}
