// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Categories exact_mvm, mvm_moments and frozen_tables: the bare analog product.

#include <fmt/format.h>

#include <algorithm>

#include "mho/analysis/verify_internal.h"
#include "mho/tile/mvm.h"

namespace mho {
namespace {

constexpr double kExactLimit = 1e-6;  // of the largest term of the sum
constexpr double kMomentCorrelation = 0.035;
constexpr size_t kMomentTiles = 64;
constexpr size_t kMomentSamples = 64'000;
constexpr size_t kTableOutputs = 200'000;

// A tile's product in one direction, for weights [out, in] of the forward direction.
struct Direction {
    Mvm mvm;
    PackedMatrix packed;
    bool backward;
    RunningAbsMax running;
    MvmScratch scratch;

    Direction(const MvmConfig& config, const Matrix<float>& w, bool back, TileKey key)
        : mvm(config,
              back ? w.cols : w.rows,
              back ? w.rows : w.cols,
              back ? backward_key(key) : key),
          backward(back) {
        if (back) {
            packed.pack_transposed(w.view());
        } else {
            packed.pack(w.view());
        }
        if (!mvm.tables().read_asymmetry.empty()) {
            mvm.set_asymmetric_weights(back ? transposed(w).view() : w.view());
        }
    }

    static Matrix<float> transposed(const Matrix<float>& w) {
        Matrix<float> t(w.cols, w.rows);
        for (size_t i = 0; i < w.rows; i++) {
            for (size_t j = 0; j < w.cols; j++) {
                t(j, i) = w(i, j);
            }
        }
        return t;
    }

    Matrix<float> run(ConstFloatView v, uint64_t step) {
        Matrix<float> y(v.rows, mvm.outputs());
        MvmCall call;
        call.key = {step, 0};
        call.running = &running;
        call.backward = backward;
        mvm.run(packed, v, y.view(), call, scratch);
        return y;
    }
};

// Largest term of the sums of vector r, and of its recorded result.
double largest_term(const MvmConfig& config,
                    const Matrix<float>& w,
                    const Matrix<float>& v,
                    size_t r,
                    bool backward,
                    const Matrix<float>& recorded) {
    double most = 0;
    if (config.series_resistance.factor > 0 || config.voltage_offset.std > 0) {
        // The reference current is added before the read-out and taken off after it.
        double sum = 0;
        for (size_t j = 0; j < v.cols; j++) {
            sum += v(r, j);
        }
        most = std::abs(config.voltage_offset.reference_weight * sum);
    }
    for (size_t i = 0; i < w.rows; i++) {
        for (size_t j = 0; j < w.cols; j++) {
            most = std::max(most, std::abs(static_cast<double>(w(i, j)) * v(r, backward ? i : j)));
        }
    }
    most *= std::max(1.0, std::abs(config.output_scale));
    for (size_t i = 0; i < recorded.cols; i++) {
        if (std::isfinite(recorded(r, i))) {
            most = std::max(most, std::abs(static_cast<double>(recorded(r, i))));
        }
    }
    return most;
}

// Where the last bit of float32 decides between two converter codes, another order of operations
// may land one code away. Moves inputs and converter steps by parts in 10^7 and widens the range of
// acceptable results to what comes out.
void widen_by_ties(const MvmConfig& config,
                   const Matrix<float>& w,
                   const Matrix<float>& v,
                   bool backward,
                   Matrix<float>& low,
                   Matrix<float>& high) {
    constexpr size_t kInputDraws = 48;
    constexpr float kInputShift = 6e-7f;
    constexpr double kStepShift = 4e-7;
    const auto include = [&](const MvmConfig& moved, const Matrix<float>& inputs) {
        Direction other(moved, w, backward, verify_key("exact"));
        const Matrix<float> y = other.run(inputs.view(), 0);
        for (size_t i = 0; i < y.values.size(); i++) {
            low.values[i] = std::min(low.values[i], y.values[i]);
            high.values[i] = std::max(high.values[i], y.values[i]);
        }
    };
    Matrix<float> moved = v;
    std::vector<float> xi(v.values.size());
    for (size_t draw = 0; draw < kInputDraws; draw++) {
        fill_normal(verify_key("ties"), Stream::kTest, draw, 0, xi);
        for (size_t i = 0; i < xi.size(); i++) {
            moved.values[i] = v.values[i] * (1.0f + kInputShift * xi[i]);
        }
        include(config, moved);
    }
    for (const double in : {-kStepShift, 0.0, kStepShift}) {
        for (const double out : {-kStepShift, 0.0, kStepShift}) {
            MvmConfig other = config;
            other.dac.steps *= 1.0 + in;
            other.adc.steps *= 1.0 + out;
            include(other, v);
        }
    }
}

void compare_direction(Comparison& c,
                       const JsonNode& record,
                       const MvmConfig& config,
                       const Matrix<float>& w,
                       bool backward) {
    const std::string name = backward ? "backward" : "forward";
    const JsonNode exact = record.at("exact");
    const size_t width = backward ? w.rows : w.cols;
    const JsonNode vectors = record.at("inputs").at(backward ? "d" : "x");
    const Matrix<float> v = vectors.matrix_of(vectors.size(), width);
    const Matrix<float> recorded =
        exact.at(name).matrix_of(v.rows, backward ? w.cols : w.rows, true);
    std::vector<bool> tie(v.rows, false);
    if (exact.has_value("tie_sensitive") && exact.at("tie_sensitive").has_value(name)) {
        const JsonNode list = exact.at("tie_sensitive").at(name);
        for (size_t k = 0; k < list.size(); k++) {
            const int64_t last = static_cast<int64_t>(v.rows) - 1;
            tie[static_cast<size_t>(list.entry(k).integer(0, last))] = true;
        }
    }
    Direction product(config, w, backward, verify_key("exact"));
    const Matrix<float> y = product.run(v.view(), 0);
    Matrix<float> low = y;
    Matrix<float> high = y;
    if (std::find(tie.begin(), tie.end(), true) != tie.end()) {
        widen_by_ties(config, w, v, backward, low, high);
    }
    for (size_t r = 0; r < v.rows; r++) {
        const double limit =
            kExactLimit * std::max(largest_term(config, w, v, r, backward, recorded), 1e-30);
        for (size_t i = 0; i < recorded.cols; i++) {
            double own = y(r, i);
            if (tie[r]) {
                own = std::clamp(static_cast<double>(recorded(r, i)),
                                 static_cast<double>(low(r, i)),
                                 static_cast<double>(high(r, i)));
            }
            c.value(own, recorded(r, i), limit, fmt::format("{}[{}][{}]", name, r, i));
        }
    }
    c.compared(name);
}

bool has_tile_tables(const MvmConfig& c) {
    return !c.perfect &&
           ((c.output_noise.spread > 0 && c.output_noise.std > 0) || c.voltage_offset.std > 0 ||
            (c.output_nonlinearity.strength > 0 && c.output_nonlinearity.spread > 0) ||
            c.read_asymmetry_spread > 0);
}

}  // namespace

void verify_exact_mvm(const JsonNode& record, Comparison& c) {
    const MvmConfig config = read_io(record.at("config").at("io"), c.notes);
    const Matrix<float> w = weights_of(record);
    compare_direction(c, record, config, w, false);
    compare_direction(c, record, config, w, true);
}

void verify_mvm_moments(const JsonNode& record, Comparison& c) {
    const MvmConfig config = read_io(record.at("config").at("io"), c.notes);
    const Matrix<float> w = weights_of(record);
    const std::string direction =
        record.has("direction") ? record.at("direction").text() : std::string("forward");
    if (direction != "forward" && direction != "backward") {
        record.at("direction").fail("must be `forward` or `backward`");
    }
    const bool backward = direction == "backward";
    const JsonNode vectors = record.at("inputs").at(backward ? "d" : "x");
    const Matrix<float> v = vectors.matrix_of(vectors.size(), backward ? w.rows : w.cols);
    const size_t outputs = backward ? w.cols : w.rows;
    const JsonNode stats = record.at("stats");
    // The rounds of the original: so many tiles, on each all repetitions of vector 0, then of
    // vector 1; a running average of noise management depends on it.
    size_t n = 2;
    size_t tiles = kMomentTiles;
    for (size_t k = 0; k < v.rows; k++) {
        const JsonNode each = stats.at(fmt::format("vector_{}", k));
        n = std::max(n, repetitions(each));
        if (each.has_value("tiles")) {
            tiles = static_cast<size_t>(each.at("tiles").integer(1, kMaxRepetitions));
        }
    }
    const size_t per_tile = std::max<size_t>(1, n / tiles);
    const size_t fewest_tiles = has_tile_tables(config) ? 4 * kMomentTiles : 2;
    const size_t wanted = own_repetitions(n, kMomentSamples, outputs);
    const size_t own_tiles = std::max(fewest_tiles, (wanted + per_tile - 1) / per_tile);
    own_repetitions(own_tiles * per_tile, 0, outputs * std::max<size_t>(v.rows, 1));
    own_repetitions(per_tile, 0, v.cols);
    std::vector<Samples> samples(v.rows, Samples(own_tiles * per_tile, outputs));
    Matrix<float> batch(per_tile, v.cols);
    for (size_t t = 0; t < own_tiles; t++) {
        Direction product(config, w, backward, verify_key("moments", static_cast<uint32_t>(t)));
        for (size_t k = 0; k < v.rows; k++) {
            for (size_t r = 0; r < per_tile; r++) {
                std::copy_n(v.row(k), v.cols, batch.row(r));
            }
            const Matrix<float> y = product.run(batch.view(), k);
            std::copy(y.values.begin(), y.values.end(), samples[k].row(t * per_tile));
        }
    }
    StatisticsRule rule;
    rule.correlation_limit = kMomentCorrelation;
    if (has_tile_tables(config)) {
        rule.own_tiles = own_tiles;
        rule.recorded_tiles = tiles;
    }
    for (size_t k = 0; k < v.rows; k++) {
        const std::string name = fmt::format("vector_{}", k);
        compare_statistics(c, samples[k], stats.at(name), direction + " " + name, rule);
    }
}

void verify_frozen_tables(const JsonNode& record, Comparison& c) {
    // Tables are drawn at construction, whether or not the kind of product uses them.
    const JsonNode io = record.at("config").at("io");
    Json drawn = io.json();
    if (io.is_object()) {
        drawn["is_perfect"] = false;
        drawn["mv_type"] = "POS_NEG_SEPARATE";
    }
    const MvmConfig config = read_io(JsonNode(drawn, io.path()), c.notes);
    const JsonNode stats = record.at("stats");
    for (const std::string& name : stats.keys()) {
        const JsonNode each = stats.at(name);
        const size_t n = own_repetitions(repetitions(each), kTableOutputs, 1);
        MvmTables tables = draw_mvm_tables(config, n, 1, verify_key("tables"));
        std::vector<float>* table = name == "out_noise_values"   ? &tables.output_noise_std
                                    : name == "v_offset"         ? &tables.voltage_offset
                                    : name == "out_nonlinearity" ? &tables.nonlinearity
                                    : name == "w_asymmetry"      ? &tables.read_asymmetry
                                                                 : nullptr;
        if (table == nullptr) {
            each.fail(
                "unknown table; known: out_noise_values, v_offset, out_nonlinearity, "
                "w_asymmetry");
        }
        Samples own(n, 1);
        if (!table->empty()) {
            own.values = *table;
        } else if (name == "out_noise_values") {
            // Without a spread no table is kept: every output has the same noise.
            std::fill(
                own.values.begin(), own.values.end(), static_cast<float>(config.output_noise.std));
        } else if (name == "w_asymmetry") {
            std::fill(own.values.begin(), own.values.end(), 1.0f);
        }
        compare_statistics(c, own, each, name);
    }
}

}  // namespace mho
