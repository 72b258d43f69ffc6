// Scores of a cohort's patients that another table than the clinical one has.
#pragma once

#include <string>
#include <vector>

#include "datasets/tables/table.h"
#include "orchestrator/proposal/cohort_guess.h"

namespace mtlgrid {

// For every table that has signatures (known_columns.h) of at least half of the cohort's patients which its clinical
// table lacks: which ones, and the line of Python (pandas) that joins both tables into one, a sentence each.
std::vector<std::string> joinable_signatures(const CohortGuess& cohort, const std::vector<Table>& tables);

}  // namespace mtlgrid
