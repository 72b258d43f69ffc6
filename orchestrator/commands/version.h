// Versions of the program and of the libraries it runs with.
#pragma once

#include <string>

namespace mtlgrid {

// "mtlgrid 0.1.0" and one line a library, as found at run time.
std::string version_text();

}  // namespace mtlgrid
