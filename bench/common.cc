// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "common.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

namespace mho::bench {
namespace {

using Json = nlohmann::ordered_json;

double seconds_of(const std::function<void()>& work, size_t times) {
    const auto begin = std::chrono::steady_clock::now();
    for (size_t i = 0; i < times; i++) {
        work();
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    return taken.count() / static_cast<double>(times);
}

double quantile(std::vector<double> values, double q) {
    std::sort(values.begin(), values.end());
    return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

size_t repetitions(double seconds) {
    return static_cast<size_t>(std::clamp(2e-3 / seconds, 1.0, 1e6));
}

Json machine() {
    std::string cpu = "unknown";
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) {
            cpu = line.substr(line.find(':') + 2);
            break;
        }
    }
    return {{"cpu", cpu},
            {"avx512", __builtin_cpu_supports("avx512f") != 0},
            {"compiler", std::string("g++ ") + __VERSION__},
            {"flags", MHO_BENCH_FLAGS},
            {"commit", MHO_BENCH_COMMIT}};
}

}  // namespace

Comparison compare(const std::function<void()>& mine,
                   const std::function<void()>& other,
                   double seconds) {
    mine();
    other();
    const double mine_once = seconds_of(mine, 1);
    const double other_once = seconds_of(other, 1);
    const size_t mine_times = repetitions(mine_once);
    const size_t other_times = repetitions(other_once);
    const double round =
        mine_once * static_cast<double>(mine_times) + other_once * static_cast<double>(other_times);
    const auto rounds = static_cast<size_t>(std::clamp(seconds / round, 11.0, 1000.0));
    std::vector<double> a, b, ratios;
    for (size_t i = 0; i < rounds; i++) {
        a.push_back(seconds_of(mine, mine_times));
        b.push_back(seconds_of(other, other_times));
        ratios.push_back(a.back() / b.back());
    }
    Comparison c;
    c.mine_s = quantile(a, 0.5);
    c.other_s = quantile(b, 0.5);
    c.ratio = c.mine_s / c.other_s;
    c.low = quantile(ratios, 0.25);
    c.high = quantile(ratios, 0.75);
    return c;
}

double median_seconds(const std::function<void()>& work, double seconds) {
    work();
    const double once = seconds_of(work, 1);
    const size_t times = repetitions(once);
    const auto rounds = static_cast<size_t>(
        std::clamp(seconds / (once * static_cast<double>(times)), 11.0, 1000.0));
    std::vector<double> all;
    for (size_t i = 0; i < rounds; i++) {
        all.push_back(seconds_of(work, times));
    }
    return quantile(all, 0.5);
}

Report::Report(int argc, char** argv) : path_(MHO_BENCH_JSON) {
    for (int i = 1; i < argc; i++) {
        if (std::string(argv[i]) == "--out" && i + 1 < argc) {
            path_ = argv[++i];
        } else {
            selected_.emplace_back(argv[i]);
        }
    }
    fmt::print("{:<32} {:>8} {:>8} {:>17}\n", "row", "ratio", "goal", "quartiles");
}

bool Report::wants(const std::string& name) const {
    return selected_.empty() || std::any_of(selected_.begin(), selected_.end(), [&](const auto& s) {
               return name.starts_with(s);
           });
}

void Report::add(Row row) {
    fmt::print("{:<32} {:>8.3f} {} {:>5.4g} {:>8.3f} {:>8.3f}  {}{}\n",
               row.name,
               row.ratio,
               row.at_most ? "<=" : ">=",
               row.goal,
               row.low,
               row.high,
               row.holds() ? "" : "MISSED  ",
               row.note);
    std::fflush(stdout);
    rows_.push_back(std::move(row));
}

void Report::remark(const std::string& text) const {
    fmt::print("    {}\n", text);
    std::fflush(stdout);
}

int Report::finish() const {
    Json results = Json::array();
    std::ifstream in(path_);
    if (in) {
        const Json old = Json::parse(in, nullptr, false);
        if (old.is_object() && old.contains("results") && old["results"].is_array()) {
            for (const Json& r : old["results"]) {
                const bool replaced = std::any_of(rows_.begin(), rows_.end(), [&](const Row& row) {
                    return r.is_object() && r.value("name", "") == row.name;
                });
                if (!replaced) {
                    results.push_back(r);
                }
            }
        }
    }
    bool all = true;
    for (const Row& r : rows_) {
        all = all && r.holds();
        results.push_back({{"name", r.name},
                           {"ratio", r.ratio},
                           {"goal", r.goal},
                           {"sense", r.at_most ? "<=" : ">="},
                           {"holds", r.holds()},
                           {"quartiles", {r.low, r.high}},
                           {"note", r.note}});
    }
    std::ofstream out(path_);
    out << Json{{"machine", machine()}, {"results", results}}.dump(2) << "\n";
    if (!out) {
        fmt::print(stderr, "cannot write {}\n", path_);
        return 1;
    }
    return all ? 0 : 1;
}

}  // namespace mho::bench
