// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_TABLE_H
#define MHO_IO_TABLE_H

#include <string>
#include <vector>

#include "mho/util/matrix.h"

namespace mho {

/// Data for classification or regression: a row of numbers and a label for each example, as stored
/// (neither scaled nor shuffled). What delimited.h, arff.h and libsvm.h read.
struct LabelledTable {
    Matrix<double> features;                 // [examples, features], all finite
    std::vector<std::string> labels;         // [examples]
    std::vector<std::string> feature_names;  // [features], or empty if the file names none
};

}  // namespace mho

#endif  // MHO_IO_TABLE_H
