// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/verify.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "mho/io/image_data.h"
#include "mho/util/error.h"

namespace mho {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kGolden = std::string(MHO_TEST_DATA) + "/golden";

json golden(const std::string& category) {
    std::ifstream file(kGolden + "/" + category + ".json");
    return json::parse(file);
}

// A folder of its own for every test.
class Verify : public testing::Test {
  protected:
    void SetUp() override {
        const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
        folder_ = fs::temp_directory_path() / ("mho_verify_" + name + std::to_string(::getpid()));
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name) << text;
    }
    VerifyReport run(size_t threads = 1) { return verify_folder({folder_.string(), "", threads}); }
    // The one record `id` of a category, changed.
    VerifyResult changed(const std::string& category,
                         const std::string& id,
                         const std::function<void(json&)>& change) {
        json document = golden(category);
        json records = json::array();
        for (const json& r : document.at("records")) {
            if (r.at("id") == category + "/" + id) {
                records.push_back(r);
            }
        }
        EXPECT_EQ(records.size(), 1U) << "no record " << id;
        change(records.at(0));
        document["records"] = records;
        write("changed.json", document.dump());
        return run().results.at(0);
    }
    VerifyOutcome outcome(const std::string& category,
                          const std::string& id,
                          const std::function<void(json&)>& change) {
        const VerifyResult r = changed(category, id, change);
        if (r.outcome == VerifyOutcome::kFailed && !r.reason.empty()) {
            ADD_FAILURE() << "malformed: " << r.reason;
        }
        return r.outcome;
    }

    fs::path folder_;
};

void nothing(json&) {}

TEST_F(Verify, AllRecordsOfTheTestDataPass) {
    const VerifyReport report = verify_folder({kGolden, "", 0});
    for (const VerifyResult& r : report.results) {
        EXPECT_EQ(r.outcome, VerifyOutcome::kPassed) << verify_line(r);
        EXPECT_LE(r.worst, 1.0);
    }
    EXPECT_GE(report.results.size(), 60U);
    EXPECT_EQ(report.failed, 0U);
}

TEST_F(Verify, AllGoldenRecordsPass) {
    const char* variable = std::getenv("MHO_GOLDEN");
    std::string folder = variable != nullptr ? variable : "";
    if (const auto data = find_data("../golden"); folder.empty() && data) {
        folder = *data;
    }
    if (folder.empty() || !fs::is_directory(folder)) {
        GTEST_SKIP() << "set MHO_GOLDEN to the folder of all golden records";
    }
    for (const VerifyResult& r : verify_folder({folder, "", 0}).results) {
        EXPECT_NE(r.outcome, VerifyOutcome::kFailed) << verify_line(r);
        EXPECT_FALSE(r.outcome == VerifyOutcome::kSkipped && !r.reason.starts_with("information"))
            << verify_line(r);
    }
}

// Each change is small beside the numbers of the record, but beyond what the tolerance forgives.
TEST_F(Verify, WrongParametersAreFound) {
    constexpr VerifyOutcome kPass = VerifyOutcome::kPassed;
    constexpr VerifyOutcome kFail = VerifyOutcome::kFailed;
    const std::string standard = "StandardHWATrainingPreset forward";
    EXPECT_EQ(outcome("mvm_moments", standard, nothing), kPass);
    EXPECT_EQ(
        outcome("mvm_moments", standard, [](json& r) { r["config"]["io"]["out_noise"] = 0.043; }),
        kFail);
    EXPECT_EQ(outcome("mvm_moments", standard, [](json& r) { r["config"]["io"]["ir_drop"] = 0.0; }),
              kPass);  // a matrix of 6 x 12 hardly feels it
    EXPECT_EQ(outcome("mvm_moments",
                      "bound management under noise",
                      [](json& r) { r["config"]["io"]["bound_management"] = "NONE"; }),
              kFail);
    EXPECT_EQ(outcome("mvm_moments",
                      "stochastic adc rounding",
                      [](json& r) { r["config"]["io"]["out_sto_round"] = false; }),
              kFail);
    EXPECT_EQ(outcome("exact_mvm",
                      "r_series 0.05 | m3x4",
                      [](json& r) { r["config"]["io"]["r_series"] = 0.05001; }),
              kFail);
    EXPECT_EQ(outcome("exact_mvm",
                      "default without noise | m3x4",
                      [](json& r) { r["config"]["io"]["inp_res"] = 1.0 / 124; }),
              kFail);
    EXPECT_EQ(outcome("frozen_tables",
                      "v_offset_std 0.05",
                      [](json& r) { r["config"]["io"]["v_offset_std"] = 0.053; }),
              kFail);
    EXPECT_EQ(outcome("conductance", "PCMLike", [](json& r) { r["config"]["drift_scale"] = 1.02; }),
              kFail);
    EXPECT_EQ(outcome("weight_noise", "PCMLike", [](json& r) { r["config"]["t_0"] = 30.0; }),
              kFail);
    EXPECT_EQ(outcome("converters", "SinglePair", [](json& r) { r["config"]["g_max"] = 25.0001; }),
              kFail);
    EXPECT_EQ(outcome("drift_compensation",
                      "PerColumn, PCMLike, default io",
                      [](json& r) { r["config"]["noise_model"]["drift_scale"] = 1.1; }),
              kFail);
    EXPECT_EQ(outcome("modifier",
                      "ADD_NORMAL 0.1",
                      [](json& r) { r["config"]["modifier"]["std_dev"] = 0.105; }),
              kFail);
    EXPECT_EQ(outcome("clip_remap",
                      "clip LAYER_GAUSSIAN 1.5",
                      [](json& r) { r["config"]["clip"]["sigma"] = 1.50001; }),
              kFail);
    EXPECT_EQ(outcome("input_range",
                      "init from 3 batches",
                      [](json& r) { r["config"]["input_range"]["decay"] = 0.00101; }),
              kFail);
    EXPECT_EQ(outcome("mapping_scales",
                      "omega 0.6",
                      [](json& r) { r["config"]["mapping"]["weight_scaling_omega"] = 0.60001; }),
              kFail);
    EXPECT_EQ(outcome("exact_pulses",
                      "SoftBounds",
                      [](json& r) { r["config"]["device"]["dw_min"] = 0.005002; }),
              kFail);
    EXPECT_EQ(outcome("pulse_noise",
                      "identical cells, SoftBounds",
                      [](json& r) { r["config"]["device"]["dw_min_std"] = 0.32; }),
              kFail);
    EXPECT_EQ(outcome("pulse_noise",
                      "default spread, PowStep",
                      [](json& r) { r["config"]["device"]["pow_gamma_dtod"] = 0.15; }),
              kFail);
    EXPECT_EQ(outcome("device_tables",
                      "preset ReRamArrayOM",
                      [](json& r) { r["config"]["device"]["dw_min_dtod"] = 0.85; }),
              kFail);
    EXPECT_EQ(outcome("response",
                      "PCMPreset unit cell (one-sided pair, refresh)",
                      [](json& r) { r["config"]["device"]["refresh_every"] = 3; }),
              kFail);
    EXPECT_EQ(outcome("temporal",
                      "decay, lifetime 50, spread 0.2",
                      [](json& r) { r["config"]["device"]["lifetime"] = 51.0; }),
              kFail);
    EXPECT_EQ(outcome("update_law",
                      "default, lr 0.1",
                      [](json& r) { r["config"]["update"]["update_bl_management"] = false; }),
              kFail);
    EXPECT_EQ(outcome("update_law",
                      "DETERMINISTIC_IMPLICIT, x_res 0.1, d_res 0.2",
                      [](json& r) { r["config"]["update"]["d_res_implicit"] = 0.7; }),
              kFail);
    EXPECT_EQ(outcome("toy",
                      "SGD, asymmetric up_down 0.3",
                      [](json& r) { r["config"]["rpu"]["device"]["up_down"] = 0.0; }),
              kFail);
    EXPECT_EQ(outcome("toy",
                      "AGAD, asymmetric, auto scale",
                      [](json& r) { r["config"]["rpu"]["device"]["transfer_lr"] = 0.5; }),
              kFail);
    EXPECT_EQ(outcome("lightning",
                      "range 1.3, 5-bit dac",
                      [](json& r) { r["config"]["set"]["forward.inp_res"] = "31"; }),
              kFail);
    EXPECT_EQ(outcome("lightning",
                      "output noise 0.05, range 1.3",
                      [](json& r) { r["config"]["set"]["forward.out_noise"] = "0.055"; }),
              kFail);
}

TEST_F(Verify, WrongResultsAreFound) {
    constexpr VerifyOutcome kFail = VerifyOutcome::kFailed;
    EXPECT_EQ(
        outcome("exact_mvm", "perfect | m3x4", [](json& r) { r["exact"]["forward"][1][2] = 1e-6; }),
        kFail);  // the row of a zero input: every sum is 0
    EXPECT_EQ(outcome("conductance",
                      "PCMLike",
                      [](json& r) { r["stats"]["at 1 day"]["quantiles"]["0.05"][4] = 3.0; }),
              kFail);
    EXPECT_EQ(outcome("mvm_moments",
                      "stochastic adc rounding",
                      [](json& r) { r["stats"]["vector_0"]["correlation"][1][0] = 0.1; }),
              kFail);
    EXPECT_EQ(outcome("clip_remap",
                      "remap CHANNELWISE_SYMMETRIC",
                      [](json& r) { r["exact"]["scales"] = nullptr; }),
              kFail);
    EXPECT_EQ(outcome("input_range",
                      "init from 3 batches",
                      [](json& r) { r["exact"]["steps"][0]["range_grad"] = nullptr; }),
              kFail);
    EXPECT_EQ(outcome("exact_pulses",
                      "PowStep",
                      [](json& r) {
                          json& w = r["exact"]["weight"][7][1];
                          w = w.get<double>() + 5e-5;
                      }),
              kFail);
    EXPECT_EQ(outcome("device_tables",
                      "preset ReRamArrayOM",
                      [](json& r) { r["correlation"]["matrix"][3][2] = 0.5; }),
              kFail);
    EXPECT_EQ(outcome("update_law",
                      "STOCHASTIC, lr 0.1",
                      [](json& r) {
                          json& share = r["stats"]["histogram"]["0"][4];
                          share = share.get<double>() + 0.03;
                      }),
              kFail);
    EXPECT_EQ(outcome("toy",
                      "TTv1",
                      [](json& r) {
                          json& std = r["stats"]["loss"]["std"][5];
                          std = 3 * std.get<double>();
                      }),
              kFail);
}

// A converter code more is forgiven where a vector sits on a rounding tie, and only there.
TEST_F(Verify, TiesAreForgivenWhereTheyAreListed) {
    const std::string id = "dac given as 254 steps | m3x4";
    const auto other_code = [](json& r) {
        // Vector 2 holds -0.5: half a step of 2/254 either way.
        const json& w = r["inputs"]["W"];
        json& y = r["exact"]["forward"][2];
        const double code = r["inputs"]["x"][2][0].get<double>() * 127;  // -63.5
        const double now = std::nearbyint(code);
        const double other = now < code ? now + 1 : now - 1;
        for (size_t i = 0; i < y.size(); i++) {
            y[i] = y[i].get<double>() + w[i][0].get<double>() * (other - now) / 127;
        }
    };
    EXPECT_EQ(outcome("exact_mvm", id, other_code), VerifyOutcome::kPassed);
    EXPECT_EQ(outcome("exact_mvm",
                      id,
                      [&](json& r) {
                          other_code(r);
                          r["exact"]["tie_sensitive"]["forward"] = json::array();
                      }),
              VerifyOutcome::kFailed);
    EXPECT_EQ(outcome("exact_mvm",
                      id,
                      [&](json& r) {
                          other_code(r);
                          r["exact"]["forward"][2][0] =
                              r["exact"]["forward"][2][0].get<double>() + 0.01;
                      }),
              VerifyOutcome::kFailed);
}

// Tables drawn once per tile: the recorded spread comes from few tiles, and the limit must know it.
TEST_F(Verify, TablesOfTilesWidenTheLimit) {
    constexpr size_t kTiles = 64;
    constexpr size_t kPerTile = 100;
    std::mt19937 generator(3);
    std::normal_distribution<double> xi;
    std::vector<double> y;
    for (size_t t = 0; t < kTiles; t++) {
        const double sigma = std::abs(0.06 * (1 + 0.5 * xi(generator)));
        for (size_t i = 0; i < kPerTile; i++) {
            y.push_back(0.3 + sigma * xi(generator));
        }
    }
    double mean = 0;
    double squares = 0;
    for (const double v : y) {
        mean += v / static_cast<double>(y.size());
    }
    for (const double v : y) {
        squares += (v - mean) * (v - mean);
    }
    const double std = std::sqrt(squares / static_cast<double>(y.size() - 1));
    const auto with = [&](double recorded_std, double spread) {
        return outcome("mvm_moments", "stochastic adc rounding", [&](json& r) {
            json& io = r["config"]["io"];
            io["out_noise"] = 0.06;
            io["out_noise_std"] = spread;
            io["out_res"] = 0.0;
            r["inputs"] = {{"W", {{0.5}}}, {"x", {{0.6}}}};
            r["stats"] = {
                {"vector_0",
                 {{"n", y.size()}, {"tiles", kTiles}, {"mean", {mean}}, {"std", {recorded_std}}}}};
        });
    };
    EXPECT_EQ(with(std, 0.5), VerifyOutcome::kPassed);
    EXPECT_EQ(with(1.12 * std, 0.5), VerifyOutcome::kPassed);
    EXPECT_EQ(with(1.6 * std, 0.5), VerifyOutcome::kFailed);
    EXPECT_EQ(with(0.06, 0.0), VerifyOutcome::kPassed);
    EXPECT_EQ(with(1.12 * 0.06, 0.0), VerifyOutcome::kFailed);
}

// One repetition outside the domain of a law spoils the moments of its variable, and no others.
TEST_F(Verify, VariablesRecordedAsNotFiniteAreLeftOut) {
    const auto spoil = [](json& r) {
        r["stats"]["at 1 day"]["mean"][4] = "nan";
        r["stats"]["at 1 day"]["std"][4] = "nan";
    };
    const VerifyResult result = changed("conductance", "PCMLike", spoil);
    EXPECT_EQ(result.outcome, VerifyOutcome::kPassed) << verify_line(result);
    EXPECT_TRUE(std::any_of(result.notes.begin(), result.notes.end(), [](const auto& note) {
        return note.find("at 1 day, variable 4") != std::string::npos;
    }));
    EXPECT_EQ(outcome("conductance",
                      "PCMLike",
                      [&](json& r) {
                          spoil(r);
                          r["stats"]["at 1 day"]["mean"][3] = 3.0;
                      }),
              VerifyOutcome::kFailed);
}

// Tables are drawn at construction even where the kind of product uses none of them.
TEST_F(Verify, FrozenTablesOfAnyProduct) {
    for (const char* mode : {"ONE_PASS", "IDEAL", "POS_NEG_SEPARATE_DIGITAL_SUM"}) {
        const auto with = [&](double spread) {
            return outcome("frozen_tables", "v_offset_std 0.05", [&](json& r) {
                r["config"]["io"]["mv_type"] = mode;
                r["config"]["io"]["w_read_asymmetry_dtod"] = spread;
                r["stats"] = {{"w_asymmetry", {{"n", 10000}, {"mean", {1.0}}, {"std", {0.3}}}}};
            });
        };
        EXPECT_EQ(with(0.3), VerifyOutcome::kPassed) << mode;
        EXPECT_EQ(with(0.33), VerifyOutcome::kFailed) << mode;
    }
}

TEST_F(Verify, OddShapes) {
    const auto io = [](json& r) -> json& { return r["config"]["io"]; };
    // No vectors at all: nothing that could agree.
    const VerifyResult none = changed("exact_mvm", "perfect | m3x4", [](json& r) {
        for (const char* key : {"x", "d"}) {
            r["inputs"][key] = json::array();
        }
        r["exact"]["forward"] = json::array();
        r["exact"]["backward"] = json::array();
    });
    EXPECT_EQ(none.outcome, VerifyOutcome::kSkipped);
    EXPECT_NE(none.reason.find("nothing to compare"), std::string::npos) << none.reason;
    // One cell.
    EXPECT_EQ(outcome("exact_mvm",
                      "perfect | m3x4",
                      [&](json& r) {
                          r["inputs"] = {{"W", {{0.5}}}, {"x", {{3.0}}}, {"d", {{-1.0}}}};
                          r["exact"] = {{"forward", {{1.5}}}, {"backward", {{-0.5}}}};
                          io(r)["mv_type"] = "IDEAL";
                          io(r)["is_perfect"] = false;
                      }),
              VerifyOutcome::kPassed);
    EXPECT_EQ(outcome("clip_remap",
                      "clip then remap",
                      [&](json& r) {
                          r["inputs"]["W"] = {{-2.0}};
                          r["exact"] = {{"weights", {{-1.0}}}, {"scales", {0.9}}};
                      }),
              VerifyOutcome::kPassed);
}

TEST_F(Verify, MalformedRecordsFailWithTheirName) {
    const auto reason = [&](const std::string& category,
                            const std::string& id,
                            const std::function<void(json&)>& change) {
        const VerifyResult r = changed(category, id, change);
        EXPECT_EQ(r.outcome, VerifyOutcome::kFailed);
        EXPECT_NE(r.reason.find("changed.json: record `" + category + "/" + id + "`"),
                  std::string::npos)
            << r.reason;
        return r.reason;
    };
    EXPECT_NE(reason("exact_mvm", "perfect | m3x4", [](json& r) { r["inputs"].erase("W"); })
                  .find("inputs.W: is missing"),
              std::string::npos);
    EXPECT_NE(reason("exact_mvm", "perfect | m3x4", [](json& r) { r["inputs"]["x"][1].erase(0); })
                  .find("inputs.x[1]"),
              std::string::npos);
    EXPECT_NE(reason("exact_mvm", "perfect | m3x4", [](json& r) { r["exact"]["forward"].erase(0); })
                  .find("exact.forward"),
              std::string::npos);
    EXPECT_NE(reason("exact_mvm",
                     "default without noise | m3x4",
                     [](json& r) { r["config"]["io"]["noise_management"] = "ABSMAX"; })
                  .find("did you mean `ABS_MAX`"),
              std::string::npos);
    reason("exact_mvm", "default without noise | m3x4", [](json& r) {
        r["exact"]["tie_sensitive"]["forward"] = {5};
    });
    reason("exact_mvm", "default without noise | m3x4", [](json& r) {
        r["inputs"]["W"][0][0] = "nan";
    });
    reason("conductance", "PCMLike", [](json& r) { r["stats"]["programmed"]["n"] = 1e12; });
    reason("conductance", "PCMLike", [](json& r) { r["stats"]["programmed"]["mean"].erase(0); });
    reason("conductance", "PCMLike", [](json& r) { r["config"]["class"] = "PCMNoiseModel"; });
    reason("conductance", "PCMLike", [](json& r) { r["inputs"]["targets_uS"][0] = -1.0; });
    reason("conductance", "ReRamWan2022", [](json& r) { r["stats"]["at 1 s"]["t"] = 7.0; });
    reason("lightning", "plain", [](json& r) { r["config"]["set"]["forward.inp_ress"] = "3"; });
    reason("lightning", "plain", [](json& r) { r["inputs"]["bias"].erase(0); });
    reason("exact_pulses", "SoftBounds", [](json& r) { r["exact"]["pulse"][1] = 0; });
    reason("exact_pulses", "SoftBounds", [](json& r) { r["exact"]["weight"].erase(0); });
    reason("exact_pulses", "SoftBounds", [](json& r) {
        r["inputs"]["pulses_up_then_down"][0] = 1e12;
    });
    reason("pulse_noise", "identical cells, SoftBounds", [](json& r) {
        r["stats"]["sideways_1"] = r["stats"]["up_1"];
    });
    reason("pulse_noise", "identical cells, SoftBounds", [](json& r) {
        r["stats"]["up_1"]["tiles"] = 1'000'000;
    });
    reason("pulse_noise", "identical cells, SoftBounds", [](json& r) {
        r["config"]["device"]["w_min"] = 0.1;
    });
    reason("device_tables", "SoftBoundsPmax", [](json& r) {
        r["stats"]["slope_sideways"] = r["stats"]["slope_up"];
    });
    reason("device_tables", "SoftBoundsPmax", [](json& r) {
        r["correlation"]["order"][0] = "unknown";
    });
    reason("response", "vector cell, 3 ConstantStep, ALL", [](json& r) {
        r["config"]["device"]["update_policy"] = "SOME";
    });
    reason("response", "vector cell, 3 ConstantStep, ALL", [](json& r) {
        r["inputs"]["pulse"].push_back(100000);
    });
    reason("temporal", "reset 0.05, spread", [](json& r) { r["inputs"]["what"] = "melt"; });
    reason("temporal", "reset with probability 0.3", [](json& r) { r["inputs"]["prob"] = 2.0; });
    reason("update_law", "default, lr 0.1", [](json& r) { r["inputs"]["x"] = json::array(); });
    reason("update_law", "default, lr 0.1", [](json& r) {
        r["config"]["update"]["pulse_type"] = "SOME";
    });
    reason("update_law", "default, lr 0.1", [](json& r) { r["stats"]["histogram"]["x"] = 1; });
    reason("toy", "TTv1", [](json& r) { r["inputs"]["step"] = {5, 3}; });
    reason("toy", "TTv1", [](json& r) { r["inputs"]["W_start"] = 0.5; });
    reason("toy", "TTv1", [](json& r) { r["config"]["rpu"]["device"].erase("class"); });
    reason("input_range", "init from 3 batches", [](json& r) { r["exact"]["steps"] = 3; });
    reason("modifier", "ADD_NORMAL 0.1", [](json& r) { r.erase("stats"); });
    reason("frozen_tables", "v_offset_std 0.05", [](json& r) {
        r["stats"]["who"] = r["stats"]["v_offset"];
    });
}

TEST_F(Verify, RecordsThatAreNotRun) {
    write("a.json", R"({"category": "yesterday", "records": [{"id": "old"}]})");
    write("b.json", R"({"category": "generator_facts", "records": [{"id": "facts"}]})");
    write("c.json",
          R"({"category": "exact_mvm", "records": [{"id": "refused", "peer_error": "E: no"}]})");
    write("d.json", R"({"category": "tomorrow", "records": [{"id": "new"}]})");
    write("other.json", R"([1, 2, 3])");
    write("text.txt", "not looked at");
    std::ostringstream out;
    const VerifyOptions options{folder_.string(), (folder_ / "result.txt").string(), 1};
    EXPECT_EQ(run_verify(options, out), 0);
    const std::string text = out.str();
    EXPECT_TRUE(text.ends_with("\n0 passed, 0 failed, 4 skipped\n")) << text;
    EXPECT_NE(text.find("skip  old: unknown category"), std::string::npos);
    EXPECT_NE(text.find("skip  facts: information"), std::string::npos);
    EXPECT_NE(text.find("skip  refused: information"), std::string::npos);
    EXPECT_NE(text.find("note  other.json"), std::string::npos);
    std::ifstream file(folder_ / "result.txt");
    const json results = json::parse(file);
    EXPECT_EQ(results.at("skipped"), 4);
    EXPECT_EQ(results.at("records").size(), 4U);
}

TEST_F(Verify, BadFilesAndFolders) {
    EXPECT_THROW(run(), IoError);  // empty
    EXPECT_THROW(verify_folder({(folder_ / "nowhere").string(), "", 1}), IoError);
    // A damaged file or record is one failure that names it; the others are checked all the same.
    const std::string whole = golden("mapping_scales").dump();
    write("good.json", R"({"category": "generator_facts", "records": [{"id": "facts"}]})");
    const auto failure = [&](const std::string& text) {
        write("cut.json", text);
        const VerifyReport report = run();
        EXPECT_EQ(report.failed, 1u) << text.substr(0, 60);
        EXPECT_EQ(report.skipped, 1u) << text.substr(0, 60);
        for (const VerifyResult& r : report.results) {
            if (r.outcome == VerifyOutcome::kFailed) {
                EXPECT_EQ(r.file, "cut.json");
                return r.reason;
            }
        }
        return std::string();
    };
    EXPECT_NE(failure(whole.substr(0, whole.size() / 2)).find("cut.json"), std::string::npos);
    EXPECT_NE(failure(R"({"category": "toy"})").find("records"), std::string::npos);
    EXPECT_NE(failure(R"({"category": "toy", "records": {}})").find("list"), std::string::npos);
    EXPECT_NE(failure(R"({"category": "toy", "records": [{"name": 1}]})").find("id"),
              std::string::npos);
    EXPECT_NE(failure(R"({"category": 1, "records": []})").find("category"), std::string::npos);
    EXPECT_NE(failure(R"({"category": "conductance", "records": [{"id": "a", "stats": {}}]})"), "");
    std::ostringstream out;
    EXPECT_EQ(run_verify({folder_.string(), "", 1}, out), 1);
    EXPECT_TRUE(out.str().ends_with("\n0 passed, 1 failed, 1 skipped\n")) << out.str();
}

TEST_F(Verify, SameResultsForAnyNumberOfThreads) {
    json document = golden("mvm_moments");
    write("moments.json", document.dump());
    write("modifier.json", golden("modifier").dump());
    EXPECT_EQ(verify_json(run(1)), verify_json(run(3)));
}

TEST_F(Verify, ExitCodeTellsAFailure) {
    json document = golden("mapping_scales");
    document["records"][0]["exact"]["tile_weights"][0][0] = 5.0;
    write("scales.json", document.dump());
    std::ostringstream out;
    EXPECT_EQ(run_verify({folder_.string(), "", 1}, out), 1);
    EXPECT_TRUE(out.str().ends_with("\n2 passed, 1 failed, 0 skipped\n")) << out.str();
    EXPECT_TRUE(out.str().starts_with("FAIL  mapping_scales/omega 1 columnwise: ")) << out.str();
}

}  // namespace
}  // namespace mho
