// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/programmers.h"

#include <algorithm>
#include <cmath>

#include "mho/kernels/product.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// All draws have a key of their own, made from the tile's. Steps: one block per programming, in it
// the tables and the draws.
TileKey pulses_key(const Tile& tile) {
    return make_tile_key(tile.key().value, "programming by pulses");
}

constexpr uint64_t kBlockBits = 30;
constexpr uint64_t kCellGain = 0;
constexpr uint64_t kColumnGain = 1;
constexpr uint64_t kStart = 2;
constexpr uint64_t kInputs = uint64_t{1} << 29;
constexpr uint64_t kFirstDraw = 16;

uint64_t step_of(uint64_t programming, uint64_t what) {
    return (programming << kBlockBits) + what;
}

Matrix<float> exact_products(ConstFloatView weights, ConstFloatView x) {
    PackedMatrix packed;
    packed.pack(weights);
    AlignedFloats memory(x.rows * packed.row_stride());
    ProductSums sums;
    sums.plain = memory.data();
    sums.stride = packed.row_stride();
    ProductScratch scratch;
    multiply(packed, ProductSet::kPlain, x, nullptr, sums, scratch);
    Matrix<float> y(x.rows, weights.rows);
    for (size_t r = 0; r < y.rows; r++) {
        std::copy_n(sums.plain + r * sums.stride, y.cols, y.row(r));
    }
    return y;
}

struct Line {
    double slope = 1;
    double offset = 0;
};

// wanted = slope measured + offset, least squares; a column that does not vary keeps slope 1.
Line fit_line(ConstFloatView measured, ConstFloatView wanted, size_t column) {
    double x = 0;
    double y = 0;
    double xx = 0;
    double xy = 0;
    for (size_t r = 0; r < measured.rows; r++) {
        const double a = measured(r, column);
        const double b = wanted(r, column);
        x += a;
        y += b;
        xx += a * a;
        xy += a * b;
    }
    const auto n = static_cast<double>(measured.rows);
    const double spread = xx - x * x / n;
    Line line;
    if (spread > 0) {
        line.slope = (xy - x * y / n) / spread;
    }
    line.offset = (y - line.slope * x) / n;
    return line;
}

class PulseProgrammer : public Programmer {
  public:
    explicit PulseProgrammer(const ProgrammingConfig& config) : config_(config) {}
    void program(Tile& tile,
                 ConstFloatView target,
                 uint64_t programming,
                 ConductanceSwitches switches) const override {
        program_by_pulses(config_, tile, target, programming, switches);
    }

  private:
    ProgrammingConfig config_;
};

}  // namespace

PulsedCells::PulsedCells(const ProgrammingConfig& config,
                         const Tile& tile,
                         Matrix<float> start,
                         float w_max,
                         uint64_t programming)
    : config_(config),
      tile_(tile),
      weights_(std::move(start)),
      w_max_(w_max),
      programming_(programming),
      gain_(weights_.values.size()),
      column_gain_(tile.outputs()) {
    // What a chip is born with does not depend on the programming.
    fill_normal(pulses_key(tile), Stream::kPulseNoise, kCellGain, 0, gain_);
    fill_normal(pulses_key(tile), Stream::kPulseNoise, kColumnGain, 0, column_gain_);
    for (float& g : gain_) {
        g = std::exp(static_cast<float>(config.pulse_gain_spread) * g);
    }
    for (float& g : column_gain_) {
        g = std::max(0.1f, 1 + static_cast<float>(config.column_gain_spread) * g);
    }
}

void PulsedCells::normals(std::vector<float>& out) {
    fill_normal(pulses_key(tile_),
                Stream::kPulseNoise,
                step_of(programming_, kFirstDraw + draws_++),
                0,
                out);
}

void PulsedCells::pulse(const Matrix<float>& wanted) {
    std::vector<float> noise(weights_.values.size());
    normals(noise);
    const float spread = static_cast<float>(config_.pulse_noise) * w_max_;
    for (size_t i = 0; i < noise.size(); i++) {
        if (wanted.values[i] != 0) {
            const float w = weights_.values[i] + gain_[i] * wanted.values[i] + spread * noise[i];
            weights_.values[i] = std::clamp(w, -w_max_, w_max_);
            pulses_++;
        }
    }
}

Matrix<float> PulsedCells::reading() {
    Matrix<float> seen = weights_;
    std::vector<float> noise(seen.values.size());
    normals(noise);
    const float spread = static_cast<float>(config_.read_noise) * w_max_;
    for (size_t i = 0; i < noise.size(); i++) {
        seen.values[i] += spread * noise[i];
    }
    return seen;
}

Matrix<float> PulsedCells::products(ConstFloatView x) {
    PackedMatrix packed;
    packed.pack(reading().view());
    Matrix<float> y(x.rows, tile_.outputs());
    MvmScratch scratch;
    MvmCall call;
    RunningAbsMax running;
    call.running = &running;
    call.key.step = step_of(programming_, kFirstDraw + draws_++);
    tile_.forward().run(packed, x, y.view(), call, scratch);
    for (size_t r = 0; r < y.rows; r++) {
        for (size_t j = 0; j < y.cols; j++) {
            y(r, j) *= column_gain_[j];
        }
    }
    return y;
}

ProgrammingTrace run_verify(const ProgrammingConfig& config,
                            ConstFloatView target,
                            PulsedCells& cells) {
    const size_t outputs = target.rows;
    const size_t inputs = target.cols;
    const float margin = static_cast<float>(config.verify_margin) * cells.w_max();
    const auto factor = static_cast<float>(config.verify_pulse);
    ProgrammingTrace trace;
    const uint64_t before = cells.pulses();
    for (int round = 0; round < config.verify_rounds; round++) {
        Matrix<float> seen(outputs, inputs);
        if (config.cell_read_steps > 0) {
            seen = cells.reading();
            const float step = 2 * cells.w_max() / static_cast<float>(config.cell_read_steps);
            for (float& v : seen.values) {
                v = std::nearbyint(v / step) * step;
            }
        } else {
            // A cell is read by driving its row alone.
            Matrix<float> unit(inputs, inputs);
            for (size_t j = 0; j < inputs; j++) {
                unit(j, j) = 1.0f;
            }
            const Matrix<float> y = cells.products(unit.view());
            for (size_t i = 0; i < outputs; i++) {
                for (size_t j = 0; j < inputs; j++) {
                    seen(i, j) = y(j, i);
                }
            }
        }
        Matrix<float> wanted(outputs, inputs);
        double error = 0;
        for (size_t i = 0; i < outputs; i++) {
            for (size_t j = 0; j < inputs; j++) {
                const float off = target(i, j) - seen(i, j);
                error += std::abs(double{off});
                wanted(i, j) = std::abs(off) > margin ? factor * off : 0.0f;
            }
        }
        trace.error.push_back(error / static_cast<double>(outputs * inputs));
        cells.pulse(wanted);
    }
    trace.pulses = cells.pulses() - before;
    return trace;
}

ProgrammingTrace run_gradient(const ProgrammingConfig& config,
                              ConstFloatView target,
                              PulsedCells& cells,
                              TileKey key,
                              uint64_t programming) {
    const auto batch = static_cast<size_t>(config.batch);
    const size_t inputs = target.cols;
    const size_t outputs = target.rows;
    const float threshold = static_cast<float>(config.threshold) * cells.w_max();
    ProgrammingTrace trace;
    const uint64_t before = cells.pulses();
    Matrix<float> x(batch, inputs);
    for (int it = 0; it < config.iterations; it++) {
        fill_uniform(key,
                     Stream::kPulseNoise,
                     step_of(programming, kInputs + static_cast<uint64_t>(it)),
                     0,
                     x.values);
        for (float& v : x.values) {
            v = 2 * v - 1;
        }
        const Matrix<float> wanted = exact_products(target, x.view());
        Matrix<float> y = cells.products(x.view());
        double off = 0;
        double norm = 0;
        Matrix<float> error(outputs, batch);
        for (size_t i = 0; i < outputs; i++) {
            const Line line = fit_line(y.view(), wanted.view(), i);
            for (size_t r = 0; r < batch; r++) {
                const double e = line.slope * y(r, i) + line.offset - wanted(r, i);
                off += e * e;
                norm += double{wanted(r, i)} * wanted(r, i);
                error(i, r) = static_cast<float>(e);
            }
        }
        trace.error.push_back(norm > 0 ? std::sqrt(off / norm) : 0.0);
        // dL/dW = E^T X / batch, over E[x^2] = 1/3 so that a step of 1 is Newton's for one cell.
        Matrix<float> transposed(inputs, batch);
        for (size_t r = 0; r < batch; r++) {
            for (size_t j = 0; j < inputs; j++) {
                transposed(j, r) = x(r, j);
            }
        }
        const Matrix<float> gradient = exact_products(transposed.view(), error.view());
        const double decay =
            config.rate_decay > 0 ? 1 + static_cast<double>(it) / config.rate_decay : 1;
        const auto rate = static_cast<float>(config.rate / decay * 3 / static_cast<double>(batch));
        Matrix<float> change(outputs, inputs);
        for (size_t k = 0; k < change.values.size(); k++) {
            const float d = -rate * gradient.values[k];
            change.values[k] = std::abs(d) > threshold ? d : 0.0f;
        }
        cells.pulse(change);
    }
    trace.pulses = cells.pulses() - before;
    return trace;
}

ProgrammingTrace run_closed_loop(const ProgrammingConfig& config,
                                 ConstFloatView target,
                                 PulsedCells& cells,
                                 TileKey key,
                                 uint64_t programming) {
    const size_t inputs = target.cols;
    const size_t outputs = target.rows;
    float largest = 0;
    for (size_t i = 0; i < outputs; i++) {
        for (size_t j = 0; j < inputs; j++) {
            largest = std::max(largest, std::abs(target(i, j)));
        }
    }
    Matrix<float> unit(inputs, inputs);
    for (size_t j = 0; j < inputs; j++) {
        unit(j, j) = 1.0f;
    }
    const float step = static_cast<float>(config.pulse_step) * cells.w_max();
    std::vector<float> uniform(inputs * outputs);
    ProgrammingTrace trace;
    const uint64_t before = cells.pulses();
    for (int it = 0; it < config.iterations; it++) {
        const Matrix<float> y = cells.products(unit.view());
        fill_uniform(key,
                     Stream::kPulseNoise,
                     step_of(programming, kInputs + static_cast<uint64_t>(it)),
                     0,
                     uniform);
        Matrix<float> wanted(outputs, inputs);
        double sum = 0;
        for (size_t i = 0; i < outputs; i++) {
            for (size_t j = 0; j < inputs; j++) {
                const float off = target(i, j) - y(j, i);
                sum += std::abs(double{off});
                // A whole number of pulses whose mean is the wanted change.
                const float pulses =
                    static_cast<float>(config.rate) * off / step + uniform[i * inputs + j];
                wanted(i, j) = step * std::floor(pulses);
            }
        }
        const double error = sum / static_cast<double>(outputs * inputs);
        trace.error.push_back(error);
        if (error < config.tolerance * double{largest}) {
            break;
        }
        cells.pulse(wanted);
    }
    trace.pulses = cells.pulses() - before;
    return trace;
}

ProgrammingTrace program_by_pulses(const ProgrammingConfig& config,
                                   Tile& tile,
                                   ConstFloatView target,
                                   uint64_t programming,
                                   ConductanceSwitches switches) {
    if (!std::holds_alternative<SinglePair>(tile.config().converter)) {
        throw InputError("programming by pulses needs hardware.converter.model = `single pair`");
    }
    if (programming >= (uint64_t{1} << 20)) {
        throw InputError("programming by pulses numbers its programmings below 2^20");
    }
    tile.program(target, programming, switches);
    ProgrammingTrace trace;
    float w_max = 0;
    for (const float w : tile.target().values) {
        w_max = std::max(w_max, std::abs(w));
    }
    if (!switches.programming || w_max == 0) {
        return trace;
    }
    Matrix<float> start = tile.weights();
    if (config.kind == ProgrammingKind::kClosedLoop) {
        fill_uniform(
            pulses_key(tile), Stream::kPulseNoise, step_of(programming, kStart), 0, start.values);
        for (float& w : start.values) {
            w = 0.02f * (w - 0.5f) * w_max;
        }
    }
    PulsedCells cells(config, tile, std::move(start), w_max, programming);
    switch (config.kind) {
        case ProgrammingKind::kSingleShot:
        case ProgrammingKind::kOptimisedMap:
            return trace;
        case ProgrammingKind::kVerify:
            trace = run_verify(config, target, cells);
            break;
        case ProgrammingKind::kGradient:
            trace = run_gradient(config, target, cells, pulses_key(tile), programming);
            break;
        case ProgrammingKind::kVerifyThenGradient: {
            trace = run_verify(config, target, cells);
            const ProgrammingTrace rest =
                run_gradient(config, target, cells, pulses_key(tile), programming);
            trace.error = rest.error;
            trace.pulses += rest.pulses;
            break;
        }
        case ProgrammingKind::kClosedLoop:
            trace = run_closed_loop(config, target, cells, pulses_key(tile), programming);
            break;
    }
    // The scale from weight to conductance stays that of the targets.
    const ConductanceScale scale = fit_scale(tile.config().converter, tile.target().view());
    tile.set_programmed_us(
        to_conductances(tile.config().converter, cells.weights().view(), scale).slices);
    return trace;
}

std::unique_ptr<Programmer> make_programmer(const ProgrammingConfig& config) {
    if (config.kind == ProgrammingKind::kSingleShot ||
        config.kind == ProgrammingKind::kOptimisedMap) {
        return nullptr;
    }
    return std::make_unique<PulseProgrammer>(config);
}

double error_after_affine(ConstFloatView measured, ConstFloatView wanted) {
    if (measured.rows != wanted.rows || measured.cols != wanted.cols || measured.rows < 2) {
        throw InputError(
            "an error after correction needs two matrices of one shape, two rows or "
            "more");
    }
    require_finite(measured, "measured outputs");
    require_finite(wanted, "wanted outputs");
    double off = 0;
    double norm = 0;
    for (size_t j = 0; j < measured.cols; j++) {
        const Line line = fit_line(measured, wanted, j);
        for (size_t r = 0; r < measured.rows; r++) {
            const double e = line.slope * measured(r, j) + line.offset - wanted(r, j);
            off += e * e;
            norm += double{wanted(r, j)} * wanted(r, j);
        }
    }
    return norm > 0 ? std::sqrt(off / norm) : 0.0;
}

}  // namespace mho
