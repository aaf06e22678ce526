// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_DURABLE_LOG_H
#define MHO_IO_DURABLE_LOG_H

#include <memory>
#include <string>
#include <string_view>

namespace mho {

/// A text file to which whole lines are appended; a line that `write_line` has accepted survives a
/// kill and a power cut. For results of long sweeps and studies, one JSON object a line.
///
/// Opening an existing file drops a last line without a newline: a kill tore it, and the next line
/// would otherwise be glued to its rest. One object serves one thread at a time; hold a FolderLock
/// against a second process, whose opening could take our unfinished line for a torn one.
class DurableLog {
  public:
    /// Opens or creates the file (not its folder). Throws IoError.
    explicit DurableLog(const std::string& path);
    DurableLog(DurableLog&&) noexcept;
    DurableLog& operator=(DurableLog&&) noexcept;
    ~DurableLog();

    /// Appends `line` and a newline with one write and waits until the disk has it. Throws
    /// InputError if `line` contains a newline, IoError on failure; then the file ends as before.
    void write_line(std::string_view line);

    /// How many bytes of a torn line were dropped on opening.
    size_t dropped_bytes() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mho

#endif  // MHO_IO_DURABLE_LOG_H
