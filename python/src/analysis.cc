// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// What the commands of the program do: verify, studies, evaluation of runs.
#include <algorithm>

#include "bindings.h"
#include "mho/analysis/data.h"
#include "mho/analysis/evaluate.h"
#include "mho/analysis/results.h"
#include "mho/analysis/run_file.h"
#include "mho/analysis/study.h"
#include "mho/analysis/verify.h"
#include "mho/cli/run_folder.h"
#include "mho/util/error.h"
#include "progress.h"

namespace mho::python {

namespace {

const char* outcome_text(VerifyOutcome outcome) {
    switch (outcome) {
        case VerifyOutcome::kPassed:
            return "passed";
        case VerifyOutcome::kFailed:
            return "failed";
        case VerifyOutcome::kSkipped:
            return "skipped";
    }
    return "";
}

nb::dict result_of(const VerifyResult& r) {
    nb::dict d;
    d["name"] = r.name;
    d["category"] = r.category;
    d["file"] = r.file;
    d["outcome"] = outcome_text(r.outcome);
    d["compared"] = r.compared;
    d["worst"] = r.worst;
    d["worst_at"] = r.worst_at;
    d["reason"] = r.reason;
    return d;
}

}  // namespace

void bind_analysis(nb::module_& m) {
    m.def(
        "verify",
        [](const std::string& folder, int threads) {
            VerifyReport report;
            {
                const nb::gil_scoped_release release;
                VerifyOptions options;
                options.folder = folder;
                options.threads = thread_count(threads);
                report = verify_folder(options);
            }
            nb::list all;
            for (const VerifyResult& r : report.results) {
                all.append(result_of(r));
            }
            return all;
        },
        nb::arg("folder"),
        nb::arg("threads") = 0,
        nb::sig("def verify(folder: str, threads: int = 0) -> list[dict[str, typing.Any]]"),
        "Compares with golden records of other simulators: a dict per record.");
    m.def(
        "list_studies",
        [] {
            std::vector<std::vector<std::string>> all;
            for (const Study& s : studies()) {
                all.push_back({s.name, s.paper, s.claim});
            }
            return all;
        },
        "Name, paper and claim of every study.");
    m.def(
        "run_study",
        [](const std::string& name, bool small, uint64_t seed, int threads, nb::object progress) {
            const Study study = find_study(name);
            if (!study.run) {
                throw InputError("study " + name +
                                 " trains networks: run it by `mho study run` of a build with "
                                 "LibTorch (make build)");
            }
            PythonProgress shown(std::move(progress));
            StudyOptions options;
            options.small = small;
            options.seed = seed;
            options.threads = thread_count(threads);
            options.stop = shown.stop();
            options.progress = [&](size_t done, size_t all) {
                shown.report(name, done, all, "steps");
            };
            return interruptible(shown, [&] {
                StudyResult result = study.run(options);
                return study_to_json(
                    study_record(study, options, std::move(result), run_facts(options.threads)));
            });
        },
        nb::arg("name"),
        nb::arg("small") = true,
        nb::arg("seed") = 1,
        nb::arg("threads") = 0,
        nb::arg("progress") = nb::none(),
        nb::sig("def run_study(name: str, small: bool = True, seed: int = 1, threads: int = 0, "
                "progress: collections.abc.Callable[[str, int, int, str], None] | None = None) -> "
                "str"),
        "Runs a study; its record as JSON.");
    m.def(
        "check_run",
        [](const std::string& json, const std::string& origin) {
            return run_file_to_json(parse_run_file(json, origin));
        },
        nb::arg("json"),
        nb::arg("origin") = "run",
        "The complete form of a run file given as JSON.");
    m.def(
        "run_networks",
        [](const std::string& run, const std::vector<std::string>& overrides) {
            LoadedRun loaded;
            {
                const nb::gil_scoped_release release;
                loaded = load_run(run, overrides);
            }
            nb::dict networks;
            networks["float"] = nb::cast(loaded.networks.floating_point);
            if (loaded.networks.has_naive) {
                networks["naive"] = nb::cast(loaded.networks.naive);
            }
            if (loaded.networks.has_hardware_aware) {
                networks["hwa"] = nb::cast(loaded.networks.hardware_aware);
            }
            return networks;
        },
        nb::arg("run"),
        nb::arg("overrides") = std::vector<std::string>{},
        nb::sig("def run_networks(run: str, overrides: collections.abc.Sequence[str] = []) -> "
                "dict[str, Network]"),
        "The networks of a run: float, naive, hwa.");
    m.def(
        "run_test_data",
        [](const std::string& run, const std::vector<std::string>& overrides, size_t count) {
            LabelledImages test;
            {
                const nb::gil_scoped_release release;
                test = load_test_images(load_run(run, overrides).run.data);
            }
            count = count == 0 ? test.count : std::min(count, test.count);
            std::vector<float> labels(test.labels.begin(),
                                      test.labels.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                count, test.labels.size())));
            const size_t size = labels.size();
            return nb::make_tuple(to_numpy(pixels_of(test, 0, count)),
                                  to_numpy(std::move(labels), {size}));
        },
        nb::arg("run"),
        nb::arg("overrides") = std::vector<std::string>{},
        nb::arg("count") = 0,
        nb::sig("def run_test_data(run: str, overrides: collections.abc.Sequence[str] = [], count: "
                "int = 0) -> tuple[numpy.typing.NDArray[numpy.float32], "
                "numpy.typing.NDArray[numpy.float32]]"),
        "Test images [count, features] and labels of a run; count 0 = all.");
    m.def(
        "evaluate_run",
        [](const std::string& run,
           const std::vector<std::string>& overrides,
           int threads,
           nb::object progress) {
            PythonProgress shown(std::move(progress));
            return interruptible(shown, [&] {
                const LoadedRun loaded = load_run(run, overrides);
                const LabelledImages test = load_test_images(loaded.run.data);
                EvaluateOptions options;
                options.threads = thread_count(threads);
                options.stop = shown.stop();
                options.progress = shown.hooks();
                const EvaluationResult result =
                    evaluate(loaded.run, loaded.networks, test, options);
                return results_to_json(loaded.run, result, run_facts(options.threads));
            });
        },
        nb::arg("run"),
        nb::arg("overrides") = std::vector<std::string>{},
        nb::arg("threads") = 0,
        nb::arg("progress") = nb::none(),
        nb::sig("def evaluate_run(run: str, overrides: collections.abc.Sequence[str] = [], "
                "threads: int = 0, progress: collections.abc.Callable[[str, int, int, str], None] "
                "| None = None) -> str"),
        "Accuracy over time of a trained run (its folder, or a run file): results.json as text.");
}

}  // namespace mho::python
