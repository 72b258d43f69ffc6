// Writing below the folder of an attempt, which somebody may remove while the attempt runs.
#pragma once

#include <filesystem>
#include <functional>

namespace mtlgrid {

// Makes the folder. Throws Error(needs_person) if the disk is full or the store's own folder is gone, SystemError
// otherwise (this host may not write there: others may).
void require_attempt_folder(const std::filesystem::path& folder);

// Calls `write`, which writes a file in the folder and throws as write_container does; where the folder is gone, makes
// it again, says so on stderr and calls `write` once more. Errors as both.
void write_in_attempt_folder(const std::filesystem::path& folder, const std::function<void()>& write);

}  // namespace mtlgrid
