// Where the executable mtlgrid-trainer is: $MTLGRID_TRAINER, or beside this program's own file.
#pragma once

#include <filesystem>

namespace mtlgrid {

// Throws Error(needs_person) saying where it was looked for.
std::filesystem::path trainer_executable();

}  // namespace mtlgrid
