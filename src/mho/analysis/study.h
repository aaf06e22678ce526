// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_H
#define MHO_ANALYSIS_STUDY_H

// A study measures what a paper claims. Its code is here (study_NAME.cc, one line in studies()), or
// in src/mho/studies if it trains networks (then it is described in training_studies.cc);
// its text and results are in the folder studies/NAME of the source tree:
//   README.md             question, method, and between two markers the generated tables
//   chart-N.svg           the pictures, generated too
//   results/DATE.json     one file per run; DATE-small.json for the short form of the tests

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mho/analysis/results.h"
#include "mho/analysis/statistics.h"

namespace mho {

/// After so long most studies look at a chip that was programmed.
inline constexpr double kHour_s = 3600.0;

enum class Verdict { kHolds, kTooWide, kInPart, kFails };

/// "holds", "holds in part (interval too wide)", "holds in part", "fails".
std::string verdict_text(Verdict verdict);

/// The numbers that count as the same as the published one; without bound on a side: infinite.
struct Accepted {
    double low = 0.0;
    double high = 0.0;
};

/// The rule for a number that should lie in the accepted range: it holds when the whole 95 %
/// interval does, because only then the repetitions exclude that the true value lies outside. With
/// the mean inside and the interval reaching out it is too wide to decide; with the mean outside
/// and the interval reaching in the claim holds in part; with all of the interval outside it fails.
Verdict verdict_in(const Accepted& accepted, const Interval& measured);

/// One claim and what came out.
struct StudyRow {
    std::string claim;
    std::string published;  // as the paper has it, with unit
    std::string accepted;   // what counts as the same, for example "11 to 18 %"
    std::string measured;   // mean and 95 % interval, with unit
    Interval value;         // the same as numbers, in the unit of `unit`
    std::string unit;
    Verdict verdict = Verdict::kFails;
    std::string explanation =
        "";  // of a claim that does not hold: the cause, and how it was tested
    std::optional<Accepted> bounds = {};  // of numbers: reading a record judges by them anew
};

/// The explanation of a claim that does not hold; where the interval is too wide and nothing else
/// is known, how many times the repetitions would decide it at the measured spread. "" = none.
std::string explanation_of(const StudyRow& row);

/// Explains a row that does not hold by a test; where its interval is too wide, says also how many
/// times the repetitions would decide it. Rows that hold need none and stay.
void explain_by_test(StudyRow& row, const std::string& test);

/// "1.23 (1.10 to 1.36)".
std::string interval_text(const Interval& interval, int decimals = 2);
/// The same with the sign of every number.
std::string difference_text(const Interval& interval, int decimals = 2);

/// A row for a number with the accepted range [low, high]; all numbers in `unit`, printed with
/// `decimals`.
StudyRow number_row(std::string claim,
                    std::string published,
                    double low,
                    double high,
                    const Interval& measured,
                    std::string unit,
                    int decimals);
/// The same where only one side is bounded.
StudyRow at_least_row(std::string claim,
                      std::string published,
                      double low,
                      const Interval& measured,
                      std::string unit,
                      int decimals);
StudyRow at_most_row(std::string claim,
                     std::string published,
                     double high,
                     const Interval& measured,
                     std::string unit,
                     int decimals);
/// A row for `count` comparisons of which `held` came out as claimed: it holds when all do, in part
/// when more than half do.
StudyRow count_row(
    std::string claim, std::string published, std::string accepted, size_t held, size_t count);

/// Further numbers, as text.
struct StudyTable {
    std::string title;
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
    std::string note;
};

/// Curves for the README and the page; all numbers finite.
struct StudyCurve {
    std::string name;
    std::vector<double> x;
    std::vector<double> y;
};
struct StudyChart {
    std::string title;
    std::string x_label;
    std::string y_label;
    bool log_x = false;
    std::vector<StudyCurve> curves;
};

struct StudyResult {
    std::vector<StudyRow> rows;
    std::vector<StudyTable> tables;
    std::vector<StudyChart> charts = {};
    std::string repetitions;   // "25 chips, 512 input vectors each"
    std::string substitution;  // what differs from the paper's set-up; "" = nothing
    double earlier_s = 0;      // CPU time of what an interrupted run had finished before
};

struct StudyOptions {
    bool small = false;  // a form that takes seconds
    uint64_t seed = 1;
    size_t threads = 1;                                     // results do not depend on it
    std::function<void(size_t done, size_t all)> progress;  // from any thread
    const std::atomic<bool>* stop = nullptr;                // a study then throws Interrupted
    std::string folder = "";  // of the studies: finished units are logged there; "" = nowhere
    bool resume = false;      // use the units that an interrupted run has logged
};

struct Study {
    std::string name;   // of its folder
    std::string paper;  // "Rasch et al., Nat. Commun. 14, 5282 (2023), arXiv 2302.08469"
    std::string claim;  // one sentence
    std::function<StudyResult(const StudyOptions&)> run;  // empty: it trains networks
};

/// All studies, by name. Those that train networks are described without `run`: the LibTorch front
/// has it (studies/training_studies.h).
std::vector<Study> studies();

/// The studies that train networks, without `run`.
std::vector<Study> described_training_studies();

/// Throws ConfigError with the nearest name.
Study find_study(const std::string& name);

/// What a file of results holds.
struct StudyRecord {
    std::string study, paper, claim;
    std::string date, version, cpu;
    uint64_t seed = 0;
    bool small = false;
    double wall_s = 0;  // of this run
    StudyResult result;
    double cpu_s = 0;  // of all threads, with what earlier runs had finished; 0 = not known
};

StudyRecord study_record(const Study& study,
                         const StudyOptions& options,
                         StudyResult result,
                         const RunFacts& facts);
std::string study_to_json(const StudyRecord& record);
/// Throws IoError naming `origin` for anything else than such a record.
StudyRecord study_from_json(const std::string& text, const std::string& origin);

/// Writes FOLDER/NAME/results/DATE.json (atomically, folders made as needed), returns the path.
std::string write_study_record(const std::string& folder, const StudyRecord& record);

/// The records of a study's full form or of its small one, oldest first.
std::vector<std::string> study_record_files(const std::string& folder,
                                            const std::string& study,
                                            bool small);

/// The newest record of a study: of its full form if there is one, else of the small one; nothing
/// when it was never run.
std::optional<StudyRecord> newest_study_record(const std::string& folder, const std::string& study);

// The studies, one per file.
Study gdp_study();
Study kernel_approximation_study();
Study circuits_study();
Study mvm_error_study();
Study residual_learning_study();
Study nmpu_study();

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_H
