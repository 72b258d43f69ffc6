// A cell's metrics with percentile bootstrap confidence intervals over patients.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "results/records/records.h"

namespace mtlgrid {

struct BootstrapSettings {
  int resamples = 1000;
  double confidence = 0.95;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BootstrapSettings, resamples, confidence)

// All metrics of one cell on one cohort with percentile bootstrap CIs over patients, in the order of the registry
// (registry.h); those of embeddings only where `embeddings`, in the order of the predictions, is not empty. A derived
// metric, a p-value, never has a CI, and its reason says so.
// Regression uses the patients who have both target and prediction (NaN: has none); n says how many. Any other number
// that is not finite throws Error(cell_failed) naming the patient.
// A resample draws as many of the metric's patients as there are (draw_multiplicities, draws 0, 1, ...); one in which
// the metric is undefined is drawn again and counted; after 100 times `resamples` draws the CI is NaN with a reason.
// `stream` gives the resamples: the same for every method of a group. `resamples` 0: no CI.
// Cost: about 6 ms for 150 patients and 1000 resamples, of which the silhouette is more than half.
std::vector<MetricRow> cell_metrics(const std::string& cohort, std::span<const Prediction> predictions,
                                    std::span<const std::vector<float>> embeddings, const BootstrapSettings& settings,
                                    const RandomStream& stream);

}  // namespace mtlgrid
