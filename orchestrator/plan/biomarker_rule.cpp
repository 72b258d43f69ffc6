#include "orchestrator/plan/biomarker_rule.h"

#include <fmt/format.h>

#include "datasets/cohorts/classes.h"

namespace mtlgrid {

LabelRule written_rule(const BiomarkerConfig& biomarker) {
  LabelRule rule = biomarker.rule;
  rule.section = fmt::format("[biomarker.{}]", biomarker.name);
  return rule;
}

LabelRule biomarker_rule(const BiomarkerConfig& biomarker, const Cohort& training, Problems& problems) {
  return find_classes(written_rule(biomarker), training, fmt::format("training cohort {}", training.files.name),
                      problems);
}

}  // namespace mtlgrid
