// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/trainer.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/kl_div.h>
#include <ATen/ops/log_softmax.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "mho/nn/augment.h"
#include "mho/nn/learner_checkpoint.h"
#include "mho/nn/threads.h"
#include "mho/util/error.h"

namespace mho {

namespace {

bool ends_with(const std::string& name, std::string_view end) {
    return name.ends_with(end);
}

// Numbers in metadata: doubles as the integer of their bits, so that they come back exactly.
std::string text_of(double v) {
    return std::to_string(std::bit_cast<uint64_t>(v));
}

uint64_t integer(const SafeTensors& state, const std::string& key) {
    const auto found = state.metadata.find(key);
    uint64_t v = 0;
    if (found != state.metadata.end()) {
        const std::string& text = found->second;
        const auto result = std::from_chars(text.data(), text.data() + text.size(), v);
        if (result.ec == std::errc() && result.ptr == text.data() + text.size()) {
            return v;
        }
    }
    throw InputError("the checkpoint has no number `" + key +
                     "`: it is damaged or of another kind");
}

double real(const SafeTensors& state, const std::string& key) {
    return std::bit_cast<double>(integer(state, key));
}

void must_match(const std::string& theirs, const std::string& key, const std::string& mine) {
    if (theirs != mine) {
        throw InputError("the checkpoint was made with another " + key + ": " + theirs +
                         " instead of " + mine);
    }
}

// A description of a checkpoint in the words of this version: an earlier one knew fewer parameters.
template <class Rewrite>
std::string in_our_words(const SafeTensors& state, const std::string& key, Rewrite rewrite) {
    const auto found = state.metadata.find(key);
    if (found == state.metadata.end()) {
        return "nothing";
    }
    try {
        return rewrite(found->second);
    } catch (const std::exception&) {
        return found->second;
    }
}

bool has_recurrence(const Graph& graph) {
    return std::any_of(graph.layers.begin(), graph.layers.end(), [](const Layer& l) {
        return std::holds_alternative<RecurrentOp>(l.op);
    });
}

}  // namespace

Trainer::Trainer(GraphNetwork network,
                 const LabelledImages& data,
                 const TrainConfig& config,
                 uint64_t seed)
    : network_(std::move(network)), data_(data), config_(config), seed_(seed) {
    validate_train_config(config);
    const size_t features = data.channels * data.height * data.width;
    if (data.count == 0 || data.pixels.size() != data.count * features || data.labels.empty() ||
        data.labels.size() % data.count != 0) {
        throw InputError("training needs at least one picture, and one label per picture");
    }
    labels_ = data.labels.size() / data.count;
    if (features != network_->input_features()) {
        throw InputError("the network takes " + std::to_string(network_->input_features()) +
                         " numbers per sample, the pictures of " + data.source + " have " +
                         std::to_string(features));
    }
    const std::vector<Shape> shapes = infer_shapes(network_->graph());
    int outputs = 1;
    for (int d : shapes.back()) {
        outputs *= d;
    }
    if (labels_ > 1) {
        if (shapes.back().size() != 2 || static_cast<size_t>(shapes.back()[0]) != labels_) {
            throw InputError("samples of " + data.source + " have " + std::to_string(labels_) +
                             " labels each: the network must put out one row of logits for each");
        }
        if (config.augmentation != AugmentationKind::kNone) {
            throw ConfigError("augmentation", "moves pictures; for sequences it must be `none`");
        }
        outputs = shapes.back()[1];
    } else if (shapes.back().size() == 2) {
        throw InputError("the network puts out a sequence, but " + data.source +
                         " has one label a sample");
    }
    const auto largest = *std::max_element(data.labels.begin(), data.labels.end());
    if (largest >= outputs) {
        throw InputError("label " + std::to_string(largest) + " needs more than the " +
                         std::to_string(outputs) + " outputs of the network");
    }
    const auto batch = static_cast<size_t>(config.batch);
    batches_ = (data.count + batch - 1) / batch;
    // Batch statistics of a single sample do not exist.
    if (batches_ > 1 && data.count % batch == 1) {
        batches_--;
    }
    std::vector<const float*> by_pulses;
    for (const auto& [name, layer] : network_->analog_layers()) {
        if (layer->learns_in_memory()) {
            by_pulses.push_back(layer->tile_weight.data_ptr<float>());
        }
    }
    if (!by_pulses.empty() && config.gradient_clip > 0) {
        throw ConfigError("gradient_clip",
                          "must be 0 for learning in memory: pulses have no common gradient");
    }
    if (config.parameters == TrainedParameters::kInputRanges) {
        freeze_all_but_ranges();
    }
    std::vector<Optimizer::Slot> slots;
    for (const auto& item : network_->named_parameters()) {
        if (!item.value().requires_grad() ||
            std::find(by_pulses.begin(), by_pulses.end(), item.value().data_ptr<float>()) !=
                by_pulses.end()) {
            continue;
        }
        Optimizer::Slot slot;
        slot.name = item.key();
        slot.values = item.value().data_ptr<float>();
        slot.size = static_cast<size_t>(item.value().numel());
        slot.decays =
            !ends_with(slot.name, "input_range") && !ends_with(slot.name, "learned_scale");
        slots.push_back(std::move(slot));
        parameters_.push_back(item.value());
    }
    optimizer_ = std::make_unique<Optimizer>(config, std::move(slots));
}

void Trainer::freeze_all_but_ranges() {
    bool any = false;
    for (const auto& item : network_->named_parameters()) {
        if (!ends_with(item.key(), "input_range")) {
            item.value().set_requires_grad(false);
        }
        any = any || item.value().requires_grad();
    }
    if (!any) {
        throw ConfigError("parameters",
                          "are to be the input ranges, but no layer of the network learns one: see "
                          "hardware.input_range");
    }
}

void Trainer::set_teacher(GraphNetwork teacher) {
    teacher_ = std::move(teacher);
    teacher_->eval();
}

bool Trainer::finished() const {
    return step_ >= static_cast<uint64_t>(config_.epochs) * batches_;
}

void Trainer::start_epoch() {
    const uint64_t epoch = step_ / batches_;
    if (order_epoch_ != epoch) {
        order_.resize(data_.count);
        fill_permutation(make_tile_key(seed_, "shuffle"), Stream::kShuffle, epoch, order_);
        order_epoch_ = epoch;
    }
}

bool Trainer::run(const std::atomic<bool>* stop) {
    if (config_.distillation > 0 && teacher_.is_empty()) {
        throw InputError(
            "training.distillation needs the floating-point network: call set_teacher()");
    }
    // The products of one position are so small that threads would wait for each other longer than
    // they work: with other programs on the processors, a hundred times as long.
    const bool one = has_recurrence(network_->graph());
    const TrainingThreads threads(one ? 1 : static_cast<size_t>(config_.threads),
                                  one ? 1 : layer_threads());
    network_->train();
    network_->set_first_sample(0);
    while (!finished()) {
        if (stop != nullptr && stop->load(std::memory_order_relaxed)) {
            return false;
        }
        start_epoch();
        const int epoch = static_cast<int>(step_ / batches_);
        one_batch();
        const size_t done = step_ - static_cast<uint64_t>(epoch) * batches_;
        const double loss = loss_sum_ / static_cast<double>(std::max<uint64_t>(seen_, 1));
        if (on_batch) {
            on_batch({epoch, done, batches_, loss, batch_loss_});
        }
        if (done == batches_) {
            history_.push_back({epoch,
                                loss,
                                static_cast<double>(correct_) / static_cast<double>(seen_),
                                last_rate_});
            loss_sum_ = 0;
            correct_ = 0;
            seen_ = 0;
            if (on_epoch) {
                on_epoch(history_.back());
            }
        }
    }
    return true;
}

void Trainer::one_batch() {
    const uint64_t epoch = step_ / batches_;
    const size_t features = network_->input_features();
    const size_t first = (step_ % batches_) * static_cast<size_t>(config_.batch);
    const size_t count = std::min(static_cast<size_t>(config_.batch), data_.count - first);
    torch::Tensor pixels = at::empty({static_cast<int64_t>(count), static_cast<int64_t>(features)});
    torch::Tensor labels = at::empty({static_cast<int64_t>(count * labels_)}, at::kLong);
    const ImageShape shape{static_cast<int>(data_.channels),
                           static_cast<int>(data_.height),
                           static_cast<int>(data_.width)};
    const TileKey key = make_tile_key(seed_, "augmentation");
    for (size_t i = 0; i < count; i++) {
        const size_t sample = order_[first + i];
        const PictureMove move = draw_move(config_, key, epoch, first + i);
        copy_moved(data_.pixels.data() + sample * features,
                   shape,
                   move.dy,
                   move.dx,
                   move.flip,
                   pixels.data_ptr<float>() + i * features);
        std::copy_n(data_.labels.begin() + static_cast<std::ptrdiff_t>(sample * labels_),
                    labels_,
                    labels.data_ptr<int64_t>() + i * labels_);
    }
    network_->set_step(config_.resample_reads.draw(step_, batches_),
                       config_.resample_weights.draw(step_, batches_));
    network_->set_dropout_step(step_);
    // One row of logits for every label: all positions of a sequence count alike.
    const torch::Tensor logits = network_->forward(pixels).reshape({labels.size(0), -1});
    torch::Tensor loss = at::cross_entropy_loss(
        logits, labels, {}, at::Reduction::Mean, -100, config_.label_smoothing);
    if (config_.distillation > 0) {
        torch::Tensor target;
        {
            const torch::NoGradGuard no_grad;
            target = at::log_softmax(
                teacher_->forward(pixels).reshape(logits.sizes()) / config_.temperature, 1);
        }
        // T^2 keeps the size of the gradients (Hinton et al., arXiv 1503.02531).
        const torch::Tensor soft =
            at::kl_div(at::log_softmax(logits / config_.temperature, 1),
                       target,
                       at::Reduction::Sum,
                       true) *
            (config_.temperature * config_.temperature / static_cast<double>(count * labels_));
        loss = loss * (1 - config_.distillation) + soft * config_.distillation;
    }
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
        throw Error("training: the loss is not finite at step " + std::to_string(step_) +
                    "; a smaller learning rate or gradient_clip may help");
    }
    for (torch::Tensor& p : parameters_) {
        p.mutable_grad() = torch::Tensor();
    }
    loss.backward();
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> kept;
    std::vector<const float*> gradients;
    double squares = 0;
    for (torch::Tensor& p : parameters_) {
        torch::Tensor g = p.grad();
        if (!g.defined()) {
            gradients.push_back(nullptr);
            continue;
        }
        g = g.contiguous();
        if (config_.gradient_clip > 0) {
            const float* v = g.data_ptr<float>();
            for (int64_t k = 0; k < g.numel(); k++) {
                squares += static_cast<double>(v[k]) * static_cast<double>(v[k]);
            }
        }
        gradients.push_back(g.data_ptr<float>());
        kept.push_back(g);
    }
    const double norm = std::sqrt(squares);
    if (config_.gradient_clip > 0 && norm > config_.gradient_clip) {
        for (torch::Tensor& g : kept) {
            g.mul_(config_.gradient_clip / norm);
        }
    }
    last_rate_ =
        config_.learning_rate *
        schedule_factor(config_.schedule, step_, batches_, static_cast<uint64_t>(config_.epochs));
    optimizer_->step(gradients, last_rate_);
    network_->learn(last_rate_, step_);
    network_->post_step();
    batch_loss_ = value;
    loss_sum_ += value * static_cast<double>(count * labels_);
    correct_ += static_cast<uint64_t>(at::argmax(logits, 1).eq(labels).sum().item<int64_t>());
    seen_ += count * labels_;
    step_++;
}

std::vector<std::pair<std::string, torch::Tensor>> Trainer::tensors() const {
    std::vector<std::pair<std::string, torch::Tensor>> all;
    for (const auto& item : network_->named_parameters()) {
        all.emplace_back("parameter." + item.key(), item.value());
    }
    for (const auto& item : network_->named_buffers()) {
        all.emplace_back("buffer." + item.key(), item.value());
    }
    return all;
}

SafeTensors Trainer::checkpoint() const {
    SafeTensors state;
    for (const auto& [name, tensor] : tensors()) {
        const torch::Tensor t = tensor.detach().contiguous();
        std::vector<size_t> shape(t.sizes().begin(), t.sizes().end());
        state.tensors[name] =
            make_tensor(std::move(shape), {t.data_ptr<float>(), t.data_ptr<float>() + t.numel()});
    }
    for (const Optimizer::Slot& slot : optimizer_->slots()) {
        if (!slot.first.empty()) {
            state.tensors["first_moment." + slot.name] = make_tensor({slot.size}, slot.first);
        }
        if (!slot.second.empty()) {
            state.tensors["second_moment." + slot.name] = make_tensor({slot.size}, slot.second);
        }
    }
    for (const auto& [name, layer] : network_->analog_layers()) {
        const std::vector<uint64_t>& batches = layer->range_batches();
        for (size_t i = 0; i < batches.size(); i++) {
            state.metadata["range_batches." + name + "." + std::to_string(i)] =
                std::to_string(batches[i]);
        }
    }
    save_learners(*network_, state);
    state.metadata["format"] = "mho training checkpoint 1";
    state.metadata["training"] = train_config_text(config_);
    state.metadata["network"] = graph_to_json(network_->graph());
    state.metadata["seed"] = std::to_string(seed_);
    state.metadata["samples"] = std::to_string(data_.count);
    state.metadata["step"] = std::to_string(step_);
    state.metadata["optimizer_steps"] = std::to_string(optimizer_->steps());
    state.metadata["loss_sum"] = text_of(loss_sum_);
    state.metadata["correct"] = std::to_string(correct_);
    state.metadata["seen"] = std::to_string(seen_);
    state.metadata["history"] = std::to_string(history_.size());
    for (size_t i = 0; i < history_.size(); i++) {
        const std::string entry = "history." + std::to_string(i);
        state.metadata[entry + ".loss"] = text_of(history_[i].loss);
        state.metadata[entry + ".accuracy"] = text_of(history_[i].accuracy);
        state.metadata[entry + ".learning_rate"] = text_of(history_[i].learning_rate);
    }
    return state;
}

void Trainer::restore(const SafeTensors& state) {
    const auto as_it_is = [](const std::string& text) { return text; };
    const auto compare = [&](const std::string& key, const std::string& mine, auto rewrite) {
        must_match(in_our_words(state, key, rewrite), key, mine);
    };
    compare("format", "mho training checkpoint 1", as_it_is);
    compare("training", train_config_text(config_), train_config_rewritten);
    compare("network", graph_to_json(network_->graph()), [](const std::string& text) {
        return graph_to_json(graph_from_json(text));
    });
    compare("seed", std::to_string(seed_), as_it_is);
    compare("samples", std::to_string(data_.count), as_it_is);
    const auto values = [&](const std::string& name, size_t size) -> const std::vector<float>& {
        const Tensor& t = state.at(name);
        if (t.values.size() != size) {
            throw InputError("checkpoint: " + name + " holds " + std::to_string(t.values.size()) +
                             " numbers, not " + std::to_string(size));
        }
        return t.values;
    };
    const uint64_t step = integer(state, "step");
    const uint64_t entries = integer(state, "history");
    if (step > static_cast<uint64_t>(config_.epochs) * batches_ || entries != step / batches_) {
        throw InputError("checkpoint: step " + std::to_string(step) +
                         " does not belong to this run");
    }
    // Everything is looked up before anything is changed.
    std::vector<EpochResult> history;
    for (uint64_t i = 0; i < entries; i++) {
        const std::string entry = "history." + std::to_string(i);
        history.push_back({static_cast<int>(i),
                           real(state, entry + ".loss"),
                           real(state, entry + ".accuracy"),
                           real(state, entry + ".learning_rate")});
    }
    const auto targets = tensors();
    for (const auto& [name, tensor] : targets) {
        values(name, static_cast<size_t>(tensor.numel()));
    }
    for (const Optimizer::Slot& slot : optimizer_->slots()) {
        if (!slot.first.empty()) {
            values("first_moment." + slot.name, slot.size);
        }
        if (!slot.second.empty()) {
            values("second_moment." + slot.name, slot.size);
        }
    }
    const auto learners = saved_learners(*network_, state);
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : targets) {
        const std::vector<float>& from = values(name, static_cast<size_t>(tensor.numel()));
        std::copy(from.begin(), from.end(), tensor.data_ptr<float>());
    }
    for (Optimizer::Slot& slot : optimizer_->slots()) {
        if (!slot.first.empty()) {
            slot.first = values("first_moment." + slot.name, slot.size);
        }
        if (!slot.second.empty()) {
            slot.second = values("second_moment." + slot.name, slot.size);
        }
    }
    for (const auto& [name, layer] : network_->analog_layers()) {
        std::vector<uint64_t>& batches = layer->range_batches();
        for (size_t i = 0; i < batches.size(); i++) {
            batches[i] = integer(state, "range_batches." + name + "." + std::to_string(i));
        }
        layer->forget_loaded();
        if (layer->learns_in_memory()) {
            layer->set_learner_states(learners.at(name));
        }
    }
    optimizer_->set_steps(integer(state, "optimizer_steps"));
    loss_sum_ = real(state, "loss_sum");
    correct_ = integer(state, "correct");
    seen_ = integer(state, "seen");
    step_ = step;
    history_ = std::move(history);
}

void Trainer::save(const std::string& path) const {
    write_safetensors(path, checkpoint());
}

void Trainer::load(const std::string& path) {
    restore(read_safetensors(path));
}

}  // namespace mho
