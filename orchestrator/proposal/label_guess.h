// Columns of a clinical table that may be a biomarker's label, or an auxiliary of it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "orchestrator/proposal/column_facts.h"

namespace mtlgrid {

struct LabelGuess {
  std::size_t column = 0;
  std::string column_name;  // as a configuration has it
  std::string name;         // of the biomarker
  bool known = false;       // the column's name is a known biomarker's
  std::string positive, negative;
  std::vector<std::string> also_positive{}, also_negative{};  // further values of the classes
  std::vector<std::string> ignore{};                          // values between the classes
  std::size_t smaller_class = 0;                              // patients of the rarer class
  std::string evidence{};                                     // which values it has, and why which is positive
};

// Columns with two classes, each with at least two patients, and not demographic (known_columns.h). Spellings of one
// value are one class, and so is everything beside the negative value of a gene; values between the classes
// are left out. Known biomarkers first, then those with the larger rarer class.
std::vector<LabelGuess> label_guesses(const std::vector<ColumnFacts>& columns);

struct AuxiliaryGuess {
  std::size_t column = 0;
  std::string column_name;  // as a configuration has it
  std::string name;         // the paper's short name, or the column's made valid as a name
  enum class Kind { signature, score, number } kind = Kind::number;
  std::size_t present = 0;  // patients with a value
};

// Columns of numbers with at least ten different ones, present for at least half of the patients, and not demographic.
// The paper's five signatures first (in its order: ITH, LF, LISS, Prolif, SF), then other known scores, then other
// numbers, in the order of the table.
std::vector<AuxiliaryGuess> auxiliary_guesses(const std::vector<ColumnFacts>& columns);

}  // namespace mtlgrid
