// splits.json for a pair of six patients in two folds: folds of all of them, or refused.
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
  static const Config config = [] {
    Config two_folds;
    two_folds.folds = 2;
    two_folds.train.validation = 0.5;
    return two_folds;
  }();
  try {
    const auto splits = imported_splits(fuzz::as_file(fuzz::text_of(data, size)), pair, cohort, config);
    fuzz::expect(splits.size() == 2, "two folds");
    for (const FoldSplit& split : splits) {
      fuzz::expect(split.train.size() + split.valid.size() + split.test.size() == 6, "every patient once");
    }
  } catch (const InputError& e) {
    fuzz::expect(!e.problems().empty(), "a reason");
  }
  return 0;
}
