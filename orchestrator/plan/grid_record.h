// What the store registers of a grid.
#pragma once

#include <vector>

#include "datasets/cohorts/cohort.h"
#include "orchestrator/config/config.h"
#include "results/records/grid_record.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

// Identity, settings, cells in the order pair, method, fold, splits, cohorts and the account of drops, from a
// configuration, the label rules of its biomarkers (Plan::rules), its loaded cohorts and the experiment made of them.
//
// The identity is the XXH3-128 hash, in hex, of a canonical JSON text (keys sorted, no white space) of the settings
// that decide a result, the fingerprints of the cohorts, and each pair's patients, labels, targets and folds. It does
// not contain paths, methods or the order of sections: moving the data or adding a method keeps the grid.
GridRecord make_grid_record(const Config& config, const std::vector<LabelRule>& rules, const Experiment& experiment,
                            const std::vector<Cohort>& cohorts, std::vector<GridRecord::DropRow> drops);

}  // namespace mtlgrid
