// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Category lightning: the linear layer of aihwkit-lightning.

#include <fmt/format.h>

#include <algorithm>

#include "mho/adapt/lightning.h"
#include "mho/analysis/verify_internal.h"

namespace mho {
namespace {

constexpr double kExactLayerLimit = 1e-5;  // of the largest
constexpr size_t kForwards = 20'000;

// Values of `config.set` are texts (also numbers, also `True`), or plain JSON.
struct RecordSetting {
    JsonNode node;

    std::string text() const {
        if (node.json().is_boolean()) {
            return node.boolean() ? "True" : "False";
        }
        return node.json().is_number() ? node.json().dump() : node.text();
    }
    bool boolean() const {
        const std::string word = text();
        if (word != "True" && word != "False" && word != "true" && word != "false") {
            node.fail("must be True or False");
        }
        return word == "True" || word == "true";
    }
    double number() const {
        const std::string word = text();
        char* end = nullptr;
        const double value = std::strtod(word.c_str(), &end);
        if (word.empty() || *end != '\0' || !std::isfinite(value)) {
            node.fail("must be a number");
        }
        return value;
    }
    // Enumerators as NAME or Class.NAME.
    std::string name() const {
        const std::string word = text();
        return word.substr(word.rfind('.') + 1);
    }
    LightningScope scope(const std::string& per_tensor) const {
        const std::string word = name();
        if (word == "NONE") {
            return LightningScope::kNone;
        }
        if (word == per_tensor) {
            return LightningScope::kPerTensor;
        }
        if (word == per_tensor + "_PER_CHANNEL") {
            return LightningScope::kPerChannel;
        }
        node.fail("must be NONE, " + per_tensor + " or " + per_tensor + "_PER_CHANNEL");
    }
    int count() const {
        const double value = number();
        if (value != std::floor(value) || std::abs(value) > 1e6) {
            node.fail("must be an integer of at most 1000000");
        }
        return static_cast<int>(std::max(value, 0.0));
    }
};

LightningClip clip_of(const RecordSetting& s) {
    const std::vector<std::pair<std::string, LightningClip>> names = {
        {"NONE", LightningClip::kNone},
        {"LAYER_GAUSSIAN", LightningClip::kLayerGaussian},
        {"LAYER_GAUSSIAN_PER_CHANNEL", LightningClip::kLayerGaussianPerChannel},
        {"LEARNABLE_PER_CHANNEL", LightningClip::kLearnedPerChannel}};
    for (const auto& [name, clip] : names) {
        if (s.name() == name) {
            return clip;
        }
    }
    s.node.fail("unknown clip `" + s.name() + "`");
}

LightningLayer layer_of(const JsonNode& set) {
    LightningLayer l;
    bool enable = false;
    bool dynamic = false;
    bool fast = false;
    l.output_noise_scope = LightningScope::kPerTensor;
    for (const std::string& key : set.keys()) {
        const RecordSetting s{set.at(key)};
        if (key == "forward.inp_res") {
            l.input_steps = steps_of_resolution(s.number());
        } else if (key == "forward.out_res") {
            l.output_steps = steps_of_resolution(s.number());
        } else if (key == "forward.out_noise") {
            l.output_noise = std::max(s.number(), 0.0);
        } else if (key == "forward.out_noise_per_channel") {
            l.output_noise_scope =
                s.boolean() ? LightningScope::kPerChannel : LightningScope::kPerTensor;
        } else if (key == "forward.out_bound") {
            l.output_bound = std::max(s.number(), 0.0);
        } else if (key == "clip.type") {
            l.clip = clip_of(s);
        } else if (key == "clip.sigma") {
            l.clip_sigma = std::max(s.number(), 0.0);
        } else if (key == "modifier.noise_type") {
            l.weight_noise_scope = s.scope("ADD_NORMAL");
        } else if (key == "modifier.std_dev") {
            l.weight_noise = std::max(s.number(), 0.0);
        } else if (key == "modifier.quantization_type") {
            l.weight_rounding = s.scope("DISCRETIZE");
        } else if (key == "modifier.res") {
            l.weight_steps = steps_of_resolution(s.number());
        } else if (key == "mapping.max_input_size") {
            l.max_inputs = s.count();
        } else if (key == "pre_post.input_range.enable") {
            enable = s.boolean();
        } else if (key == "pre_post.input_range.dynamic") {
            dynamic = s.boolean();
        } else if (key == "pre_post.input_range.fast_mode") {
            fast = s.boolean();
        } else if (key == "pre_post.input_range.learn_input_range") {
            l.learn_range = s.boolean();
        } else if (key == "pre_post.input_range.init_value") {
            l.initial_range = s.number();
        } else if (key == "pre_post.input_range.init_from_data") {
            l.init_batches = s.count();
        } else if (key == "pre_post.input_range.init_std_alpha") {
            l.init_std_factor = s.number();
        } else if (key == "pre_post.input_range.decay") {
            l.range_decay = std::max(s.number(), 0.0);
        } else if (key == "pre_post.input_range.input_min_percentage") {
            l.min_share_inside = s.number();
        } else if (key == "pre_post.input_range.act_range_momentum") {
            l.fast_momentum = s.number();
        } else if (key == "modifier.enable_during_test" || key == "mapping.max_output_size") {
            continue;  // noise acts in training only, and outputs are never split, whatever these
                       // say
        } else {
            s.node.fail("unknown setting of the layer");
        }
    }
    l.range = !enable   ? LightningRange::kNone
              : dynamic ? LightningRange::kDynamic
              : fast    ? LightningRange::kFast
                        : LightningRange::kLearned;
    Problems problems = validate(l, set.path());
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return l;
}

void compare_exact(Comparison& c,
                   const Matrix<float>& own,
                   const JsonNode& recorded,
                   const std::string& what) {
    recorded.matrix_of(own.rows, own.cols, true);
    const std::vector<double> values = recorded.flat_numbers();
    c.list(own.values, values, kExactLayerLimit * largest(values, 1e-30), what);
    c.compared(what);
}

void compare_exact(Comparison& c,
                   const std::vector<float>& own,
                   const JsonNode& recorded,
                   const std::string& what) {
    const std::vector<double> values = recorded.flat_numbers();
    c.list(own, values, kExactLayerLimit * largest(values, 1e-30), what);
    c.compared(what);
}

// An own run of repeated training forwards of the first two rows.
Samples training_forwards(const LightningLayer& layer,
                          const Matrix<float>& w,
                          const std::vector<float>& bias,
                          const Matrix<float>& x,
                          LightningState state,
                          size_t n) {
    const size_t rows = std::min<size_t>(2, x.rows);
    Samples own(n, rows * w.rows);
    for (size_t k = 0; k < n; k++) {
        LightningCall call;
        call.training = true;
        call.key = verify_key("lightning");
        call.step = k;
        lightning_forward(layer,
                          w.view(),
                          bias,
                          x.view().row_block(0, rows),
                          {own.row(k), rows, w.rows},
                          state,
                          call);
    }
    return own;
}

}  // namespace

void verify_lightning(const JsonNode& record, Comparison& c) {
    const LightningLayer layer = layer_of(record.at("config").at("set"));
    const JsonNode inputs = record.at("inputs");
    const Matrix<float> w = inputs.at("W").matrix();
    if (w.rows == 0 || w.cols == 0) {
        inputs.at("W").fail("must have at least one row and one column");
    }
    std::vector<float> bias;
    if (inputs.has_value("bias")) {
        bias = inputs.at("bias").floats();
    }
    const Matrix<float> x = inputs.at("x").matrix_of(inputs.at("x").size(), w.cols);
    LightningState state = lightning_state(layer, w.view());
    if (inputs.has_value("input_range")) {
        const JsonNode range = inputs.at("input_range");
        const std::vector<float> given =
            range.is_list() ? range.floats()
                            : std::vector<float>(state.ranges.size(), range.finite_float());
        if (given.size() != state.ranges.size()) {
            range.fail("must hold one range per piece of the inputs");
        }
        state.ranges = given;
        std::fill(state.batches_seen.begin(), state.batches_seen.end(), uint64_t{1} << 40);
    }
    const JsonNode exact = record.at("exact");
    LightningCall call;
    Matrix<float> y(x.rows, w.rows);
    lightning_forward(layer, w.view(), bias, x.view(), y.view(), state, call);
    compare_exact(c, y, exact.at("eval_y"), "eval_y");

    if (record.has_value("stats")) {
        const JsonNode stats = record.at("stats").at("train_y_first_two_rows");
        const size_t n = own_repetitions(repetitions(stats), kForwards, 2 * w.rows);
        compare_statistics(c,
                           training_forwards(layer, w, bias, x, state, n),
                           stats,
                           "train_y of the first two rows");
        return;
    }
    call.training = true;
    LightningRecord forward;
    lightning_forward(layer, w.view(), bias, x.view(), y.view(), state, call, &forward);
    compare_exact(c, y, exact.at("train_y"), "train_y");
    const Matrix<float> upstream = inputs.at("upstream").matrix_of(x.rows, w.rows);
    const LightningGradients g =
        lightning_backward(layer, w.view(), x.view(), upstream.view(), state, forward);
    compare_exact(c, g.inputs, exact.at("dx"), "dx");
    compare_exact(c, g.weights, exact.at("dW"), "dW");
    if (!bias.empty()) {
        compare_exact(c, g.bias, exact.at("db"), "db");
    }
    if (exact.has_value("range_grad")) {
        compare_exact(c, g.ranges, exact.at("range_grad"), "range_grad");
    } else if (!g.ranges.empty() && layer.range == LightningRange::kLearned) {
        // The gradient of a fast range is a by-product, which not every record keeps.
        exact.fail("range_grad is missing: the range is learned");
    }
}

}  // namespace mho
