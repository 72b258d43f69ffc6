// Patients of a cohort who may be patients of the training under another name: warnings, for nobody can be sure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"

namespace mtlgrid {

// Names of `others` (of `where`, "training cohort 'A'") that differ from those of the cohort's patients in spelling
// alone (name_forms), or in what follows a common beginning where that holds for at least three: "3 patients of cohort
// 'B' may be patients of training cohort 'A' under another name: 3 agree but for ..."; "" if there are none. The same
// names in both are not counted.
std::string same_by_spelling(const Cohort& cohort, const std::set<std::string>& others, const std::string& where);

// The warnings on an external cohort, one line each: the names above, with how many of these have the same features in
// both; and patients with other names who have a slide of the same file name and the same features.
std::vector<std::string> warn_of_same_patients(const Cohort& training, const Cohort& external);

}  // namespace mtlgrid
