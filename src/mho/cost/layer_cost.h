// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_LAYER_COST_H
#define MHO_COST_LAYER_COST_H

#include <string>
#include <vector>

#include "mho/cost/digital_work.h"
#include "mho/cost/layer_mapping.h"
#include "mho/cost/network_activity.h"
#include "mho/cost/tree.h"

namespace mho::cost {

/// A layer on tiles, as far as its cost goes.
struct LayerWork {
    std::string name;
    LayerMapping mapping;
    const LayerActivity* activity = nullptr;
    double samples = 1;         // that the activity covers
    double vectors = 1;         // per sample and group
    bool recurrent = false;     // a vector needs the result of the last one
    double input_numbers = 0;   // per sample, each counted once
    double output_numbers = 0;  // per sample
    bool bias = false;          // added digitally
    DigitalWork around;         // what surrounds the matrix
};

struct LayerNodes {
    Node energy;   // pJ per sample
    Node latency;  // ns per sample, one copy
    Node area;     // um2, one copy
};

/// Cost of a layer on tiles. `hops`: tiles that an output passes on its way.
LayerNodes cost_on_tiles(const LayerWork& work,
                         const CostSpec& spec,
                         double hops,
                         std::vector<std::string>& warnings);

/// Cost of a layer that works on the digital side only, on the digital unit that all these layers
/// share (digital_unit_area); `weights`: numbers that it must read.
LayerNodes cost_digital(const std::string& name,
                        const DigitalWork& work,
                        double input_numbers,
                        double output_numbers,
                        double weights,
                        const CostSpec& spec);

/// Area of the digital unit.
Node digital_unit_area(const CostSpec& spec);

/// Sum over lines and vectors of (size of the input over full scale) x (conductance at the line),
/// uS: what V^2 t is multiplied by. The encoding says what counts as size.
double driven_conductance_us(const Activity& lines,
                             const std::vector<double>& conductance_us,
                             InputEncoding encoding);

}  // namespace mho::cost

#endif  // MHO_COST_LAYER_COST_H
