// Logs, which others may have put anything in the place of.
#pragma once

#include <filesystem>

#include "base/file_descriptor.h"

namespace mtlgrid {

// Opens a plain file for appending; it is made, less the umask, where it is not there. No descriptor, with errno, if
// that is refused or something else is in its place: a pipe is not waited for (ENXIO).
FileDescriptor open_log_file(const std::filesystem::path& file);

}  // namespace mtlgrid
