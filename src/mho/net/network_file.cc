// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "mho/io/safetensors.h"
#include "mho/net/hardware_json.h"
#include "mho/net/network.h"
#include "mho/net/network_internal.h"
#include "mho/util/error.h"
#include "mho/util/json.h"

namespace mho {
namespace {

constexpr const char* kFormatKey = "mho.format";
constexpr const char* kGraphKey = "mho.graph";
constexpr const char* kHardwareKey = "mho.hardware";
constexpr const char* kFormat = "1";

const std::string& metadata(const SafeTensors& file, const std::string& path, const char* key) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end()) {
        throw IoError(fmt::format(
            "{}: not a network file of mho: its safetensors header has no metadata `{}`",
            path,
            key));
    }
    return found->second;
}

// {"configurations": [distinct hardware objects], "layers": {name: index}}: layers mostly share
// one.
std::string hardware_text(const Network& network) {
    Json configurations = Json::array();
    Json layers = Json::object();
    for (const auto& [layer, hardware] : network.analog) {
        Json config = to_json(hardware);
        size_t index = 0;
        while (index < configurations.size() && configurations[index] != config) {
            index++;
        }
        if (index == configurations.size()) {
            configurations.push_back(std::move(config));
        }
        layers[layer] = index;
    }
    const Json j = {{"configurations", configurations}, {"layers", layers}};
    return j.dump();
}

std::map<std::string, Hardware> read_hardware_text(const std::string& text,
                                                   const std::string& path) {
    const Json j = parse_json(text, path);
    Problems problems;
    if (!j.is_object() || j.size() != 2 || !j.contains("configurations") || !j.contains("layers") ||
        !j["configurations"].is_array() || !j["layers"].is_object()) {
        throw ConfigError(path, "expected {\"configurations\": [ ... ], \"layers\": { ... }}");
    }
    std::vector<Hardware> configurations(j["configurations"].size());
    for (size_t i = 0; i < configurations.size(); i++) {
        read_struct(j["configurations"][i],
                    configurations[i],
                    fmt::format("{}.configurations[{}]", path, i),
                    problems);
    }
    std::map<std::string, Hardware> analog;
    for (const auto& [layer, index] : j["layers"].items()) {
        if (!index.is_number_unsigned() || index.get<uint64_t>() >= configurations.size()) {
            problems.push_back({path + ".layers." + layer,
                                fmt::format("must be a number below {}, got {}",
                                            configurations.size(),
                                            json_kind(index))});
            continue;
        }
        analog[layer] = configurations[index.get<size_t>()];
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return analog;
}

}  // namespace

Network read_network(const std::string& path) {
    SafeTensors file = read_safetensors(path);
    const std::string& format = metadata(file, path, kFormatKey);
    if (format != kFormat) {
        throw IoError(fmt::format("{}: network format `{}`; this version of mho reads format {}",
                                  path,
                                  format.substr(0, 40),
                                  kFormat));
    }
    Network network;
    network.graph = graph_from_json(metadata(file, path, kGraphKey), path + ": network");
    network.analog = read_hardware_text(metadata(file, path, kHardwareKey), path + ": hardware");
    network.parameters = std::move(file.tensors);
    validate_network(network, path + ": network");
    return network;
}

void write_network(const std::string& path, const Network& network) {
    validate_network(network);
    SafeTensors file;
    file.tensors = network.parameters;
    file.metadata[kFormatKey] = kFormat;
    file.metadata[kGraphKey] = graph_to_json(network.graph);
    file.metadata[kHardwareKey] = hardware_text(network);
    write_safetensors(path, file);
}

}  // namespace mho
