// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string_view>

#include "mho/analysis/verify_internal.h"
#include "mho/io/file.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxRecordFile = uint64_t{1} << 30;

using CategoryFunction = void (*)(const JsonNode& record, Comparison& c);

struct Category {
    std::string_view name;
    CategoryFunction run;
};

constexpr std::array<Category, 19> kCategories = {
    {{"exact_mvm", verify_exact_mvm},
     {"mvm_moments", verify_mvm_moments},
     {"frozen_tables", verify_frozen_tables},
     {"conductance", verify_conductance},
     {"weight_noise", verify_weight_noise},
     {"converters", verify_converters},
     {"drift_compensation", verify_drift_compensation},
     {"modifier", verify_modifier},
     {"clip_remap", verify_clip_remap},
     {"input_range", verify_input_range},
     {"mapping_scales", verify_mapping_scales},
     {"lightning", verify_lightning},
     {"exact_pulses", verify_exact_pulses},
     {"pulse_noise", verify_pulse_noise},
     {"device_tables", verify_device_tables},
     {"response", verify_response},
     {"temporal", verify_temporal},
     {"update_law", verify_update_law},
     {"toy", verify_toy}}};

struct RecordFile {
    std::string name;
    std::string category;
    Json document;
};

struct Work {
    const RecordFile* file;
    const Json* record;
    std::string id;
    std::string problem = "";  // why it cannot be read; the others run all the same
};

// Names of the folder's *.json files, sorted.
std::vector<fs::path> json_files(const std::string& folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
        throw IoError(folder + ": no such folder");
    }
    std::vector<fs::path> files;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        std::error_code ignored;
        if (it->path().extension() == ".json" && it->is_regular_file(ignored)) {
            files.push_back(it->path());
        }
    }
    if (error) {
        throw IoError(folder + ": cannot list the folder: " + error.message());
    }
    std::sort(files.begin(), files.end());
    return files;
}

// Fills `file`; false for JSON that is no golden file. Throws Error for a damaged one.
bool read_record_file(const fs::path& path, RecordFile& file) {
    file.name = path.filename().string();
    file.document = parse_json(read_file(path.string(), kMaxRecordFile), file.name);
    const Json& j = file.document;
    if (!j.is_object() || !j.contains("category")) {
        return false;
    }
    const JsonNode node(j, file.name);
    file.category = node.at("category").text();
    node.at("records").size();
    return true;
}

std::vector<Work> work_of(const RecordFile& file) {
    std::vector<Work> work;
    const JsonNode records = JsonNode(file.document, file.name).at("records");
    for (size_t i = 0; i < records.size(); i++) {
        const JsonNode record = records.entry(i);
        try {
            work.push_back({&file, &record.json(), record.at("id").text()});
        } catch (const Error& e) {
            work.push_back({&file, &record.json(), "record " + std::to_string(i), e.what()});
        }
    }
    return work;
}

VerifyResult run_record(const Work& work) {
    VerifyResult result;
    result.name = work.id;
    result.category = work.file->category;
    result.file = work.file->name;
    const auto skip = [&](const std::string& reason) {
        result.outcome = VerifyOutcome::kSkipped;
        result.reason = reason;
        return result;
    };
    if (!work.problem.empty()) {
        result.outcome = VerifyOutcome::kFailed;
        result.reason = work.problem;
        return result;
    }
    const JsonNode record(*work.record, work.file->name + ": record `" + work.id + "`");
    if (record.has("peer_error")) {
        return skip("information: the peer refused this configuration");
    }
    if (result.category == "generator_facts") {
        return skip("information: facts about the peer's generator");
    }
    const auto category =
        std::find_if(kCategories.begin(), kCategories.end(), [&](const Category& each) {
            return each.name == result.category;
        });
    if (category == kCategories.end()) {
        return skip("unknown category `" + result.category + "`");
    }
    Comparison c;
    try {
        category->run(record, c);
        result.compared = c.text();
        result.worst = c.worst();
        result.worst_at = c.worst_at();
        result.outcome = c.worst() <= 1.0 ? VerifyOutcome::kPassed : VerifyOutcome::kFailed;
        if (c.count() == 0) {
            return skip("information: the record holds nothing to compare");
        }
    } catch (const Error& e) {
        result.outcome = VerifyOutcome::kFailed;
        const std::string message = e.what();
        result.reason =
            message.starts_with(work.file->name) ? message : record.path() + ": " + message;
    }
    for (const TranslationNote& note : c.notes) {
        const bool dropped = note.kind == TranslationNote::Kind::kDropped;
        // The path begins with file and record, which the result already names.
        std::string path = note.path;
        if (path.starts_with(record.path() + ".")) {
            path.erase(0, record.path().size() + 1);
        }
        result.notes.push_back((dropped ? "dropped " : "") + path + ": " + note.message);
    }
    return result;
}

}  // namespace

VerifyReport verify_folder(const VerifyOptions& options,
                           const std::function<void(const VerifyResult&)>& on_result) {
    VerifyReport report;
    std::vector<std::unique_ptr<RecordFile>> files;  // the work points into them
    std::vector<Work> work;
    for (const fs::path& path : json_files(options.folder)) {
        auto file = std::make_unique<RecordFile>();
        try {
            if (!read_record_file(path, *file)) {
                report.notes.push_back(file->name + ": not a file of golden records, left out");
                continue;
            }
            const std::vector<Work> more = work_of(*file);
            work.insert(work.end(), more.begin(), more.end());
        } catch (const Error& e) {
            work.push_back({file.get(), nullptr, file->name, e.what()});
        }
        files.push_back(std::move(file));
    }
    if (files.empty()) {
        throw IoError(options.folder +
                      ": holds no file of golden records (*.json with `category` and "
                      "`records`)");
    }
    report.results.resize(work.size());
    std::vector<bool> done(work.size(), false);
    size_t told = 0;
    std::mutex mutex;
    const size_t threads = options.threads > 0 ? options.threads : available_threads();
    parallel_for(threads, work.size(), [&](size_t index, size_t) {
        VerifyResult result = run_record(work[index]);
        const std::lock_guard<std::mutex> lock(mutex);
        report.results[index] = std::move(result);
        done[index] = true;
        for (; told < done.size() && done[told]; told++) {
            if (on_result) {
                on_result(report.results[told]);
            }
        }
    });
    for (const VerifyResult& r : report.results) {
        (r.outcome == VerifyOutcome::kPassed   ? report.passed
         : r.outcome == VerifyOutcome::kFailed ? report.failed
                                               : report.skipped)++;
    }
    return report;
}

std::string verify_line(const VerifyResult& r) {
    const char* verdict = r.outcome == VerifyOutcome::kPassed   ? "pass"
                          : r.outcome == VerifyOutcome::kFailed ? "FAIL"
                                                                : "skip";
    std::string line = std::string(verdict) + "  " + r.name + ": ";
    if (!r.reason.empty()) {
        line += r.reason;
    } else {
        line += fmt::format("{}; worst {:.3g} of the limit", r.compared, r.worst);
        line += r.worst_at.empty() ? "" : " (" + r.worst_at + ")";
    }
    // One line, whatever a record is called and however many problems it has.
    std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ';');
    return line;
}

std::string verify_json(const VerifyReport& report) {
    Json j = Json::object();
    j["passed"] = report.passed;
    j["failed"] = report.failed;
    j["skipped"] = report.skipped;
    j["notes"] = report.notes;
    j["records"] = Json::array();
    for (const VerifyResult& r : report.results) {
        Json each = Json::object();
        each["id"] = r.name;
        each["category"] = r.category;
        each["file"] = r.file;
        each["outcome"] = r.outcome == VerifyOutcome::kPassed   ? "passed"
                          : r.outcome == VerifyOutcome::kFailed ? "failed"
                                                                : "skipped";
        if (r.reason.empty()) {
            each["compared"] = r.compared;
            // JSON has no infinity: null where a value is missing or not finite.
            each["worst_of_limit"] = std::isfinite(r.worst) ? Json(r.worst) : Json(nullptr);
            each["worst_at"] = r.worst_at;
        } else {
            each["reason"] = r.reason;
        }
        if (!r.notes.empty()) {
            each["notes"] = r.notes;
        }
        j["records"].push_back(std::move(each));
    }
    return j.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int run_verify(const VerifyOptions& options, std::ostream& out) {
    const VerifyReport report = verify_folder(options, [&](const VerifyResult& result) {
        out << verify_line(result) << "\n" << std::flush;
    });
    for (const std::string& note : report.notes) {
        out << "note  " << note << "\n";
    }
    if (!options.json_file.empty()) {
        write_file_atomically(options.json_file, verify_json(report));
    }
    out << fmt::format(
        "{} passed, {} failed, {} skipped\n", report.passed, report.failed, report.skipped);
    return report.failed == 0 ? 0 : 1;
}

}  // namespace mho
