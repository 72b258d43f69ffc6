#include "results/metrics/prepare_metrics.h"

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/errors.h"
#include "results/metrics/classification.h"
#include "results/metrics/regression.h"
#include "results/metrics/silhouette.h"

namespace mtlgrid {
namespace {

void require_finite(double value, const char* what, const Prediction& p) {
  if (std::isfinite(value)) return;
  throw Error(ErrorKind::cell_failed, std::string(what) + " of patient " + p.patient + " (" + p.cohort + ") is " +
                                          std::to_string(value) + ", expected a finite number");
}

std::vector<PreparedMetric> classification(std::span<const Prediction> predictions,
                                           std::span<const std::vector<float>> embeddings) {
  std::vector<std::size_t> rows(predictions.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::vector<int> label;
  std::vector<double> score, log_odds;
  for (const Prediction& p : predictions) {
    require_finite(p.score, "score", p);
    require_finite(p.log_odds, "log-odds", p);
    label.push_back(p.label);
    score.push_back(p.score);
    log_odds.push_back(p.log_odds);
  }
  std::vector<PreparedMetric> metrics = {{"auroc", rows, resampled_auroc(label, score), ""},
                                         {"auprc", rows, resampled_average_precision(label, score), ""},
                                         {"ce", rows, resampled_cross_entropy(label, log_odds), ""},
                                         {"f1", rows, resampled_f1(label, score), ""}};
  if (!embeddings.empty())
    metrics.push_back({"silhouette", rows, resampled_silhouette(label, distances(embeddings)), ""});
  return metrics;
}

std::vector<PreparedMetric> regression(std::span<const Prediction> predictions) {
  std::vector<std::size_t> rows;
  std::vector<double> target, prediction;
  bool any_prediction = false;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const Prediction& p = predictions[i];
    if (!std::isnan(p.target)) require_finite(p.target, "target", p);
    if (std::isnan(p.prediction)) continue;
    require_finite(p.prediction, "prediction", p);
    any_prediction = true;
    if (std::isnan(p.target)) continue;
    rows.push_back(i);
    target.push_back(p.target);
    prediction.push_back(p.prediction);
  }
  if (rows.empty()) {
    const std::string reason = any_prediction ? "no auxiliary values" : "no regression";
    return {{"pearson_r", {}, nullptr, reason}, {"mae", {}, nullptr, reason}, {"r2", {}, nullptr, reason}};
  }
  return {{"pearson_r", rows, resampled_pearson_r(target, prediction), ""},
          {"mae", rows, resampled_mean_absolute_error(target, prediction), ""},
          {"r2", rows, resampled_r_squared(target, prediction), ""}};
}

}  // namespace

std::vector<PreparedMetric> prepare_metrics(std::span<const Prediction> predictions,
                                            std::span<const std::vector<float>> embeddings) {
  if (!embeddings.empty() && embeddings.size() != predictions.size()) {
    throw std::invalid_argument("metrics: " + std::to_string(embeddings.size()) + " embeddings of " +
                                std::to_string(predictions.size()) + " patients");
  }
  std::vector<PreparedMetric> metrics = classification(predictions, embeddings);
  std::vector<PreparedMetric> more = regression(predictions);
  metrics.insert(metrics.begin() + 4, std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return metrics;
}

}  // namespace mtlgrid
