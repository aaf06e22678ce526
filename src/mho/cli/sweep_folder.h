// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_SWEEP_FOLDER_H
#define MHO_CLI_SWEEP_FOLDER_H

// A sweep and the folder that its points are kept in. What computes them is somebody else:
// processes of this machine (`mho sweep`), or a cluster (mho.run_sweep in Python). Either way a
// point is one or two command lines of `mho`, and what they leave in the point's folder is all that
// the table needs.

#include <string>
#include <utility>
#include <vector>

#include "mho/analysis/sweep.h"
#include "mho/cli/sweep_page.h"
#include "mho/io/folder_lock.h"

namespace mho {

class SweepFolder {
  public:
    /// Reads the sweep's file and its run, with the overrides of every point (the first 1000), so
    /// that a wrong path or value fails before hours of work do. Throws ConfigError, IoError.
    explicit SweepFolder(const std::string& file);
    // It may hold the lock of a folder.
    SweepFolder(const SweepFolder&) = delete;
    SweepFolder& operator=(const SweepFolder&) = delete;
    SweepFolder(SweepFolder&&) = default;
    SweepFolder& operator=(SweepFolder&&) = default;

    const Sweep& sweep() const { return sweep_; }
    const std::vector<SweepPoint>& points() const { return points_; }
    /// Full path of the run file.
    const std::string& run() const { return run_; }

    /// Makes the folder (empty: runs/NAME) and keeps others out of it. Needed by all below.
    void open(const std::string& folder);
    const std::string& folder() const { return folder_; }
    std::string point_folder(const SweepPoint& point) const;

    /// Points whose results, or whose costs although they have results, are missing.
    std::vector<SweepPoint> without_results() const;
    std::vector<SweepPoint> without_costs() const;

    /// Arguments of `mho` that evaluate (or train) a point into a folder; threads 0: its default.
    std::vector<std::string> evaluation(const SweepPoint& point,
                                        const std::string& into,
                                        size_t threads) const;
    /// Arguments of `mho` that count what the run in a folder costs.
    static std::vector<std::string> costing(const std::string& folder);

    SweepTable table() const;
    /// Path and text of sweep.csv and sweep.html.
    std::vector<std::pair<std::string, std::string>> outputs(const SweepTable& table,
                                                             const SweepAxes& axes) const;

  private:
    std::string text_of(const SweepPoint& point, const char* file) const;
    /// Whether the results of a point are there, and of the run file and weights as they are now.
    bool is_done(const SweepPoint& point) const;

    Sweep sweep_;
    std::string name_;
    std::string run_;
    std::vector<SweepPoint> points_;
    std::string folder_;
    std::vector<FolderLock> lock_;  // none or one
};

}  // namespace mho

#endif  // MHO_CLI_SWEEP_FOLDER_H
