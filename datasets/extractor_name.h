// The names of tile extractors in feature files.
#pragma once

#include <string>

namespace mtlgrid {

// The extractor's name without what differs between STAMP's versions (a code's hash, a date, older spellings), for
// comparing files. Names that STAMP does not use are returned as they are.
std::string canonical_extractor(const std::string& extractor);

}  // namespace mtlgrid
