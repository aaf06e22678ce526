// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/analog_layers.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/im2col.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <cmath>

#include "mho/adapt/modified_grid.h"
#include "mho/adapt/modifier.h"
#include "mho/nn/analog_engine.h"
#include "mho/nn/layer_learning.h"
#include "mho/nn/sizes.h"
#include "mho/nn/threads.h"
#include "mho/util/error.h"

namespace mho {

namespace {

FloatView view_of(const torch::Tensor& t) {
    return {t.data_ptr<float>(), static_cast<size_t>(t.size(0)), static_cast<size_t>(t.size(1))};
}

Matrix<float> matrix_of(const torch::Tensor& t) {
    Matrix<float> m(static_cast<size_t>(t.size(0)), static_cast<size_t>(t.size(1)));
    std::copy_n(t.data_ptr<float>(), m.values.size(), m.values.data());
    return m;
}

std::vector<float> vector_of(const torch::Tensor& t) {
    return {t.data_ptr<float>(), t.data_ptr<float>() + t.numel()};
}

Tensor tensor_of(const torch::Tensor& t) {
    std::vector<size_t> shape;
    for (int64_t d : t.sizes()) {
        shape.push_back(static_cast<size_t>(d));
    }
    return make_tensor(std::move(shape), vector_of(t));
}

void copy_into(torch::Tensor& to, const Tensor& from, const std::string& layer, const char* what) {
    if (static_cast<size_t>(to.numel()) != from.values.size()) {
        throw InputError("layer " + layer + ": " + what + " must hold " +
                         std::to_string(to.numel()) + " numbers, got " +
                         std::to_string(from.values.size()));
    }
    require_finite({from.values.data(), 1, from.values.size()}, what);
    std::copy(from.values.begin(), from.values.end(), to.data_ptr<float>());
}

// What the forward pass hands to the backward pass beside tensors.
struct Pass : torch::CustomClassHolder {
    std::shared_ptr<AnalogEngine> engine;
    std::shared_ptr<LayerLearning> learning;  // null: the optimiser trains the weights
    ForwardTrace trace;
    size_t samples = 0;
    std::vector<int64_t> input_strides;
};

class AnalogFunction : public torch::autograd::Function<AnalogFunction> {
  public:
    static torch::Tensor forward(torch::autograd::AutogradContext* ctx,
                                 const torch::Tensor& input,
                                 const torch::Tensor& tile_weight,
                                 const torch::Tensor& learned_scale,
                                 const torch::Tensor& input_range,
                                 const torch::Tensor& bias,
                                 const torch::Tensor& weights,
                                 const c10::intrusive_ptr<Pass>& pass,
                                 const LayerGeometry& geometry,
                                 ReadKey key) {
        torch::Tensor output = at::empty({signed_size(pass->samples * geometry.positions()),
                                          signed_size(geometry.total_outputs())});
        pass->engine->forward(geometry,
                              input.data_ptr<float>(),
                              pass->samples,
                              output.data_ptr<float>(),
                              key,
                              &pass->trace);
        ctx->save_for_backward({input, weights});
        ctx->saved_data["pass"] = c10::IValue::make_capsule(pass);
        return output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = ctx->get_saved_variables();
        const auto pass = ctx->saved_data["pass"].toCapsule();
        auto& p = static_cast<Pass&>(*pass);
        const torch::Tensor& input = saved[0];
        const torch::Tensor errors = gradients[0].contiguous();
        BackwardResult result;
        torch::Tensor input_gradient;
        if (ctx->needs_input_grad(0)) {
            input_gradient = at::empty_strided(input.sizes(), input.strides(), input.options());
            result.inputs = input_gradient.data_ptr<float>();
        }
        result.wants_weights = ctx->needs_input_grad(1) && p.learning == nullptr;
        p.engine->backward(p.trace,
                           input.data_ptr<float>(),
                           p.samples,
                           saved[1],
                           errors.data_ptr<float>(),
                           result);
        if (p.learning != nullptr) {
            p.learning->collect(
                p.trace.geometry, input, p.samples, errors, p.trace.scales, p.trace.key.step);
        }
        torch::Tensor learned;
        if (ctx->needs_input_grad(2)) {
            learned =
                at::empty({signed_size(result.learned.rows), signed_size(result.learned.cols)});
            std::copy(result.learned.values.begin(),
                      result.learned.values.end(),
                      learned.data_ptr<float>());
        }
        torch::Tensor range;
        if (ctx->needs_input_grad(3)) {
            range = at::empty({signed_size(result.ranges.size())});
            std::copy(result.ranges.begin(), result.ranges.end(), range.data_ptr<float>());
        }
        torch::Tensor bias;
        if (ctx->needs_input_grad(4)) {
            bias = at::empty({signed_size(result.bias.size())});
            std::copy(result.bias.begin(), result.bias.end(), bias.data_ptr<float>());
        }
        return {input_gradient,
                result.weights,
                learned,
                range,
                bias,
                torch::Tensor(),
                torch::Tensor(),
                torch::Tensor(),
                torch::Tensor()};
    }
};

size_t checked(int number, const char* what, const std::string& path) {
    if (number < 1) {
        throw InputError("layer " + path + ": " + what + " must be at least 1, got " +
                         std::to_string(number));
    }
    return static_cast<size_t>(number);
}

}  // namespace

AnalogLayerImpl::AnalogLayerImpl(const Hardware& hardware,
                                 size_t groups,
                                 size_t outputs,
                                 size_t inputs,
                                 bool has_bias,
                                 std::string path,
                                 uint64_t seed)
    : engine_(std::make_shared<AnalogEngine>(
          hardware,
          groups,
          outputs,
          inputs + (has_bias && hardware.mapping.analog_bias ? 1 : 0),
          seed,
          path)),
      path_(std::move(path)),
      analog_bias_(has_bias && hardware.mapping.analog_bias),
      seed_(seed) {
    const int64_t all = signed_size(groups * outputs);
    const int64_t pieces = signed_size(engine_->pieces());
    const bool ranged = hardware.input_range.enabled;
    tile_weight =
        register_parameter("tile_weight", at::empty({all, signed_size(engine_->grid(0).inputs())}));
    learned_scale = register_parameter("learned_scale",
                                       at::ones({pieces, all}),
                                       hardware.mapping.learn_scales != LearnedScales::kNone);
    input_range = register_parameter("input_range",
                                     at::full({signed_size(groups) * pieces},
                                              ranged ? hardware.input_range.initial : 0.0,
                                              at::kFloat),
                                     ranged && hardware.input_range.learn);
    if (has_bias && !analog_bias_) {
        bias = register_parameter("bias", at::zeros({all}));
    }
    scale = register_buffer("scale", at::ones({pieces, all}));
    range_batches_.assign(groups * engine_->pieces(), 0);
    // PyTorch's default: uniform in +-1 / sqrt(inputs), from a stream of our own.
    const auto bound = static_cast<float>(1.0 / std::sqrt(static_cast<double>(inputs)));
    Tensor weight{{groups * outputs, inputs}, std::vector<float>(groups * outputs * inputs)};
    fill_uniform(
        make_tile_key(seed, path_ + ".weight"), Stream::kInitialWeights, 0, 0, weight.values);
    Tensor first_bias{{groups * outputs}, std::vector<float>(has_bias ? groups * outputs : 0)};
    fill_uniform(
        make_tile_key(seed, path_ + ".bias"), Stream::kInitialWeights, 0, 0, first_bias.values);
    for (std::vector<float>* values : {&weight.values, &first_bias.values}) {
        for (float& v : *values) {
            v = (2 * v - 1) * bound;
        }
    }
    set_weights(weight, first_bias);
}

AnalogLayerImpl::~AnalogLayerImpl() = default;

const Hardware& AnalogLayerImpl::hardware() const {
    return engine_->hardware();
}

void AnalogLayerImpl::set_weights(const Tensor& weight, const Tensor& bias_values) {
    const torch::NoGradGuard no_grad;
    const size_t rows = engine_->grid(0).outputs();
    const size_t cols = engine_->grid(0).inputs();
    const size_t plain = cols - (analog_bias_ ? 1 : 0);
    const size_t all = engine_->groups() * rows;
    if (weight.values.size() != all * plain) {
        throw InputError("layer " + path_ + ": the weight must hold " +
                         std::to_string(all * plain) + " numbers, got " +
                         std::to_string(weight.values.size()));
    }
    require_finite({weight.values.data(), all, plain}, "weights");
    const std::vector<float>& constant = bias_values.values;
    if (analog_bias_ && !constant.empty() && constant.size() != all) {
        throw InputError("layer " + path_ + ": bias must hold " + std::to_string(all) +
                         " numbers, got " + std::to_string(constant.size()));
    }
    require_finite({constant.data(), 1, constant.size()}, "bias");
    Matrix<float> logical(all, cols);
    for (size_t o = 0; o < all; o++) {
        std::copy_n(weight.values.data() + o * plain, plain, logical.row(o));
        if (analog_bias_ && !constant.empty()) {
            logical(o, plain) = constant[o];
        }
    }
    const FloatView scales = view_of(scale);
    for (size_t g = 0; g < engine_->groups(); g++) {
        const MappedWeights mapped =
            map_weights(hardware().mapping, logical.view().row_block(g * rows, rows));
        std::copy(mapped.weights.values.begin(),
                  mapped.weights.values.end(),
                  tile_weight.data_ptr<float>() + g * rows * cols);
        for (size_t c = 0; c < scales.rows; c++) {
            std::copy_n(mapped.scales.row(c), rows, scales.row(c) + g * rows);
        }
    }
    learned_scale.fill_(1.0);
    if (bias.defined()) {
        if (bias_values.values.empty()) {
            bias.zero_();
        } else {
            copy_into(bias, bias_values, path_, "bias");
        }
    }
    forget_loaded();
}

AnalogLayerImpl::State AnalogLayerImpl::state() const {
    const torch::NoGradGuard no_grad;
    State s{tensor_of(tile_weight), tensor_of(scale), {}, tensor_of(input_range)};
    const float* learned = learned_scale.data_ptr<float>();
    for (size_t i = 0; i < s.scale.values.size(); i++) {
        s.scale.values[i] *= learned[i];
    }
    if (bias.defined()) {
        s.bias = tensor_of(bias);
    }
    return s;
}

void AnalogLayerImpl::set_state(const State& s) {
    const torch::NoGradGuard no_grad;
    copy_into(tile_weight, s.tile_weight, path_, "tile_weight");
    copy_into(scale, s.scale, path_, "scale");
    copy_into(input_range, s.input_range, path_, "input_range");
    if (bias.defined()) {
        copy_into(bias, s.bias, path_, "bias");
    }
    learned_scale.fill_(1.0);
    forget_loaded();
}

Matrix<float> AnalogLayerImpl::logical_matrix() const {
    const State s = state();
    const size_t rows = engine_->grid(0).outputs();
    const size_t cols = engine_->grid(0).inputs();
    const size_t all = engine_->groups() * rows;
    Matrix<float> logical(all, cols);
    for (size_t g = 0; g < engine_->groups(); g++) {
        MappedWeights mapped{Matrix<float>(rows, cols), Matrix<float>(engine_->pieces(), rows)};
        std::copy_n(s.tile_weight.values.data() + g * rows * cols,
                    rows * cols,
                    mapped.weights.values.data());
        for (size_t c = 0; c < engine_->pieces(); c++) {
            std::copy_n(s.scale.values.data() + c * all + g * rows, rows, mapped.scales.row(c));
        }
        const Matrix<float> part = mho::logical_weights(hardware().mapping, mapped);
        std::copy(part.values.begin(), part.values.end(), logical.row(g * rows));
    }
    return logical;
}

Tensor AnalogLayerImpl::logical_weights() const {
    const Matrix<float> all = logical_matrix();
    const size_t inputs = all.cols - (analog_bias_ ? 1 : 0);
    Tensor logical{{all.rows, inputs}, {}};
    logical.values.reserve(all.rows * inputs);
    for (size_t o = 0; o < all.rows; o++) {
        logical.values.insert(logical.values.end(), all.row(o), all.row(o) + inputs);
    }
    return logical;
}

Tensor AnalogLayerImpl::logical_bias() const {
    if (!analog_bias_) {
        return bias.defined() ? tensor_of(bias) : Tensor{};
    }
    const Matrix<float> all = logical_matrix();
    Tensor values{{all.rows}, std::vector<float>(all.rows)};
    for (size_t o = 0; o < all.rows; o++) {
        values.values[o] = all(o, all.cols - 1);
    }
    return values;
}

torch::Tensor AnalogLayerImpl::with_constant(const torch::Tensor& rows) const {
    if (!analog_bias_) {
        return rows;
    }
    std::vector<int64_t> shape = rows.sizes().vec();
    shape.back() = 1;
    return at::cat({rows, at::ones(shape)}, -1);
}

torch::Tensor AnalogLayerImpl::weights_of_this_step() {
    const bool modified =
        modifies(hardware().modifier) && (is_training() || hardware().modifier.in_evaluation);
    const uint32_t version = tile_weight._version();
    if (loaded_.weights.defined() && loaded_.version == version && loaded_.modified == modified &&
        (!modified || loaded_.step == weight_step_)) {
        return loaded_.weights;
    }
    const torch::Tensor plain = tile_weight.detach();
    torch::Tensor weights = plain;
    if (modified) {
        // The memory of the last step's weights serves again once nobody else holds it.
        loaded_ = {};
        if (!modified_.defined() || modified_.use_count() > 1) {
            modified_ = at::empty_like(plain);
        }
        weights = modified_;
        engine_->load_modified(view_of(plain), view_of(weights), weight_step_);
    } else {
        engine_->load_weights(view_of(weights));
    }
    loaded_ = {weights, modified, weight_step_, version};
    return weights;
}

void AnalogLayerImpl::set_position(uint64_t position, uint64_t positions) {
    if (position >= positions) {
        throw InputError("layer " + path_ + ": position " + std::to_string(position) + " of " +
                         std::to_string(positions));
    }
    position_ = position;
    positions_ = positions;
}

bool AnalogLayerImpl::ranges_start() const {
    const InputRangeConfig& config = hardware().input_range;
    const auto limit = static_cast<uint64_t>(std::max(config.init_batches, 0));
    return is_training() && config.enabled &&
           std::any_of(range_batches_.begin(), range_batches_.end(), [&](uint64_t seen) {
               return seen < limit;
           });
}

void AnalogLayerImpl::start_ranges(const torch::Tensor& input, const LayerGeometry& geometry) {
    const torch::NoGradGuard no_grad;
    const auto moments = engine_->input_moments(
        geometry, input.data_ptr<float>(), static_cast<size_t>(input.size(0)));
    auto* range = input_range.data_ptr<float>();
    for (size_t i = 0; i < moments.size(); i++) {
        initialize_input_range(hardware().input_range, moments[i], range[i], range_batches_[i]);
    }
}

torch::Tensor AnalogLayerImpl::run(const torch::Tensor& input,
                                   const LayerGeometry& geometry,
                                   uint64_t rows_per_sample) {
    const auto samples = static_cast<size_t>(input.size(0));
    const torch::Tensor weights = [&] {
        const torch::NoGradGuard no_grad;
        if (!starts_ranges_itself_ && ranges_start()) {
            start_ranges(input, geometry);
        }
        return weights_of_this_step();
    }();
    LayerScales scales{matrix_of(scale), matrix_of(learned_scale), vector_of(input_range)};
    engine_->load_scales(scales, bias.defined() ? vector_of(bias) : std::vector<float>());
    const ReadKey key{step_ * positions_ + position_, first_sample_ * rows_per_sample};
    if (!torch::GradMode::is_enabled()) {
        torch::Tensor output = at::empty(
            {signed_size(samples * geometry.positions()), signed_size(geometry.total_outputs())});
        engine_->forward(
            geometry, input.data_ptr<float>(), samples, output.data_ptr<float>(), key, nullptr);
        return output;
    }
    auto pass = c10::make_intrusive<Pass>();
    pass->engine = engine_;
    pass->learning = learning_;
    pass->samples = samples;
    pass->trace.scales = std::move(scales);
    pass->trace.share = 1.0 / static_cast<double>(positions_);
    // A custom function takes no undefined tensors.
    return AnalogFunction::apply(input,
                                 tile_weight,
                                 learned_scale,
                                 input_range,
                                 bias.defined() ? bias : at::empty({0}),
                                 weights,
                                 pass,
                                 geometry,
                                 key);
}

void AnalogLayerImpl::learn_in_memory(const LearnerConfig& config) {
    learning_ = std::make_shared<LayerLearning>(config, *engine_, seed_, path_);
    learning_->write(view_of(tile_weight), 0);
    show_learned_weights();
}

void AnalogLayerImpl::show_learned_weights() {
    const torch::NoGradGuard no_grad;
    learning_->read(view_of(tile_weight));
    forget_loaded();
}

void AnalogLayerImpl::learn(double rate, uint64_t step) {
    if (learning_ == nullptr) {
        throw InputError("layer " + path_ + " does not learn in memory");
    }
    learning_->learn(rate, step, layer_threads());
    show_learned_weights();
}

size_t AnalogLayerImpl::set_rate_factor(double factor, int tile_row, int tile_column) {
    if (learning_ == nullptr) {
        throw InputError("layer " + path_ + " does not learn in memory");
    }
    return learning_->set_rate_factor(factor, tile_row, tile_column);
}

void AnalogLayerImpl::count_pulses() {
    if (learning_ == nullptr) {
        throw InputError("layer " + path_ + " does not learn in memory");
    }
    learning_->count_pulses();
}

std::vector<const Learner*> AnalogLayerImpl::learners() const {
    std::vector<const Learner*> all;
    if (learning_ != nullptr) {
        for (const std::unique_ptr<Learner>& l : learning_->learners()) {
            all.push_back(l.get());
        }
    }
    return all;
}

std::vector<LearnerState> AnalogLayerImpl::learner_states() const {
    std::vector<LearnerState> states;
    for (const Learner* l : learners()) {
        states.push_back(l->state());
    }
    return states;
}

void AnalogLayerImpl::set_learner_states(const std::vector<LearnerState>& states) {
    if (learning_ == nullptr || states.size() != learning_->learners().size()) {
        throw InputError("layer " + path_ + ": the saved state has another number of learners");
    }
    for (size_t i = 0; i < states.size(); i++) {
        learning_->learners()[i]->set_state(states[i]);
    }
    learning_->forget();
    show_learned_weights();
}

void AnalogLayerImpl::post_step() {
    const torch::NoGradGuard no_grad;
    const Hardware& hw = hardware();
    // Devices have bounds of their own; what is frozen stays.
    if (learning_ == nullptr && tile_weight.requires_grad()) {
        const size_t rows = engine_->grid(0).outputs();
        for (size_t g = 0; g < engine_->groups(); g++) {
            clip_and_remap(engine_->grid(g),
                           hw.clip,
                           hw.remap,
                           view_of(tile_weight).row_block(g * rows, rows),
                           view_of(scale).column_block(g * rows, rows),
                           view_of(learned_scale).column_block(g * rows, rows));
        }
    }
    if (hw.input_range.enabled) {
        float* range = input_range.data_ptr<float>();
        for (int64_t i = 0; i < input_range.numel(); i++) {
            // A step of the optimiser may cross zero; a range of 0 would mean "none".
            range[i] = std::max(std::fabs(range[i]), 1e-6f);
        }
    }
    forget_loaded();
}

AnalogLinearImpl::AnalogLinearImpl(const LinearOp& op,
                                   const Hardware& hardware,
                                   std::string path,
                                   uint64_t seed)
    : AnalogLayerImpl(hardware,
                      1,
                      checked(op.outputs, "outputs", path),
                      checked(op.inputs, "inputs", path),
                      op.bias,
                      path,
                      seed),
      op_(op) {}

torch::Tensor AnalogLinearImpl::forward(const torch::Tensor& input) {
    if (input.dim() < 1 || input.size(-1) != op_.inputs || input.scalar_type() != at::kFloat) {
        throw InputError("layer " + path() + ": inputs must be float32 [..., " +
                         std::to_string(op_.inputs) + "]");
    }
    LayerGeometry geometry;
    geometry.inputs = engine_->grid(0).inputs();
    geometry.outputs = static_cast<size_t>(op_.outputs);
    const torch::Tensor rows = with_constant(input.contiguous().reshape({-1, op_.inputs}));
    const int64_t samples = input.dim() > 2 ? std::max<int64_t>(input.size(0), 1) : rows.size(0);
    torch::Tensor y =
        run(rows, geometry, samples > 0 ? static_cast<uint64_t>(rows.size(0) / samples) : 1);
    if (input.dim() == 2) {
        return y;
    }
    std::vector<int64_t> shape = input.sizes().vec();
    shape.back() = op_.outputs;
    return y.reshape(shape);
}

namespace {

size_t unrolled_inputs(const Conv2dOp& op, const std::string& path) {
    const size_t groups = checked(op.groups, "groups", path);
    if (checked(op.in_channels, "input channels", path) % groups != 0 ||
        checked(op.out_channels, "output channels", path) % groups != 0) {
        throw InputError("layer " + path + ": channels must be multiples of groups (" +
                         std::to_string(groups) + ")");
    }
    size_t inputs = static_cast<size_t>(op.in_channels) / groups;
    for (size_t axis = 0; axis < 2; axis++) {
        inputs *= checked(op.kernel[axis], "kernel", path);
        checked(op.stride[axis], "stride", path);
        checked(op.dilation[axis], "dilation", path);
        checked(op.padding[axis] + 1, "padding + 1", path);
    }
    return inputs;
}

}  // namespace

AnalogConv2dImpl::AnalogConv2dImpl(const Conv2dOp& op,
                                   const Hardware& hardware,
                                   std::string path,
                                   uint64_t seed)
    : AnalogLayerImpl(
          hardware,
          checked(op.groups, "groups", path),
          checked(op.out_channels, "output channels", path) / static_cast<size_t>(op.groups),
          unrolled_inputs(op, path),
          op.bias,
          path,
          seed),
      op_(op) {}

torch::Tensor AnalogConv2dImpl::forward(const torch::Tensor& input) {
    if (input.dim() != 4 || input.size(1) != op_.in_channels || input.scalar_type() != at::kFloat) {
        throw InputError("layer " + path() + ": inputs must be float32 images [samples, " +
                         std::to_string(op_.in_channels) + ", height, width]");
    }
    LayerGeometry g;
    g.is_convolution = true;
    g.groups = static_cast<size_t>(op_.groups);
    g.outputs = static_cast<size_t>(op_.out_channels / op_.groups);
    g.patch.channels = static_cast<size_t>(op_.in_channels / op_.groups);
    g.patch.height = static_cast<size_t>(input.size(2));
    g.patch.width = static_cast<size_t>(input.size(3));
    for (size_t axis = 0; axis < 2; axis++) {
        g.patch.kernel[axis] = static_cast<size_t>(op_.kernel[axis]);
        g.patch.stride[axis] = static_cast<size_t>(op_.stride[axis]);
        g.patch.padding[axis] = static_cast<size_t>(op_.padding[axis]);
        g.patch.dilation[axis] = static_cast<size_t>(op_.dilation[axis]);
        const size_t reach = g.patch.dilation[axis] * (g.patch.kernel[axis] - 1) + 1;
        const size_t size = axis == 0 ? g.patch.padded_height() : g.patch.padded_width();
        if (reach > size) {
            throw InputError("layer " + path() + ": the kernel reaches over " +
                             std::to_string(reach) + " pixels, the padded image has " +
                             std::to_string(size));
        }
    }
    if (has_analog_bias()) {
        return unrolled_forward(input, g);
    }
    g.inputs = g.patch.inputs();
    // One channel or one pixel counts as both orders; any will do.
    g.channels_last = !input.is_contiguous() && input.is_contiguous(at::MemoryFormat::ChannelsLast);
    const torch::Tensor images = g.channels_last ? input : input.contiguous();
    const torch::Tensor rows = run(images, g);
    return rows
        .view({input.size(0),
               signed_size(g.patch.out_height()),
               signed_size(g.patch.out_width()),
               op_.out_channels})
        .permute({0, 3, 1, 2});
}

// With the constant input of an analog bias: torch unrolls the patches, and a convolution of one
// pixel multiplies them.
torch::Tensor AnalogConv2dImpl::unrolled_forward(const torch::Tensor& input,
                                                 const LayerGeometry& images) {
    const auto list = [](const std::array<int, 2>& sizes) {
        return std::vector<int64_t>(sizes.begin(), sizes.end());
    };
    const int64_t positions = signed_size(images.patch.positions());
    const torch::Tensor patches = at::im2col(input.contiguous(),
                                             list(op_.kernel),
                                             list(op_.dilation),
                                             list(op_.padding),
                                             list(op_.stride))
                                      .view({input.size(0), op_.groups, -1, positions});
    const torch::Tensor rows =
        at::cat({patches, at::ones({input.size(0), op_.groups, 1, positions})}, 2);
    LayerGeometry g = images;
    g.patch = {};
    g.patch.channels = static_cast<size_t>(rows.size(2));
    g.patch.height = images.patch.positions();
    g.patch.width = 1;
    g.inputs = g.patch.channels;
    return run(rows.reshape({input.size(0), op_.groups * rows.size(2), positions, 1}).contiguous(),
               g)
        .view({input.size(0),
               signed_size(images.patch.out_height()),
               signed_size(images.patch.out_width()),
               op_.out_channels})
        .permute({0, 3, 1, 2});
}

}  // namespace mho
