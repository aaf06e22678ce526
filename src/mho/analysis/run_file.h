// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_RUN_FILE_H
#define MHO_ANALYSIS_RUN_FILE_H

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "mho/adapt/calibration.h"
#include "mho/adapt/quantizer.h"
#include "mho/analysis/data.h"
#include "mho/analysis/learning_config.h"
#include "mho/analysis/train_config.h"
#include "mho/cost/cost_config.h"
#include "mho/net/hardware.h"
#include "mho/net/network.h"
#include "mho/util/reflect.h"

namespace mho {

// Networks that a run file can name.
struct MlpModel {
    std::vector<int> hidden = {256, 128};
};
struct LenetModel {};
struct ResidualCnnModel {
    int stem = 32;
    std::vector<int> stages = {32, 80};
};
struct ResnetCifarModel {
    int depth = 20;
};
struct VggSmallModel {};
template <class Kind>
struct CharRecurrentModel {
    int vocabulary = 65;
    int embedding = 32;
    int hidden = 128;
    int layers = 1;
    double dropout = 0.0;
    bool combined = false;
};
using CharLstmModel = CharRecurrentModel<struct LstmKind>;
using CharGruModel = CharRecurrentModel<struct GruKind>;
using CharRnnModel = CharRecurrentModel<struct RnnKind>;
struct SmallGptModel {
    int vocabulary = 65;
    int width = 64;
    int heads = 4;
    int layers = 2;
};
using NetworkModel = std::variant<MlpModel,
                                  LenetModel,
                                  ResidualCnnModel,
                                  ResnetCifarModel,
                                  VggSmallModel,
                                  CharLstmModel,
                                  CharGruModel,
                                  CharRnnModel,
                                  SmallGptModel>;

struct NetworkConfig {
    NetworkModel model;
    std::string
        weights;  // safetensors of trained parameters, relative to the run file; "" = random
    std::map<std::string, std::string>
        rename;  // layer name in that file -> layer name of the network
    // Input normalisation per channel after pixel / 255; empty = none.
    std::vector<double> mean;
    std::vector<double> std;
};

struct TrainingConfig {
    TrainConfig floating_point;
    TrainConfig hardware_aware;
    bool continue_floating_point =
        false;  // give the floating-point network the same further training
};

struct EvaluationTime {
    std::string name;
    double t_s = 0.0;
};

struct AblationConfig {
    bool enabled = true;
    int programmings = 5;
    int images = 1000;
    std::string time = "1 day";
};

/// A low-precision digital network beside the analog ones.
struct DigitalBaseline {
    std::string name;  // "W4A8"
    QuantizerConfig weights = {.bits = 4, .per_channel = true};
    int activation_bits = 8;
    int table_bits = 8;
    CalibrationConfig activations = {};
};

/// Conductance ranges of columns set after training (arXiv 2401.09859, step 2).
struct ColumnRangesConfig {
    int images = 0;           // training images whose outputs are looked at; 0 = ranges stay
    double deviations = 4.0;  // |mean| + this many deviations of an output meets the ADC bound
};

struct EvaluationConfig {
    std::vector<EvaluationTime> times;
    int programmings = 10;
    int images = 0;  // the first test images; 0 = all
    bool naive = true;
    bool hardware_aware = true;
    bool uncompensated = true;
    int calibration_images =
        0;  // training images for input ranges of the naive network; 0 = as many as needed
    bool calibrate =
        false;  // ranges of the naive network by `calibration`, else as training starts
    CalibrationConfig calibration;
    ColumnRangesConfig column_ranges;  // of the naive and of the hardware-aware network
    std::vector<DigitalBaseline> digital;
    AblationConfig ablation;
    int error_images = 32;  // images of the error per layer; 0 = leave out
};

/// Everything that a run needs.
struct RunFile {
    std::string name;
    std::string about;
    uint64_t seed = 1;
    DataConfig data;
    NetworkConfig network;
    TrainingConfig training;
    EvaluationConfig evaluation;
    HardwareSpec hardware;
    LearningConfig learning;  // with rules: the run trains in memory
    cost::CostSpec cost;      // of `mho cost`
    std::string folder;       // of the run file: relative paths start here
};

/// The times of the main job: 1 s, 1 h, 1 day, 1 month (30 days), 1 year (365 days), 10 years.
std::vector<EvaluationTime> default_times();

/// A wrong command line, such as a bad `--set`: exit code 2.
class UsageError : public Error {
  public:
    using Error::Error;
};

/// Reads a run file, with overrides "path=value" (value as JSON, else as a string). Problems of the
/// file are a ConfigError, problems that an override brings a UsageError.
RunFile read_run_file(const std::string& path, const std::vector<std::string>& overrides = {});
RunFile parse_run_file(const std::string& text,
                       const std::string& origin,
                       const std::vector<std::string>& overrides = {});

/// The complete configuration as JSON text: every default written out.
std::string run_file_to_json(const RunFile& run);

/// The graph of the run's network for the run's data, and its start parameters (random, or the
/// file's).
Network build_network(const RunFile& run);

/// One line of the parameter reference.
struct Parameter {
    std::string path, type, default_value, unit, range, meaning, source;
};
/// Every parameter of a run file.
std::vector<Parameter> run_parameters();

}  // namespace mho

#endif  // MHO_ANALYSIS_RUN_FILE_H
