// The two classes of a biomarker: which values of a label column they are, in every cohort the same ones.
#pragma once

#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/label_rule.h"
#include "datasets/tables/seen_values.h"

namespace mtlgrid {

enum class LabelMeaning { positive, negative, ignored, neither };

// A value of the label column among a cohort's patients (the first row of each).
struct LabelValue {
  LabelMeaning meaning;
  SeenValue seen;
};

// What the label column holds; positive values first, then negative, ignored, and those of no class, the most frequent
// first. Patients without a value are not counted. Empty if there is no such column.
std::vector<LabelValue> label_values(const Cohort& cohort, const LabelRule& rule);

// The values that are neither positive, negative nor ignored and look like no class (looks_missing.h).
std::vector<SeenValue> values_of_no_class(const Cohort& cohort, const LabelRule& rule);

// The rule with negative values: as written down, else the only other value that `cohort` has beside positive and
// ignored ones. `from` says where that is ("training cohort A"). It is a problem if there are several others, if the
// only one looks like a missing value or like another spelling of the positive one, if no patient is positive, or all
// are; the line lists the values with their counts and what to write. The returned rule then has no negative values.
LabelRule find_classes(const LabelRule& rule, const Cohort& cohort, const std::string& from, Problems& problems);

// Adds a line for each cause why values of the cohort are neither positive, negative nor ignored: they look missing,
// are another spelling of a class, or are something else.
void check_classes(const Cohort& cohort, const LabelRule& rule, Problems& problems);

}  // namespace mtlgrid
