// Splits as files of several tools have them: names in parts.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datasets/cohorts/cohort.h"

namespace mtlgrid {

enum class SplitPart { train, valid, test };

// One split. Names are of patients or of slides, as the file has them.
struct SplitLists {
  std::string where;  // "split 1", "splits_0.csv", "fold 'b'": for messages
  std::set<std::string> train, valid, test;
  std::set<std::string>& of(SplitPart part) {
    return part == SplitPart::train ? train : part == SplitPart::valid ? valid : test;
  }
};

struct SplitFile {
  std::vector<SplitLists> splits;  // in the order of the folds
  bool validation = false;         // whether some split has validation patients
  bool stamp = false;              // STAMP's splits.json
  std::string form;                // what was read and how, for `plan`; empty for STAMP's
};

// The part that a word means, whatever its letter case: train, training; val, valid, validation, dev, tune; test,
// testing, held-out. nullopt for any other word.
std::optional<SplitPart> part_of(std::string_view word);

// The order of folds by their names: as numbers where all are numbers, or words that differ in the number at their end;
// otherwise by bytes.
void sort_fold_names(std::vector<std::string>& names);

// Splits from the fold in which each name is tested: it is trained on in all others. Folds as sort_fold_names(). Throws
// InputError for more than 1000 folds, or 20 million names in all lists.
std::vector<SplitLists> lists_of_folds(const std::vector<std::pair<std::string, std::string>>& name_and_fold);

// The patients of a cohort and their slides, by which the names in a file of splits are known.
class CohortNames {
 public:
  // `cohort` must outlive this.
  explicit CohortNames(const Cohort& cohort);
  // The patient of this name, or whose feature file alone has it, with the suffix of a slide's file or without;
  // otherwise `name`.
  const std::string& patient_of(const std::string& name) const;
  bool known(const std::string& name) const { return find(name) != nullptr; }
  const std::string& patient_column() const { return cohort_.files.patient_column; }
  const std::vector<std::string>& missing() const { return cohort_.files.missing; }

 private:
  const std::string* find(const std::string& name) const;
  const Cohort& cohort_;
  std::set<std::string> patients_;
  std::map<std::string, const std::string*> patient_of_slide_;  // nullptr: two patients have files of that name
};

}  // namespace mtlgrid
