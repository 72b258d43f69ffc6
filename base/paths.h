// Paths as the system understands them.
#pragma once

#include <filesystem>

namespace mtlgrid {

// `path` as an absolute one without "." and "..". Each ".." means what it means to the system: behind a symbolic link
// it is the parent of the folder that the link leads to, not of the link; other links keep their names, because what a
// link leads to may have another name on another node. What does not exist is taken for a folder. A ".." behind a link
// that leads nowhere stays, so that using the path fails as it would for anyone. A slash at the end stays. Empty gives
// empty. Throws filesystem_error if there is no current folder.
std::filesystem::path system_path(const std::filesystem::path& path);

}  // namespace mtlgrid
