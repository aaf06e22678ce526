// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "common.h"

#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mho/random/stream.h"

namespace mho::bench {
namespace {

using Json = nlohmann::ordered_json;

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double wall_seconds() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double seconds_of(const std::function<void()>& work, size_t times) {
    const double begin = cpu_seconds();
    for (size_t i = 0; i < times; i++) {
        work();
    }
    return std::max(cpu_seconds() - begin, 1e-9) / static_cast<double>(times);
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

double quantile(std::vector<double> values, double q) {
    std::sort(values.begin(), values.end());
    return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

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

const MachineRates& machine_rates() {
    static const MachineRates rates = [] {
        MachineRates r;
        std::vector<float> normals(4096);
        uint64_t step = 0;
        const double once = median_seconds(
            [&] { fill_normal(TileKey{1}, Stream::kTest, step++, 0, normals); }, 0.2);
        r.normals_per_s = static_cast<double>(normals.size()) / once;
        std::vector<char> from(1 << 19), to(1 << 19);
        const double copy = median_seconds(
            [&] {
                std::memcpy(to.data(), from.data(), from.size());
                from[0] = static_cast<char>(to[1] + 1);
            },
            0.2);
        r.bytes_per_s = 2.0 * static_cast<double>(from.size()) / copy;
        return r;
    }();
    return rates;
}

double ceiling(double yardsticks, double normals, double bytes, double yardstick_s) {
    const MachineRates& r = machine_rates();
    return yardsticks + (normals / r.normals_per_s + bytes / r.bytes_per_s) / yardstick_s;
}

Row row_of(const std::string& name,
           const Comparison& c,
           double goal,
           double limit,
           const std::string& note) {
    const auto time = [](double s) {
        return s < 0.1 ? fmt::format("{:.0f} us", s * 1e6) : fmt::format("{:.0f} ms", s * 1e3);
    };
    return {name,
            c.ratio,
            goal,
            true,
            c.low,
            c.high,
            fmt::format("{} against {}; {}", time(c.mine_s), time(c.other_s), note),
            limit,
            c.mine_s,
            c.other_s};
}

Report::Report(int argc, char** argv) : path_(MHO_BENCH_JSON) {
    for (int i = 1; i < argc; i++) {
        if (std::string(argv[i]) == "--out" && i + 1 < argc) {
            path_ = argv[++i];
        } else {
            selected_.emplace_back(argv[i]);
        }
    }
    const MachineRates& r = machine_rates();
    fmt::print("one thread: {:.2f} G normals/s, {:.0f} GB/s\n{:<26} {:>8} {:>8} {:>17} {:>8}\n",
               r.normals_per_s * 1e-9,
               r.bytes_per_s * 1e-9,
               "row",
               "ratio",
               "goal",
               "quartiles",
               "ceiling");
}

bool Report::wants(const std::string& name) const {
    return selected_.empty() || std::any_of(selected_.begin(), selected_.end(), [&](const auto& s) {
               return name.starts_with(s);
           });
}

void Report::add(Row row) {
    const auto number = [](double v, const char* form) {
        return v == v ? fmt::format(fmt::runtime(form), v) : std::string("-");
    };
    fmt::print("{:<26} {:>8.3f} {} {:>5} {:>8.3f} {:>8.3f} {:>8}  {}{}\n",
               row.name,
               row.ratio,
               row.judged() ? (row.at_most ? "<=" : ">=") : "  ",
               number(row.goal, "{:.4g}"),
               row.low,
               row.high,
               number(row.limit, "{:.2f}"),
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
    const auto optional = [](double v) { return v == v ? Json(v) : Json(nullptr); };
    for (const Row& r : rows_) {
        results.push_back({{"name", r.name},
                           {"ratio", r.ratio},
                           {"goal", optional(r.goal)},
                           {"sense", r.at_most ? "<=" : ">="},
                           {"holds", r.holds()},
                           {"ceiling", optional(r.limit)},
                           {"quartiles", {r.low, r.high}},
                           {"mine_s", optional(r.mine_s)},
                           {"other_s", optional(r.other_s)},
                           {"note", r.note}});
    }
    std::ofstream out(path_);
    out << Json{{"machine", machine()}, {"results", results}}.dump(2) << std::endl;
    if (!out) {
        fmt::print(stderr, "cannot write {}\n", path_);
        return 1;
    }
    return 0;
}

ThreadRates threads_against_processes(const std::function<void()>& alone,
                                      const std::function<void()>& together,
                                      size_t times,
                                      size_t rounds) {
    struct Shared {
        std::atomic<size_t> arrived;
        double rate[2];
    };
    void* memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("no shared memory for a comparison of threads and processes");
    }
    auto* shared = new (memory) Shared{};
    const auto pieces = static_cast<double>(times);
    ThreadRates best;
    for (size_t round = 0; round < rounds; round++) {
        // Two processes side by side: each says how fast it was, beginning when both are there.
        for (size_t i = 0; i < 2; i++) {
            if (fork() == 0) {
                shared->arrived++;
                while (shared->arrived < 2 * (round + 1)) {
                }
                const double begin = wall_seconds();
                for (size_t t = 0; t < times; t++) {
                    alone();
                }
                shared->rate[i] = pieces / (wall_seconds() - begin);
                _exit(0);
            }
        }
        while (wait(nullptr) > 0) {
        }
        const double processes = shared->rate[0] + shared->rate[1];
        together();
        const double begin = wall_seconds();
        for (size_t t = 0; t < 2 * times; t++) {
            together();
        }
        const double threads = 2.0 * pieces / (wall_seconds() - begin);
        best.threads = std::max(best.threads, threads);
        best.processes = std::max(best.processes, processes);
        best.ratios.push_back(threads / processes);
    }
    munmap(memory, sizeof(Shared));
    std::sort(best.ratios.begin(), best.ratios.end());
    return best;
}

}  // namespace mho::bench
