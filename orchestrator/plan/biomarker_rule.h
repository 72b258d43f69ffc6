// A biomarker's label rule with the classes that its training cohort has.
#pragma once

#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/label_rule.h"
#include "orchestrator/config/config.h"

namespace mtlgrid {

// The rule as the configuration has it.
LabelRule written_rule(const BiomarkerConfig& biomarker);

// The rule for all cohorts of the biomarker: its negative values are those of the configuration, else found in
// `training` (find_classes). Without negative values if there is a problem. The configuration itself keeps its text,
// which is part of the grid's identity.
LabelRule biomarker_rule(const BiomarkerConfig& biomarker, const Cohort& training, Problems& problems);

}  // namespace mtlgrid
