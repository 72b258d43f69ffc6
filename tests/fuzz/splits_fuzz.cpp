// Files of splits for a pair of six patients in two folds: folds of all of them, or refused. The first byte decides
// whether the input is JSON or a table, its length whether there are site groups.
#include "base/errors.h"
#include "orchestrator/plan/imported_splits.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

namespace {

Cohort six_patients() {
  Cohort cohort;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    Patient patient;
    patient.name = name;
    patient.slides.push_back({std::string("/x/") + name + "-1.h5", 1, "h"});
    cohort.patients.push_back(patient);
  }
  return cohort;
}

Pair pair_of_all() {
  Pair pair;
  pair.biomarker = "MSI";
  pair.auxiliary = "LF";
  pair.training = {0, {0, 1, 2, 3, 4, 5}, {0, 1, 0, 1, 0, 1}, {1, 2, 3, 4, 5, 6}};
  return pair;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Cohort cohort = six_patients();
  static const Pair pair = pair_of_all();
  static const PairSites sites = {{"x", "y", "z"}, {0, 0, 1, 1, 2, 2}, {}, {}};
  static const Config config = [] {
    Config two_folds;
    two_folds.folds = 2;
    two_folds.groups = "site";
    two_folds.train.validation = 0.5;
    return two_folds;
  }();
  const std::string text = fuzz::text_of(data, size);
  const bool table = !text.empty() && text.find_first_of("{[") != 0;
  const PairSites* grouped = size % 2 == 0 ? &sites : nullptr;
  try {
    const auto splits =
        imported_splits(fuzz::as_file(text, table ? "input.csv" : "input.json"), pair, cohort, config, grouped);
    fuzz::expect(splits.folds.size() == 2, "two folds");
    for (const FoldSplit& split : splits.folds) {
      fuzz::expect(split.train.size() + split.valid.size() + split.test.size() == 6, "every patient once");
    }
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  return 0;
}
