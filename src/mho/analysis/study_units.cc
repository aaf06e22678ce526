// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_units.h"

#include <ctime>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>

#include "mho/analysis/evaluate.h"
#include "mho/io/durable_log.h"
#include "mho/io/file.h"
#include "mho/util/json.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct Known {
    std::vector<double> values;
    double seconds = 0;
};

// A unit computes on one thread. Elapsed time would count what else the machine does.
double thread_cpu_s() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

std::string file_of(const StudyOptions& options, const std::string& study) {
    return options.folder + "/" + study + "/unfinished.jsonl";
}

// The units of this seed and form; a damaged line is a unit to do again, nothing worse.
std::map<std::string, Known> read_log(const StudyOptions& options, const std::string& file) {
    std::map<std::string, Known> known;
    std::istringstream lines(read_file(file));
    for (std::string line; std::getline(lines, line);) {
        const Json j = Json::parse(line, nullptr, false);
        try {
            if (j.at("seed") == options.seed && j.at("small") == options.small) {
                known[j.at("unit")] = {j.at("values"), j.at("seconds")};
            }
        } catch (const Json::exception&) {
            continue;
        }
    }
    return known;
}

}  // namespace

StudyUnitResults run_units(const StudyOptions& options,
                           const std::string& study,
                           const std::vector<StudyUnit>& units) {
    std::map<std::string, Known> known;
    std::optional<DurableLog> log;
    if (!options.folder.empty()) {
        const std::string file = file_of(options, study);
        ensure_folder(options.folder + "/" + study);
        if (!options.resume) {
            forget_units(options, study);
        } else if (std::filesystem::exists(file)) {
            known = read_log(options, file);
        }
        log.emplace(file);
    }
    StudyUnitResults results;
    results.values.resize(units.size());
    std::mutex one;
    size_t done = 0;
    parallel_for(options.threads, units.size(), [&](size_t i, size_t) {
        if (options.stop != nullptr && options.stop->load()) {
            throw Interrupted("the study was interrupted; `--resume` goes on from here");
        }
        const auto found = known.find(units[i].name);
        const bool have = found != known.end();
        double seconds = 0;
        if (have) {
            results.values[i] = found->second.values;
        } else {
            const double start = thread_cpu_s();
            results.values[i] = units[i].compute();
            seconds = thread_cpu_s() - start;
        }
        const std::lock_guard<std::mutex> guard(one);
        if (have) {
            results.earlier_s += found->second.seconds;
        } else if (log) {
            log->write_line(Json({{"unit", units[i].name},
                                  {"seed", options.seed},
                                  {"small", options.small},
                                  {"values", results.values[i]},
                                  {"seconds", seconds}})
                                .dump());
        }
        done++;
        if (options.progress) {
            options.progress(done, units.size());
        }
    });
    return results;
}

void forget_units(const StudyOptions& options, const std::string& study) {
    if (!options.folder.empty()) {
        std::error_code ignored;
        std::filesystem::remove(file_of(options, study), ignored);
    }
}

}  // namespace mho
