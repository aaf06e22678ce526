// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TESTS_FUZZ_FILES_H
#define MHO_TESTS_FUZZ_FILES_H

// For readers that take the name of a file: a folder of this process in memory.

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace mho::fuzz {

class Folder {
  public:
    Folder() {
        const std::string base = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
        path_ = base + "/mho-fuzz-" + std::to_string(::getpid());
        std::filesystem::create_directory(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const { return path_; }
    std::string put(const std::string& name, std::string_view bytes) const {
        const std::string file = path_ + "/" + name;
        std::ofstream(file, std::ios::binary) << bytes;
        return file;
    }

  private:
    std::string path_;
};

inline const Folder& folder() {
    static const Folder one;
    return one;
}

}  // namespace mho::fuzz

#endif  // MHO_TESTS_FUZZ_FILES_H
