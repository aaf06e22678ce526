// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Where accuracy goes and what suffices: error budgets, specifications, comparisons and yields of
// runs, as `mho budget`, `mho specs` and `mho compare` have them.
#include "bindings.h"
#include "mho/analysis/budget.h"
#include "mho/analysis/compare.h"
#include "mho/analysis/data.h"
#include "mho/analysis/specs.h"
#include "mho/analysis/yield.h"
#include "mho/cli/run_folder.h"
#include "progress.h"

namespace mho::python {

namespace {

nb::dict interval(const Interval& i) {
    nb::dict d;
    d["mean"] = i.mean;
    d["low"] = i.low;
    d["high"] = i.high;
    return d;
}

nb::dict budget(const Budget& b) {
    nb::dict d;
    d["time"] = b.time_name;
    d["images"] = b.images;
    d["chips"] = b.chips;
    d["is_loss"] = b.is_loss;
    d["float"] = b.exact;
    d["everything_off"] = interval(b.none);
    d["everything_on"] = interval(b.all);
    d["evaluations"] = b.evaluations;
    nb::list shares;
    for (const BudgetShare& s : b.shares) {
        nb::dict e;
        e["source"] = s.source;
        e["shapley"] = interval(s.shapley);
        e["off"] = interval(s.off);
        e["alone"] = interval(s.alone);
        shares.append(e);
    }
    d["shares"] = shares;
    return d;
}

nb::dict specs(const Specs& s) {
    nb::dict d;
    d["is_loss"] = s.is_loss;
    d["float"] = s.exact;
    d["ideal"] = s.ideal;
    d["target"] = s.target;
    d["evaluations"] = s.evaluations;
    nb::list limits;
    for (const SpecLimit& l : s.limits) {
        nb::dict e;
        e["axis"] = l.axis;
        e["limit"] = l.value;
        e["all_suffice"] = l.at_end;
        limits.append(e);
    }
    d["limits"] = limits;
    nb::list pairs;
    for (const SpecPair& p : s.pairs) {
        nb::dict e;
        e["x"] = p.first;
        e["y"] = p.second;
        e["values"] = p.x;
        e["limits"] = p.limit;
        pairs.append(e);
    }
    d["pairs"] = pairs;
    return d;
}

// A run and all that its networks are tried on.
struct Trial {
    LoadedRun loaded;
    LabelledImages test;
    EvaluationTime time;

    Trial(const std::string& run, const std::vector<std::string>& overrides, const std::string& at)
        : loaded(load_run(run, overrides)), test(load_test_images(loaded.run.data)) {
        check_evaluation(loaded.run, loaded.networks, test);
        time = evaluation_time(loaded.run, at.empty() ? loaded.run.evaluation.ablation.time : at);
    }

    // `search` (error_budget, specify) on a network of the run, at its time.
    template <class Options, class Search>
    auto operator()(const Search& search,
                    Options o,
                    const std::string& network,
                    int threads,
                    PythonProgress& shown) const {
        o.t_s = time.t_s;
        o.threads = thread_count(threads);
        o.stop = shown.stop();
        o.progress = shown.hooks();
        return search(analog_network(loaded, network),
                      loaded.networks.floating_point,
                      test,
                      loaded.run.seed,
                      o);
    }
};

}  // namespace

void bind_budgets(nb::module_& m) {
    m.def(
        "error_budget",
        [](const std::string& run,
           const std::vector<std::string>& overrides,
           const std::string& network,
           const std::string& time,
           size_t images,
           size_t chips,
           size_t orders,
           int threads,
           nb::object progress) {
            PythonProgress shown(std::move(progress));
            return budget(interruptible(shown, [&] {
                const Trial t(run, overrides, time);
                BudgetOptions o;
                o.images = images;
                o.chips = chips;
                o.orders = orders;
                o.time_name = t.time.name;
                return t(error_budget, o, network, threads, shown);
            }));
        },
        nb::arg("run"),
        nb::arg("overrides") = std::vector<std::string>{},
        nb::arg("network") = "",
        nb::arg("time") = "",
        nb::arg("images") = 1000,
        nb::arg("chips") = 5,
        nb::arg("orders") = 32,
        nb::arg("threads") = 0,
        nb::arg("progress") = nb::none(),
        nb::sig(
            "def error_budget(run: str, overrides: collections.abc.Sequence[str] = [], "
            "network: str = '', time: str = '', images: int = 1000, chips: int = 5, orders: int "
            "= 32, threads: int = 0, progress: collections.abc.Callable[[str, int, int, str], "
            "None] | None = None) -> dict[str, typing.Any]"),
        "What each non-ideality of a run costs in accuracy.");
    m.def(
        "spec_axes",
        [] {
            nb::list all;
            for (const SpecAxis& a : spec_axes()) {
                all.append(nb::make_tuple(a.name, a.unit, a.levels));
            }
            return all;
        },
        nb::sig("def spec_axes() -> list[tuple[str, str, list[float]]]"),
        "Imperfections that `specify` searches: name, unit, levels from mild to severe.");
    m.def(
        "specify",
        [](const std::string& run,
           const std::vector<std::string>& overrides,
           const std::string& network,
           const std::string& time,
           double loss,
           size_t images,
           size_t chips,
           size_t points,
           const std::vector<std::pair<std::string, std::string>>& pairs,
           int threads,
           nb::object progress) {
            PythonProgress shown(std::move(progress));
            return specs(interruptible(shown, [&] {
                const Trial t(run, overrides, time);
                SpecOptions o;
                o.loss = loss;
                o.images = images;
                o.chips = chips;
                o.points = points;
                o.pairs = pairs;
                return t(specify, o, network, threads, shown);
            }));
        },
        nb::arg("run"),
        nb::arg("overrides") = std::vector<std::string>{},
        nb::arg("network") = "",
        nb::arg("time") = "",
        nb::arg("loss") = 0.01,
        nb::arg("images") = 1000,
        nb::arg("chips") = 3,
        nb::arg("points") = 7,
        nb::arg("pairs") = std::vector<std::pair<std::string, std::string>>{},
        nb::arg("threads") = 0,
        nb::arg("progress") = nb::none(),
        nb::sig("def specify(run: str, overrides: collections.abc.Sequence[str] = [], network: str "
                "= '', time: str = '', loss: float = 0.01, images: int = 1000, chips: int = 3, "
                "points: int = 7, pairs: collections.abc.Sequence[tuple[str, str]] = [], threads: "
                "int = 0, progress: collections.abc.Callable[[str, int, int, str], None] | None = "
                "None) -> dict[str, typing.Any]"),
        "How large each imperfection may be before a run loses more than `loss`.");
    m.def(
        "compare_results",
        [](const std::string& first, const std::string& second) {
            const RunComparison c = compare_results(first, "first", second, "second");
            nb::dict d;
            d["is_loss"] = c.is_loss;
            d["paired"] = c.paired;
            d["why_not_paired"] = c.why_not_paired;
            d["float"] = nb::make_tuple(c.first_exact, c.second_exact);
            nb::list rows;
            for (const ComparedAccuracy& r : c.rows) {
                nb::dict e;
                e["curve"] = r.curve;
                e["time"] = r.time;
                e["first"] = r.first;
                e["second"] = r.second;
                e["difference"] =
                    r.has_interval ? nb::object(interval(r.difference)) : nb::object(nb::none());
                e["differs"] = r.differs;
                rows.append(e);
            }
            d["rows"] = rows;
            d["notes"] = c.notes;
            return d;
        },
        nb::arg("first"),
        nb::arg("second"),
        nb::sig("def compare_results(first: str, second: str) -> dict[str, typing.Any]"),
        "Difference of two results.json (texts), with intervals.");
    m.def(
        "chip_yields",
        [](const std::string& results, double threshold) {
            nb::list all;
            for (const CurveYield& y : yields_of(results, "results", threshold)) {
                nb::dict d;
                d["curve"] = y.curve;
                d["time"] = y.time;
                d["chips"] = y.chips;
                d["share"] = interval(y.share);
                all.append(d);
            }
            return all;
        },
        nb::arg("results"),
        nb::arg("threshold"),
        nb::sig("def chip_yields(results: str, threshold: float) -> list[dict[str, typing.Any]]"),
        "Share of the chips of a results.json (text) that reach a threshold.");
}

}  // namespace mho::python
