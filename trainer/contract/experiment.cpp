#include "trainer/contract/experiment.h"

#include "base/errors.h"

namespace mtlgrid {

const Pair& Experiment::pair_of(const Cell& cell) const {
  for (const Pair& pair : pairs) {
    if (pair.biomarker == cell.biomarker && pair.auxiliary == cell.auxiliary) {
      if (cell.fold < 0 || static_cast<std::size_t>(cell.fold) >= pair.folds.size()) break;
      return pair;
    }
  }
  throw Error(ErrorKind::fatal, "cell " + cell.name() + " is not in this experiment");
}

}  // namespace mtlgrid
