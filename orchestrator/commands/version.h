// Versions of the program and of its libraries.
#pragma once

#include <string>

namespace mtlgrid {

// "mtlgrid 0.1.0 (commit 1a2b3c4d5e6f)" and one line per library, as found at run time.
std::string version_text();

}  // namespace mtlgrid
