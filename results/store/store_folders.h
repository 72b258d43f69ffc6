// Making the folders below STORE.d, for the first time or again after somebody removed them during a run.
#pragma once

#include <filesystem>
#include <system_error>

namespace mtlgrid {

// Makes the folder of an attempt (attempt_folder()), or the one of trainers' logs (trainer_log_folder()), with those
// above it up to STORE.d. The folder that the store itself is in must be there: if it was moved away, none is made in
// its place, and the answer is ENOENT. Otherwise the system's error; none where the folder is there already.
std::error_code make_attempt_folder(const std::filesystem::path& folder);
std::error_code make_log_folder(const std::filesystem::path& folder);

}  // namespace mtlgrid
