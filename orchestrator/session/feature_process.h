// The process in which this program reads feature files: itself, started again with a word that no person gives.
#pragma once

#include <memory>

#include "datasets/features/feature_reader.h"

namespace mtlgrid {

// The first argument of such a process, which then runs serve_features() on its stdin and stdout.
inline constexpr const char* kServeFeatures = "--serve-features";

// A reader through such a process, which ends with this object. It is started when the first file is read; what HDF5
// prints there is lost. Error(needs_person) while reading if the system refuses a process.
std::unique_ptr<FeatureReader> feature_process();

}  // namespace mtlgrid
