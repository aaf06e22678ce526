// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/evaluation_log.h"

#include <filesystem>
#include <sstream>

#include "mho/io/file.h"
#include "mho/util/json.h"

namespace mho {
namespace {

class Hash {
  public:
    void bytes(const void* data, size_t size) {
        const auto* p = static_cast<const unsigned char*>(data);
        for (size_t i = 0; i < size; i++) {
            value_ = (value_ ^ p[i]) * 0x100000001b3u;
        }
    }
    void text(const std::string& s) {
        bytes(s.data(), s.size());
        bytes("\0", 1);
    }
    uint64_t value() const { return value_; }

  private:
    uint64_t value_ = 0xcbf29ce484222325u;
};

void add_network(Hash& hash, const Network& network) {
    hash.text(graph_to_json(network.graph));
    for (const auto& [name, hardware] : network.analog) {
        hash.text(name);
        hash.text(hardware_to_json(hardware));
    }
    for (const auto& [name, tensor] : network.parameters) {
        hash.text(name);
        hash.bytes(tensor.values.data(), tensor.values.size() * sizeof(float));
    }
}

std::string file_of(const std::string& folder) {
    return (std::filesystem::path(folder) / "evaluation.jsonl").string();
}

}  // namespace

uint64_t evaluation_fingerprint(const RunFile& run, const RunNetworks& networks) {
    Hash hash;
    hash.text(run_file_to_json(run));
    add_network(hash, networks.floating_point);
    if (networks.has_naive) {
        add_network(hash, networks.naive);
    }
    if (networks.has_hardware_aware) {
        add_network(hash, networks.hardware_aware);
    }
    for (const Network& network : networks.digital) {
        add_network(hash, network);
    }
    return hash.value();
}

EvaluationLog::EvaluationLog(const std::string& folder, uint64_t fingerprint, bool resume)
    : fingerprint_(std::to_string(fingerprint)) {
    if (folder.empty()) {
        return;
    }
    const std::string file = file_of(folder);
    if (!resume) {
        std::error_code ignored;
        std::filesystem::remove(file, ignored);
    } else if (std::filesystem::exists(file)) {
        std::istringstream lines(read_file(file));
        for (std::string line; std::getline(lines, line);) {
            const Json j = Json::parse(line, nullptr, false);
            // A damaged line is a unit to do again, nothing worse.
            if (j.is_object() && j.contains("configuration") &&
                j["configuration"] == fingerprint_ && j.contains("unit") && j["unit"].is_string() &&
                j.contains("correct") && j["correct"].is_number_unsigned()) {
                known_[j["unit"].get<std::string>()] = j["correct"].get<size_t>();
            }
        }
    }
    log_.emplace(file);
}

std::optional<size_t> EvaluationLog::find(const std::string& unit) const {
    const auto it = known_.find(unit);
    return it == known_.end() ? std::nullopt : std::optional<size_t>(it->second);
}

void EvaluationLog::add(const std::string& unit, size_t correct) {
    if (log_) {
        Json j;
        j["event"] = "accuracy";
        j["unit"] = unit;
        j["correct"] = correct;
        j["configuration"] = fingerprint_;
        log_->write_line(j.dump());
    }
    known_[unit] = correct;
}

}  // namespace mho
