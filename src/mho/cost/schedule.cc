// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/schedule.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <set>
#include <string>
#include <utility>

#include "mho/util/error.h"

namespace mho::cost {
namespace {

void require_stages(const std::vector<Stage>& stages) {
    for (size_t s = 0; s < stages.size(); s++) {
        const Stage& stage = stages[s];
        const bool good =
            std::isfinite(stage.duration_ns) && stage.duration_ns >= 0 && stage.copies > 0 &&
            stage.input_share >= 0 && stage.input_share <= 1 &&
            std::all_of(stage.inputs.begin(), stage.inputs.end(), [&](size_t i) { return i < s; });
        if (!good) {
            throw InputError("stage " + std::to_string(s) +
                             " of a schedule: needs a finite duration, at least one copy, a share "
                             "of 0 to 1 and inputs before it");
        }
    }
}

size_t resource_count(const std::vector<Stage>& stages) {
    size_t count = 0;
    for (const Stage& stage : stages) {
        for (const size_t r : stage.resources) {
            count = std::max(count, r + 1);
        }
    }
    return count;
}

// One stage after the other, one sample after the other.
std::vector<std::vector<Interval>> one_at_a_time(const std::vector<Stage>& stages, size_t samples) {
    std::vector<std::vector<Interval>> all(samples, std::vector<Interval>(stages.size()));
    double now = 0;
    for (std::vector<Interval>& sample : all) {
        for (size_t s = 0; s < stages.size(); s++) {
            sample[s] = {now, now + stages[s].busy_ns()};
            now = sample[s].end_ns;
        }
    }
    return all;
}

// Event loop: whenever something ends or arrives, everything that can start does, earlier samples
// first.
class EventLoop {
  public:
    EventLoop(const std::vector<Stage>& stages, bool by_lines, size_t samples)
        : stages_(stages),
          by_lines_(by_lines),
          consumers_(stages.size()),
          stage_busy_(stages.size(), false),
          tile_busy_(resource_count(stages), false),
          next_sample_(stages.size(), 0),
          done_(samples, std::vector<Interval>(stages.size())),
          missing_(samples, std::vector<size_t>(stages.size())) {
        for (size_t s = 0; s < stages.size(); s++) {
            for (const size_t input : stages[s].inputs) {
                consumers_[input].push_back(s);
            }
        }
        for (size_t n = 0; n < samples; n++) {
            for (size_t s = 0; s < stages.size(); s++) {
                missing_[n][s] = stages[s].inputs.size();
                if (missing_[n][s] == 0) {
                    ready_.insert({n, s});
                }
            }
        }
    }

    std::vector<std::vector<Interval>> run() {
        start_what_can(0.0);
        while (!events_.empty()) {
            const double now = events_.top().time_ns;
            while (!events_.empty() && events_.top().time_ns <= now) {
                handle(events_.top());
                events_.pop();
            }
            start_what_can(now);
        }
        return std::move(done_);
    }

  private:
    struct Event {
        double time_ns;
        size_t sample;
        size_t stage;
        bool is_end;  // else: a part of the stage's output is there for consumers
        bool operator<(const Event& other) const { return time_ns > other.time_ns; }
    };

    void handle(const Event& event) {
        if (event.is_end) {
            stage_busy_[event.stage] = false;
            for (const size_t r : stages_[event.stage].resources) {
                tile_busy_[r] = false;
            }
            return;
        }
        if (--missing_[event.sample][event.stage] == 0) {
            ready_.insert({event.sample, event.stage});
        }
    }

    bool can_start(size_t sample, size_t stage) const {
        return next_sample_[stage] == sample && !stage_busy_[stage] &&
               std::none_of(stages_[stage].resources.begin(),
                            stages_[stage].resources.end(),
                            [&](size_t r) { return tile_busy_[r]; });
    }

    void start_what_can(double now) {
        for (auto it = ready_.begin(); it != ready_.end();) {
            const auto [sample, stage] = *it;
            if (!can_start(sample, stage)) {
                ++it;
                continue;
            }
            it = ready_.erase(it);
            start(sample, stage, now);
        }
    }

    void start(size_t sample, size_t s, double now) {
        const Stage& stage = stages_[s];
        double end = now + stage.busy_ns();
        for (const size_t input : stage.inputs) {
            // What needs the last lines of the input cannot be done before they come.
            if (by_lines_) {
                end = std::max(end,
                               done_[sample][input].end_ns + stage.input_share * stage.busy_ns());
            }
        }
        done_[sample][s] = {now, end};
        stage_busy_[s] = true;
        next_sample_[s] = sample + 1;
        for (const size_t r : stage.resources) {
            tile_busy_[r] = true;
        }
        events_.push({end, sample, s, true});
        for (const size_t consumer : consumers_[s]) {
            const double share = by_lines_ ? stages_[consumer].input_share : 1.0;
            events_.push({now + share * (end - now), sample, consumer, false});
        }
    }

    const std::vector<Stage>& stages_;
    bool by_lines_;
    std::vector<std::vector<size_t>> consumers_;
    std::vector<bool> stage_busy_;
    std::vector<bool> tile_busy_;
    std::vector<size_t> next_sample_;
    std::vector<std::vector<Interval>> done_;
    std::vector<std::vector<size_t>> missing_;
    std::set<std::pair<size_t, size_t>> ready_;  // sample, stage
    std::priority_queue<Event> events_;
};

std::vector<std::vector<Interval>> follow(const std::vector<Stage>& stages,
                                          ScheduleMode mode,
                                          size_t samples) {
    return mode == ScheduleMode::kSequential
               ? one_at_a_time(stages, samples)
               : EventLoop(stages, mode == ScheduleMode::kLinePipeline, samples).run();
}

double end_of(const std::vector<Interval>& sample) {
    double end = 0;
    for (const Interval& i : sample) {
        end = std::max(end, i.end_ns);
    }
    return end;
}

}  // namespace

Schedule schedule(const std::vector<Stage>& stages, ScheduleMode mode, size_t samples) {
    require_stages(stages);
    if (samples == 0) {
        throw InputError("a schedule needs at least one sample");
    }
    Schedule result;
    if (stages.empty()) {
        return result;
    }
    result.latency_ns = end_of(follow(stages, mode, 1).front());
    result.stages = follow(stages, mode, samples);
    result.interval_ns = result.latency_ns;
    if (samples > 1) {
        // The pipeline is full in the second half.
        const size_t last = samples - 1;
        const size_t half = last / 2;
        result.interval_ns = (end_of(result.stages[last]) - end_of(result.stages[half])) /
                             static_cast<double>(last - half);
    }
    result.tile_utilisation.assign(resource_count(stages), 0.0);
    for (const Stage& stage : stages) {
        const double share = result.interval_ns > 0 ? stage.busy_ns() / result.interval_ns : 0.0;
        result.utilisation.push_back(share);
        for (const size_t r : stage.resources) {
            result.tile_utilisation[r] += share;
        }
    }
    return result;
}

size_t balance(std::vector<Stage>& stages, size_t tiles) {
    require_stages(stages);
    size_t used = 0;
    for (const Stage& stage : stages) {
        used += stage.tiles * stage.copies;
    }
    if (used > tiles) {
        throw ConfigError("schedule.tiles",
                          "the network needs " + std::to_string(used) + " tiles, the chip has " +
                              std::to_string(tiles) +
                              "; give it more, or let layers share tiles (schedule.sharing)");
    }
    constexpr size_t kMostCopies = 100000;  // an end for absurd chips
    for (size_t step = 0; step < kMostCopies; step++) {
        Stage* slowest = nullptr;
        for (Stage& stage : stages) {
            if (slowest == nullptr || stage.busy_ns() > slowest->busy_ns()) {
                slowest = &stage;
            }
        }
        // A digital stage, or one too large for the tiles that are left, sets the pace.
        if (slowest == nullptr || slowest->tiles == 0 || used + slowest->tiles > tiles) {
            break;
        }
        slowest->copies++;
        used += slowest->tiles;
    }
    return used;
}

std::vector<size_t> place(const std::vector<Piece>& pieces, size_t tile_rows, size_t tile_columns) {
    struct Shelf {
        size_t height;
        size_t used_columns;
    };
    struct Layout {
        size_t used_rows = 0;
        std::vector<Shelf> shelves = {};
    };
    std::vector<size_t> order(pieces.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return pieces[a].rows > pieces[b].rows;
    });
    std::vector<Layout> tiles;
    std::vector<size_t> where(pieces.size(), 0);
    const auto fits = [&](Layout& tile, const Piece& piece) {
        for (Shelf& shelf : tile.shelves) {
            if (piece.rows <= shelf.height && shelf.used_columns + piece.columns <= tile_columns) {
                shelf.used_columns += piece.columns;
                return true;
            }
        }
        if (tile.used_rows + piece.rows > tile_rows || piece.columns > tile_columns) {
            return false;
        }
        tile.shelves.push_back({piece.rows, piece.columns});
        tile.used_rows += piece.rows;
        return true;
    };
    for (const size_t p : order) {
        if (pieces[p].rows > tile_rows || pieces[p].columns > tile_columns) {
            throw InputError("a piece of " + std::to_string(pieces[p].columns) + " x " +
                             std::to_string(pieces[p].rows) + " does not fit on a tile of " +
                             std::to_string(tile_columns) + " x " + std::to_string(tile_rows));
        }
        size_t t = 0;
        while (t < tiles.size() && !fits(tiles[t], pieces[p])) {
            t++;
        }
        if (t == tiles.size()) {
            tiles.emplace_back();
            (void)fits(tiles.back(), pieces[p]);
        }
        where[p] = t;
    }
    return where;
}

}  // namespace mho::cost
