// Which metrics a cell has on a cohort, and which patients each of them uses.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/metrics/registry.h"

namespace mtlgrid {

// A metric of a cell on one cohort.
struct PreparedMetric {
  const Metric* metric = nullptr;  // its row of the registry
  std::vector<std::size_t> rows;   // the predictions it uses: all, or those with target and prediction
  ResampledMetric function;        // of multiplicities of these rows; empty where no patient has what it needs
  std::string reason;              // why it is empty
};

// The metrics of a cell that are resampled, in the order of the registry; those of embeddings only where `embeddings`,
// in the order of the predictions, is not empty. Regression uses the patients who have both target and prediction (NaN:
// has none). Any other number that is not finite throws Error(cell_failed) naming the patient.
std::vector<PreparedMetric> prepare_metrics(std::span<const Prediction> predictions,
                                            std::span<const std::vector<float>> embeddings);

}  // namespace mtlgrid
