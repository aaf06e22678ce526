// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "fuzz.h"
#include "mho/analysis/compare.h"
#include "mho/analysis/sweep.h"
#include "mho/analysis/yield.h"
#include "mho/cli/accuracy_page.h"

namespace {

template <class F>
void tried(F&& f) {
    try {
        f();
    } catch (const mho::Error&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        // results.json, then a line ---, then events.jsonl.
        const size_t cut = std::min(input.find("\n---\n"), input.size());
        const std::string results(input.substr(0, cut));
        const std::string events(cut < input.size() ? input.substr(cut + 5) : "");
        tried([&] { yields_of(results, "fuzz", 0.5); });
        tried([&] { compare_results(results, "one", results, "two"); });
        tried([&] { sweep_metrics(results, ""); });
        static const RunFile run = parse_run_file("{}", "run");
        const AccuracyReport page = accuracy_page(run, Network{}, results, "fuzz", events);
        render(page);
        terminal_summary(page);
    });
}
