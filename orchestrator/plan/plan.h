// Turns a configuration into everything a run needs: data joined and checked, splits made, cells listed.
#pragma once

#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"
#include "datasets/features/fingerprint_memory.h"
#include "orchestrator/config/config.h"
#include "orchestrator/plan/pair_sites.h"
#include "results/records/grid_record.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

class FeatureReader;

struct Plan {
  Config config;
  Experiment experiment;
  GridRecord grid;  // its cells are the grid, in the order repeat, pair, method, fold; config.folds is the most that a
                    // pair has
  std::vector<Cohort> cohorts;
  std::vector<LabelRule> rules;    // of config.biomarkers, in their order, with the classes of the training cohorts
  std::vector<PairSites> sites{};  // of experiment.pairs, in their order; without values where there is no `groups`
};

// The plan's cohort of that name; nullptr if it has none.
const Cohort* find_cohort(const Plan& plan, const std::string& name);

// Loads every cohort (features are read once, by `reader`, and remembered in STORE.d/fingerprints), joins pairs and
// makes folds. Writes nothing, but fills `memory` for the caller to save. Throws InputError with every problem of all
// cohorts and pairs at once.
Plan make_plan(const Config& config, FingerprintMemory& memory, FeatureReader& reader);
// Reads the feature files in this process: only for files of one's own, as tests make them.
Plan make_plan(const Config& config, FingerprintMemory& memory);

// Of all features of the grid as float16; what pairs leave out is counted too.
std::uint64_t feature_bytes(const Plan& plan);

}  // namespace mtlgrid
