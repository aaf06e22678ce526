// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_STUDY_PAGE_H
#define MHO_CLI_STUDY_PAGE_H

#include <string>
#include <vector>

#include "mho/analysis/study.h"
#include "mho/report/table.h"

namespace mho {

/// claim | published | accepted | measured | verdict, one row per claim.
Table study_rows_table(const StudyRecord& record);
/// The further tables of a record.
std::vector<Table> study_extra_tables(const StudyRecord& record);

/// Everything that stands between the markers of a README.
std::string study_markdown(const StudyRecord& record);

/// The text with what is between the markers `<!-- results: begin -->` and `<!-- results: end -->`
/// replaced. Throws IoError naming `origin` when it has not exactly one of each, in this order.
std::string replace_results(const std::string& text,
                            const std::string& results,
                            const std::string& origin);

/// The HTML page over all studies that have results.
std::string studies_html(const std::vector<StudyRecord>& records);

/// Rewrites README.md of every study below `folder` that has results (a missing README is made),
/// and FOLDER/report.html. Returns the records used.
std::vector<StudyRecord> write_study_reports(const std::string& folder);

}  // namespace mho

#endif  // MHO_CLI_STUDY_PAGE_H
