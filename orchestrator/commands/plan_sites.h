// What `mtlgrid plan` prints of site groups.
#pragma once

#include <string>

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// Each fold with its patients, positives and values, and how near the class counts of the folds are to equal shares and
// to what is possible; pairs with the same patients and folds together. Empty without `groups`.
std::string site_groups_text(const Plan& plan);

}  // namespace mtlgrid
