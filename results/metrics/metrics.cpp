#include "results/metrics/metrics.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/errors.h"
#include "results/metrics/resampling.h"

namespace mtlgrid {
namespace {

constexpr const char* kNoPatients = "no patients";
constexpr const char* kOneClass = "one class only";

Resampled defined(double value) { return {value, nullptr}; }
Resampled undefined(const char* reason) { return {kMissing, reason}; }

void require_same_length(std::size_t a, std::size_t b) {
  if (a != b) throw std::invalid_argument("metric: " + std::to_string(a) + " and " + std::to_string(b) + " values");
}

void require_labels(std::span<const int> label) {
  for (int y : label) {
    if (y != 0 && y != 1) throw std::invalid_argument("metric: label " + std::to_string(y) + ", expected 0 or 1");
  }
}

void require_finite(std::span<const double> values, const char* what) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw Error(ErrorKind::cell_failed, std::string(what) + " of row " + std::to_string(i) + " is " +
                                              std::to_string(values[i]) + ", expected a finite number");
    }
  }
}

// Patients in descending order of score; `ends_tie` marks the last one of each group of equal scores.
struct Ranked {
  std::vector<std::size_t> patient;
  std::vector<int> label;
  std::vector<char> ends_tie;

  Ranked(std::span<const int> y, std::span<const double> score) {
    require_same_length(y.size(), score.size());
    require_labels(y);
    require_finite(score, "score");
    for (std::size_t i = 0; i < y.size(); ++i) patient.push_back(i);
    std::stable_sort(patient.begin(), patient.end(), [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
    for (std::size_t k = 0; k < patient.size(); ++k) {
      label.push_back(y[patient[k]]);
      ends_tie.push_back(k + 1 == patient.size() || score[patient[k]] != score[patient[k + 1]]);
    }
  }
};

// Mann-Whitney: pairs (positive, negative) with the positive above, ties one half; in integers, so exact.
Resampled ranked_auroc(const Ranked& ranked, std::span<const int> multiplicity) {
  std::int64_t positives = 0, negatives = 0, tied_positives = 0, tied_negatives = 0, twice_pairs = 0;
  for (std::size_t k = 0; k < ranked.patient.size(); ++k) {
    const int m = multiplicity[ranked.patient[k]];
    tied_positives += m * ranked.label[k];
    tied_negatives += m * (1 - ranked.label[k]);
    if (!ranked.ends_tie[k]) continue;
    twice_pairs += tied_negatives * (2 * positives + tied_positives);
    positives += tied_positives;
    negatives += tied_negatives;
    tied_positives = tied_negatives = 0;
  }
  if (positives == 0 || negatives == 0) return undefined(kOneClass);
  return defined(static_cast<double>(twice_pairs) /
                 (2.0 * static_cast<double>(positives) * static_cast<double>(negatives)));
}

// sum over distinct thresholds of (recall_k - recall_{k-1}) precision_k, thresholds descending.
Resampled ranked_average_precision(const Ranked& ranked, std::span<const int> multiplicity) {
  std::int64_t drawn = 0, positives = 0, positives_before = 0;
  double sum = 0;
  for (std::size_t k = 0; k < ranked.patient.size(); ++k) {
    const int m = multiplicity[ranked.patient[k]];
    drawn += m;
    positives += m * ranked.label[k];
    if (!ranked.ends_tie[k] || positives == positives_before) continue;
    sum +=
        static_cast<double>(positives - positives_before) * static_cast<double>(positives) / static_cast<double>(drawn);
    positives_before = positives;
  }
  if (positives == 0 || positives == drawn) return undefined(kOneClass);
  return defined(sum / static_cast<double>(positives));
}

// Mean of `values` over the resample.
Resampled weighted_mean(std::span<const double> values, std::span<const int> multiplicity) {
  double sum = 0;
  std::int64_t drawn = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += multiplicity[i] * values[i];
    drawn += multiplicity[i];
  }
  return drawn == 0 ? undefined(kNoPatients) : defined(sum / static_cast<double>(drawn));
}

// Whether the values that occur in the resample are all the same: exact, where a variance would leave rounding.
bool is_constant(std::span<const double> values, std::span<const int> multiplicity) {
  const double* first = nullptr;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (multiplicity[i] == 0) continue;
    if (first == nullptr) first = &values[i];
    if (values[i] != *first) return false;
  }
  return true;
}

struct Regression {
  std::vector<double> target, prediction;

  Regression(std::span<const double> t, std::span<const double> p)
      : target(t.begin(), t.end()), prediction(p.begin(), p.end()) {
    require_same_length(t.size(), p.size());
    require_finite(t, "target");
    require_finite(p, "prediction");
  }
};

std::int64_t size_of(std::span<const int> multiplicity) {
  std::int64_t drawn = 0;
  for (int m : multiplicity) drawn += m;
  return drawn;
}

Resampled weighted_pearson(const Regression& data, std::span<const int> multiplicity) {
  if (size_of(multiplicity) < 2) return undefined("fewer than two patients");
  if (is_constant(data.target, multiplicity)) return undefined("target is constant");
  if (is_constant(data.prediction, multiplicity)) return undefined("prediction is constant");
  const double mean_target = weighted_mean(data.target, multiplicity).value;
  const double mean_prediction = weighted_mean(data.prediction, multiplicity).value;
  double tt = 0, pp = 0, tp = 0;
  for (std::size_t i = 0; i < data.target.size(); ++i) {
    const double t = data.target[i] - mean_target, p = data.prediction[i] - mean_prediction;
    tt += multiplicity[i] * t * t;
    pp += multiplicity[i] * p * p;
    tp += multiplicity[i] * t * p;
  }
  return defined(std::clamp(tp / (std::sqrt(tt) * std::sqrt(pp)), -1.0, 1.0));
}

Resampled weighted_r_squared(const Regression& data, std::span<const int> multiplicity) {
  if (size_of(multiplicity) < 2) return undefined("fewer than two patients");
  if (is_constant(data.target, multiplicity)) return undefined("target is constant");
  const double mean_target = weighted_mean(data.target, multiplicity).value;
  double residual = 0, total = 0;
  for (std::size_t i = 0; i < data.target.size(); ++i) {
    const double r = data.target[i] - data.prediction[i], t = data.target[i] - mean_target;
    residual += multiplicity[i] * r * r;
    total += multiplicity[i] * t * t;
  }
  return defined(1 - residual / total);
}

Estimate on_everyone(const ResampledMetric& metric, std::size_t n) {
  const Resampled value = metric(std::vector<int>(n, 1));
  return {value.value, value.reason ? value.reason : ""};
}

}  // namespace

ResampledMetric resampled_auroc(std::span<const int> label, std::span<const double> score) {
  const auto ranked = std::make_shared<const Ranked>(label, score);
  return [ranked](std::span<const int> multiplicity) { return ranked_auroc(*ranked, multiplicity); };
}

ResampledMetric resampled_average_precision(std::span<const int> label, std::span<const double> score) {
  const auto ranked = std::make_shared<const Ranked>(label, score);
  return [ranked](std::span<const int> multiplicity) { return ranked_average_precision(*ranked, multiplicity); };
}

ResampledMetric resampled_cross_entropy(std::span<const int> label, std::span<const double> log_odds) {
  require_same_length(label.size(), log_odds.size());
  require_labels(label);
  require_finite(log_odds, "log-odds");
  std::vector<double> loss(label.size());
  for (std::size_t i = 0; i < label.size(); ++i) {
    const double x = label[i] == 1 ? -log_odds[i] : log_odds[i];  // -log P(label) = log(1 + e^x)
    loss[i] = std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  }
  return [loss](std::span<const int> multiplicity) { return weighted_mean(loss, multiplicity); };
}

ResampledMetric resampled_f1(std::span<const int> label, std::span<const double> score) {
  require_same_length(label.size(), score.size());
  require_labels(label);
  require_finite(score, "score");
  // 2 TP / (2 TP + FP + FN): a patient adds label * called to TP and label + called to the denominator.
  std::vector<int> both(label.size()), either(label.size());
  for (std::size_t i = 0; i < label.size(); ++i) {
    const int called = score[i] > 0.5;
    both[i] = label[i] * called;
    either[i] = label[i] + called;
  }
  return [both, either](std::span<const int> multiplicity) {
    std::int64_t numerator = 0, denominator = 0;
    for (std::size_t i = 0; i < both.size(); ++i) {
      numerator += 2 * multiplicity[i] * both[i];
      denominator += multiplicity[i] * either[i];
    }
    if (denominator == 0) return undefined("no positives, neither true nor predicted");
    return defined(static_cast<double>(numerator) / static_cast<double>(denominator));
  };
}

ResampledMetric resampled_pearson_r(std::span<const double> target, std::span<const double> prediction) {
  return [data = Regression(target, prediction)](std::span<const int> m) { return weighted_pearson(data, m); };
}

ResampledMetric resampled_r_squared(std::span<const double> target, std::span<const double> prediction) {
  return [data = Regression(target, prediction)](std::span<const int> m) { return weighted_r_squared(data, m); };
}

ResampledMetric resampled_mean_absolute_error(std::span<const double> target, std::span<const double> prediction) {
  const Regression data(target, prediction);
  std::vector<double> error(target.size());
  for (std::size_t i = 0; i < error.size(); ++i) error[i] = std::abs(target[i] - prediction[i]);
  return [error](std::span<const int> multiplicity) { return weighted_mean(error, multiplicity); };
}

Estimate auroc(std::span<const int> label, std::span<const double> score) {
  return on_everyone(resampled_auroc(label, score), label.size());
}
Estimate average_precision(std::span<const int> label, std::span<const double> score) {
  return on_everyone(resampled_average_precision(label, score), label.size());
}
Estimate cross_entropy(std::span<const int> label, std::span<const double> log_odds) {
  return on_everyone(resampled_cross_entropy(label, log_odds), label.size());
}
Estimate f1(std::span<const int> label, std::span<const double> score) {
  return on_everyone(resampled_f1(label, score), label.size());
}
Estimate pearson_r(std::span<const double> target, std::span<const double> prediction) {
  return on_everyone(resampled_pearson_r(target, prediction), target.size());
}
Estimate mean_absolute_error(std::span<const double> target, std::span<const double> prediction) {
  return on_everyone(resampled_mean_absolute_error(target, prediction), target.size());
}
Estimate r_squared(std::span<const double> target, std::span<const double> prediction) {
  return on_everyone(resampled_r_squared(target, prediction), target.size());
}

double pearson_p(double r, std::int64_t n) {
  if (n < 2 || !(std::abs(r) <= 1)) throw std::invalid_argument("pearson_p: r outside [-1, 1], or n below 2");
  if (n == 2) return 1;  // r is -1 or 1 whatever the patients
  return boost::math::ibeta(0.5 * static_cast<double>(n) - 1, 0.5, (1 - r) * (1 + r));
}

}  // namespace mtlgrid
