// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_networks.h"

#include <fmt/format.h>

#include <filesystem>

#include "mho/analysis/evaluate.h"
#include "mho/io/file.h"
#include "mho/random/stream.h"
#include "mho/util/json.h"

namespace mho {

Network StudyNetworks::get(const std::string& description, const std::function<Network()>& make) {
    if (folder_.empty()) {
        return make();
    }
    const std::string stem =
        fmt::format("{}/{:016x}", folder_, make_tile_key(0, description).value);
    // The second file is written last: with it the network is complete.
    if (std::filesystem::exists(stem + ".json")) {
        const Json j = Json::parse(read_file(stem + ".json"), nullptr, false);
        if (j.is_object() && j.value("description", Json()) == description) {
            const Json seconds = j.value("cpu_s", Json());
            earlier_s_ += seconds.is_number() ? seconds.get<double>() : 0.0;
            return read_network(stem + ".safetensors");
        }
    }
    const double before = process_cpu_s();
    Network made = make();
    ensure_folder(folder_);
    write_network(stem + ".safetensors", made);
    const Json j = {{"description", description}, {"cpu_s", process_cpu_s() - before}};
    write_file_atomically(stem + ".json", j.dump(2) + "\n");
    return made;
}

}  // namespace mho
