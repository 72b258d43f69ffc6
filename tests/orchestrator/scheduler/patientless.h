// An experiment without patients, whose results have no predictions: for tests of what becomes of cells.
#pragma once

#include <algorithm>
#include <vector>

#include "trainer/contract/experiment.h"

namespace mtlgrid {

// It has the pair and the fold of every cell in `cells`, which have a member `cell` or are cells.
template <typename Cells>
Experiment patientless_experiment(const Cells& cells) {
  const auto cell_of = [](const auto& of) -> const Cell& {
    if constexpr (requires { of.cell; }) {
      return of.cell;
    } else {
      return of;
    }
  };
  Experiment experiment;
  experiment.train.epochs = 1000;
  for (const auto& of : cells) {
    const Cell& cell = cell_of(of);
    auto pair = std::find_if(experiment.pairs.begin(), experiment.pairs.end(), [&](const Pair& p) {
      return p.biomarker == cell.biomarker && p.auxiliary == cell.auxiliary;
    });
    if (pair == experiment.pairs.end()) {
      Pair added;
      added.biomarker = cell.biomarker;
      added.auxiliary = cell.auxiliary;
      pair = experiment.pairs.insert(experiment.pairs.end(), added);
    }
    pair->folds.resize(std::max<std::size_t>(pair->folds.size(), static_cast<std::size_t>(cell.fold) + 1));
  }
  return experiment;
}

}  // namespace mtlgrid
