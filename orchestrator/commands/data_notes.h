// What was guessed from a cohort's data, and what in it may be a mistake: the sentences, for `plan`, `run`, `cell` and
// `predict`.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// The auxiliary values of one pair in one cohort, sorted, without missing ones.
struct AuxiliaryValues {
  std::string pair, cohort;
  std::vector<double> sorted;
  double least() const { return sorted.front(); }
  double most() const { return sorted.back(); }
  double median() const;
  double magnitude() const;  // of the value furthest from 0
};
AuxiliaryValues auxiliary_values(std::string pair, std::string cohort, const std::vector<double>& targets);

// The sentences below are empty where there is nothing to say. Codes for missing values among the numbers (-999, 99):
// beyond all other values by far, or negative where no other one is. `column` is the cohort's auxiliary column.
std::string code_note(const AuxiliaryValues& values, const Cohort& cohort, const std::string& column);
// All values are the same; or there is none, in a cohort that is not trained on.
std::string constant_note(const AuxiliaryValues& training);
std::string empty_note(const AuxiliaryValues& external);
// Percent against fractions, and other units: medians and largest values differ by about the same large factor.
std::string unit_note(const AuxiliaryValues& training, const AuxiliaryValues& external);

// The notes on a plan: external cohorts of one class; auxiliary values, as above. A sentence each.
std::vector<std::string> class_notes(const Plan& plan);
std::vector<std::string> value_notes(const Plan& plan);
// Feature files that no row of a table names, a sentence for each cohort that has some (unnamed_files.h).
std::vector<std::string> file_notes(const Plan& plan);
// What was inferred: negative classes; what the readers of tables and feature files inferred, after the cohort's name.
std::vector<std::string> inferences(const Plan& plan);

// The lines that `run` and `cell` print before they begin: "warning: ...", "inferred: ...", "note: ...", at most twelve
// of the last two kinds.
std::vector<std::string> findings(const Plan& plan);

}  // namespace mtlgrid
