// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "mho/io/file.h"
#include "mho/io/safetensors.h"
#include "mho/io/test_support.h"
#include "mho/net/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(Network, ValidationNamesTheParameter) {
    const Network good = small_network();
    validate_network(good);
    const auto message = [&](auto&& spoil) {
        Network bad = good;
        spoil(bad);
        return message_of<ConfigError>([&] { validate_network(bad); });
    };
    EXPECT_NE(message([](Network& n) {
                  n.parameters.erase("fc.weight");
              }).find("network.parameters.fc.weight: is missing; its shape would be [5, 8]"),
              std::string::npos);
    EXPECT_NE(message([](Network& n) { n.parameters["stem.weight"].shape = {4, 9}; })
                  .find("network.parameters.stem.weight: has shape [4, 9], but the layer needs [4, "
                        "1, 5, 5]"),
              std::string::npos);
    EXPECT_NE(message([](Network& n) {
                  n.parameters["fc.bias"].values[2] = std::numeric_limits<float>::infinity();
              }).find("network.parameters.fc.bias: entry 2 is not a finite"),
              std::string::npos);
    EXPECT_NE(message([](Network& n) {
                  n.parameters["stem_bn.running_var"].values[1] = -1;
              }).find("stem_bn.running_var: entry 1 must not be negative"),
              std::string::npos);
    EXPECT_NE(message([](Network& n) {
                  n.parameters["fc.bias"].values.pop_back();
              }).find("holds 4 numbers"),
              std::string::npos);
    EXPECT_NE(message([](Network& n) {
                  n.parameters["fc.wieght"] = {};
              }).find("belongs to no layer, did you mean `fc.weight`?"),
              std::string::npos);
    EXPECT_NE(
        message([](Network& n) { n.analog["pool"] = {}; }).find("network.analog.pool: no linear"),
        std::string::npos);
    EXPECT_NE(message([](Network& n) {
                  n.analog["fc"].forward.adc.steps = -3;
              }).find("network.analog.fc.forward.adc.steps"),
              std::string::npos);
}

TEST(Network, FoldingKeepsTheFunction) {
    const Network network = small_network();
    const Network folded = fold_batch_norm(network);
    for (const Layer& layer : folded.graph.layers) {
        EXPECT_FALSE(std::holds_alternative<BatchNormOp>(layer.op)) << layer.name;
    }
    const Matrix<float> pixels = normal_matrix(5, 144, 2);
    const Matrix<float> a = run_all(Executor(network, 1), pixels);
    const Matrix<float> b = run_all(Executor(folded, 1), pixels);
    for (size_t i = 0; i < a.values.size(); i++) {
        EXPECT_NEAR(a.values[i], b.values[i], 1e-4);
    }
}

TEST(Network, FoldingLeavesWhatOthersReadAndMovesBehindOtherBranches) {
    Conv2dOp conv;
    conv.kernel = {1, 1};
    const Graph graph{"g",
                      raw_input(1, 2, 2),
                      {{"shared", conv, {}},
                       {"bn0", BatchNormOp{}, {}},
                       {"other", ActivationOp{}, {"shared"}},
                       {"early", conv, {"other"}},
                       {"sum", AddOp{}, {"bn0", "other"}},
                       {"bn1", BatchNormOp{}, {"early"}},
                       {"out", AddOp{}, {"sum", "bn1"}}}};
    Network network = initialize(graph, 4);
    randomise_norms(network);
    const Network folded = fold_batch_norm(network);
    EXPECT_EQ(folded.graph.layers.size(), 6u);
    EXPECT_TRUE(folded.parameters.contains("bn0.weight"));
    EXPECT_FALSE(folded.parameters.contains("bn1.weight"));
    const Matrix<float> pixels = normal_matrix(6, 4, 3);
    const Matrix<float> a = run_all(Executor(network, 1), pixels);
    const Matrix<float> b = run_all(Executor(folded, 1), pixels);
    for (size_t i = 0; i < a.values.size(); i++) {
        EXPECT_NEAR(a.values[i], b.values[i], 1e-5);
    }
}

TEST(Network, MappingThereAndBack) {
    const Network network = fold_batch_norm(small_network());
    const HardwareSpec spec = hardware_from_json(
        R"({"mapping": {"max_inputs": 7, "max_outputs": 3}, "layers": [{"match": "fc", "digital": true}]})");
    const Network analog = map_to_hardware(network, spec);
    EXPECT_FALSE(analog.is_analog("fc"));
    EXPECT_TRUE(analog.is_analog("res2.downsample.0"));
    const Tensor& weight = analog.parameters.at("res1.conv1.tile_weight");
    EXPECT_EQ(weight.shape, (std::vector<size_t>{4, 36}));
    EXPECT_EQ(analog.parameters.at("res1.conv1.scale").shape, (std::vector<size_t>{6, 4}));
    EXPECT_EQ(analog.parameters.at("res1.conv1.input_range").values, std::vector<float>(6, 3.0f));
    float largest = 0;
    for (const float v : weight.values) {
        largest = std::max(largest, std::abs(v));
    }
    EXPECT_EQ(largest, 1.0f);
    const Network back = to_digital(analog);
    EXPECT_TRUE(back.analog.empty());
    for (const auto& [name, tensor] : network.parameters) {
        ASSERT_EQ(back.parameters.at(name).shape, tensor.shape);
        for (size_t i = 0; i < tensor.values.size(); i++) {
            EXPECT_NEAR(back.parameters.at(name).values[i], tensor.values[i], 1e-6);
        }
    }
}

TEST(Network, SummaryCountsByHand) {
    Conv2dOp conv;
    conv.in_channels = 4;
    conv.out_channels = 6;
    conv.groups = 2;
    conv.padding = {1, 1};
    const Graph graph{
        "g",
        raw_input(4, 5, 5),
        {{"c", conv, {}}, {"f", FlattenOp{}, {}}, {"l", LinearOp{150, 10, true}, {}}}};
    const Network network = map_to_hardware(
        initialize(graph, 1), hardware_from_json(R"({"mapping": {"max_inputs": 40}})"));
    const NetworkSummary s = summarize(network);
    EXPECT_EQ(s.layers[0].kind, "grouped conv 3x3");
    EXPECT_EQ(s.layers[0].rows, 18u);
    EXPECT_EQ(s.layers[0].columns, 3u);
    EXPECT_EQ(s.layers[0].weights, 108u);
    EXPECT_EQ(s.layers[0].multiply_adds, 2700u);
    EXPECT_EQ(s.layers[0].tiles, 2u);
    EXPECT_DOUBLE_EQ(s.layers[0].utilisation, 18.0 / 40.0);
    EXPECT_EQ(s.layers[2].tiles, 4u);
    EXPECT_DOUBLE_EQ(s.layers[2].utilisation, 150.0 / 160.0);
    EXPECT_EQ(s.multiply_adds, 2700u + 1500u);
    EXPECT_EQ(s.tiles, 6u);
}

TEST(NetworkFile, RoundTrip) {
    const ScratchFolder folder;
    const std::string path = folder.file("net.safetensors");
    const Network network = map_to_hardware(
        fold_batch_norm(small_network()),
        hardware_from_json(
            R"({"preset": "light", "layers": [{"match": "stem", "set": {"clip": {"value": 2}}}]})"));
    write_network(path, network);
    const Network back = read_network(path);
    EXPECT_EQ(back.parameters, network.parameters);
    EXPECT_EQ(graph_to_json(back.graph), graph_to_json(network.graph));
    ASSERT_EQ(back.analog.size(), network.analog.size());
    for (const auto& [layer, hardware] : network.analog) {
        EXPECT_EQ(hardware_to_json(back.analog.at(layer)), hardware_to_json(hardware));
    }
    const Matrix<float> pixels = normal_matrix(3, 144, 2);
    EXPECT_EQ(run_all(Executor(back, 4), pixels).values,
              run_all(Executor(network, 4), pixels).values);
}

TEST(NetworkFile, ForeignAndDamagedFilesAreNamed) {
    const ScratchFolder folder;
    const std::string path = folder.file("net.safetensors");
    const Network network = map_to_hardware(initialize(mlp({4, 3, 2}, raw_input(1, 2, 2)), 1), {});
    write_network(path, network);
    const std::string bytes = read_file(path);
    for (size_t size = 0; size < bytes.size();
         size += size < 200 || size + 200 > bytes.size() ? 1 : 97) {
        put(path, std::string_view(bytes).substr(0, size));
        const std::string message = message_of<IoError>([&] { read_network(path); });
        EXPECT_NE(message.find(path), std::string::npos) << size << ": " << message;
    }
    // Every byte of the header changed: a message with the file name, or a network that is valid.
    const size_t header = 8 + static_cast<size_t>(static_cast<unsigned char>(bytes[0])) +
                          256 * static_cast<size_t>(static_cast<unsigned char>(bytes[1]));
    ASSERT_LT(header, bytes.size());
    for (size_t i = 0; i < header; i += 13) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 0x15);
        put(path, changed);
        try {
            validate_network(read_network(path));
        } catch (const Error& e) {
            EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << i << ": " << e.what();
        }
    }
    SafeTensors foreign;
    foreign.tensors["w"] = make_tensor({1}, {1.0f});
    write_safetensors(path, foreign);
    EXPECT_NE(message_of<IoError>([&] { read_network(path); }).find("no metadata `mho.format`"),
              std::string::npos);
    put(path, bytes);
    SafeTensors file = read_safetensors(path);
    file.metadata["mho.format"] = "2";
    write_safetensors(path, file);
    EXPECT_NE(message_of<IoError>([&] { read_network(path); }).find("format `2`"),
              std::string::npos);
    file.metadata["mho.format"] = "1";
    file.tensors["fc1.scale"] = make_tensor({3}, {1, 1, 1});
    write_safetensors(path, file);
    EXPECT_NE(message_of<ConfigError>([&] {
                  read_network(path);
              }).find(path + ": network.parameters.fc1.scale: has shape [3]"),
              std::string::npos);
    EXPECT_NE(message_of<IoError>([&] { read_network(folder.file("none")); }).find("none"),
              std::string::npos);
}

// The bias as a further row of the array: the same function on exact hardware, and the way back.
TEST(AnalogBias, EqualsTheDigitalBiasOnExactHardware) {
    Conv2dOp grouped{4, 6, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 2, true};
    const Graph mixed{"mixed",
                      raw_input(4, 6, 6),
                      {{"conv", grouped, {}},
                       {"relu", ActivationOp{}, {}},
                       {"plain", Conv2dOp{6, 3, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, false}, {}},
                       {"flat", FlattenOp{}, {}},
                       {"fc", LinearOp{108, 5, true}, {}}}};
    for (const Graph& graph :
         {mixed, char_recurrent(RecurrentKind::kLstm, {11, 6, 5, 12, 2, 0, true})}) {
        const Network digital = initialize(graph, 3);
        HardwareSpec spec;
        spec.base.forward = perfect_mvm();
        spec.base.mapping.analog_bias = true;
        spec.base.mapping.max_inputs = 20;
        spec.base.input_range.enabled = false;
        const Network analog = map_to_hardware(digital, spec);
        for (const auto& [layer, hardware] : analog.analog) {
            EXPECT_FALSE(analog.parameters.contains(layer + ".bias")) << layer;
        }
        const bool text = graph.layers[0].name == "embedding";
        Matrix<float> x = text ? Matrix<float>(5, 6) : normal_matrix(5, 144, 2);
        for (size_t i = 0; text && i < x.values.size(); i++) {
            x.values[i] = static_cast<float>(i * 7 % 11);
        }
        const Matrix<float> want = run_all(Executor(digital, 1), x);
        const Matrix<float> y = run_all(Executor(analog, 1), x);
        const Matrix<float> back = run_all(Executor(to_digital(analog), 1), x);
        for (size_t i = 0; i < want.values.size(); i++) {
            EXPECT_NEAR(y.values[i], want.values[i], 2e-5) << graph.name;
            EXPECT_NEAR(back.values[i], want.values[i], 2e-5) << graph.name;
        }
        // A layer without bias has no such row; one with it has one more.
        if (!text) {
            EXPECT_EQ(analog.parameters.at("plain.tile_weight").shape[1], 6u);
            EXPECT_EQ(analog.parameters.at("conv.tile_weight").shape[1], 19u);
            EXPECT_EQ(analog.parameters.at("fc.tile_weight").shape[1], 109u);
        }
        // On noisy chips the bias is programmed and drifts with the rest.
        spec.base.forward = {};
        const Network noisy = map_to_hardware(digital, spec);
        Executor chip(noisy, 1);
        chip.program();
        chip.advance_to(86400, 1);
        const Matrix<float> a = run_all(chip, x);
        for (const float v : a.values) {
            EXPECT_TRUE(std::isfinite(v));
        }
        EXPECT_NE(a.values, want.values);
        Network ranged = noisy;
        for (auto& [layer, hardware] : ranged.analog) {
            hardware.input_range.enabled = true;
        }
        initialize_input_ranges(ranged, x.view(), 5, 1);
        EXPECT_NO_THROW(run_all(Executor(ranged, 1), x));
    }
}

}  // namespace
}  // namespace mho
