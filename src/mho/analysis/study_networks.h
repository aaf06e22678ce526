// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_NETWORKS_H
#define MHO_ANALYSIS_STUDY_NETWORKS_H

#include <functional>
#include <string>

#include "mho/net/network.h"

namespace mho {

/// Trained networks of studies: a study that was interrupted does not train again what it had
/// finished, and studies that share a network train it once. Files FOLDER/HASH.safetensors with
/// FOLDER/HASH.json beside, which holds the description and the CPU seconds of the training.
///
/// A network is found by a text that says all that it depends on, apart from the code: remove the
/// folder when that has changed.
class StudyNetworks {
  public:
    /// `folder` "" = remember nothing.
    explicit StudyNetworks(std::string folder) : folder_(std::move(folder)) {}

    /// Found, or made and on disk before this returns. Throws what `make` throws, and IoError.
    Network get(const std::string& description, const std::function<Network()>& make);

    /// CPU seconds that the networks found took when they were made.
    double earlier_s() const { return earlier_s_; }

  private:
    std::string folder_;
    double earlier_s_ = 0;
};

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_NETWORKS_H
