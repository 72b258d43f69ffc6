// The commit that this program was built from. Its source is made at every build (cmake/WriteCommit.cmake).
#pragma once

#include <string_view>

namespace mtlgrid {

// "1a2b3c4d5e6f", "1a2b3c4d5e6f, with changes" where tracked files differed from it, or "unknown: built without git".
std::string_view source_commit();

}  // namespace mtlgrid
