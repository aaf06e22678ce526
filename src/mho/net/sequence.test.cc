// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "mho/net/sequence_ops.h"
#include "mho/net/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

const CharRecurrentSizes kSizes{11, 6, 5, 12, 2};

std::vector<Graph> sequence_graphs() {
    return {char_recurrent(RecurrentKind::kRnn, kSizes),
            char_lstm(kSizes),
            char_recurrent(RecurrentKind::kGru, kSizes),
            char_recurrent(RecurrentKind::kLstm, {11, 6, 5, 12, 2, 0.3, true}),
            small_gpt({11, 6, 12, 3, 2})};
}

Matrix<float> symbols(size_t samples, size_t positions, int vocabulary) {
    Matrix<float> m(samples, positions);
    fill_uniform(TileKey{7}, Stream::kTest, 1, 0, m.values);
    for (float& v : m.values) {
        v = std::floor(v * static_cast<float>(vocabulary));
    }
    return m;
}

double sigmoid(double x) {
    return 1 / (1 + std::exp(-x));
}

// The formulas of RecurrentOp in double, one number at a time.
TEST(Sequence, RecurrencesEqualTheirDefinitions) {
    for (const RecurrentKind kind :
         {RecurrentKind::kRnn, RecurrentKind::kLstm, RecurrentKind::kGru}) {
        const RecurrentOp op{kind, 7, true};
        const auto gates = static_cast<size_t>(op.gates());
        Graph graph{"r",
                    raw_input(1, 5, static_cast<int>(gates) * 7),
                    {{"sequence", SequenceOp{}, {}}, {"r", op, {}}}};
        const Network network = initialize(graph, 3);
        const std::vector<float>& w = network.parameters.at("r.weight").values;
        const std::vector<float>& b = network.parameters.at("r.bias").values;
        const Matrix<float> x = normal_matrix(3, 5 * gates * 7, 4);
        const Matrix<float> y = run_all(Executor(network, 1), x);
        for (size_t s = 0; s < 3; s++) {
            std::vector<double> h(7, 0.0);
            std::vector<double> c(7, 0.0);
            for (size_t p = 0; p < 5; p++) {
                const auto in = [&](size_t gate, size_t i) {
                    return double{x(s, (p * gates + gate) * 7 + i)};
                };
                const auto product = [&](size_t gate, size_t i) {
                    double u = double{b[gate * 7 + i]};
                    for (size_t j = 0; j < 7; j++) {
                        u += double{w[(gate * 7 + i) * 7 + j]} * h[j];
                    }
                    return u;
                };
                std::vector<double> next(7);
                for (size_t i = 0; i < 7; i++) {
                    const auto sum = [&](size_t gate) { return in(gate, i) + product(gate, i); };
                    if (kind == RecurrentKind::kRnn) {
                        next[i] = std::tanh(sum(0));
                    } else if (kind == RecurrentKind::kLstm) {
                        c[i] = sigmoid(sum(1)) * c[i] + sigmoid(sum(0)) * std::tanh(sum(2));
                        next[i] = sigmoid(sum(3)) * std::tanh(c[i]);
                    } else {
                        const double n = std::tanh(in(2, i) + sigmoid(sum(0)) * product(2, i));
                        const double z = sigmoid(sum(1));
                        next[i] = (1 - z) * n + z * h[i];
                    }
                }
                h = next;
                for (size_t i = 0; i < 7; i++) {
                    EXPECT_NEAR(y(s, p * 7 + i), h[i], 2e-6) << op.gates() << " " << p;
                }
            }
        }
    }
}

TEST(Sequence, AttentionEqualsItsDefinition) {
    for (const bool causal : {true, false}) {
        const SelfAttentionOp op{6, 2, causal};
        const std::vector<float> q = normals(24, 1);
        const std::vector<float> k = normals(24, 2);
        const std::vector<float> v = normals(24, 3);
        std::vector<float> y(24);
        std::vector<float> weights(2 * 16, -1.0f);
        AttentionScratch scratch;
        attend(op, 4, q.data(), k.data(), v.data(), y.data(), scratch, weights.data());
        for (size_t h = 0; h < 2; h++) {
            for (size_t p = 0; p < 4; p++) {
                double total = 0;
                std::vector<double> e(4, 0.0);
                for (size_t j = 0; j < (causal ? p + 1 : 4); j++) {
                    double dot = 0;
                    for (size_t i = 0; i < 3; i++) {
                        dot += double{q[p * 6 + h * 3 + i]} * double{k[j * 6 + h * 3 + i]};
                    }
                    e[j] = std::exp(dot / std::sqrt(3.0));
                    total += e[j];
                }
                for (size_t j = 0; j < 4; j++) {
                    EXPECT_NEAR(weights[(h * 4 + p) * 4 + j], e[j] / total, 1e-6);
                }
                for (size_t i = 0; i < 3; i++) {
                    double sum = 0;
                    for (size_t j = 0; j < 4; j++) {
                        sum += e[j] / total * double{v[j * 6 + h * 3 + i]};
                    }
                    EXPECT_NEAR(y[p * 6 + h * 3 + i], sum, 1e-5);
                }
            }
        }
    }
}

TEST(Sequence, LayerNormEqualsItsDefinition) {
    std::vector<float> x = normals(9, 1);
    x[0] += 100.0f;
    const std::vector<float> w = normals(9, 2);
    const std::vector<float> b = normals(9, 3);
    double mean = 0;
    for (const float v : x) {
        mean += double{v} / 9;
    }
    double variance = 0;
    for (const float v : x) {
        variance += (double{v} - mean) * (double{v} - mean) / 9;
    }
    std::vector<float> y(9);
    layer_norm({9, 0.25}, w.data(), b.data(), x.data(), y.data());
    for (size_t i = 0; i < 9; i++) {
        EXPECT_NEAR(
            y[i],
            (double{x[i]} - mean) / std::sqrt(variance + 0.25) * double{w[i]} + double{b[i]},
            1e-5);
    }
}

TEST(Sequence, ResultsDependNeitherOnThreadsNorOnCuts) {
    for (const Graph& graph : sequence_graphs()) {
        const Network network = map_to_hardware(initialize(graph, 2), HardwareSpec{});
        Executor executor(network, 5);
        executor.program();
        executor.advance_to(3600);
        const Matrix<float> x = symbols(37, 6, 11);
        const Matrix<float> whole = run_all(executor, x, {3, 10});
        EXPECT_EQ(run_all(executor, x, {3, 10}, 3).values, whole.values) << graph.name;
        Matrix<float> parts(37, executor.output_features());
        for (size_t first = 0; first < 37; first += 5) {
            const size_t count = std::min<size_t>(5, 37 - first);
            executor.run(x.view().row_block(first, count),
                         parts.view().row_block(first, count),
                         {3, 10 + first});
        }
        EXPECT_EQ(parts.values, whole.values) << graph.name;
        EXPECT_NE(run_all(executor, x, {4, 10}).values, whole.values);
    }
}

// Equal symbols at two positions of a sequence without memory meet different noise.
TEST(Sequence, PositionsHaveNoiseOfTheirOwn) {
    Graph graph{"p",
                symbol_input(4),
                {{"embedding", EmbeddingOp{3, 16}, {}}, {"fc", LinearOp{16, 8, true}, {}}}};
    const Network network = map_to_hardware(initialize(graph, 2), HardwareSpec{});
    const Matrix<float> x(2, 4);
    const Matrix<float> y = run_all(Executor(network, 5), x);
    for (size_t a = 0; a < 8; a++) {
        for (size_t b = 0; b < a; b++) {
            EXPECT_FALSE(std::equal(y.values.begin() + static_cast<std::ptrdiff_t>(a * 8),
                                    y.values.begin() + static_cast<std::ptrdiff_t>(a * 8 + 8),
                                    y.values.begin() + static_cast<std::ptrdiff_t>(b * 8)));
        }
    }
}

TEST(Sequence, CausalModelsDoNotLookAhead) {
    for (const Graph& graph : sequence_graphs()) {
        const Executor executor(initialize(graph, 2), 1);
        Matrix<float> x = symbols(1, 6, 11);
        const Matrix<float> before = run_all(executor, x);
        x(0, 4) = x(0, 4) == 0 ? 1.0f : 0.0f;
        const Matrix<float> after = run_all(executor, x);
        for (size_t p = 0; p < 6; p++) {
            bool equal = true;
            for (size_t i = 0; i < 11; i++) {
                equal = equal && before(0, p * 11 + i) == after(0, p * 11 + i);
            }
            EXPECT_EQ(equal, p < 4) << graph.name << " " << p;
        }
    }
}

TEST(Sequence, MappingAndFilesGoBothWays) {
    for (const Graph& graph : sequence_graphs()) {
        EXPECT_EQ(graph_to_json(graph_from_json(graph_to_json(graph))), graph_to_json(graph));
        const Network digital = initialize(graph, 2);
        HardwareSpec spec;
        spec.base.forward = perfect_mvm();
        spec.base.input_range.enabled = false;
        const Network mapped = map_to_hardware(digital, spec);
        EXPECT_NO_THROW(validate_network(mapped));
        EXPECT_EQ(fold_batch_norm(digital).parameters, digital.parameters);
        const Matrix<float> x = symbols(3, 6, 11);
        const Matrix<float> a = run_all(Executor(digital, 1), x);
        const Matrix<float> b = run_all(Executor(mapped, 1), x);
        const Matrix<float> c = run_all(Executor(to_digital(mapped), 1), x);
        for (size_t i = 0; i < a.values.size(); i++) {
            EXPECT_NEAR(a.values[i], b.values[i], 1e-4) << graph.name;
            EXPECT_NEAR(a.values[i], c.values[i], 1e-4) << graph.name;
        }
        EXPECT_GT(summarize(mapped).tiles, 0u);
    }
    const Graph lstm = char_lstm(kSizes);
    EXPECT_EQ(summarize(initialize(lstm, 1)).multiply_adds,
              6u * (5 * 48 + 12 * 48 + 12 * 48 + 12 * 48 + 12 * 11));
}

TEST(Sequence, RangesOfRecurrentLayersComeFromHiddenStates) {
    HardwareSpec spec;
    spec.base.forward = perfect_mvm();
    spec.base.input_range.init_batches = 1;
    spec.base.input_range.initial = 100;
    const Network start = map_to_hardware(initialize(char_lstm(kSizes), 2), spec);
    const Matrix<float> x = symbols(20, 6, 11);
    Network network = start;
    initialize_input_ranges(network, x.view(), 20, 1);
    Network again = start;
    initialize_input_ranges(again, x.view(), 20, 1, 3);
    EXPECT_EQ(network.parameters, again.parameters);
    // The hidden states of the first layer, read off a network that ends there.
    Network cut = to_digital(start);
    cut.graph.layers.resize(3);
    std::erase_if(cut.parameters, [](const auto& entry) {
        return !entry.first.starts_with("embedding") && !entry.first.starts_with("lstm1");
    });
    const Matrix<float> h = run_all(Executor(cut, 1), x);
    double sum = 0;
    double squares = 0;
    for (size_t s = 0; s < 20; s++) {
        for (size_t i = 0; i < 5 * 12; i++) {
            sum += double{h(s, i)};
            squares += double{h(s, i)} * double{h(s, i)};
        }
    }
    const double n = 20 * 60;
    const double std = std::sqrt((squares - sum * sum / n) / (n - 1));
    EXPECT_NEAR(network.parameters.at("lstm1.hidden.input_range").values[0],
                spec.base.input_range.init_std_factor * std,
                1e-3);
}

TEST(Sequence, LastPositionAndSignals) {
    Graph last{
        "l", raw_input(1, 3, 4), {{"sequence", SequenceOp{}, {}}, {"last", LastPositionOp{}, {}}}};
    const Matrix<float> x = normal_matrix(2, 12, 1);
    const Matrix<float> y = run_all(Executor(initialize(last, 1), 1), x);
    for (size_t i = 0; i < 4; i++) {
        EXPECT_EQ(y(1, i), x(1, 8 + i));
    }
    const Graph signal = graph_from_json(
        R"({"name": "s", "input": {"shape": [2, 1, 9], "scale": 1}, "layers": [{"name": "c", "op": "conv1d",
            "in_channels": 2, "out_channels": 3, "kernel": 3, "stride": 2, "padding": 1}]})");
    EXPECT_EQ(infer_shapes(signal).back(), (Shape{3, 1, 5}));
}

TEST(Sequence, ConvolutionOfVolumesEqualsTheDefinition) {
    const Conv3dOp op{4, 6, {2, 3, 2}, {1, 2, 1}, {1, 1, 0}, {1, 1, 2}, 2, true};
    Graph graph{"v", raw_input(4 * 3, 5, 6), {{"volume", VolumeOp{3}, {}}, {"c", op, {}}}};
    const Network network = initialize(graph, 3);
    const Shape out = infer_shapes(graph).back();
    ASSERT_EQ(out, (Shape{6, 4, 3, 4}));
    const Matrix<float> x = normal_matrix(2, 4 * 3 * 5 * 6, 4);
    const Matrix<float> y = run_all(Executor(network, 1), x);
    const std::vector<float>& w = network.parameters.at("c.weight").values;
    size_t index = 0;
    for (int o = 0; o < 6; o++) {
        for (int z = 0; z < 4; z++) {
            for (int r = 0; r < 3; r++) {
                for (int c = 0; c < 4; c++) {
                    double sum =
                        double{network.parameters.at("c.bias").values[static_cast<size_t>(o)]};
                    for (int i = 0; i < 2; i++) {
                        for (int k = 0; k < 12; k++) {
                            const int pz = z - 1 + k / 6;
                            const int py = 2 * r - 1 + k / 2 % 3;
                            const int px = c + k % 2 * 2;
                            if (pz < 0 || pz >= 3 || py < 0 || py >= 5 || px >= 6) {
                                continue;
                            }
                            const int channel = o / 3 * 2 + i;
                            sum += double{w[static_cast<size_t>((o * 2 + i) * 12 + k)]} *
                                   double{x(1,
                                            static_cast<size_t>(((channel * 3 + pz) * 5 + py) * 6 +
                                                                px))};
                        }
                    }
                    EXPECT_NEAR(y(1, index++), sum, 1e-5);
                }
            }
        }
    }
}

TEST(Sequence, WrongGraphsAndSymbolsAreRefused) {
    const auto refused = [](std::vector<Layer> layers, InputSpec input = symbol_input(4)) {
        EXPECT_THROW(infer_shapes(Graph{"g", std::move(input), std::move(layers)}), ConfigError);
    };
    refused({{"e", EmbeddingOp{0, 4}, {}}});
    refused({{"e", EmbeddingOp{1 << 20, 1 << 20}, {}}});
    refused({{"e", EmbeddingOp{5, 4}, {}}}, raw_input(1, 2, 4));
    refused({{"e", EmbeddingOp{5, 4}, {}}, {"p", PositionalEmbeddingOp{3, 4}, {}}});
    refused({{"e", EmbeddingOp{5, 4}, {}}, {"n", LayerNormOp{5, 1e-5}, {}}});
    refused({{"e", EmbeddingOp{5, 4}, {}}, {"n", LayerNormOp{4, 0}, {}}});
    refused({{"e", EmbeddingOp{5, 4}, {}}, {"r", RecurrentOp{RecurrentKind::kLstm, 2, true}, {}}});
    refused({{"e", EmbeddingOp{5, 4}, {}}, {"a", SelfAttentionOp{4, 2, true}, {}}});
    refused({{"e", EmbeddingOp{5, 4}, {}}, {"a", SelfAttentionOp{4, 3, true}, {"e", "e", "e"}}});
    refused({{"v", VolumeOp{3}, {}}}, raw_input(4, 2, 2));
    refused({{"c", Conv3dOp{}, {}}}, raw_input(4, 2, 2));
    refused({{"s", SequenceOp{}, {}}}, raw_input(2, 2, 2));
    EXPECT_THROW(small_gpt({11, 6, 12, 5, 2}), ConfigError);
    EXPECT_THROW(char_lstm({11, 6, 12, 5, 0}), InputError);
    const Executor executor(initialize(char_lstm(kSizes), 1), 1);
    for (const float bad : {-1.0f, 11.0f, 0.5f}) {
        Matrix<float> x(1, 6);
        x(0, 2) = bad;
        EXPECT_THROW(run_all(executor, x), InputError);
    }
}

TEST(Sequence, ABlockOfOnesOwn) {
    Graph graph{"encoder", symbol_input(3), {{"in", EmbeddingOp{5, 8}, {}}}};
    const std::string last = append_transformer_block(graph, "a", "in", 8, 2);
    EXPECT_EQ(last, "a.add2");
    const Network network = map_to_hardware(initialize(graph, 3), HardwareSpec{});
    EXPECT_TRUE(network.is_analog("a.query"));
    EXPECT_TRUE(network.is_analog("a.fc2"));
    Executor executor(network, 1);
    EXPECT_EQ(run_all(executor, Matrix<float>(2, 3)).cols, 24u);
}

TEST(Sequence, VggForSmallImages) {
    const Network network = initialize(vgg_small(raw_input(3, 32, 32)), 1);
    EXPECT_EQ(
        summarize(network).weights,
        9u * (3 * 32 + 32 * 32 + 32 * 64 + 64 * 64 + 64 * 128 + 128 * 128) + 2048 * 256 + 2560);
    EXPECT_THROW(vgg_small(raw_input(3, 30, 32)), InputError);
}

// One matrix for input and hidden state computes what two do.
TEST(Sequence, CombinedMatrixEqualsTwoMatrices) {
    for (const RecurrentKind kind : {RecurrentKind::kRnn, RecurrentKind::kLstm}) {
        const Network two = initialize(char_recurrent(kind, kSizes), 4);
        CharRecurrentSizes sizes = kSizes;
        sizes.combined = true;
        Network one{char_recurrent(kind, sizes), two.parameters, {}};
        const std::string name = kind == RecurrentKind::kRnn ? "rnn" : "lstm";
        for (const std::string& layer : {name + "1", name + "2"}) {
            const Tensor in = one.parameters.at(layer + ".input.weight");
            const Tensor back = one.parameters.at(layer + ".hidden.weight");
            Tensor both{{in.shape[0], in.shape[1] + back.shape[1]}, {}};
            Tensor bias = one.parameters.at(layer + ".input.bias");
            for (size_t o = 0; o < in.shape[0]; o++) {
                for (const Tensor* part : {&in, &back}) {
                    const auto row =
                        part->values.begin() + static_cast<std::ptrdiff_t>(o * part->shape[1]);
                    both.values.insert(
                        both.values.end(), row, row + static_cast<std::ptrdiff_t>(part->shape[1]));
                }
                bias.values[o] += one.parameters.at(layer + ".hidden.bias").values[o];
            }
            std::erase_if(one.parameters,
                          [&](const auto& p) { return p.first.starts_with(layer + "."); });
            one.parameters[layer + ".weight"] = both;
            one.parameters[layer + ".bias"] = bias;
        }
        const Matrix<float> x = symbols(5, 6, 11);
        const Matrix<float> a = run_all(Executor(one, 1), x);
        const Matrix<float> b = run_all(Executor(two, 1), x);
        for (size_t i = 0; i < a.values.size(); i++) {
            EXPECT_NEAR(a.values[i], b.values[i], 1e-5) << name;
        }
        EXPECT_EQ(graph_to_json(graph_from_json(graph_to_json(one.graph))),
                  graph_to_json(one.graph));
    }
    EXPECT_THROW(char_recurrent(RecurrentKind::kGru, {11, 6, 5, 12, 1, 0, true}), ConfigError);
}

TEST(Sequence, ReverseConcatAndDropout) {
    Graph graph{"g",
                raw_input(1, 3, 2),
                {{"sequence", SequenceOp{}, {}},
                 {"drop", DropoutOp{0.9}, {}},
                 {"back", ReverseOp{}, {}},
                 {"both", ConcatOp{}, {"drop", "back", "back"}}}};
    const Graph read = graph_from_json(graph_to_json(graph));
    EXPECT_EQ(graph_to_json(read), graph_to_json(graph));
    const Matrix<float> x = normal_matrix(4, 6, 2);
    const Matrix<float> y = run_all(Executor({read, {}, {}}, 1), x);
    ASSERT_EQ(y.cols, 18u);
    for (size_t s = 0; s < 4; s++) {
        for (size_t p = 0; p < 3; p++) {
            for (size_t i = 0; i < 2; i++) {
                EXPECT_EQ(y(s, p * 6 + i), x(s, p * 2 + i));
                EXPECT_EQ(y(s, p * 6 + 2 + i), x(s, (2 - p) * 2 + i));
                EXPECT_EQ(y(s, p * 6 + 4 + i), x(s, (2 - p) * 2 + i));
            }
        }
    }
    graph.layers.push_back({"bad", ConcatOp{}, {"both", "input"}});
    EXPECT_THROW(infer_shapes(graph), ConfigError);
    graph.layers.back() = {"bad", ConcatOp{}, {}};
    EXPECT_THROW(infer_shapes(graph), ConfigError);
    graph.layers.back() = {"bad", DropoutOp{1.0}, {}};
    EXPECT_THROW(infer_shapes(graph), ConfigError);
}

}  // namespace
}  // namespace mho
