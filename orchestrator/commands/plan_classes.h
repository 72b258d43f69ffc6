// What `mtlgrid plan` found out from the data instead of the configuration, with the evidence.
#pragma once

#include <string>

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// Every value that became a class, is ignored or missing, with its patients, for each biomarker and cohort; and a note
// on external cohorts with one class.
std::string classes_text(const Plan& plan);

// Number, minimum, median and maximum of each pair's auxiliary values in each cohort; and notes on constant ones, on
// codes for missing values, and on cohorts whose values are another order of magnitude than in training.
std::string auxiliary_values_text(const Plan& plan);

// A line for each inference: negative classes, feature files, and what the tables' readers inferred.
std::string inferred_text(const Plan& plan);

}  // namespace mtlgrid
