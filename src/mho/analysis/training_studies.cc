// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// What the studies of src/mho/studies ask: known to every build, so that `mho study list` and
// `mho study report` show them where LibTorch is missing, too.

#include "mho/analysis/study.h"

namespace mho {

std::vector<Study> described_training_studies() {
    return {
        {"batch-norm",
         "Fagbohungbe and Qian, IEEE Access 10, 127728 (2022)",
         "Batch normalisation makes a network less resistant to noise on its weights, the more the "
         "more such layers it has.",
         {}},
        {"device-specs",
         "Device-specification map, Adv. Intell. Syst. (2026)",
         "Which memory window, noise and drift keep 99 % of the accuracy depends on the network "
         "and "
         "the time: fewer devices suffice later, and more for an LSTM than for a CNN.",
         {}},
        {"gaussian-noise-benchmark",
         "Fagbohungbe and Qian, arXiv 2011.11840 (2020)",
         "Under Gaussian noise on the weights, networks of the VGG kind keep more of their "
         "accuracy "
         "than residual networks of similar size, and redundant ones more than lean ones.",
         {}},
        {"hwa-at-scale",
         "Rasch et al., Nat. Commun. 14, 5282 (2023), arXiv 2302.08469",
         "Hardware-aware training keeps many kinds of networks within a few percent of their "
         "accuracy "
         "on the standard AIMC model, where direct mapping does not.",
         {}},
        {"in-memory-networks",
         "Wu et al., NeurIPS 2025, arXiv 2502.06309",
         "Trained inside arrays of devices with power responses, perceptrons lose accuracy by "
         "plain "
         "pulses and not by residual learning, whatever the cycle noise.",
         {}},
        {"l1-topk-norm",
         "Fagbohungbe and Qian, arXiv 2205.04886 (2022)",
         "Networks with L1 and top-k batch normalisation resist noise on their weights better than "
         "those with the standard one, at no cost in accuracy.",
         {}},
        {"learning-rate",
         "Fagbohungbe and Qian, arXiv 2205.07856 (2022)",
         "One learning rate in between balances the accuracy of a network and its resistance to "
         "noise on the weights.",
         {}},
        {"post-training-ranges",
         "Lammie et al., ISCAS 2024, arXiv 2401.09859",
         "Input ranges and conductance ranges set from a few samples after training recover more "
         "than half of what analog hardware costs.",
         {}},
        {"tutorial",
         "Le Gallo et al., APL Mach. Learn. 1, 041102 (2023), arXiv 2307.09357",
         "What the tutorial of the field's toolkit shows: device fits, training in memory, the "
         "error "
         "of a product, input ranges.",
         {}},
    };
}

}  // namespace mho
