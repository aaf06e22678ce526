// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_PYTHON_PROGRESS_H
#define MHO_PYTHON_PROGRESS_H

#include <atomic>
#include <mutex>

#include "bindings.h"
#include "mho/analysis/evaluate.h"

namespace mho::python {

/// Long work that calls a Python function `progress(label, done, total, unit)` and stops at Ctrl-C.
class PythonProgress {
  public:
    explicit PythonProgress(nb::object callback) : callback_(std::move(callback)) {}
    ProgressHooks hooks() {
        ProgressHooks h;
        h.begin = [this](const std::string& label, size_t total, const std::string& unit) {
            const std::lock_guard<std::mutex> lock(mutex_);
            label_ = label;
            total_ = total;
            done_ = 0;
            unit_ = unit;
        };
        h.advance = [this](size_t done) { advance(done); };
        h.end = [] {};
        return h;
    }
    void advance(size_t done) {
        std::string label;
        std::string unit;
        size_t at = 0;
        size_t total = 0;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            done_ += done;
            label = label_;
            unit = unit_;
            at = done_;
            total = total_;
        }
        report(label, at, total, unit);
    }
    void report(const std::string& label, size_t done, size_t total, const std::string& unit) {
        const nb::gil_scoped_acquire lock;
        if (PyErr_CheckSignals() != 0) {
            PyErr_Clear();
            interrupted_ = true;
            stop_.store(true);
            return;
        }
        if (!callback_.is_none() && !stop_.load()) {
            callback_(label, done, total, unit);
        }
    }
    const std::atomic<bool>* stop() const { return &stop_; }
    bool interrupted() const { return interrupted_; }

  private:
    nb::object callback_;
    std::mutex mutex_;
    std::string label_;
    std::string unit_;
    size_t total_ = 0;
    size_t done_ = 0;
    std::atomic<bool> stop_{false};
    std::atomic<bool> interrupted_{false};
};

/// Ctrl-C in Python's own way.
template <class F>
auto interruptible(PythonProgress& progress, F&& f) {
    try {
        const nb::gil_scoped_release release;
        return f();
    } catch (const Interrupted&) {
        if (progress.interrupted()) {
            PyErr_SetNone(PyExc_KeyboardInterrupt);
            throw nb::python_error();
        }
        throw;
    }
}

}  // namespace mho::python

#endif  // MHO_PYTHON_PROGRESS_H
