// One layer learns inside the array, by five rules: softmax regression on ten noisy patterns. The
// devices are those that plain pulsed SGD suffers on: up steps 30 % smaller than down steps.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "mho/net/training_presets.h"
#include "mho/train/learner.h"

namespace {

constexpr size_t kClasses = 10, kInputs = 32, kBatch = 10, kSteps = 600;

struct Samples {
    mho::Matrix<float> x{kBatch, kInputs};
    size_t label[kBatch] = {};
};

Samples draw(uint64_t step) {
    static const mho::TileKey key = mho::make_tile_key(1, "example");
    Samples s;
    std::vector<float> pattern(kClasses * kInputs), noise(kBatch * kInputs);
    mho::fill_normal(key, mho::Stream::kInitialWeights, 0, 0, pattern);
    mho::fill_normal(key, mho::Stream::kInitialWeights, step + 1, 0, noise);
    for (size_t b = 0; b < kBatch; b++) {
        s.label[b] = (b + step) % kClasses;
        for (size_t i = 0; i < kInputs; i++) {
            s.x(b, i) = 0.3f * pattern[s.label[b] * kInputs + i] + 0.4f * noise[b * kInputs + i];
        }
    }
    return s;
}

// Errors (softmax minus target) of a batch; returns how many were right.
size_t errors_of(mho::ConstFloatView w, const Samples& s, mho::Matrix<float>& errors) {
    size_t right = 0;
    for (size_t b = 0; b < kBatch; b++) {
        float* e = errors.row(b);
        float sum = 0;
        for (size_t o = 0; o < kClasses; o++) {
            float y = 0;
            for (size_t i = 0; i < kInputs; i++) {
                y += w(o, i) * s.x(b, i);
            }
            e[o] = std::exp(4 * y);
            sum += e[o];
        }
        right += std::max_element(e, e + kClasses) == e + s.label[b] ? 1 : 0;
        for (size_t o = 0; o < kClasses; o++) {
            e[o] = e[o] / sum - (o == s.label[b] ? 1.0f : 0.0f);
        }
    }
    return right;
}

double accuracy_after_training(const std::string& rule, double rate) {
    const auto learner = mho::make_learner(mho::learner_from_json_with_presets(rule),
                                           kClasses,
                                           kInputs,
                                           mho::make_tile_key(2, "example learner"));
    mho::Matrix<float> errors(kBatch, kClasses);
    for (uint64_t step = 0; step < kSteps; step++) {
        const Samples s = draw(step);
        errors_of(learner->weights(), s, errors);
        mho::UpdateCall call;
        call.rate = rate;
        call.key.step = step;
        learner->update(s.x.view(), errors.view(), call);
    }
    size_t right = 0;
    for (uint64_t step = 0; step < 100; step++) {
        right += errors_of(learner->weights(), draw(1000000 + step), errors);
    }
    return 100.0 * static_cast<double>(right) / (100 * kBatch);
}

}  // namespace

int main() {
    const std::string device = R"({"model": "soft bounds", "dw_min": 0.005, "w_max": 0.6,
        "w_min": -0.6, "dw_min_std": 1.0, "up_down": -0.3})";
    const std::string two = R"("devices": [)" + device + "," + device + "]";
    const std::string fast = R"("auto_scale": true, "fast_rate": 0.1, "auto_granularity": 500)";
    struct Rule {
        const char* name;
        std::string json;
    };
    const Rule rules[] = {{"SGD", R"({"model": "analog sgd", "device": )" + device + "}"},
                          {"TT", R"({"model": "tiki-taka", )" + two + "}"},
                          {"TTv2",
                           R"({"model": "chopped tiki-taka", "input_chop_probability": 0, )" + two +
                               "," + fast + "}"},
                          {"AGAD", R"({"model": "agad", )" + two + "," + fast + "}"},
                          {"MP", R"({"model": "mixed precision", "device": )" + device + "}"}};
    for (const Rule& rule : rules) {
        std::printf("%-5s %5.1f %%\n", rule.name, accuracy_after_training(rule.json, 0.02));
    }
}
