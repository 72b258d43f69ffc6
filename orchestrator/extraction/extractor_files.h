// The files of the extractor that is configured: whether they are there, and what decides features in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/contract/extraction.h"

namespace mtlgrid {

struct ExtractorFiles {
  std::string name;                // as feature files have it: attribute `extractor`
  std::int64_t width = 0;          // features a tile
  std::string content;             // hash of the weights, or of a description and its model; empty where there are none
  std::vector<std::string> notes;  // what a person should know, one line each
};

// Throws InputError with every problem: weights that are not given or not there, given where there are none, or of
// another network; a description that cannot be used. A described model is opened by trainers alone.
ExtractorFiles read_extractor_files(const ExtractSettings& settings);

}  // namespace mtlgrid
