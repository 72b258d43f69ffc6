// The files of the extractor that is configured: whether they are there, and what decides features in them.
#pragma once

#include <string>
#include <vector>

#include "trainer/contract/extraction.h"

namespace mtlgrid {

struct ExtractorFiles {
  std::string name;                // as feature files have it: attribute `extractor`
  std::string content;             // hash of the weights, or of a description and its model; empty where there are none
  std::vector<std::string> notes;  // what a person should know, one line each
};

// Throws InputError with every problem: weights that are not given or not there, or given where there are none, a
// description that cannot be used. The weights themselves are read by trainers.
ExtractorFiles read_extractor_files(const ExtractSettings& settings);

}  // namespace mtlgrid
