// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_FOLDER_LOCK_H
#define MHO_IO_FOLDER_LOCK_H

#include <memory>
#include <string>

namespace mho {

/// Keeps other processes (and other FolderLocks of this one) out of a folder of results, until it
/// is destroyed or the process ends, however it ends. The file `.mho.lock` in the folder stays
/// behind: removing it would let two processes hold locks on two files of one name. The lock is
/// advisory (flock): it binds those who ask for it.
class FolderLock {
  public:
    /// Throws IoError "folder `X` is in use by process PID" when somebody holds it, or when the
    /// folder does not exist or is not writable.
    explicit FolderLock(const std::string& folder);
    FolderLock(FolderLock&&) noexcept;
    FolderLock& operator=(FolderLock&&) noexcept;
    ~FolderLock();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Throws IoError like FolderLock when somebody holds the folder; leaves nothing behind, and is
/// content with a folder that may only be read.
void check_not_in_use(const std::string& folder);

}  // namespace mho

#endif  // MHO_IO_FOLDER_LOCK_H
