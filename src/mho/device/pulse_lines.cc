// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulse_lines.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "mho/device/constants.h"
#include "mho/random/stream.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

constexpr size_t kLineRowsPerTask = 16;
constexpr size_t kRegisterLanes = 16;

size_t padded(size_t n) {
    return (n + kRegisterLanes - 1) / kRegisterLanes * kRegisterLanes;
}

// What a thread keeps.
struct Worker {
    PulseScratch scratch;
    PulseActivity activity;
    std::vector<int32_t> counts;
    std::vector<float> normals;
};

class LineWriter {
  public:
    explicit LineWriter(const PulseJob& job)
        : job_(job),
          trains_(*job.trains),
          columns_(trains_.first_row.empty() || written_by_column()),
          size_(columns_ ? trains_.rows : trains_.cols),
          own_first_((size_ + kRandomBlock - 1) / kRandomBlock),
          own_blocks_((kRandomBlocks - own_first_) / size_),
          workers_(std::max<size_t>(job.options.threads, 1)) {}

    PulseActivity run() {
        size_t tap = 0;
        for (size_t s = job_.first; s < job_.last;) {
            look(s - job_.first, tap);
            if (!has_pulses(s)) {
                s++;
                continue;
            }
            const size_t end = end_of_run(s, tap);
            columns_ ? write_columns(s, end) : write_rows(s, end);
            s = end;
        }
        look(job_.last - job_.first, tap);
        PulseActivity total;
        for (const Worker& w : workers_) {
            total.add(w.activity);
        }
        return total;
    }

  private:
    // Rows are told by the range of rows, one; columns have all of them. (In an array of one row
    // both are the same.)
    bool written_by_column() const {
        for (size_t s = job_.first; s < job_.last; s++) {
            if (trains_.length[s] != 0) {
                return trains_.last_row[s] - trains_.first_row[s] != 1;
            }
        }
        return true;
    }

    bool has_pulses(size_t s) const {
        return trains_.length[s] != 0 && (job_.options.only.empty() || job_.options.only[s] != 0);
    }

    size_t line_of(size_t s) const {
        if (!columns_) {
            return trains_.first_row[s];
        }
        const float* x = trains_.col_values.data() + s * trains_.cols;
        const size_t end =
            std::min<size_t>(size_t{kRegisterLanes} * trains_.last_group[s], trains_.cols);
        size_t c = size_t{kRegisterLanes} * trains_.first_group[s];
        while (c + 1 < end && x[c] == 0) {
            c++;
        }
        return c;
    }

    // Samples from `begin` on that write different rows, or one column after the other, up to the
    // next look.
    size_t end_of_run(size_t begin, size_t tap) {
        const auto& taps = job_.options.taps;
        const size_t stop =
            tap < taps.size() ? std::min(job_.last, job_.first + taps[tap].after) : job_.last;
        lines_.clear();
        lines_.push_back(line_of(begin));
        if (!columns_) {
            seen_.assign(trains_.rows, 0);
            seen_[lines_[0]] = 1;
        }
        size_t s = begin + 1;
        for (; s < stop && has_pulses(s); s++) {
            const size_t line = line_of(s);
            if (columns_ ? line != lines_.back() + 1 : seen_[line] != 0) {
                break;
            }
            if (!columns_) {
                seen_[line] = 1;
            }
            lines_.push_back(line);
        }
        return s;
    }

    void look(size_t done, size_t& tap) const {
        const auto& taps = job_.options.taps;
        for (; tap < taps.size() && taps[tap].after <= done; tap++) {
            const size_t line = taps[tap].line;
            if (!job_.options.tap_columns) {
                std::copy_n(job_.cells.weight + line * job_.stride,
                            trains_.cols,
                            job_.options.tapped + tap * trains_.cols);
                continue;
            }
            for (size_t r = 0; r < trains_.rows; r++) {
                job_.options.tapped[tap * trains_.rows + r] =
                    job_.cells.weight[r * job_.stride + line];
            }
        }
    }

    // Both are whole, one of them is +-1.
    static int32_t count(float a, float b) { return static_cast<int32_t>(a * b); }

    void write(LineCells& cells, Worker& w) const {
        if (job_.options.scalar_twin) {
            twin::pulse_line_cells(job_, cells);
        } else {
            pulse_line_cells(job_, cells, w.scratch, w.activity);
        }
    }

    // Every row is a task.
    void write_rows(size_t begin, size_t end) {
        const size_t width = padded(size_);
        parallel_for(workers_.size(), end - begin, [&](size_t k, size_t worker) {
            Worker& w = workers_[worker];
            const size_t s = begin + k;
            const size_t row = lines_[k];
            w.counts.assign(width, 0);
            w.normals.resize(width);
            const float a = trains_.row_values[s * trains_.rows + row];
            const float* b = trains_.col_values.data() + s * trains_.cols;
            int32_t most = 0;
            int32_t* counts = w.counts.data();
            for (size_t c = 0; c < size_; c++) {
                counts[c] = count(a, b[c]);
                most = std::max(most, std::abs(counts[c]));
            }
            fill_normal(TileKey{job_.sample_keys[s]},
                        Stream::kPulseNoise,
                        job_.step,
                        0,
                        std::span<float>(w.normals.data(), size_));
            LineCells cells;
            cells.cells = job_.cells.from(row * job_.stride);
            cells.size = width;
            cells.counts = counts;
            cells.most = static_cast<uint32_t>(most);
            cells.normals = w.normals.data();
            cells.keys = &job_.sample_keys[s];
            cells.first_block = own_first_;
            cells.block_step = own_blocks_;
            write(cells, w);
        });
    }

    // Columns beside each other are parts of rows: rows are the tasks, and a row takes its cells of
    // all columns at once.
    void write_columns(size_t begin, size_t end) {
        const size_t samples = end - begin;
        const size_t first = lines_[0] / kRegisterLanes * kRegisterLanes;
        const size_t width = padded(lines_.back() + 1) - first;
        normals_.resize(samples * size_);
        parallel_for(workers_.size(), samples, [&](size_t k, size_t) {
            fill_normal(TileKey{job_.sample_keys[begin + k]},
                        Stream::kPulseNoise,
                        job_.step,
                        0,
                        std::span<float>(normals_.data() + k * size_, size_));
        });
        keys_.assign(width, 0);
        for (size_t k = 0; k < samples; k++) {
            keys_[lines_[k] - first] = job_.sample_keys[begin + k];
        }
        const size_t tasks = (size_ + kLineRowsPerTask - 1) / kLineRowsPerTask;
        parallel_for(workers_.size(), tasks, [&](size_t task, size_t worker) {
            Worker& w = workers_[worker];
            const size_t row = task * kLineRowsPerTask;
            const size_t rows = std::min(kLineRowsPerTask, size_ - row);
            w.counts.assign(rows * width, 0);
            w.normals.resize(rows * width);
            int32_t most = 0;
            for (size_t k = 0; k < samples; k++) {
                const size_t s = begin + k;
                const size_t column = lines_[k] - first;
                const float b = trains_.col_values[s * trains_.cols + lines_[k]];
                const float* a = trains_.row_values.data() + s * trains_.rows + row;
                const float* number = normals_.data() + k * size_ + row;
                for (size_t r = 0; r < rows; r++) {
                    const int32_t n = count(a[r], b);
                    w.counts[r * width + column] = n;
                    most = std::max(most, std::abs(n));
                    w.normals[r * width + column] = number[r];
                }
            }
            for (size_t r = 0; r < rows; r++) {
                LineCells cells;
                cells.cells = job_.cells.from((row + r) * job_.stride + first);
                cells.size = width;
                cells.counts = w.counts.data() + r * width;
                cells.most = static_cast<uint32_t>(most);
                cells.normals = w.normals.data() + r * width;
                cells.keys = keys_.data();
                cells.key_step = 1;
                cells.first_block = own_first_ + (row + r) * own_blocks_;
                write(cells, w);
            }
        });
    }

    const PulseJob& job_;
    const PulseTrains& trains_;
    bool columns_;
    size_t size_;
    uint64_t own_first_;   // block of the further numbers of the first cell of a line
    uint64_t own_blocks_;  // of each cell
    std::vector<Worker> workers_;
    std::vector<size_t> lines_;  // of the run
    std::vector<uint8_t> seen_;
    std::vector<float> normals_;  // [samples][size]
    std::vector<uint64_t> keys_;  // per column of the run
};

}  // namespace

bool writes_single_lines(const PulseJob& job) {
    return job.trains->counting == PulseCounting::kProduct && job.trains->divisor.empty() &&
           job.cells.visible == nullptr && job.options.routing == PulseRouting::kBoth;
}

PulseActivity pulse_lines(const PulseJob& job) {
    return LineWriter(job).run();
}

}  // namespace mho
