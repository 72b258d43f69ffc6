// What `mtlgrid extract` will do: the slides of the cohorts as a grid, checked before anything is written.
//
// A slide is a cell (Cell::of_slide), so that the scheduler, the store and `status` treat it as one. Slides themselves
// are opened by trainer processes alone: here are their names, sizes and what tables and settings say of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/config/config.h"
#include "orchestrator/extraction/present_features.h"
#include "results/records/grid_record.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

class FeatureReader;

struct SlidePlan {
  Config config;
  GridRecord grid;        // its identity has what decides features: settings of [extract], content of the weights
  Experiment experiment;  // `extraction` and `run` alone
  std::map<std::string, SlideRecord> present;  // of whole feature files that are there already, by the cell's name
  std::vector<std::string> notes;              // what a person should know, one line each
};

// `cohorts`: names of those to be extracted; empty: all with a `slides_folder`. `reader` reads the headers of feature
// files that are there. Throws InputError with every problem: no slides, weights that are missing, tables without the
// column, features of other settings in the way. A slide that cannot be used (two of one name, a broken link) is named
// in `notes` and in the grid's drops, and the others remain.
SlidePlan make_slide_plan(const Config& config, const std::vector<std::string>& cohorts, FeatureReader& reader);

}  // namespace mtlgrid
