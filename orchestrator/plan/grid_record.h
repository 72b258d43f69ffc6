// A plan as the store registers it.
#pragma once

#include <vector>

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// Identity, settings, cells in the order pair, method, fold, splits and the account of drops.
//
// The identity is the XXH3-128 hash, in hex, of a canonical JSON text (keys sorted, no white space) of the settings
// that decide a result, the fingerprints of the cohorts, and each pair's patients, labels, targets and folds. Paths,
// methods and the order of sections are not in it: moving the data or adding a method is no new grid.
GridRecord make_grid_record(const Plan& plan, std::vector<GridRecord::DropRow> drops);

}  // namespace mtlgrid
