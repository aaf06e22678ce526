// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Every file of tests/fuzz/corpus through its fuzzer, in the ordinary build: what a fuzzer found
// once never comes back. The fuzzers themselves need clang (`make fuzz`).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mho/io/file.h"

// One function for every fuzzer; cmake/tests.cmake gives each its name and makes this list.
#define MHO_FUZZER(name) extern "C" int mho_fuzz_##name(const uint8_t* data, size_t size);
#include "fuzzers.inc"
#undef MHO_FUZZER

namespace mho {
namespace {

struct Fuzzer {
    const char* name;
    int (*run)(const uint8_t*, size_t);
};

const std::vector<Fuzzer> kFuzzers = {
#define MHO_FUZZER(name) {#name, &mho_fuzz_##name},
#include "fuzzers.inc"
#undef MHO_FUZZER
};

const std::filesystem::path kCorpus =
    std::filesystem::path(MHO_SOURCE_DIR) / "tests" / "fuzz" / "corpus";

class FuzzCorpus : public testing::TestWithParam<Fuzzer> {};

TEST_P(FuzzCorpus, HoldsNoFinding) {
    size_t inputs = 0;
    ASSERT_TRUE(std::filesystem::is_directory(kCorpus / GetParam().name));
    for (const auto& entry : std::filesystem::directory_iterator(kCorpus / GetParam().name)) {
        const std::string bytes = read_file(entry.path().string());
        // What must hold is checked with abort(): the name of the last file stands above it.
        std::fprintf(stderr, "%s\n", entry.path().filename().c_str());
        EXPECT_EQ(GetParam().run(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()), 0);
        inputs++;
    }
    EXPECT_GT(inputs, 0u) << "no seed for this fuzzer";
}

INSTANTIATE_TEST_SUITE_P(All, FuzzCorpus, testing::ValuesIn(kFuzzers), [](const auto& fuzzer) {
    return std::string(fuzzer.param.name);
});

TEST(FuzzCorpora, HaveAFuzzerEach) {
    for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
        EXPECT_TRUE(std::any_of(kFuzzers.begin(), kFuzzers.end(), [&](const Fuzzer& f) {
            return entry.path().filename() == f.name;
        })) << entry.path();
    }
}

}  // namespace
}  // namespace mho
