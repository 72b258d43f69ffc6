// What to say where names of one list are not found in another: examples of both sides, and the nearest explanation.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "datasets/cohorts/name_forms.h"
#include "datasets/tables/table.h"

namespace mtlgrid {

// Names that were to be found among other names.
struct NameSearch {
  NameKind kind = NameKind::patients;
  std::string of, in;               // "patients of /x/slide.csv", "patients of /x/clini.csv"
  std::vector<std::string> lost;    // not found, each once
  std::size_t all = 0;              // with those that were found
  std::vector<std::string> others;  // what they were looked for in
  std::set<std::string> taken{};    // of `others`, those that were found
  const Table* table = nullptr;     // the table of `others`, if they are a column of one: other columns may fit
};

// How the names that were not found differ from the others.
struct NameExplanation {
  std::size_t count = 0;   // names that would be found
  std::string difference;  // "agree but for upper and lower case ('tcga-aa-1000' and 'TCGA-AA-1000')"
  std::string advice;
  std::vector<std::pair<std::string, std::string>> pairs{};  // (lost, other); empty if by another column
};

// The explanation by which most would be found, the nearest one of several; nullopt if none finds any.
std::optional<NameExplanation> explain(const NameSearch& search);
// The same, but by spellings of whole names alone (name_forms), or by common beginnings alone.
std::optional<NameExplanation> explain_by_spelling(const NameSearch& search);
std::optional<NameExplanation> explain_by_beginnings(const NameSearch& search);

// "'a', 'b', 'c', ..."; "none" of no names.
std::string examples(const std::vector<std::string>& names);

// How the lost names differ from the others and what to write, or what the others look like: "3 agree but for the
// folders in front ('/x/a.h5' and 'a.h5'); write ..." or "it has 'a.h5', 'b.h5'".
std::string nearest(const NameSearch& search);

// "none of the 24 patients of /x/slide.csv ('A-01', 'B-01', 'C-01', ...) is among the 24 patients of /x/clini.csv ('A',
// 'B', 'C', ...): 24 ...; write ...". One line.
std::string describe(const NameSearch& search);

// The same as a warning, where at least three names are lost, and one explanation holds for half of them (if half of
// all are lost), or for nearly all and by others that were not found themselves (if fewer are); nullopt otherwise:
// names that are simply not there are dropped and listed.
std::optional<std::string> warn_of_loss(const NameSearch& search);

}  // namespace mtlgrid
