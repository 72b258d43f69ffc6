// Which metrics a cell has on a cohort, and which patients each of them uses.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/metrics/resamples.h"

namespace mtlgrid {

// A metric of a cell on one cohort.
struct PreparedMetric {
  std::string name;
  std::vector<std::size_t> rows;  // the predictions it uses: all, or those with target and prediction
  ResampledMetric metric;         // of multiplicities of these rows; empty where no patient has what it needs
  std::string reason;             // why it is empty
};

// The metrics of a cell that are resampled (all but pearson_p), in the order of cell_metrics; arguments and errors as
// there (bootstrap.h).
std::vector<PreparedMetric> prepare_metrics(std::span<const Prediction> predictions,
                                            std::span<const std::vector<float>> embeddings);

}  // namespace mtlgrid
