#include "results/metrics/prepare_metrics.h"

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/errors.h"
#include "results/metrics/silhouette.h"

namespace mtlgrid {
namespace {

void require_finite_prediction(double value, const char* what, const Prediction& p) {
  if (std::isfinite(value)) return;
  throw Error(ErrorKind::cell_failed, std::string(what) + " of patient " + p.patient + " (" + p.cohort + ") is " +
                                          std::to_string(value) + ", expected a finite number");
}

// The data of a cell on a cohort, and the predictions each of its parts comes from.
struct Prepared {
  MetricData data;
  std::vector<std::size_t> everyone, with_regression;
  std::string no_regression;  // why `with_regression` is empty
};

void add_classification(std::span<const Prediction> predictions, std::span<const std::vector<float>> embeddings,
                        Prepared& prepared) {
  prepared.everyone.resize(predictions.size());
  std::iota(prepared.everyone.begin(), prepared.everyone.end(), std::size_t{0});
  MetricData& data = prepared.data;
  for (const Prediction& p : predictions) {
    require_finite_prediction(p.score, "score", p);
    require_finite_prediction(p.log_odds, "log-odds", p);
    data.label.push_back(p.label);
    data.score.push_back(p.score);
    data.log_odds.push_back(p.log_odds);
  }
  if (!embeddings.empty()) data.distance = distances(embeddings);
}

void add_regression(std::span<const Prediction> predictions, Prepared& prepared) {
  bool any_prediction = false;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const Prediction& p = predictions[i];
    if (!std::isnan(p.target)) require_finite_prediction(p.target, "target", p);
    if (std::isnan(p.prediction)) continue;
    require_finite_prediction(p.prediction, "prediction", p);
    any_prediction = true;
    if (std::isnan(p.target)) continue;
    prepared.with_regression.push_back(i);
    prepared.data.target.push_back(p.target);
    prepared.data.prediction.push_back(p.prediction);
  }
  if (prepared.with_regression.empty()) {
    prepared.no_regression = any_prediction ? "no auxiliary values" : "no regression";
  }
}

}  // namespace

std::vector<PreparedMetric> prepare_metrics(std::span<const Prediction> predictions,
                                            std::span<const std::vector<float>> embeddings) {
  if (!embeddings.empty() && embeddings.size() != predictions.size()) {
    throw std::invalid_argument("metrics: " + std::to_string(embeddings.size()) + " embeddings of " +
                                std::to_string(predictions.size()) + " patients");
  }
  Prepared prepared;
  add_classification(predictions, embeddings, prepared);
  add_regression(predictions, prepared);
  std::vector<PreparedMetric> found;
  for (const Metric& m : metrics()) {
    if (m.prepare == nullptr || (m.kind == MetricKind::embedding && embeddings.empty())) continue;
    const bool regression = m.kind == MetricKind::regression;
    if (regression && prepared.with_regression.empty()) {
      found.push_back({&m, {}, nullptr, prepared.no_regression});
    } else {
      found.push_back({&m, regression ? prepared.with_regression : prepared.everyone, m.prepare(prepared.data), ""});
    }
  }
  return found;
}

}  // namespace mtlgrid
