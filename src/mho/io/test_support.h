// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_TEST_SUPPORT_H
#define MHO_IO_TEST_SUPPORT_H

// For the tests of io/ and of folders that write files.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace mho {

/// An empty folder of its own, removed at the end.
class ScratchFolder {
  public:
    ScratchFolder() {
        std::string pattern = testing::TempDir() + "/mho-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
    const std::string& path() const { return path_; }
    size_t entries() const {
        size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(path_)) {
            count += entry.exists();
        }
        return count;
    }

  private:
    std::string path_;
};

inline void put(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// The message of the E that `f` throws, or a text that no test expects.
template <class E, class F>
std::string message_of(F&& f) {
    try {
        f();
    } catch (const E& e) {
        return e.what();
    }
    return "(nothing was thrown)";
}

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace mho

#endif  // MHO_IO_TEST_SUPPORT_H
