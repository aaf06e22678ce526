// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/clip_remap.h"

#include <gtest/gtest.h>

#include "mho/adapt/golden_support.h"
#include "mho/tile/grid.h"
#include "mho/util/error.h"

namespace mho {
namespace {

using nlohmann::json;

WeightClip clip_of(const json& c) {
    WeightClip clip;
    const auto type = c.at("type").get<std::string>();
    clip.kind = type == "FIXED_VALUE"           ? ClipKind::kFixed
                : type == "LAYER_GAUSSIAN"      ? ClipKind::kLayerGaussian
                : type == "AVERAGE_CHANNEL_MAX" ? ClipKind::kAverageChannelMax
                                                : ClipKind::kNone;
    clip.value = std::max(0.0, c.at("fixed_value").get<double>());
    clip.sigma = c.at("sigma");
    return clip;
}

WeightRemap remap_of(const json& c) {
    WeightRemap remap;
    const auto type = c.at("type").get<std::string>();
    remap.kind = type == "LAYERWISE_SYMMETRIC"     ? RemapKind::kLayer
                 : type == "CHANNELWISE_SYMMETRIC" ? RemapKind::kColumn
                                                   : RemapKind::kNone;
    remap.w_max = c.at("remapped_wmax");
    remap.max_scale_range = c.at("max_scale_range");
    remap.max_scale_reference = c.at("max_scale_ref");
    return remap;
}

TEST(ClipRemap, GoldenRecords) {
    size_t seen = 0;
    for (const json& record : golden::records("clip_remap")) {
        SCOPED_TRACE(record.at("id").get<std::string>());
        Matrix<float> w = golden::matrix(record.at("inputs").at("W"));
        std::vector<float> scales(w.rows, 1.0f);
        clip_weights(clip_of(record.at("config").at("clip")), w.view());
        remap_weights(remap_of(record.at("config").at("remap")), w.view(), scales);
        golden::expect_near(w.view(), record.at("exact").at("weights"), 2e-6);
        const json& want = record.at("exact").at("scales");
        if (!want.is_null()) {
            golden::expect_near({scales.data(), 1, scales.size()}, json::array({want}), 2e-6);
        }
        seen++;
    }
    EXPECT_EQ(seen, 7U);
}

TEST(ClipRemap, GoldenMappingScales) {
    for (const json& record : golden::records("mapping_scales")) {
        SCOPED_TRACE(record.at("id").get<std::string>());
        const json& c = record.at("config").at("mapping");
        Mapping mapping;
        mapping.omega = c.at("weight_scaling_omega");
        mapping.per_column = c.at("weight_scaling_columnwise");
        const Matrix<float> w = golden::matrix(record.at("inputs").at("W"));
        const MappedWeights mapped = map_weights(mapping, w.view());
        const json& exact = record.at("exact");
        golden::expect_near(mapped.weights.view(), exact.at("tile_weights"), 2e-6);
        json scales = exact.at("mapping_scales");
        if (scales.size() == 1) {
            scales = std::vector<float>(w.rows, scales.at(0).get<float>());
        }
        golden::expect_near(mapped.scales.view(), json::array({scales}), 2e-6);
        golden::expect_near(
            logical_weights(mapping, mapped).view(), exact.at("logical_weights"), 2e-6);
    }
}

TEST(ClipRemap, ZeroRowsStay) {
    Matrix<float> w(2, 3);
    w(1, 2) = -0.25f;
    std::vector<float> scales = {2.0f, 4.0f};
    remap_weights({}, w.view(), scales);
    EXPECT_EQ(w(0, 0), 0.0f);
    EXPECT_EQ(w(1, 2), -1.0f);
    EXPECT_EQ(scales, (std::vector<float>{2.0f, 1.0f}));
    Matrix<float> zero(2, 3);
    remap_weights({.kind = RemapKind::kLayer}, zero.view(), scales);
    EXPECT_EQ(scales, (std::vector<float>{2.0f, 1.0f}));
}

TEST(ClipRemap, LogicalWeightsStay) {
    Matrix<float> w(3, 4);
    for (size_t i = 0; i < w.values.size(); i++) {
        w.values[i] = 0.05f * static_cast<float>(i) - 0.27f;
    }
    for (const RemapKind kind : {RemapKind::kLayer, RemapKind::kColumn}) {
        Matrix<float> now = w;
        std::vector<float> scales = {0.5f, 2.0f, 3.0f};
        const std::vector<float> before = scales;
        remap_weights({.kind = kind}, now.view(), scales);
        for (size_t r = 0; r < 3; r++) {
            for (size_t c = 0; c < 4; c++) {
                EXPECT_NEAR(now(r, c) * scales[r], w(r, c) * before[r], 1e-6);
            }
        }
    }
}

TEST(ClipRemap, OneScalePerOutput) {
    Matrix<float> w(3, 4, 1.0f);
    std::vector<float> scales(2, 1.0f);
    EXPECT_THROW(remap_weights({}, w.view(), scales), InputError);
}

}  // namespace
}  // namespace mho
