// The names of tile extractors in feature files.
#pragma once

#include <string>

namespace mtlgrid {

// The extractor's name without what differs between STAMP's versions (a code's hash, a date, older spellings), for
// comparing files. Names that STAMP does not use are returned as they are.
std::string canonical_extractor(const std::string& extractor);

// The same for TRIDENT's names of encoders, which are the same weights as STAMP's extractors of other names (uni_v1 is
// uni).
std::string canonical_encoder(const std::string& encoder);

}  // namespace mtlgrid
