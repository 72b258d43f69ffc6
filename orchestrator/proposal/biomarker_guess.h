// Biomarkers as they may be meant: a label that one cohort trains on and others are tested on.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/proposal/cohort_guess.h"
#include "orchestrator/proposal/label_guess.h"

namespace mtlgrid {

struct BiomarkerGuess {
  std::string name;  // no other guess has it
  const CohortGuess* train = nullptr;
  std::vector<const CohortGuess*> external{};
  LabelGuess label;  // of the training cohort
  // Values of the classes in all cohorts: the training cohort's first, then other spellings of external ones.
  std::vector<std::string> positive{}, negative{}, ignore{};
  std::vector<AuxiliaryGuess> auxiliaries{};  // that are proposed
  std::vector<AuxiliaryGuess> others{};       // further ones, for a comment
  bool proposed = true;                       // false: for a comment alone
  std::vector<std::string> comments{};        // why, a sentence each
};

// A guess for every label column. A column that several cohorts have is one biomarker: trained where most of the
// paper's signatures are, then most other scores, then most patients of the rarer class; other cohorts with the same
// features, other patients and classes that can be told are external. Proposed are the known biomarkers, or the first
// guess where none is known. Auxiliaries are the paper's signatures, else other known scores, else at most three
// columns of numbers.
std::vector<BiomarkerGuess> biomarker_guesses(const std::vector<CohortGuess>& cohorts);

// Columns with the names of known biomarkers that no guess takes for its label, each with its values and why.
std::vector<std::string> biomarkers_left_out(const std::vector<CohortGuess>& cohorts,
                                             const std::vector<BiomarkerGuess>& guesses);

// The smallest class of all proposed biomarkers' training cohorts; 0 without any.
std::size_t smallest_class(const std::vector<BiomarkerGuess>& guesses);

// Spellings that look like a missing value and are not read as one, in the columns of the cohort that the guesses use.
std::vector<std::string> missing_spellings(const CohortGuess& cohort, const std::vector<BiomarkerGuess>& guesses);

}  // namespace mtlgrid
