// Classes that no cell of a table can have, because tables' readers take their values for missing ones.
#pragma once

#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/label_rule.h"
#include "orchestrator/config/section_reader.h"

namespace mtlgrid {

// Adds a problem for `positive` and for `negative` of a biomarker's section if all values listed there are read as
// missing ones: NA, None and null everywhere, and those that `missing` of its training cohort lists, if that is known.
void check_readable_classes(SectionReader& section, const LabelRule& rule, const CohortFiles* training);

}  // namespace mtlgrid
