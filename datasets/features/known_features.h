// A feature file as it was when the data were checked.
#pragma once

#include <cstdint>
#include <string>

namespace mtlgrid {

// What identifies the features of a file, wherever it is: whoever reads it later compares them (patient_bag.h).
struct KnownFeatures {
  std::string path;  // absolute
  std::int64_t tiles = 0;
  std::string hash;  // hash_features()
};

}  // namespace mtlgrid
