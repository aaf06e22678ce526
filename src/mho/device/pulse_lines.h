// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSE_LINES_H
#define MHO_DEVICE_PULSE_LINES_H

// Writes of single lines: in every sample one row, or one column, has pulses, as a transfer sends
// them. Trains are not needed, for the line fires alone: its cells share nothing but the slots in
// which the line itself fires. So trains of this kind hold counts (`kProduct`) and no divisors.
//
// Numbers are named by the sample and the place on the line. Cell i takes number i of its sample,
// and where no jump is allowed the further pulses take a sequence of the cell's own. So neither the
// order of rows nor of samples matters, and writes of different lines run side by side.
// Internal: PulsedArray is the public door.

#include "mho/device/pulse_kernel.h"

namespace mho {

/// Whether these trains are writes of single lines that this kind of cell takes as such: no write
/// noise, no routing.
bool writes_single_lines(const PulseJob& job);

/// Applies samples [job.first, job.last); looks (`taps`) see `job.cells.weight`.
PulseActivity pulse_lines(const PulseJob& job);

/// A run of cells beside each other that receive counts; `size` is a multiple of 16.
struct LineCells {
    CellArrays cells;
    size_t size = 0;
    const int32_t* counts = nullptr;  // up positive
    uint32_t most = ~0u;              // no count is larger
    const float* normals = nullptr;   // the first number of each cell
    // The sequence of further numbers of cell i: blocks first_block + i * block_step and following
    // of keys[i * key_step].
    const uint64_t* keys = nullptr;
    size_t key_step = 0;
    uint64_t first_block = 0;
    uint64_t block_step = 0;
};

/// The kernel: law `sample` or `pulse` on one run of cells.
void pulse_line_cells(const PulseJob& job,
                      const LineCells& line,
                      PulseScratch& scratch,
                      PulseActivity& activity);

namespace twin {
/// One cell at a time in plain C++; equal bits.
void pulse_line_cells(const PulseJob& job, const LineCells& line);
}  // namespace twin

}  // namespace mho

#endif  // MHO_DEVICE_PULSE_LINES_H
