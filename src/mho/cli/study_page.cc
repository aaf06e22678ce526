// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/study_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

#include "mho/io/file.h"
#include "mho/report/html.h"
#include "mho/report/line_chart.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr std::string_view kBegin = "<!-- results: begin -->";
constexpr std::string_view kEnd = "<!-- results: end -->";

size_t count_of(const std::string& text, std::string_view part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        count++;
    }
    return count;
}

std::string how(const StudyRecord& r) {
    const std::string time = r.cpu_s > 0 ? fmt::format("{:.0f} s of CPU time", r.cpu_s)
                                         : fmt::format("{:.1f} s", r.wall_s);
    return fmt::format("{}Measured {} with mho {}: {}; seed {}; {} on {}.",
                       r.small ? "Small form. " : "",
                       r.date.substr(0, 10),
                       r.version,
                       r.result.repetitions,
                       r.seed,
                       time,
                       r.cpu);
}

std::string difference(const StudyRecord& r) {
    return r.result.substitution.empty()
               ? ""
               : "Other than in the paper: " + r.result.substitution + ".";
}

// Rows that carry an explanation, and it.
std::vector<std::pair<const StudyRow*, std::string>> explanations(const StudyRecord& r) {
    std::vector<std::pair<const StudyRow*, std::string>> all;
    for (const StudyRow& row : r.result.rows) {
        std::string why = explanation_of(row);
        if (!why.empty()) {
            all.emplace_back(&row, std::move(why));
        }
    }
    return all;
}

LineChart line_chart(const StudyChart& c) {
    LineChart chart;
    chart.title = c.title;
    chart.description = c.title;
    chart.x_label = c.x_label;
    chart.y_label = c.y_label;
    chart.log_x = c.log_x;
    for (const StudyCurve& curve : c.curves) {
        LineSeries series;
        series.name = curve.name;
        series.x = curve.x;
        series.y = curve.y;
        chart.series.push_back(std::move(series));
    }
    return chart;
}

std::string chart_file(size_t index) {
    return fmt::format("chart-{}.svg", index + 1);
}

// One line per study, with the verdicts of its claims.
Table overview(const std::vector<StudyRecord>& records) {
    Table table;
    table.column("study").column("asks");
    for (const char* name : {"claims", "hold", "in part", "fail"}) {
        table.column(name, Align::kRight);
    }
    for (const StudyRecord& r : records) {
        size_t counts[4] = {};
        for (const StudyRow& row : r.result.rows) {
            counts[static_cast<size_t>(row.verdict)]++;
        }
        table.row({r.study,
                   r.claim,
                   std::to_string(r.result.rows.size()),
                   std::to_string(counts[0]),
                   std::to_string(counts[1] + counts[2]),
                   std::to_string(counts[3])});
    }
    return table;
}

std::string fresh_readme(const StudyRecord& r) {
    return fmt::format("# {}\n\n{}\n\n{}\n\n{}\n{}\n", r.study, r.claim, r.paper, kBegin, kEnd);
}

}  // namespace

Table study_rows_table(const StudyRecord& record) {
    Table table;
    for (const char* name : {"claim", "published", "accepted", "measured (95 %)", "verdict"}) {
        table.column(name);
    }
    for (const StudyRow& row : record.result.rows) {
        table.row(
            {row.claim, row.published, row.accepted, row.measured, verdict_text(row.verdict)});
    }
    return table;
}

std::vector<Table> study_extra_tables(const StudyRecord& record) {
    std::vector<Table> tables;
    for (const StudyTable& t : record.result.tables) {
        Table& table = tables.emplace_back(t.title);
        for (size_t c = 0; c < t.columns.size(); c++) {
            table.column(t.columns[c], c == 0 ? Align::kLeft : Align::kRight);
        }
        for (const std::vector<std::string>& row : t.rows) {
            table.row(row);
        }
        if (!t.note.empty()) {
            table.footnote(t.note);
        }
    }
    return tables;
}

std::string study_markdown(const StudyRecord& record) {
    std::string text = how(record) + "\n";
    if (!difference(record).empty()) {
        text += difference(record) + "\n";
    }
    text += "\n" + study_rows_table(record).markdown();
    for (const auto& [row, why] : explanations(record)) {
        text += fmt::format("\nWhy \"{}\" came out so: {}\n", row->claim, why);
    }
    for (size_t i = 0; i < record.result.charts.size(); i++) {
        text += fmt::format("\n![{}]({})\n", record.result.charts[i].title, chart_file(i));
    }
    for (const Table& table : study_extra_tables(record)) {
        text += "\n" + table.markdown();
    }
    return text;
}

std::string replace_results(const std::string& text,
                            const std::string& results,
                            const std::string& origin) {
    const size_t begin = text.find(kBegin);
    const size_t end = text.find(kEnd);
    if (count_of(text, kBegin) != 1 || count_of(text, kEnd) != 1 || begin > end) {
        throw IoError(fmt::format(
            "`{}` needs one line `{}` and after it one line `{}`: between them stand the results",
            origin,
            kBegin,
            kEnd));
    }
    return text.substr(0, begin + kBegin.size()) + "\n" + results + text.substr(end);
}

std::string studies_html(const std::vector<StudyRecord>& records) {
    HtmlPage page("Studies",
                  "What papers claim about analog in-memory computing, measured with mho");
    size_t verdicts[4] = {};
    for (const StudyRecord& r : records) {
        for (const StudyRow& row : r.result.rows) {
            verdicts[static_cast<size_t>(row.verdict)]++;
        }
    }
    page.cards({{std::to_string(verdicts[0]), "claims hold", ""},
                {std::to_string(verdicts[1]), "hold in part (interval too wide)", ""},
                {std::to_string(verdicts[2]), "hold in part", ""},
                {std::to_string(verdicts[3]), "fail", ""}});
    page.table(overview(records));
    for (const StudyRecord& r : records) {
        page.heading(r.study).paragraph(r.claim).paragraph(r.paper + ".");
        if (!difference(r).empty()) {
            page.paragraph(difference(r));
        }
        page.table(study_rows_table(r));
        const auto reasons = explanations(r);
        if (!reasons.empty()) {
            page.subheading("Why claims do not hold");
        }
        for (const auto& [row, why] : reasons) {
            page.paragraph(fmt::format("{}: {}.", row->claim, verdict_text(row->verdict)),
                           static_cast<char>(std::toupper(static_cast<unsigned char>(why[0]))) +
                               why.substr(1));
        }
        for (const StudyChart& chart : r.result.charts) {
            page.figure(full_figure(line_chart(chart)));
        }
        for (const Table& table : study_extra_tables(r)) {
            page.details(table.title(), table);
        }
        page.paragraph(how(r));
    }
    return page.str();
}

std::vector<StudyRecord> write_study_reports(const std::string& folder) {
    std::vector<StudyRecord> records;
    for (const Study& study : studies()) {
        std::optional<StudyRecord> record = newest_study_record(folder, study.name);
        if (!record) {
            continue;
        }
        const std::string path = folder + "/" + study.name + "/README.md";
        const std::string before =
            std::filesystem::exists(path) ? read_file(path) : fresh_readme(*record);
        const std::string after = replace_results(before, study_markdown(*record), path);
        if (after != before || !std::filesystem::exists(path)) {
            write_file_atomically(path, after);
        }
        for (size_t i = 0; i < record->result.charts.size(); i++) {
            write_file_atomically(fmt::format("{}/{}/{}", folder, study.name, chart_file(i)),
                                  line_chart(record->result.charts[i]).svg() + "\n");
        }
        records.push_back(std::move(*record));
    }
    if (!records.empty()) {
        write_file_atomically(folder + "/report.html", studies_html(records));
    }
    return records;
}

}  // namespace mho
