// Metrics of the biomarker's prediction. Definitions: scikit-learn's.
//
// `label` holds 0 and 1. All spans of one call have the same length; otherwise, and for another label,
// std::invalid_argument. A number that is not finite throws Error(cell_failed) naming the row. Where a metric is
// undefined the value is NaN with the reason; scikit-learn returns a number there.
#pragma once

#include <span>

#include "results/metrics/resamples.h"

namespace mtlgrid {

// AUROC: the share of pairs (positive, negative) with the positive above, ties one half. Undefined with one class only.
ResampledMetric resampled_auroc(std::span<const int> label, std::span<const double> score);
Estimate auroc(std::span<const int> label, std::span<const double> score);

// Average precision by steps, without interpolation. Undefined with one class only.
ResampledMetric resampled_average_precision(std::span<const int> label, std::span<const double> score);
Estimate average_precision(std::span<const int> label, std::span<const double> score);

// Mean cross-entropy in nats, from logit(positive) - logit(negative), so that it does not overflow.
ResampledMetric resampled_cross_entropy(std::span<const int> label, std::span<const double> log_odds);
Estimate cross_entropy(std::span<const int> label, std::span<const double> log_odds);

// F1 of the positive class, predicted where score > 0.5. Undefined without positives, true and predicted.
ResampledMetric resampled_f1(std::span<const int> label, std::span<const double> score);
Estimate f1(std::span<const int> label, std::span<const double> score);

}  // namespace mtlgrid
