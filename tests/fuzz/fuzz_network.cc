// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "files.h"
#include "fuzz.h"
#include "mho/net/network.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const Network network = read_network(fuzz::folder().put("n.safetensors", input));
        summarize(network);
        const std::string again = fuzz::folder().path() + "/again.safetensors";
        write_network(again, network);
        fuzz::require(read_network(again).parameters == network.parameters);
    });
}
