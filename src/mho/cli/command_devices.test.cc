// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "mho/cli/device_page.h"
#include "mho/cli/test_support.h"
#include "mho/device/pulsed_array.h"
#include "mho/net/presets.h"
#include "mho/net/training_presets.h"
#include "mho/report/xml_check.h"

namespace mho {
namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(Devices, ListsAndDrawsPresets) {
    const Outcome list = run({"devices"});
    EXPECT_EQ(list.code, 0);
    for (const PresetInfo& p : list_presets(PresetKind::kDevice)) {
        EXPECT_TRUE(has(list.out, p.name)) << p.name;
        const Outcome one = run({"devices", p.name, "--cells", "20", "--pulses", "40"});
        EXPECT_EQ(one.code, 0) << one.err;
        EXPECT_TRUE(has(one.out, p.source));
        EXPECT_TRUE(has(one.out, "change by one pulse"));
        EXPECT_TRUE(has(one.out, "symmetric point"));
    }
    EXPECT_EQ(run({"devices", "reram_es", "--cells", "2", "--pulses", "1"}).code, 0);
}

TEST(Devices, WritesPageChartAndNumbers) {
    const ScratchFolder scratch;
    const Outcome o = run({"devices",
                           "ecram",
                           "--cells",
                           "30",
                           "--pulses",
                           "100",
                           "--out",
                           scratch.file("d.html"),
                           "--svg",
                           scratch.file("d.svg"),
                           "--json",
                           scratch.file("d.json")});
    ASSERT_EQ(o.code, 0) << o.err;
    const std::string page = read_file(scratch.file("d.html"));
    EXPECT_TRUE(has(page, "Tang et al."));
    EXPECT_TRUE(has(page, "Symmetric points"));
    EXPECT_EQ(xml_problem(page), "");
    EXPECT_EQ(xml_problem(read_file(scratch.file("d.svg"))), "");
    const Json j = Json::parse(read_file(scratch.file("d.json")));
    EXPECT_EQ(j.at("pulse").size(), j.at("nominal").size());
    EXPECT_EQ(j.at("symmetric_points").size(), 30U);
    // The device in it is a device file, and the seed decides everything.
    const std::vector<std::string> again = {
        "devices", scratch.file("d.json"), "--cells", "30", "--pulses", "100"};
    EXPECT_EQ(run(again).code, 0);
    EXPECT_EQ(run(again).out, run(again).out);
}

TEST(Devices, ReadsTablesAndDeviceFiles) {
    const ScratchFolder scratch;
    write_file_atomically(scratch.file("cell.csv"),
                          "state,up,down\n5,0.5,0.1\n15,0.3,0.3\n25,0.1,0.5\n");
    const Outcome bare = run({"devices", scratch.file("cell.csv")});
    EXPECT_EQ(bare.code, 1);
    EXPECT_TRUE(has(bare.err, "w_min, w_max")) << bare.err;
    const Outcome table =
        run({"devices", scratch.file("cell.csv"), "--w-min", "-1", "--w-max", "1", "--cells", "9"});
    EXPECT_EQ(table.code, 0) << table.err;
    EXPECT_TRUE(has(table.out, "measured step"));
    EXPECT_EQ(run({"devices", scratch.file("cell.csv"), "--w-min", "-1"}).code, 2);
    write_file_atomically(scratch.file("own.json"), R"({"preset": "pcm", "reset": 0.1})");
    EXPECT_EQ(run({"devices", scratch.file("own.json"), "--cells", "9"}).code, 0);
    write_file_atomically(scratch.file("bad.json"), R"({"model": "soft bounds", "wmax": 0.1})");
    const Outcome bad = run({"devices", scratch.file("bad.json")});
    EXPECT_EQ(bad.code, 1);
    EXPECT_TRUE(has(bad.err, "bad.json.wmax")) << bad.err;
    const Outcome unknown = run({"devices", "reram ess"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_TRUE(has(unknown.err, "did you mean `reram es`")) << unknown.err;
}

// Simulate a device, write what an experiment would, fit it, draw the result.
TEST(Fit, RoundTrip) {
    const ScratchFolder scratch;
    SoftBounds d;
    d.dw_min = 0.02;
    d.w_max = 0.5;
    d.w_min = -0.5;
    const PulsedDevice device = identical_cells(d, false);
    PulsedArray array(device, 1, 1, make_tile_key(4, "experiment"));
    std::string csv = "pulses,weight\n0,15\n";
    uint64_t step = 0;
    for (int k = 0; k < 400; k++) {
        const bool up = k / 50 % 2 == 0;
        array.pulse_all(up, ++step);
        csv += (up ? "1," : "-1,") + std::to_string(15 + 20 * array.weights()(0, 0)) + "\n";
    }
    write_file_atomically(scratch.file("trace.csv"), csv);
    const Outcome o = run({"fit",
                           scratch.file("trace.csv"),
                           "--zero",
                           "15",
                           "--scale",
                           "0.05",
                           "--model",
                           "soft bounds",
                           "--out",
                           scratch.file("fit.html"),
                           "--json",
                           scratch.file("fit.json")});
    ASSERT_EQ(o.code, 0) << o.err;
    EXPECT_TRUE(has(o.out, "95 % interval"));
    const Json j = Json::parse(read_file(scratch.file("fit.json")));
    for (const Json& p : j.at("fits").at(0).at("parameters")) {
        if (p.at("name") == "w_max") {
            EXPECT_NEAR(p.at("value").get<double>(), 0.5, 4.5 * p.at("error").get<double>());
            EXPECT_LT(p.at("error").get<double>(), 0.1);
        }
    }
    EXPECT_EQ(j.at("residuals").size(), 400U);
    EXPECT_TRUE(has(read_file(scratch.file("fit.html")), "Residuals"));
    EXPECT_EQ(xml_problem(read_file(scratch.file("fit.html"))), "");
    EXPECT_EQ(run({"devices", scratch.file("fit.json"), "--cells", "9"}).code, 0);

    const Outcome missing = run({"fit", scratch.file("nothing.csv")});
    EXPECT_EQ(missing.code, 1);
    EXPECT_TRUE(has(missing.err, "nothing.csv"));
    const Outcome model = run({"fit", scratch.file("trace.csv"), "--model", "soft bond"});
    EXPECT_EQ(model.code, 1);
    EXPECT_TRUE(has(model.err, "did you mean `soft bounds`")) << model.err;
}

TEST(Presets, ByKind) {
    const Outcome all = run({"presets"});
    for (const char* part : {"web composer", "reram array om", "agad capacitor", "training"}) {
        EXPECT_TRUE(has(all.out, part)) << part;
    }
    EXPECT_FALSE(has(run({"presets", "--kind", "device"}).out, "agad capacitor"));
    EXPECT_NO_THROW(learner_from_json_with_presets(run({"presets", "agad capacitor"}).out));
    // A name of two kinds.
    EXPECT_NO_THROW(pulsed_device_from_json(run({"presets", "pcm", "--kind", "device"}).out));
    EXPECT_EQ(run({"presets", "--kind", "cell"}).code, 2);
    EXPECT_EQ(run({"presets", "agad capacitr"}).code, 2);
}

}  // namespace
}  // namespace mho
